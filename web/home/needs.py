"""What may wait for a person: one provider per kind, each limited to what this person may both see and do something about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import ApiToken, User
from accounts.visibility import VisibleQuerySet
from assessments.models import ENDED, Plan, Run, RunState, Step
from decisions.gate_models import DecisionState, DecisionTask
from decisions.models import CorrectiveAction, DraftVersion, Incident, Submission
from evidence.models import EvidenceLink
from inventory.models import Lifecycle, ModelVersion
from reports.models import Report, ReportState

Q_ = TypeVar("Q_", bound=VisibleQuerySet[Any])
PROBLEM, ATTENTION, TASK, QUIET = "problem", "attention", "proposed", "quiet"
TONES = (PROBLEM, ATTENTION, TASK, QUIET)
"""How pressing a need is, most pressing first; also the colour of its tag."""

STUCK_AFTER = timedelta(minutes=10)
LOOK_BACK = timedelta(days=30)
EVIDENCE_SOON = timedelta(days=30)
EVIDENCE_PAST = timedelta(days=90)
TOKEN_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Waiting:
    """Rows that wait, and the words for one and for many.

    ``fields`` names what the words take from the row that waits longest (by ``since``); ``one`` and ``many`` are title and address name,
    ``one`` with the name of the address's key (empty: the address has none), ``many`` with its query.
    """

    tag: str
    tone: str
    rows: QuerySet[Any]
    since: str
    one: tuple[str, str, str]
    many: tuple[str, str, str]
    detail: str
    fields: Mapping[str, str] = field(default_factory=dict)


def doable(rows: Q_, actor: User, verb: str) -> Q_:
    """Those of ``rows`` that the actor may see and whose organisation gives them ``verb``."""
    return rows.doable_by(actor, verb)


def runs_failed(actor: User, now: datetime) -> Waiting:
    """Runs that failed lately and were neither retried nor followed by another run of their plan."""
    later = Run.objects.filter(plan=OuterRef("plan"), number__gt=OuterRef("number"))
    rows = doable(Run.objects.all(), actor, "run.retry").filter(~Exists(later), state=RunState.FAILED, finished_at__gt=now - LOOK_BACK)
    return Waiting(
        "run", PROBLEM, rows, "finished_at",
        ("Run {number} failed", "run-detail", "run_id"), ("{n} runs failed", "run-list", "state=failed"),
        "“{title}” ended without all results on {day}; its page says why and lets you retry.", {"number": "number", "title": "plan__title"},
    )  # fmt: skip


def runs_stuck(actor: User, now: datetime) -> Waiting:
    """Open runs in which nothing has moved for a while and no worker holds a step."""
    quiet = now - STUCK_AFTER
    moved = Step.objects.filter(Q(started_at__gt=quiet) | Q(finished_at__gt=quiet) | Q(lease_until__gt=now), run=OuterRef("pk"))
    rows = doable(Run.objects.all(), actor, "run.cancel").filter(~Exists(moved), created_at__lt=quiet).exclude(state__in=ENDED)
    return Waiting(
        "run", ATTENTION, rows, "created_at",
        ("Run {number} does not move", "run-detail", "run_id"), ("{n} runs do not move", "run-list", "state=queued"),
        "“{title}”: no worker has taken or finished a step for ten minutes. Are the workers running?", {"number": "number", "title": "plan__title"},
    )  # fmt: skip


def reports_failed(actor: User, now: datetime) -> Waiting:
    """Reports that could not be made and were not followed by another one about their run."""
    better = Report.objects.filter(run=OuterRef("run"), number__gt=OuterRef("number"))
    rows = doable(Report.objects.all(), actor, "report.build").filter(~Exists(better), state=ReportState.FAILED)
    return Waiting(
        "report", PROBLEM, rows, "created_at",
        ("A report on run {run} could not be made", "report-detail", "report_id"), ("{n} reports could not be made", "report-list", "state=failed"),
        "“{title}”, asked for on {day}; its page gives the reason.", {"run": "run__number", "title": "title"},
    )  # fmt: skip


def links_expired(actor: User, now: datetime) -> Waiting:
    """Accepted evidence whose validity ended lately."""
    today = now.date()
    rows = _links(actor).filter(status=EvidenceLink.Status.ACCEPTED, valid_until__lt=today, valid_until__gte=today - EVIDENCE_PAST)
    return Waiting(
        "evidence", PROBLEM, rows, "valid_until",
        ("Evidence for {ref} has expired", "evidence-link-list", ""), ("{n} pieces of evidence have expired", "evidence-link-list", "status=accepted"),
        "The first counted until {day}; since then it no longer covers its requirement.", {"ref": "requirement__ref"},
    )  # fmt: skip


def links_expiring(actor: User, now: datetime) -> Waiting:
    """Accepted evidence whose validity ends soon."""
    today = now.date()
    rows = _links(actor).filter(status=EvidenceLink.Status.ACCEPTED, valid_until__gte=today, valid_until__lte=today + EVIDENCE_SOON)
    return Waiting(
        "evidence", ATTENTION, rows, "valid_until",
        ("Evidence for {ref} expires soon", "evidence-link-list", ""), ("{n} pieces of evidence expire soon", "evidence-link-list", "status=accepted"),
        "The first counts until {day}. Assess again before that day.", {"ref": "requirement__ref"},
    )  # fmt: skip


def links_proposed(actor: User, now: datetime) -> Waiting:
    """Links from evidence to a requirement that nobody has decided."""
    rows = _links(actor).filter(status=EvidenceLink.Status.PROPOSED)
    return Waiting(
        "review", TASK, rows, "created_at",
        ("Evidence for {ref} waits for your review", "evidence-link-list", ""),
        ("{n} pieces of evidence wait for your review", "evidence-link-list", "status=proposed"),
        "Proposed since {day}. Nothing counts towards a requirement before a person accepts it.", {"ref": "requirement__ref"},
    )  # fmt: skip


def plans_drafted(actor: User, now: datetime) -> Waiting:
    """Plans that are not sealed."""
    rows = doable(Plan.objects.all(), actor, "plan.seal").filter(sealed_at__isnull=True)
    return Waiting(
        "plan", TASK, rows, "created_at",
        ("“{title}” is not sealed yet", "plan-detail", "plan_id"), ("{n} plans are not sealed yet", "plan-list", "state=draft"),
        "For {model} {label}, drafted on {day}. Only a sealed plan can be run.", {"title": "title", **_version("version__")},
    )  # fmt: skip


def plans_unused(actor: User, now: datetime) -> Waiting:
    """Sealed plans without a run."""
    rows = doable(Plan.objects.all(), actor, "run.start").filter(~Exists(Run.objects.filter(plan=OuterRef("pk"))), sealed_at__isnull=False)
    return Waiting(
        "plan", TASK, rows, "sealed_at",
        ("“{title}” is sealed but was never run", "plan-detail", "plan_id"), ("{n} sealed plans were never run", "plan-list", "state=sealed"),
        "For {model} {label}, sealed on {day}.", {"title": "title", **_version("version__")},
    )  # fmt: skip


def versions_unassessed(actor: User, now: datetime) -> Waiting:
    """Versions in use or under consideration for which there is not even a plan."""
    gone = (Lifecycle.RETIRED, Lifecycle.ROLLED_BACK)
    rows = doable(ModelVersion.objects.all(), actor, "plan.write").filter(~Exists(Plan.objects.filter(version=OuterRef("pk")))).exclude(lifecycle__in=gone)
    return Waiting(
        "model", TASK, rows, "created_at",
        ("{model} {label} was never assessed", "version-detail", "version_id"), ("{n} model versions were never assessed", "version-list", ""),
        "{model} {label} was registered on {day}; there is no plan for it.", _version(""),
    )  # fmt: skip


def actions_mine(actor: User, now: datetime) -> Waiting:
    """The person's own corrective actions that are not done."""
    rows = doable(CorrectiveAction.objects.all(), actor, "incident.write").filter(owner=actor, done_at__isnull=True)
    return Waiting(
        "incident", ATTENTION, rows, "due_on",
        ("A corrective action of yours is due on {day}", "action-done", "action_id"), ("{n} corrective actions of yours are open", "incident-list", ""),
        "“{text}”, due on {day}, after incident {number}.", {"text": "text", "number": "incident__number"},
    )  # fmt: skip


