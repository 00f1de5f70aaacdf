"""What applying an uploaded file would do, in words; the same in pages and in the API."""

from collections import Counter

from frameworks.import_plans import CrosswalkPlan, Plan


def sentences(plan: Plan) -> list[str]:
    """What applying would do, in words."""
    if plan.nothing:
        return ["There is nothing to change: all of it is loaded already."]
    rows = len(plan.found.duties)
    if plan.found.identity and plan.version is None:
        return [f"{_rows(rows)} would be added as a new framework."]
    if not plan.found.identity:
        return ["The file holds crosswalks and no framework."]
    counted = ", ".join(f"{count} {kind}" for kind, count in plan.counts.items() if count) or "none changed"
    same = rows - plan.counts["added"] - plan.counts["changed"]
    return [f"Against the version that is loaded: {counted}; {same} {'stays' if same == 1 else 'stay'} as {'it is' if same == 1 else 'they are'}."]


def told(row: CrosswalkPlan) -> str:
    """The pairs of a crosswalk in words."""
    if row.same:
        return "loaded already, word for word"
    kinds = Counter(pair.relationship for pair in row.rows)
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    left = f"; {len(row.unknown)} left out, because they name rows that are not loaded" if row.unknown else ""
    return f"{len(row.rows)} {'pair' if len(row.rows) == 1 else 'pairs'}{f' ({counted})' if counted else ''}{left}"


def _rows(count: int) -> str:
    return f"{count} {'row' if count == 1 else 'rows'}"
