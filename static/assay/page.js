/* Comforts that the page does without when scripts are off: theme switch, copying digests, menus, explained words, a note while the server is away. */
(function () {
  "use strict";
  window.assayAnnounce = function (text) {
    var place = document.getElementById("announce");
    if (place) { place.textContent = ""; window.setTimeout(function () { place.textContent = text; }, 60); }
  };

  function copied(button, worked) {
    var word = button.firstChild;
    button.dataset.word = button.dataset.word || word.nodeValue;
    word.nodeValue = worked ? "copied" : "not copied";
    window.assayAnnounce(worked ? "Copied to the clipboard" : "The browser did not allow copying; select the text instead");
    window.setTimeout(function () { word.nodeValue = button.dataset.word; }, 2500);
  }

  function copy(button) {
    if (!navigator.clipboard) { copied(button, false); return; }
    navigator.clipboard.writeText(button.dataset.copy).then(function () { copied(button, true); }, function () { copied(button, false); });
  }

  /* An open menu closes on Escape, on a click elsewhere and when the focus leaves it. */
  function closeMenus(except) {
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) { if (!except || !menu.contains(except)) { menu.open = false; } });
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-theme-toggle]")) { window.assayToggleTheme(); }
    var button = event.target.closest("[data-copy]");
    if (button) { copy(button); }
    closeMenus(event.target);
  });
  document.addEventListener("focusin", function (event) { closeMenus(event.target); });
  document.addEventListener("keydown", function (event) {
    var menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  /* The explanation of a word opens below it; without this it opens in the middle of the window. */
  function place(note) {
    var word = document.querySelector('[popovertarget="' + note.id + '"]');
    var box = word.getBoundingClientRect();
    var below = box.bottom + 6 + note.offsetHeight < window.innerHeight;
    note.classList.add("is-placed");
    note.style.left = Math.max(8, Math.min(box.left, window.innerWidth - note.offsetWidth - 8)) + "px";
    note.style.top = (below ? box.bottom + 6 : Math.max(8, box.top - note.offsetHeight - 6)) + "px";
  }
  document.addEventListener("toggle", function (event) {
    if (event.target.classList && event.target.classList.contains("term-note") && event.newState === "open") { place(event.target); }
  }, true);
  window.addEventListener("scroll", function () { document.querySelectorAll(".term-note:popover-open").forEach(place); }, { passive: true, capture: true });
  var waiting;
  function noteOf(element) { var word = element.closest && element.closest("button.term[popovertarget]"); return word && document.getElementById(word.getAttribute("popovertarget")); }
  document.addEventListener("pointerover", function (event) {
    window.clearTimeout(waiting);
    if (event.pointerType !== "mouse") { return; }
    var note = noteOf(event.target);
    var open = document.querySelector(".term-note:popover-open");
    if (note && note !== open) { waiting = window.setTimeout(function () { if (note.isConnected) { note.showPopover(); note.dataset.hovered = ""; } }, 350); }
    if (!note && open && "hovered" in open.dataset && !open.contains(event.target)) { waiting = window.setTimeout(function () { if (open.matches(":popover-open")) { open.hidePopover(); } delete open.dataset.hovered; }, 300); }
  });

  /* A filter's address names only the fields that are filled in. */
  document.addEventListener("htmx:configRequest", function (event) {
    if (!event.detail.elt.matches("form.filters")) { return; }
    Object.keys(event.detail.parameters).forEach(function (name) { if (event.detail.parameters[name] === "") { delete event.detail.parameters[name]; } });
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
