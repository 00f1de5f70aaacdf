/* Saving the whole section waits for answers that are just being saved by themselves: the form would not know their new revisions, and clash with them. */
(function () {
  "use strict";
  var away = 0, waiting = null;
  document.addEventListener("htmx:beforeSend", function () { away += 1; });
  document.addEventListener("htmx:afterRequest", function () {
    away = Math.max(0, away - 1);
    window.setTimeout(function () {
      if (away || !waiting) { return; }
      var button = waiting;
      waiting = null;
      button.form.requestSubmit(button);
    }, 50);
  });
  document.addEventListener("submit", function (event) {
    if (event.target.id !== "answers" || !away || !event.submitter) { return; }
    event.preventDefault();
    waiting = event.submitter;
  });
})();