def tasks_overdue(actor: User, now: datetime) -> Waiting:
    """Conditions of decisions that the person has to fulfil and whose day is over."""
    return Waiting(
        "decision", PROBLEM, _tasks(actor).filter(due_on__lt=now.date()), "due_on",
        ("A condition of decision {number} was due on {day}", "task-done", "task_id"), ("{n} conditions of decisions are overdue", "decision-list", ""),
        "“{text}”, yours since decision {number}.", {"text": "text", "number": "decision__number"},
    )  # fmt: skip


def tasks_mine(actor: User, now: datetime) -> Waiting:
    """Conditions of decisions that the person has to fulfil in time."""
    return Waiting(
        "decision", ATTENTION, _tasks(actor).filter(due_on__gte=now.date()), "due_on",
        ("A condition of decision {number} is due on {day}", "task-done", "task_id"), ("{n} conditions of decisions wait for you", "decision-list", ""),
        "“{text}”, due on {day}, of decision {number}.", {"text": "text", "number": "decision__number"},
    )  # fmt: skip


def drafts_waiting(actor: User, now: datetime) -> Waiting:
    """Incidents with a draft of a report that nobody recorded as sent."""
    sent = Submission.objects.filter(incident=OuterRef("incident"), clock=OuterRef("clock"), withdrawn=False)
    drafts = DraftVersion.objects.filter(~Exists(sent), incident=OuterRef("pk"))
    rows = doable(Incident.objects.all(), actor, "incident.submit").filter(Exists(drafts))
    return Waiting(
        "incident", TASK, rows, "created_at",
        ("A draft of a report waits in incident {number}", "incident-detail", "incident_id"), ("Drafts of reports wait in {n} incidents", "incident-list", ""),
        "“{title}”, opened on {day}: it is drafted, and nothing is recorded as sent.", {"title": "title", "number": "number"},
    )  # fmt: skip


