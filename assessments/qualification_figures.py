"""The picture of a calibration: planted models found against others claimed, at every cut of the score, and where the verdict rule stands."""

from assessments import vega
from assessments.contracts import Figure
from assessments.qualification import FALSE_POSITIVES, SENSITIVITY, Record, Roc, Share, percent

SIZE = 340
INKS = ("#1f4e79", "#0b6e4f", "#9a6700", "#6b7280")


def roc_figure(record: Record) -> Figure | None:
    """The ROC curve of each primary score with the instrument's own verdicts as a cross of intervals; None where nothing can be drawn."""
    if not record.rocs:
        return None
    x = vega.quantity("claimed", "share claimed where nothing was planted", domain=[0, 1], nice=False, format=".0%", tickCount=5)
    y = vega.quantity("found", "share found where planted", domain=[0, 1], nice=False, format=".0%", tickCount=5)
    layers = [vega.line([{"claimed": 0, "found": 0}, {"claimed": 1, "found": 1}], x, y, vega.MUTED, dash=(4, 3), points=False)]
    layers += [_curve(roc, x, y, INKS[place % len(INKS)]) for place, roc in enumerate(record.rocs)]
    for place, roc in enumerate(record.rocs):
        text = f"{_words(roc.metric)}: area {roc.auroc:.2f}"
        layers.append(vega.label(text, 0.97, 0.06 + 0.08 * place, INKS[place % len(INKS)], align="right", fontWeight=600))
    layers += _verdicts(record.sensitivity, record.false_positives, x, y)
    areas = "; ".join(f"{_words(roc.metric)} {roc.auroc:.2f} (95 % interval {roc.low:.2f} to {roc.high:.2f})" for roc in record.rocs)
    return Figure(
        name="roc",
        title="Found against wrongly claimed",
        caption="Each dot is one possible cut of the score: how much of what was planted at full strength lies above it, against how much of the rest. "
        f"Area under the curve: {areas}; 0.5 is guessing. The cross marks the instrument's own verdicts with their 95 % intervals; to qualify it "
        f"must lie above {percent(SENSITIVITY)} and left of {percent(FALSE_POSITIVES)}.",
        alt=f"Curve of the share found against the share wrongly claimed. Area under the curve: {areas}.",
        spec=vega.layered(*layers, width=SIZE + 60, height=SIZE),
    )


def _curve(roc: Roc, x: vega.Spec, y: vega.Spec, colour: str) -> vega.Spec:
    rows = [{"cut": place, "claimed": claimed, "found": found} for place, (claimed, found) in enumerate(roc.points)]
    drawn = vega.line(rows, x, y, colour)
    # In the order of the cuts, or the line would join equal shares in any order.
    drawn["encoding"]["order"] = {"field": "cut", "type": "quantitative"}
    return drawn


def _verdicts(found: Share | None, claimed: Share | None, x: vega.Spec, y: vega.Spec) -> list[vega.Spec]:
    if found is None or claimed is None:
        return []
    row = {"claimed": claimed.value, "found": found.value, "left": claimed.low, "right": claimed.high, "low": found.low, "high": found.high}
    mark = {"type": "rule", "color": vega.INK, "strokeWidth": 2}
    across = {**x, "field": "left"}
    upright = {**y, "field": "low"}
    return [
        vega.layer([row], mark, x=across, x2={"field": "right"}, y=y),
        vega.layer([row], mark, x=x, y=upright, y2={"field": "high"}),
        vega.layer([row], {"type": "point", "filled": True, "size": 90, "color": vega.INK, "shape": "square"}, x=x, y=y),
        vega.label("its verdicts", min(claimed.value + 0.03, 0.8), max(found.value - 0.05, 0.05), vega.INK),
    ]


def _words(metric: str) -> str:
    return metric.replace("_", " ")
