/* Sets the colour theme before the page is painted: the reader's own choice, else what the system prefers. */
(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function stored() { try { return localStorage.getItem("assay-theme"); } catch (error) { return null; } }
  function apply() { root.setAttribute("data-bs-theme", stored() || (system.matches ? "dark" : "light")); }
  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  window.assayToggleTheme = function () {
    var next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    try { localStorage.setItem("assay-theme", next); } catch (error) { /* private window: the choice lasts for this page */ }
    root.setAttribute("data-bs-theme", next);
  };
})();
