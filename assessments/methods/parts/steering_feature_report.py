"""What a steering run says in addition where it steers a feature: its null, how it was chosen, and how well its dictionary renders the layer."""

from assessments.contracts import Control, Measurement
from assessments.methods.parts.outputs import measurement
from assessments.methods.parts.steering_features import Feature
from assessments.methods.parts.steering_results import TENTH, Results
from assessments.statistics import symmetric_band

NOT_CALIBRATED = (
    "The calibration record of this instrument comes from designed directions and does not cover features: a fitted dictionary often holds no feature "
    "of a behaviour that is there, so a null says little."
)


def feature_measurements(r: Results) -> list[Measurement]:
    """Its null, how it was found, and how well its dictionary renders the layer; nothing for a designed direction."""
    if r.feature is None or r.p_matched is None:
        return []
    f, q = r.feature, r.feature.quality
    band, n, held = symmetric_band(r.matched_slopes) * TENTH, len(r.material.design.exploration), len(q.held.values)
    rows = [
        measurement("matched_slope", "95 % of features active as often", band, len(r.matched), "slope-null/1", unit="nats", role="control"),
        measurement("matched_p", "Chance of such a slope among features active as often", r.p_matched, len(r.matched), "permutation-p/1", role="control"),
        measurement("feature_auroc_exploration", f"{f.name.capitalize()} on the texts it was chosen on", f.found, n, "auroc/1", unit="AUROC"),
        measurement("feature_density", "Share of exploration texts on which it is active", f.density, n, "share/1", unit="share"),
        measurement(
            "explained_variance", "Variance of the layer that the dictionary explains", q.rendering.explained, held, "explained-variance-pooled/1", unit="share"
        ),
        measurement("l0", "Active features per position (L0)", q.active, held, "active-mean/1", unit="features"),
    ]
    return (
        rows
        if q.recovered is None
        else [*rows, measurement("ce_recovered", "Loss recovered against the mean", q.recovered, len(q.losses.clean), "ce-recovered/1")]
    )


def matched_control(r: Results) -> list[Control]:
    """Features that are active as often, as a null; nothing for a designed direction."""
    if r.p_matched is None:
        return []
    band = symmetric_band(r.matched_slopes) * TENTH
    note = (
        f"Other features of the dictionary that are active as often, equal length: 95 % within ±{band:.2f} nats per 0.1 residual norm (p = {r.p_matched:.3f})."
    )
    return [Control("matched_features", len(r.matched), None, note)]


def feature_words(feature: Feature) -> str:
    """Which feature, and how it was come by."""
    turned = "" if feature.sign > 0 else ", turned around because it is active on the other kind of text,"
    return f"{feature.name} (its decoder row{turned} chosen on exploration with AUROC {feature.found:.2f})"
