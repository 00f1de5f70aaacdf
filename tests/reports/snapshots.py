"""A complete report snapshot of made-up values, so that pages can be made and judged without a model. TEST DATA, not a result."""

import hashlib
from typing import Any

from assessments import vega
from core.canonical import canonical_json

ENVIRONMENT = {
    "python": "3.11.2",
    "libraries": {"torch": "2.13.0", "transformers": "5.9.1", "transformer-lens": "3.9.0", "numpy": "2.4.2"},
    "platform": "Linux x86_64",
    "cpu": "Test CPU 2.0 GHz",
    "device": "cpu",
    "dtype": "float32",
    "threads": 1,
    "deterministic_algorithms": True,
    "attention": "eager",
    "seed": 20261120,
}


def digest(text: str) -> str:
    """A believable SHA-256."""
    return hashlib.sha256(f"test data: {text}".encode()).hexdigest()


def measurement(name: str, label: str, value: float, **more: Any) -> dict[str, Any]:
    """One measurement row."""
    base = {"name": name, "label": label, "value": value, "n": 64, "formula": "mean/1", "unit": "", "low": None, "high": None}
    return {**base, "null_low": None, "null_high": None, "p_value": None, "direction": "higher", "role": "secondary", **more}


def dose_response() -> dict[str, Any]:
    """A dose-response figure as an instrument would hand it in."""
    doses = [-4, -2, -1, 0, 1, 2, 4]
    x, y = vega.quantity("dose", "coefficient, units of residual norm × 0.1"), vega.quantity("value", "log-odds of positive words")
    rows = [{"dose": dose, "value": 2.2 + 1.72 * dose, "low": 2.2 - abs(dose) * 0.7, "high": 2.2 + abs(dose) * 0.7} for dose in doses]
    low = {**y, "field": "low"}
    words = [
        vega.label("designed direction", 4, 9.6, vega.COLOURS["causal"], align="right", fontWeight=600),
        vega.label("100 random directions (95 %)", 4, -1.9, vega.MUTED, align="right"),
    ]
    return vega.layered(vega.band(rows, x, low, "high"), vega.line(rows, x, y, vega.COLOURS["causal"]), *words)


def layers() -> dict[str, Any]:
    """An AUROC-by-layer figure."""
    rows = [{"layer": layer, "auroc": 0.62 + 0.36 * (1 - 2.718 ** (-layer / 6))} for layer in range(30)]
    x, y = vega.quantity("layer", "layer"), vega.quantity("auroc", "AUROC, held-out families", domain=[0.4, 1.0])
    words = vega.label("TF-IDF baseline 0.63", 29, 0.61, vega.MUTED, align="right", baseline="top")
    return vega.layered(vega.line(rows, x, y, vega.COLOURS["observed"]), vega.rule(0.63, "y"), words)


