"""The kinds of rows a search looks through: who may see them, what has to match, and what is shown of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, Left, LPad

from accounts.models import User
from accounts.permissions import allowed
from assessments.models import Finding, Plan, Run
from core import clock
from decisions.models import Incident
from evidence.models import Artifact, LedgerEntry
from frameworks.models import Requirement
from inventory.models import AIModel, AISystem, ModelVersion, Vendor
from reports.models import Report
from web.search.question import Question

Rows = QuerySet[Any]
NOTHING = Q(pk__in=())


@dataclass(frozen=True)
class Kind:
    """``matching`` and ``exactly`` say which rows answer a question; ``label`` and ``detail`` what is shown; ``address`` where it leads."""

    key: str
    title: str
    address: str
    rows: Callable[[User], Rows]
    matching: Callable[[Question], Q]
    label: Combinable | str
    detail: Combinable | str
    exactly: Callable[[Question], Q] = lambda question: NOTHING


def text(name: str) -> Cast:
    """A column of any type as text."""
    return Cast(name, CharField())


def joined(*parts: Combinable | str) -> Concat:
    """Columns and literal texts (as ``Value``) in one text."""
    return Concat(*parts, output_field=CharField())


def numbered(kind: str, column: str = "number") -> Callable[[Question], Q]:
    """Rows with the number asked for."""

    def match(question: Question) -> Q:
        number = question.numbered(kind)
        return NOTHING if number is None else Q(**{column: number})

    return match


def digested(*columns: str) -> Callable[[Question], Q]:
    """Rows in which one of ``columns`` begins with the digest asked for."""

    def match(question: Question) -> Q:
        found = NOTHING
        for column in columns if question.digest else ():
            found |= Q(**{f"{column}__startswith": question.digest})
        return found

    return match


def either(exactly: Callable[[Question], Q], *columns: str) -> Callable[[Question], Q]:
    """Exact rows and rows whose ``columns`` mention every word."""
    return lambda question: exactly(question) | question.mentions(*columns)


def duties(actor: User) -> Rows:
    """Requirements of the newest versions known today; laws belong to nobody, so only the role counts."""
    return Requirement.objects.known_at(clock.now().date()) if allowed(actor, "frameworks.read") else Requirement.objects.none()


DOT = Value(" · ")
OF_VERSION, OF_PLAN = digested("weights_digest", "tokenizer_digest"), digested("sealed_digest")
OF_RUN, OF_ENTRY = numbered("run"), numbered("entry", "pk")
OF_FILE, OF_LEAF = digested("sha256"), digested("leaf_hash")
OF_INCIDENT = numbered("incident")
OF_REPORT, OF_PDF = numbered("report"), digested("signed_sha256")


def report_exactly(question: Question) -> Q:
    """A report by its number or by the digest of its file."""
    return OF_REPORT(question) | OF_PDF(question)


def entry_exactly(question: Question) -> Q:
    """A log entry by its index or by its leaf hash."""
    return OF_ENTRY(question) | OF_LEAF(question)


VERSION_LABEL = joined("model__name", DOT, "label")
RUN_LABEL = joined(Value("Run "), text("number"))
RUN_DETAIL = joined("plan__version__model__name", DOT, "plan__version__label", DOT, "plan__title")
FINDING_DETAIL = joined(Value("Run "), text("step__run__number"), DOT, "step__run__plan__version__model__name")
DUTY_LABEL = joined("ref", Value(" "), "title")
FILE_DETAIL = joined("kind", DOT, Value("sha256:"), Left("sha256", 12), Value("…"))
ENTRY_LABEL = joined(Value("Entry "), text("index"))
INCIDENT_LABEL = joined(Value("I-"), LPad(text("number"), 6, Value("0")), Value(": "), "title")
REPORT_LABEL = joined(Value("R-"), LPad(text("number"), 6, Value("0")), Value(": "), "title")

KINDS = (
    Kind("vendor", "Vendors", "vendor-detail", Vendor.objects.visible_to, lambda q: q.mentions("name"), "name", "country"),
    Kind("system", "Systems", "system-detail", AISystem.objects.visible_to, lambda q: q.mentions("name", "purpose"), "name", Left("purpose", 120)),
    Kind("model", "Models", "model-detail", AIModel.objects.visible_to, lambda q: q.mentions("name", "vendor__name"), "name", "vendor__name"),
    Kind(
        "version",
        "Versions",
        "version-detail",
        ModelVersion.objects.visible_to,
        either(OF_VERSION, "model__name", "label"),
        VERSION_LABEL,
        "quantisation",
        OF_VERSION,
    ),
    Kind(
        "plan",
        "Plans",
        "plan-detail",
        Plan.objects.visible_to,
        either(OF_PLAN, "title"),
        "title",
        joined("version__model__name", DOT, "version__label"),
        OF_PLAN,
    ),
    Kind("run", "Runs", "run-detail", Run.objects.visible_to, either(OF_RUN, "plan__title", "plan__version__model__name"), RUN_LABEL, RUN_DETAIL, OF_RUN),
    Kind("finding", "Findings", "finding-detail", Finding.objects.visible_to, lambda q: q.mentions("headline", "step__key"), "headline", FINDING_DETAIL),
    Kind("incident", "Incidents", "incident-detail", Incident.objects.visible_to, either(OF_INCIDENT, "title"), INCIDENT_LABEL, "severity", OF_INCIDENT),
    Kind("requirement", "Requirements", "requirement-detail", duties, lambda q: q.mentions("ref", "title"), DUTY_LABEL, "version__framework__name"),
    Kind("artifact", "Evidence files", "artifact-detail", Artifact.objects.visible_to, either(OF_FILE, "title", "name"), "title", FILE_DETAIL, OF_FILE),
    Kind("entry", "Log entries", "entry-detail", LedgerEntry.objects.visible_to, entry_exactly, ENTRY_LABEL, "action", entry_exactly),
    Kind(
        "report",
        "Reports",
        "report-detail",
        Report.objects.visible_to,
        either(report_exactly, "title", "prepared_for"),
        REPORT_LABEL,
        "prepared_for",
        report_exactly,
    ),
)