def tokens_expiring(actor: User, now: datetime) -> Waiting:
    """The person's own tokens that end soon."""
    ends = {"expires_at__gt": now, "expires_at__lte": now + TOKEN_SOON}
    rows = ApiToken.objects.filter(user=actor, revoked_at__isnull=True, **ends)
    return Waiting(
        "token", ATTENTION, rows, "expires_at",
        ("Your API token “{name}” expires soon", "token-list", ""), ("{n} of your API tokens expire soon", "token-list", ""),
        "“{name}” works until {day}. Issue another and replace it where it is used.", {"name": "name"},
    )  # fmt: skip


def second_factor_missing(actor: User, now: datetime) -> Waiting:
    """The person themselves, while a password alone opens their account."""
    rows = User.objects.filter(~Exists(Authenticator.objects.filter(user=OuterRef("pk"))), pk=actor.pk)
    words = ("Protect your account with a second factor", "settings", "")
    detail = "At present a password alone opens it. A passkey or an app on your phone takes a minute."
    return Waiting("account", QUIET, rows, "created_at", words, words, detail)


def _tasks(actor: User) -> QuerySet[DecisionTask]:
    live = (DecisionState.OPEN, DecisionState.APPROVED)
    return doable(DecisionTask.objects.all(), actor, "decision.task").filter(owner=actor, done_at__isnull=True, decision__state__in=live)


def _links(actor: User) -> QuerySet[EvidenceLink]:
    return doable(EvidenceLink.objects.all(), actor, "evidence.review")


def _version(path: str) -> dict[str, str]:
    return {"model": f"{path}model__name", "label": f"{path}label"}


PROVIDERS = (
    runs_failed, reports_failed, tasks_overdue, actions_mine, tasks_mine, drafts_waiting, links_expired, runs_stuck, links_expiring, tokens_expiring,
    links_proposed, plans_drafted, plans_unused, versions_unassessed, second_factor_missing,
)  # fmt: skip
