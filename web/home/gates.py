"""Decisions on the first page: those this person can approve now, and approved ones that no longer stand."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from decisions import eyes
from decisions.basis import Basis, bases_of, stands
from decisions.gate_models import Decision, DecisionState
from decisions.gate_vocabulary import Outcome
from inventory.models import Lifecycle
from web.home.clocks import Pressing
from web.home.needs import PROBLEM, TASK, doable

LOOKED_AT, SHOWN = 30, 3
GONE = (Lifecycle.RETIRED, Lifecycle.ROLLED_BACK)
TAG = "decision"


def pressing(actor: User) -> list[Pressing]:
    """Lapsed decisions and those that wait for this person's approval; as many queries for one as for many."""
    rows = _read(candidates(actor))
    bases = bases_of(rows)
    lapsed = [row for row in rows if row.state == DecisionState.APPROVED and not stands(row, bases[row.pk])]
    mine = [row for row in rows if row.state == DecisionState.OPEN and approvable(actor, bases[row.pk])]
    found = _cards(lapsed, PROBLEM, "no longer stands", "The record says something else than what was approved. Ask for a new decision.")
    return found + _cards(mine, TASK, "waits for your approval", "You had no hand in it, so your word counts.")


def approvable(actor: User, basis: Basis) -> bool:
    """Whether the actor's word would be taken now: the outcome allows it, a role counts, no hand in it, nothing said yet about exactly this."""
    decision = basis.decision
    ready = basis.outcome == Outcome.GO or (basis.outcome == Outcome.GO_WITH_CONDITIONS and bool(basis.document["tasks"]))
    said = any(word.approver_id == actor.pk and word.digest == basis.digest for word in decision.approvals.all())
    return ready and not said and bool(eyes.roles_that_count(actor, basis)) and not eyes.barred(actor, basis)


def candidates(actor: User) -> QuerySet[Decision]:
    """Open decisions he may approve, and the newest approved one on each question he may ask, unless the version is out of use."""
    later = Decision.objects.filter(policy__policy=OuterRef("policy__policy"), number__gt=OuterRef("number"))
    same = Q(version=OuterRef("version")) | Q(system=OuterRef("system"))
    asked = doable(Decision.objects.all(), actor, "decision.request").filter(~Exists(later.filter(same)), state=DecisionState.APPROVED)
    open_ones = doable(Decision.objects.all(), actor, "decision.approve").filter(state=DecisionState.OPEN).exclude(requested_by=actor)
    either = Q(pk__in=asked.order_by().values("pk")) | Q(pk__in=open_ones.order_by().values("pk"))
    return Decision.objects.filter(either).exclude(version__lifecycle__in=GONE)


def _read(rows: QuerySet[Decision]) -> list[Decision]:
    related = rows.select_related("policy__policy", "version__model", "system").defer("basis", "version__weights_manifest")
    return list(related.prefetch_related("policy__policy__versions", "tasks", "waivers", "approvals")[:LOOKED_AT])


def _cards(rows: list[Decision], tone: str, words: str, detail: str) -> list[Pressing]:
    made = [_card(row, tone, words, detail) for row in rows[:SHOWN]]
    rest = len(rows) - SHOWN
    if rest > 0:
        title = f"{rest} more decision{' ' if rest == 1 else 's '}{words if rest == 1 else words.replace('waits', 'wait').replace('stands', 'stand')}"
        made.append(Pressing(TAG, tone, title, "The list of decisions names them.", reverse("web:decision-list")))
    return made


def _card(row: Decision, tone: str, words: str, detail: str) -> Pressing:
    return Pressing(TAG, tone, f"{row.reference} {words}", f"{row.get_step}: {row.about}. {detail}", reverse("web:decision-detail", args=[row.pk]))
