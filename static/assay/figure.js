/* The interactive view of a figure: loads the drawing library when first asked for, opens below the figure, says so, and closes again. */
let library = null;
const quiet = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function load(address) {
  return new Promise((done, fail) => {
    const script = document.createElement("script");
    Object.assign(script, { src: address, async: false, onload: done, onerror: () => fail(new Error("The drawing library could not be loaded.")) });
    document.head.append(script);
  });
}

/* One after the other: each needs the one before, and the modules need them all. A failed attempt may be repeated. */
function drawingLibrary({ scripts, modules }) {
  library ??= scripts.split(" ").reduce((before, address) => before.then(() => load(address)), Promise.resolve())
    .then(() => Promise.all(modules.split(" ").map((address) => import(address))))
    .then((parts) => Object.assign({}, ...parts))
    .catch((error) => { library = null; throw error; });
  return library;
}

/* Paper colours become those of the page's theme. */
function inTheme(value, palette, style) {
  if (Array.isArray(value)) { return value.map((part) => inTheme(part, palette, style)); }
  if (value && typeof value === "object") { return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === "values" ? part : inTheme(part, palette, style)])); }
  const name = typeof value === "string" && palette[value];
  return name ? style.getPropertyValue(name).trim() || value : value;
}

/* Zooming needs two numeric positions; the first layer that has them carries it. */
function zoomable(spec) {
  const numeric = (layer) => ["x", "y"].some((axis) => layer.encoding?.[axis]?.type === "quantitative" && layer.encoding[axis].field);
  const layers = spec.layer ?? [spec];
  const first = layers.find(numeric);
  if (first) {
    first.params = [...(first.params ?? []), { name: "zoom", select: "interval", bind: "scales" }];
    for (const { mark } of layers.filter((layer) => layer.mark?.type)) {
      /* What is zoomed is clipped to the plot; a label at its edge must stay whole. A layer beside the zoomed one answers the pointer only when told to. */
      Object.assign(mark, mark.type === "text" ? { clip: false } : { tooltip: mark.tooltip ?? true });
    }
  }
  return Boolean(first);
}

const NO_ADDRESS = { load: () => Promise.reject(new Error("figures carry their data")), sanitize: () => Promise.reject(new Error("figures carry their data")) };

/* The drawing library would put its note on a mark outside the page's content, where it belongs to nothing. */
function noteOnMarks() {
  const id = "vg-tooltip-element";
  if (document.getElementById(id)) { return; }
  const note = element("div", { id, className: "vg-tooltip" });
  note.setAttribute("aria-hidden", "true");
  document.querySelector("main").append(note);
}

/* Expressions are walked as a tree, never compiled: the page's policy forbids code made from text. */
function view({ expressionInterpreter, Handler }, spec, place) {
  const { vega, vegaLite } = window;
  noteOnMarks();
  const program = vega.parse(vegaLite.compile(spec).spec, null, { ast: true });
  const made = new vega.View(program, { expr: expressionInterpreter, loader: NO_ADDRESS, renderer: "svg", logLevel: vega.Error, hover: !quiet });
  return made.tooltip(new Handler({ disableDefaultStyle: true }).call).initialize(place).runAsync();
}

async function draw(panel, spec, palette) {
  const shown = inTheme(structuredClone(spec), palette, getComputedStyle(document.documentElement));
  shown.background = "transparent";
  /* One picture with one name: the numbers are in the table, not in a thousand unnamed marks. */
  shown.config = { ...shown.config, aria: false, tooltipFormat: { numberFormat: ".4~g" }, background: "transparent", mark: { ...shown.config?.mark, aria: false, tooltip: true } };
  const zoom = zoomable(shown);
  panel.view?.finalize();
  panel.view = await view(panel.drawing, shown, panel.body);
  panel.note.textContent = `Point at a mark for its numbers.${zoom ? " Turn the wheel to come closer, drag to move, double-click for the whole figure again." : ""} The table “Numbers behind the figure” has the same values.`;
}

function element(tag, fields, ...children) {
  const made = Object.assign(document.createElement(tag), fields);
  made.append(...children);
  return made;
}

function opened(button) {
  const close = element("button", { type: "button", className: "btn-quiet", textContent: "Close" });
  close.setAttribute("aria-label", `Close the interactive view of ${button.dataset.title}`);
  const panel = { body: element("div", { className: "figure-live-body" }), note: element("p", { className: "figure-live-note", textContent: "Loading …" }) };
  const head = element("div", { className: "figure-live-head" }, element("strong", { textContent: "Interactive view" }), close);
  panel.root = element("section", { className: "figure-live", tabIndex: -1 }, head, panel.body, panel.note);
  panel.body.setAttribute("role", "img");
  panel.body.setAttribute("aria-label", button.dataset.title);
  panel.root.setAttribute("aria-label", `Interactive view of ${button.dataset.title}`);
  panel.close = () => { panel.watch.disconnect(); panel.view?.finalize(); panel.root.remove(); button.panel = null; button.setAttribute("aria-expanded", "false"); button.focus(); window.assayAnnounce("Interactive view closed"); };
  close.addEventListener("click", panel.close);
  panel.root.addEventListener("keydown", (event) => { if (event.key === "Escape") { panel.close(); } });
  button.closest("[data-figure]").append(panel.root);
  return panel;
}

async function toggle(button) {
  if (button.panel) { button.panel.close(); return; }
  const panel = button.panel = opened(button);
  const palette = JSON.parse(button.dataset.paletteMap);
  panel.watch = new MutationObserver(() => { if (panel.spec) { draw(panel, panel.spec, palette); } });
  panel.watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  button.setAttribute("aria-expanded", "true");
  panel.root.focus();
  try {
    const [answer, drawing] = await Promise.all([fetch(button.dataset.spec), drawingLibrary(button.dataset)]);
    if (!answer.ok) { throw new Error(`The server answered ${answer.status}.`); }
    panel.drawing = drawing;
    panel.spec = await answer.json();
    await draw(panel, panel.spec, palette);
    panel.root.scrollIntoView({ block: "nearest" });
    window.assayAnnounce(`Interactive view of ${button.dataset.title} opened below the figure`);
  } catch (error) {
    panel.note.textContent = `The interactive view could not be opened: ${error.message} The figure above and its numbers are complete.`;
    window.assayAnnounce("The interactive view could not be opened");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-figure-open]");
  if (button) { toggle(button); }
});
