"""The closing report of a pilot: what could be asked, what could not and what access that would need, what drifted, and what all this does not show."""

from typing import Any

from assessments.access import MEANING, offer, refusal
from assessments.models import Pilot
from assessments.pilot_readings import Course, DayRow, course_of
from core import clock
from inventory.models import Access

PREDICATE = "urn:assay:predicate:pilot-report:v1"
SCHEMA = "urn:assay:pilot-report:v1"
DOES_NOT_SHOW = (
    "Which weights answered: model names and fingerprints are what the endpoint says, and nobody here can check them.",
    "That nothing changed where no drift was seen: a change smaller than half the band, one that moves answers under both purposes alike, and one in "
    "behaviour that the questions do not touch all stay unseen.",
    "What happened between two runs: the model is asked once a day, at an hour that the endpoint can learn.",
    "Why anything changed: new weights, a filter in front of the model, its instructions and the load of the service look the same from outside.",
    "How others are served: the endpoint knows who asks, by the key and the address.",
)
CLAUSES = {
    Access.LOGITS: "The supplier returns, on request and for questions of the customer's choice, the log-probabilities of the tokens of the answer.",
    Access.ACTIVATIONS: "The supplier runs probe texts named by digest and hands over the activations at agreed places, with "
    "a record of the model's digest, the place, the layer and the number format, for every version put into service.",
    Access.WEIGHTS: "The supplier runs the customer's sealed assessment plan on the weights in service, in its own premises or a third party's, and hands "
    "over the signed results whole.",
}
ALWAYS = (
    "The supplier names the version in service by a digest of its weights, and gives notice before another version answers under the same name.",
    "The supplier says on which day a version, a filter or the instructions in front of the model were changed, when the customer asks.",
)


def report_document(pilot: Pilot) -> dict[str, Any]:
    """The report as it is attested."""
    course = course_of(pilot)
    return {
        "schema": SCHEMA,
        "pilot": str(pilot.id),
        "version": {"id": str(pilot.version_id), "name": str(pilot.version), "endpoint": pilot.version.locator, "access": pilot.version.access},
        "plan": {"id": str(pilot.plan_id), "sha256": pilot.plan.sealed_digest, "terms": pilot.plan.document["pilot"]},
        "state": pilot.state,
        "reason": pilot.reason,
        "started_at": clock.iso(pilot.started_at),
        "ended_at": clock.iso(pilot.ended_at) if pilot.ended_at else None,
        "days": [_day(row) for row in course.rows],
        "other_runs_of_the_plan": other_runs(pilot),
        "drift": drift_words(pilot, course),
        "events": [event.words for event in course.events],
        **gap_of(pilot),
        "does_not_show": list(DOES_NOT_SHOW),
    }


def gap_of(pilot: Pilot) -> dict[str, Any]:
    """What the access was enough for, what it was not, and what a contract could ask for because of that."""
    found, used = offer(pilot.version.access), {item["instrument"] for item in pilot.plan.document["items"]}
    missing = [level for level in CLAUSES if any(card.access == level for card in found.beyond)]
    return {
        "access": {"granted": found.granted.value, "meaning": MEANING[found.granted]},
        "answered": [{"instrument": card.slug, "question": card.question, "ran": card.slug in used} for card in found.possible],
        "not_answered": [
            {
                "instrument": card.slug,
                "question": card.question,
                "needs": card.access,
                "needs_meaning": MEANING[Access(card.access)],
                "why": refusal(card, str(pilot.version), pilot.version.access),
            }
            for card in found.beyond
        ],
        "contract": [*ALWAYS, *(CLAUSES[level] for level in missing)],
    }


def drift_words(pilot: Pilot, course: Course) -> dict[str, Any]:
    """Band, drift and the sentence that sums them up."""
    band, counted = course.band, len(course.points)
    after = sum(point.day > band.until for point in course.points) if band else 0
    return {
        "readings": counted,
        "after_baseline": after,
        "band": None if band is None else {"centre": band.centre, "low": band.low, "high": band.high, "until_day": band.until},
        "days": list(course.drift),
        "words": _drift_sentence(pilot, course, after),
    }


def _drift_sentence(pilot: Pilot, course: Course, after: int) -> str:
    rule, band = pilot.rule, course.band
    if band is None:
        return f"Only {len(course.points)} readings count; the baseline needs {rule.baseline}. Nothing can be said about drift."
    if after < rule.row:
        return f"Only {after} readings after the baseline count; the rule needs {rule.row} in a row. Nothing can be said about drift."
    if course.drift:
        return (
            f"Drift by the sealed rule, first on day {course.drift[0]}: {rule.row} readings in a row outside {band.low:+.2f} to {band.high:+.2f}, on one side."
        )
    return f"No drift by the sealed rule in {after} readings after the baseline; a change of the gap by less than {band.half:.2f} would not have been seen."


def other_runs(pilot: Pilot) -> list[dict[str, Any]]:
    """Runs of the same sealed plan that no day started: named, so that nobody can choose among them unseen."""
    rows = pilot.plan.runs.filter(pilot_day__isnull=True).order_by("number")
    return [{"run": str(row.id), "number": row.number, "state": row.state} for row in rows]


def _day(row: DayRow) -> dict[str, Any]:
    finding, point = row.finding, row.point
    return {
        "day": row.day.number,
        "due_at": clock.iso(row.day.due_at),
        "state": row.day.state,
        "run": str(row.day.run_id) if row.day.run_id else None,
        "result": finding.result_artifact.sha256 if finding else None,
        "reading": finding.reading if finding else None,
        "gap": None if point is None else {"value": point.value, "low": point.low, "high": point.high},
        "counted": point is not None,
        "why_not": row.why,
        "said": {key: sorted(names) for key, names in row.said.items()},
    }
