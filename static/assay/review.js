/* Keys for the review page, active only while the focus is in the panel of the answer and not in a field. The page works without. */
(function () {
  "use strict";
  var panel = document.querySelector("[data-review]");
  if (!panel) { return; }
  if (window.location.hash === "#answer") { panel.focus(); }

  function verdict(value) {
    var box = panel.querySelector("input[name='verdict'][value='" + value + "']");
    if (box) { box.checked = true; box.focus(); }
  }

  function go(name) {
    var link = document.querySelector("a[data-go='" + name + "']");
    if (link) { link.click(); }
  }

  var keys = {
    j: function () { go("next"); },
    k: function () { go("back"); },
    a: function () { verdict("accepted"); },
    e: function () { verdict("needs_evidence"); },
    r: function () { verdict("rejected"); },
    w: function () { var field = panel.querySelector("textarea[name='reason']"); if (field) { field.focus(); } }
  };

  panel.addEventListener("keydown", function (event) {
    var field = event.target.closest("textarea, select, input:not([type='radio'])");
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      var form = panel.querySelector("form[data-judge]");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) { return; }
    event.preventDefault();
    keys[event.key]();
  });
}());
