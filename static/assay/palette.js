/* The search palette: “/” anywhere opens it, arrows move through the answers, Enter opens one, Escape closes and gives the focus back. */
(function () {
  "use strict";
  var palette = document.getElementById("palette");
  if (!palette || !palette.showModal) { return; }
  var input = palette.querySelector("input[name=q]");

  function open() {
    document.querySelectorAll(".term-note:popover-open").forEach(function (note) { note.hidePopover(); });
    palette.showModal();
    input.focus();
    input.select();
  }

  function typing(element) { return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName); }

  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || palette.open || typing(event.target)) { return; }
    event.preventDefault();
    open();
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-palette-open]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) { event.preventDefault(); open(); }
    if (event.target === palette || event.target.closest("[data-palette-close]")) { palette.close(); }
  });

  palette.addEventListener("keydown", function (event) {
    /* a search field would take the first Escape to empty itself */
    if (event.key === "Escape") { event.preventDefault(); palette.close(); }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") { return; }
    var stops = [input].concat(Array.prototype.slice.call(palette.querySelectorAll("a.hit")));
    var place = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    stops[Math.max(0, Math.min(place, stops.length - 1))].focus();
  });
})();
