/* Comforts that the page does without when scripts are off: theme switch, copying digests, a note while the server is away. */
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var theme = event.target.closest("[data-theme-toggle]");
    var copy = event.target.closest("[data-copy]");
    if (theme) { window.assayToggleTheme(); }
    if (copy && navigator.clipboard) {
      navigator.clipboard.writeText(copy.dataset.copy).then(function () { copy.textContent = "copied"; }, function () { copy.textContent = "not copied"; });
    }
  });
  document.addEventListener("submit", function (event) {
    event.target.querySelectorAll("[data-once]").forEach(function (button) { window.setTimeout(function () { button.disabled = true; }, 0); });
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { document.querySelectorAll("[data-once]").forEach(function (button) { button.disabled = false; }); }
  });
  function offline(away) { return function () { document.documentElement.toggleAttribute("data-offline", away); }; }
  ["htmx:sendError", "htmx:timeout", "htmx:responseError"].forEach(function (name) { document.addEventListener(name, offline(true)); });
  document.addEventListener("htmx:afterSwap", offline(false));
})();