def figure(name: str, title: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A figure with its words."""
    return {
        "name": name,
        "title": title,
        "caption": "Test data: dots are measured, lines join them. The band holds the middle 95 % of the null.",
        "alt": "Line chart: the measured curve rises steadily and leaves the grey band of the null on both sides.",
        "spec": spec,
    }


def control(name: str, n: int, passed: bool | None, note: str) -> dict[str, Any]:
    """One control row."""
    return {"name": name, "n": n, "passed": passed, "note": note}


def step(key: str, entry: int, reading: str, **more: Any) -> dict[str, Any]:
    """One step with everything a report needs; ``more`` overrides."""
    slug = key.partition(".")[0]
    base: dict[str, Any] = {
        "key": key,
        "title": key.replace("_", " ").replace(".", ": ").capitalize(),
        "instrument": slug,
        "version": "1",
        "source_digest": digest(slug),
        "question": "Can the behaviour be moved by adding a designed direction, and what does it cost elsewhere?",
        "estimand": "Slope of the read-out over the coefficient, on held-out prompts.",
        "falsifier": "The slope lies within the slopes of random directions of equal norm.",
        "params": {"behaviour": key.partition(".")[2] or "none", "directions": 100},
        "probe_sets": {"sentiment": digest("probe")},
        "headline": "Adding the designed direction at layer 12 moves sentiment beyond 100 random directions.",
        "summary": "Test data. On 64 held-out prompts the log-odds of positive over negative words rose by 1.72 per unit, more than for any random direction of equal norm.\n\nThe cost on neutral text stayed within the margin sealed beforehand.",
        "reading": reading,
        "verdict": "not_qualified" if reading not in ("inconclusive", "not_applicable") else reading,
        "qualification": None,
        "primary": "slope",
        "measurements": [
            measurement("slope", "Slope per unit of residual norm", 1.72, low=1.51, high=1.9, null_low=-0.35, null_high=0.79, p_value=1 / 101, unit="log-odds", role="primary"),
            measurement("wrong_way", "Prompts moved the wrong way", 0.031, low=0.009, high=0.08, unit="share", direction="lower", role="cost"),
            measurement("ce_cost", "Cross-entropy on neutral text", 0.04, low=-0.02, high=0.06, unit="nats", n=32, direction="lower", role="cost"),
        ],
        "thresholds": [
            {"metric": "slope", "text": "> null", "met": True},
            {"metric": "wrong_way", "text": "≤ 0.1", "met": True},
            {"metric": "ce_cost", "text": "≤ 0.1", "met": True},
            {"metric": "refusal_rate", "text": "≤ 0.05", "met": None},
        ],
        "controls": [
            control("noop_hook", 64, True, "An idle hook leaves every log-probability bit-identical."),
            control("random_directions", 100, None, "Directions of equal norm, uniform on the sphere, give the null of the slope."),
            control("cached_restart", 64, True, "Restart from the cached residual differs from a full pass by at most 2e-06 nats (allowed 0.001)."),
        ],
        "figures": [figure("dose", "Read-out by coefficient", dose_response())],
        "does_not_show": "that sentiment is controlled by this direction alone, or that the effect holds for prompts unlike the probe set.",
        "not_examined": "Layers other than 12; attention heads and MLP neurons one by one; languages other than English.",
        "counts": {"items": 64, "unscored": 0, "errored": 0},
        "environment": ENVIRONMENT,
        "entry": entry,
        "finished_at": "2026-11-20T20:18:09Z",
        "files": [f"{key}.result.json", f"{key}.items.parquet"],
        "links": ["AIA-9-6", "AIA-15-4"],
    }
    return {**base, **more}


def steps() -> list[dict[str, Any]]:
    """One step per reading that a report can carry."""
    harm = [
        measurement("auroc", "AUROC on held-out families, layer 24", 0.974, low=0.93, high=0.99, null_low=0.39, null_high=0.61, p_value=0.0005, n=96, role="primary"),
        measurement("tfidf", "AUROC of a TF-IDF baseline", 0.63, low=0.55, high=0.71, n=96, role="control"),
    ]
    null = [measurement("slope", "Slope per unit of residual norm", 0.3, low=-0.4, high=1.1, null_low=-0.9, null_high=1.2, p_value=0.44, role="primary")]
    return [
        step("known_circuits", 14, "observed", headline="The model completes indirect-object sentences and copies repeated sequences.", figures=[]),
        step(
            "linear_direction.harm", 15, "observed", primary="auroc", measurements=harm,
            thresholds=[{"metric": "auroc", "text": "≥ 0.9", "met": True}, {"metric": "auroc", "text": "> null", "met": True}],
            figures=[figure("layers", "Separation by layer", layers())],
            headline="Harmful and harmless requests can be told apart at layer 24.",
            question="Is the concept linearly decodable, and where?",
        ),
        step("steering_validation.sentiment", 16, "causal"),
        step(
            "steering_validation.refusal", 17, "null", measurements=null, headline="Adding the harm direction does not move refusal beyond random directions.",
            thresholds=[{"metric": "slope", "text": "> null", "met": False}],
            controls=[control("noop_hook", 48, False, "An idle hook changes log-probabilities: nothing measured here can be trusted.")],
            counts={"items": 48, "unscored": 3, "errored": 0},
        ),
        step("steering_validation.other", 18, "inconclusive", headline="Too few prompts could be scored.", measurements=null, links=[]),
    ]


LINKS = [
    ("AIA-9-6", "Testing against thresholds set beforehand", "Test high-risk systems against metrics and thresholds that were fixed before the test.", "2027-12-02", False),
    ("AIA-15-4", "Robustness", "Show that the system withstands errors, faults and feedback loops; name the technical measures taken.", "2027-12-02", False),
    ("GPAI-3.2", "Evaluations that resist gaming", "Model evaluations are designed so that a model that recognises them cannot pass by behaving differently.", "2025-08-02", False),
    ("NIST-AIRMF-MEASURE-2.13", "Effectiveness of the measures", "The testing itself is tested and documented.", None, True),
]


def requirements() -> dict[str, Any]:
    """Proposed, accepted and declined links, and the coverage of two frameworks."""
    states = ["proposed", "accepted", "declined", "proposed"]
    rows = [
        {
            "ref": ref, "framework": "EU AI Act" if ref.startswith("AIA") else "Code of practice", "title": title, "gist": gist, "applies_from": begins,
            "voluntary": voluntary, "applies": begins is None or begins <= "2026-11-20",
            "links": [{"step": "steering_validation.sentiment", "evidence_kind": "eval_report", "status": state, "tier": "not_qualified", "valid_until": None}],
        }
        for (ref, title, gist, begins, voluntary), state in zip(LINKS, states, strict=True)
    ]
    coverage = [
        {"framework": "EU AI Act, Regulation (EU) 2024/1689", "applying": 24, "covered": 0, "partial": 1, "stale": 0, "proposed": 2, "missing": 21},
        {"framework": "Code of practice for general-purpose models", "applying": 18, "covered": 0, "partial": 0, "stale": 0, "proposed": 1, "missing": 17},
    ]
    return {"as_of": "2026-11-20", "rows": rows, "coverage": coverage}


def plan() -> dict[str, Any]:
    """The sealed plan of the made-up run."""
    keys = ("key", "title", "instrument", "version", "source_digest", "question", "estimand", "falsifier", "params", "probe_sets")
    items = [{**{key: row[key] for key in keys}, "thresholds": [{key: t[key] for key in ("metric", "text")} for t in row["thresholds"]]} for row in steps()]
    return {
        "title": "Standard assessment of Example-135M",
        "claim": "Known circuits are visible to the instruments; adding a designed direction moves sentiment beyond random directions of equal norm.",
        "digest": digest("plan"), "entry": 11, "sealed_at": "2026-11-20T20:11:02Z", "seed": 20261120, "exploration": 0.5, "split_by": "family", "items": items,
    }


def subject() -> dict[str, Any]:
    """The made-up model version."""
    return {
        "vendor": "Example Models Ltd (test data)", "country": "IE", "model": "Example-135M", "label": "Q4_1, dequantised", "name": "Example-135M · Q4_1, dequantised",
        "source": "Registry package", "locator": "example-models==1.0.0", "architecture": "LlamaForCausalLM", "parameters": 134515008, "quantisation": "Q4_1, dequantised to float32",
        "licence": "Apache-2.0", "access": "Weights", "lifecycle": "Candidate", "parent": None, "notes": "", "weights_digest": digest("weights"),
        "tokenizer_digest": digest("tokenizer"), "template_digest": digest("template"),
        "weights_manifest": [{"name": "model-00001-of-00001.gguf", "sha256": digest("gguf"), "size": 101_234_567}, {"name": "tokenizer.json", "sha256": digest("tok"), "size": 2_104_556}],
    }


def log() -> dict[str, Any]:
    """A log head and the keys to check it with."""
    note = "log.example/test\n23\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n— log.example/test Ye+BAaCDsGxV3cvTHm912b0vpNF9cC8lS6OtcWc7JbOTWTacYaKyi4ERHKj6TDB+8grefaqwur6IX9e2dXj3HXqXGgQ=\n"
    return {"origin": "log.example/test", "size": 23, "root": "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=", "note": note, "at": "2026-11-20T20:20:00Z"}


def files() -> dict[str, bytes]:
    """Bytes of the attachments, by name."""
    made = {"trusted_root.json": b'{"test":"data"}', "plan.json": canonical_json(plan())}
    for row in steps():
        made[f"statements/{row['entry']}.sigstore.json"] = canonical_json({"test": "data", "entry": row["entry"]})
        made[f"{row['key']}.result.json"] = canonical_json({"test": row["key"]})
        made[f"{row['key']}.items.parquet"] = b"PAR1" + hashlib.sha256(row["key"].encode()).digest() * 50 + b"PAR1"
    return made


def media_type(name: str) -> str:
    """Media type by file name."""
    return "application/vnd.apache.parquet" if name.endswith(".parquet") else "application/json"


def attachments() -> list[dict[str, Any]]:
    """The attachment table that belongs to ``files``."""
    return [
        {"name": name, "media_type": media_type(name), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "title": f"Test file {name}", "embedded": True}
        for name, data in files().items()
    ]


def snapshot() -> dict[str, Any]:
    """The whole document."""
    return {
        "schema": "urn:assay:report-snapshot:v1",
        "report": {
            "id": "00000000-0000-4000-8000-000000000031", "number": 31, "reference": "R-000031", "title": "Assessment of Example-135M (test data)", "prepared_for": "Model risk committee",
            "organisation": "Example Bank (test data)", "as_of": "2026-11-20", "made_at": "2026-11-20T20:20:00Z",
        },
        "software": {"name": "Assay", "version": "0.1.0", "renderer": {"weasyprint": "70.0"}, "template_digest": digest("template")},
        "subject": subject(),
        "systems": [
            {"name": "Complaint triage (test data)", "purpose": "Sorts incoming customer complaints by urgency before a person reads them.", "our_role": "Deployer", "risk_class": "High risk, Annex III", "jurisdiction": "EU", "environment": "staging"}
        ],
        "plan": plan(),
        "run": {"number": 7, "started_entry": 12, "started_at": "2026-11-20T20:11:40Z", "finished_entry": 20, "finished_at": "2026-11-20T20:19:31Z", "requested_by": ["Assessor"]},
        "steps": steps(),
        "requirements": requirements(),
        "log": log(),
        "keys": [
            {"label": "statement key", "fingerprint": digest("key")},
            {"label": "log key", "fingerprint": "log.example/test+61ef8101+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"},
            {"label": "report root certificate", "fingerprint": digest("root")},
        ],
        "signature": {"profile": "PAdES B-B", "certificate": digest("leaf")},
        "attachments": attachments(),
    }
