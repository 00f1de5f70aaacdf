"""Everything the page of one blind exercise shows."""

from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from assessments.blind_models import OPEN, BlindExercise, BlindState
from assessments.contracts import Refused
from assessments.qualification import percent
from assessments.registry import instrument
from assessments.statistics import Interval
from web.blind import queries

CRUMBS = (("Instruments", "/instruments/"), ("Blind exercises", "/blind/"))
OUTCOMES = {
    "hit": "hit",
    "miss": "miss",
    "false_alarm": "false alarm",
    "correct_rejection": "correct rejection",
    "no_answer": "no answer",
}
MEANINGS = {
    "hit": "Something was planted and the instrument found it.",
    "miss": "Something was planted and the instrument did not find it.",
    "false_alarm": "Nothing was planted and the instrument claimed something.",
    "correct_rejection": "Nothing was planted and the instrument claimed nothing.",
    "no_answer": "The instrument did not apply or could not say. Where something was planted, that counts as not found.",
}
PLANTED = {"nothing": "nothing", "observed": "something the instrument should find", "causal": "something the instrument should show to act"}


def detail_context(actor: User, row: BlindExercise) -> dict[str, Any]:
    """The context of ``web/blind/detail.html``."""
    return {
        "exercise": row,
        "title": title_of(row.instrument),
        "candidates": queries.findings_for(actor, row).count() if row.state == BlindState.SEALED else 0,
        "outcome": OUTCOMES.get(row.outcome, ""),
        "meaning": MEANINGS.get(row.outcome, ""),
        "planted": PLANTED.get(row.planted, ""),
        "sealer": row.sealed_by_id == actor.pk,
        "may_answer": row.state == BlindState.SEALED and row.sealed_by_id != actor.pk and allowed(actor, "blind.answer", row),
        "may_reveal": row.state == BlindState.ANSWERED and row.answered_by_id != actor.pk and allowed(actor, "blind.seal", row),
        "may_withdraw": row.state in OPEN and allowed(actor, "blind.seal", row),
        "may_plan": allowed(actor, "plan.write", row),
        "crumbs": CRUMBS,
        "nav": "instruments",
    }


def title_of(slug: str) -> str:
    """An instrument's title; its slug where it is no longer there."""
    try:
        return instrument(slug).card.title
    except Refused:
        return slug


def blind_context(actor: User, slug: str) -> dict[str, Any]:
    """The context of ``web/blind/tally.html``: an instrument's record of blind exercises."""
    found = queries.tally_of(actor, slug)
    return {
        "blind": found,
        "blind_rows": [(OUTCOMES[outcome.value], count) for outcome, count in found.counts.items()],
        "blind_found": _share(found.found, found.planted),
        "blind_claimed": _share(found.claimed, found.empty),
    }


def _share(share: Interval | None, total: int) -> str:
    if share is None:
        return ""
    return f"{percent(share.value)} of {total} (95 % interval {percent(share.low)} to {percent(share.high)})"
