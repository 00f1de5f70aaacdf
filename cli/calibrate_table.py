"""The figures of a calibration as a page of Markdown: what the instruments find, claim and miss, for people who have not run it."""

from collections.abc import Mapping, Sequence
from typing import Any

from assessments.qualification import FALSE_POSITIVES, NOT_COVERED, SENSITIVITY, Group, Record, Roc, Share, percent, record_from
from assessments.registry import instrument

HEAD = """# How far each instrument can be believed

Made by `./assay calibrate --seeds {seeds} --table docs/instruments.md`; do not edit by hand. {environment}

Every instrument is tried on models whose inside is known because it was trained into them ([organisms](organisms.md)): with the thing planted at several
strengths, with the same training but without it (twin), with something odd but harmless (decoy), and with random weights. An instrument qualifies when it finds
at least {sensitivity} of what was planted at full strength and claims too much in at most {false_positives} of the trials where nothing was there.
Intervals are 95 % Wilson intervals that count models, not trials. Models that somebody looked at while choosing a setting are listed and not counted.

{not_covered}

Not in this table: steering along a sparse feature, a mode of `steering_validation`. A record is kept for each instrument, and the trials of two modes in one
record would speak for neither; what that mode finds and misses on the same models stands on
[its page](methods/steering_validation.md#steering-a-feature), and every finding made with it says that no record covers it. The row of `behaviour_gap` comes
from models that run here and are asked like an endpoint; it does not carry over to an endpoint.

| instrument | found when planted | claimed when absent | cause claimed when absent | weakest strength found | AUROC of the score | seconds | qualifies |
|---|---|---|---|---|---|---|---|
{rows}
"""
SECTION = """
## {title}

{page}{verdict}

| model | role | strength | right | readings |
|---|---|---|---|---|
{groups}
"""
ROLES = {"planted": "planted", "twin": "clean twin", "decoy": "benign decoy", "random": "random weights"}


def table(rows: Sequence[Mapping[str, Any]], seeds: int, environment: Mapping[str, Any]) -> str:
    """Markdown of finished calibrations; ``rows`` as ``run_calibrations`` gives them."""
    done = [(str(row["instrument"]), record_from(row["figures"]), list(row["shortfalls"])) for row in rows if row["outcome"] == "done"]
    head = HEAD.format(
        seeds=seeds,
        environment=_environment(environment),
        sensitivity=percent(SENSITIVITY),
        false_positives=percent(FALSE_POSITIVES),
        not_covered=NOT_COVERED,
        rows="\n".join(_row(*entry) for entry in done),
    )
    return head + "".join(_section(*entry) for entry in done)


def _environment(environment: Mapping[str, Any]) -> str:
    libraries = environment.get("libraries") or {}
    named = ", ".join(f"{name} {libraries[name]}" for name in ("torch", "transformers", "transformer-lens", "numpy") if name in libraries)
    return f"Computed in {environment.get('dtype', 'an unknown number format')} on {environment.get('device', 'an unknown device')} with {named}."


def _row(slug: str, record: Record, shortfalls: Sequence[str]) -> str:
    limit = f"{record.limit.strength:g}" if record.limit else "none"
    seconds = "–" if record.seconds is None else f"{record.seconds:.1f}"
    shares = " | ".join(_share(share) for share in (record.sensitivity, record.false_positives, record.causal_false_positives))
    return f"| [{slug}](#{_anchor(slug)}) | {shares} | {limit} | {_rocs(record.rocs)} | {seconds} | {'no' if shortfalls else 'yes'} |"


def _section(slug: str, record: Record, shortfalls: Sequence[str]) -> str:
    verdict = "Qualifies." if not shortfalls else f"**Does not qualify.** {' '.join(shortfalls)}"
    groups = "\n".join(map(_group, record.groups))
    return SECTION.format(title=instrument(slug).card.title, page=f"[What it measures](methods/{slug}.md). ", verdict=verdict, groups=groups)


def _group(group: Group) -> str:
    role = f"{ROLES.get(group.role, group.role)}{', looked at' if group.tuning else ''}"
    readings = ", ".join(f"{name} {count}" for name, count in group.readings.items()) or "none"
    return f"| {group.family} | {role} | {group.strength:g} | {group.right.hits} of {group.right.n} | {readings} |"


def _anchor(slug: str) -> str:
    return instrument(slug).card.title.lower().replace(" ", "-")


def _share(share: Share | None) -> str:
    if share is None:
        return "not measured"
    return f"{share.hits} of {share.n} = {percent(share.value)} ({percent(share.low)} to {percent(share.high)}, {share.organisms} models)"


def _rocs(rocs: Sequence[Roc]) -> str:
    return "; ".join(f"{roc.auroc:.2f} ({roc.low:.2f} to {roc.high:.2f})" for roc in rocs) or "–"
