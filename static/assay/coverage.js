/* The slider over the days on which duties begin: it moves from one such day to the next, writes it into the date field and shows it.
   Without scripts the links below it do the same. */
(function () {
  "use strict";
  var slider = document.querySelector("[data-coverage-slider]");
  var form = document.getElementById("coverage-form");
  if (!slider || !form) { return; }
  var stops = slider.dataset.days.split(" ").map(function (text) { var parts = text.split(":"); return { day: parts[0], x: Number(parts[1]) }; });
  var label = document.getElementById("cov-day");
  var last = Number(slider.value), wait = 0;
  function words(day) { return new Date(day + "T00:00:00Z").toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }); }
  function nearest(x) { return stops.reduce(function (best, stop) { return Math.abs(stop.x - x) < Math.abs(best.x - x) ? stop : best; }); }
  function go(stop) {
    if (!stop) { return; }
    slider.value = stop.x; last = stop.x; label.textContent = words(stop.day); slider.setAttribute("aria-valuetext", words(stop.day));
    form.elements.as_of.value = stop.day;
    window.clearTimeout(wait);
    /* Somebody who steps with the keyboard is not sent away at the first step. */
    wait = window.setTimeout(function () { form.requestSubmit(); }, 900);
  }
  slider.setAttribute("aria-valuetext", label.textContent);
  slider.addEventListener("keydown", function (event) {
    var forward = event.key === "ArrowRight" || event.key === "ArrowUp", back = event.key === "ArrowLeft" || event.key === "ArrowDown";
    if (!forward && !back) { return; }
    event.preventDefault();
    go(forward ? stops.find(function (stop) { return stop.x > last + 0.01; }) : stops.filter(function (stop) { return stop.x < last - 0.01; }).pop());
  });
  slider.addEventListener("input", function () { window.clearTimeout(wait); label.textContent = words(nearest(Number(slider.value)).day); });
  slider.addEventListener("change", function () { go(nearest(Number(slider.value))); });
})();
