/* Says in words why a key or passkey was not taken; the ceremony itself is in allauth's script. */
(function () {
  "use strict";
  document.addEventListener("allauth.error", function (event) {
    var note = document.querySelector("[data-passkey-fault]");
    if (!note) { return; }
    event.preventDefault();
    var name = event.detail.exception && event.detail.exception.name;
    note.textContent = name === "InvalidStateError" ? "This key is registered already." : name === "SecurityError" ? "Keys work on a secure address only: https, or localhost." : "The key was not used. Press the button to try again.";
    note.hidden = false;
  });
})();
