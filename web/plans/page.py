"""Everything the plan pages show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import QueryDict

from accounts.models import User
from accounts.permissions import allowed
from assessments import probes
from assessments.contracts import Instrument, InstrumentCard, Threshold
from assessments.judgement import wording
from assessments.models import Plan
from assessments.registry import METHODS, source_digest
from assessments.services import standard
from assessments.services.plans import PlanItem
from core.errors import InvalidInput
from inventory.models import Access, ModelVersion
from reports.queries import step_title
from web import words
from web.fetch import version_for
from web.instruments import outline
from web.instruments.queries import shipped_set
from web.plans import builder, queries
from web.plans.forms import PlanForm
from web.plans.presets import Preset, preset_of
from web.probe_sets.queries import digest_now, offered_to
from web.runs.queries import as_uuid, open_run

TERMS = ("Sealed plan", "Threshold", "Null", "Probe set", "Control", "Estimand", "Falsifier", "Log", "Digest")


@dataclass
class State:
    """The builder as it stands: what was typed, about which version (None while none is chosen), and the draft that is being changed."""

    actor: User
    form: PlanForm
    uses: list[builder.Use]
    version: ModelVersion | None
    plan: Plan | None = None

    def ready(self) -> bool:
        """Whether everything can be saved; otherwise the forms say what is missing."""
        chosen = [use for use in self.uses if use.on]
        sound = [self.form.is_valid(), *(use.valid() for use in chosen)]
        if not chosen:
            self.form.add_error(None, "Tick at least one instrument.")
        return all(sound) and bool(chosen)

    @property
    def for_vendor(self) -> bool:
        """Whether the vendor is to run it, so that our access does not matter."""
        if self.plan is not None:
            return self.plan.for_vendor
        return self.form["for_vendor"].value() in (True, "on", "true", "True")

    def blocked(self, card: InstrumentCard) -> str:
        """Why an instrument cannot be used; empty when it can."""
        return outline.blocked(card, self.version) if self.version and not self.for_vendor else ""

    def wish(self) -> dict[str, Any]:
        """What the service wants to know, once ``ready``."""
        data = self.form.cleaned_data
        return {"title": data["title"], "claim": data["claim"], "seed": data["seed"], "items": [use.item() for use in self.uses if use.on]}


def opened(actor: User, query: Mapping[str, str], plan: Plan | None = None) -> State:
    """The builder as it opens: from a draft, an earlier plan, a preset, or empty."""
    origin = plan or (queries.plan_for(actor, as_uuid("from", query["from"])) if query.get("from") else None)
    version = origin.version if origin else version_for(actor, as_uuid("version", query["version"])) if query.get("version") else None
    preset = preset_of(query)
    items = items_of(origin) if origin else preset.items
    initial = _initial(origin, version, preset)
    form = PlanForm(actor=actor, fixed=plan.version if plan else None, initial=initial)
    return State(actor, form, builder.uses_of(builder.drafts_of(items), False, offered_to(actor)), version, plan)


def _initial(origin: Plan | None, version: ModelVersion | None, preset: Preset) -> dict[str, Any]:
    if origin is not None:
        return {"version": origin.version_id, **{name: origin.document[name] for name in ("title", "claim", "seed")}, "for_vendor": origin.for_vendor}
    title = f"{preset.title}{f' of {version.model.name}' if version else ''}" if preset.title else ""
    return {"version": version.pk if version else None, "title": title, "claim": preset.claim, "seed": standard.SEED}


def sent(actor: User, data: QueryDict, plan: Plan | None = None) -> State:
    """The builder as the person left it; with ``act`` save it is checked, any other button only changes what is shown."""
    flat = {key: str(data[key]) for key in data}
    act, fixed = flat.get("act", ""), plan.version if plan else None
    check = act == "save"
    form = PlanForm(flat if check else None, actor=actor, fixed=fixed, initial=flat)
    uses = builder.uses_of(builder.change(builder.drafts_sent(flat), act), check, offered_to(actor))
    return State(actor, form, uses, fixed or _chosen(actor, flat.get("version", "")), plan)


def _chosen(actor: User, text: str) -> ModelVersion | None:
    try:
        return queries.versions_of(actor).filter(pk=as_uuid("version", text)).first()
    except InvalidInput:
        return None


def builder_context(state: State) -> dict[str, Any]:
    """The context of ``web/plans/build.html``."""
    chosen = [use for use in state.uses if use.on]
    measured = queries.metrics_measured(state.actor)
    return {
        "state": state,
        "form": state.form,
        "plan": state.plan,
        "version": state.version,
        "cards": [_card(method, state, measured.get(method.card.slug, [])) for method in METHODS],
        "steps": [(use.title, 60 * use.method.card.minutes) for use in chosen],
        "seconds": sum(60 * use.method.card.minutes for use in chosen),
        "blocked": [use.method.card for use in chosen if state.blocked(use.method.card)],
        "glossary": words.glossary(*TERMS),
        "nav": "assessments",
    }


def _card(method: Instrument, state: State, measured: Sequence[str]) -> dict[str, Any]:
    card = method.card
    return {
        "card": card,
        "uses": [use for use in state.uses if use.method is method],
        "used": all(use.on for use in state.uses if use.method is method),
        "blocked": state.blocked(card),
        "access": Access(card.access).label,
        "seconds": 60 * card.minutes,
        "probe_sets": [shipped_set(slug) for slug in card.probe_sets],
        "metrics": sorted({row.metric for row in card.thresholds} | set(measured)),
    }


def items_of(plan: Plan) -> list[PlanItem]:
    """The items of a plan as wishes for another one; instruments that are no longer there are left out."""
    known = {method.card.slug for method in METHODS}
    rows = [row for row in plan.document["items"] if row["instrument"] in known]
    return [PlanItem(row["instrument"], row["params"], tuple(Threshold(**limit) for limit in row["thresholds"]), row["key"]) for row in rows]


def detail_context(plan: Plan, actor: User) -> dict[str, Any]:
    """The context of ``web/plans/detail.html`` and of the page that seals."""
    sealed = bool(plan.sealed_digest)
    running, received = open_run(plan.version), plan.received_from
    may_write = not sealed and allowed(actor, "plan.write", plan)
    return {
        "plan": plan,
        "version": plan.version,
        "document": plan.document,
        "digest": plan.digest,
        "steps": [_step(row) for row in plan.document["items"]],
        "seconds": sum(outline.usual_seconds().get(row["instrument"], 0) for row in plan.document["items"]),
        "runs": queries.runs_of(plan),
        "running": running,
        "outdated": [] if sealed else [step_title(row["key"]) for row in plan.document["items"] if not _current(row, plan.organisation_id)],
        "share": round(100 * plan.document["split"]["exploration"]),
        "may_write": may_write,
        "may_copy": allowed(actor, "plan.write", plan),
        "may_seal": not sealed and allowed(actor, "plan.seal", plan),
        "may_start": sealed and running is None and allowed(actor, "run.start", plan) and (received is not None or not plan.for_vendor),
        "may_hand_over": sealed and received is None and allowed(actor, "evidence.export", plan),
        "received": received,
        "glossary": words.glossary(*TERMS),
        "nav": "assessments",
    }


def _step(row: Mapping[str, Any]) -> dict[str, Any]:
    limits = [(limit["metric"], wording(Threshold(**limit))) for limit in row["thresholds"]]
    sets = [(slug, digest, slug in probes.shipped()) for slug, digest in sorted(row["probe_sets"].items())]
    return {**row, "title": step_title(row["key"]), "limits": limits, "sets": sets, "known": row["instrument"] in outline.usual_seconds()}


def _current(row: Mapping[str, Any], organisation_id: UUID) -> bool:
    """Whether the draft names the instrument and the texts as they are now; a worker would refuse others."""
    if row["instrument"] not in outline.usual_seconds():
        return False
    sets = all(digest_now(organisation_id, slug) == digest for slug, digest in row["probe_sets"].items())
    return sets and source_digest(row["instrument"]) == row["source_digest"]
