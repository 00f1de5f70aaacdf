"""Words of gates: the steps they guard, the kinds of conditions, and what an evaluation can say."""

from enum import StrEnum

STEPS = {
    "onboard_vendor": "Onboard a vendor's system",
    "approve_version": "Approve a model version",
    "deploy": "Deploy",
    "change_use": "Change the use",
    "continue_after_incident": "Continue after an incident",
}
"""Steps of the lifecycle that a gate can stand before."""
KINDS = {
    "finding": "A finding",
    "coverage": "Coverage of a framework",
    "incidents": "No open incident",
    "rollback_drill": "A rollback drill",
    "questionnaire": "Answers to a questionnaire",
}
"""What a condition can ask for."""
TIERS = {"": "Any conclusive result", "observed": "Observed or better", "causal": "Causal or better", "replicated": "Replicated"}
LADDER = ("null", "observed", "causal", "replicated")
"""Verdicts that conclude something, weakest first; the others let a condition be neither met nor missed."""
COMPARISONS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
SEVERITIES = ("low", "medium", "high", "critical")


class Standing(StrEnum):
    """What one condition came to."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What the rule says over all conditions."""

    GO = "go"
    GO_WITH_CONDITIONS = "go_with_conditions"
    NO_GO = "no_go"


STANDINGS = {Standing.MET: "Met", Standing.NOT_MET: "Not met", Standing.UNKNOWN: "Cannot tell"}
OUTCOMES = {Outcome.GO: "Go", Outcome.GO_WITH_CONDITIONS: "Go with conditions", Outcome.NO_GO: "No go"}
