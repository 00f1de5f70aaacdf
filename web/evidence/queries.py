"""What the pages of evidence read; large texts stay in the database unless a page shows them."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from assessments.models import ENDED, Finding, Run
from core.errors import NotFound
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from reports.models import CaseExport, Report

RUNS_OFFERED = 100
HEAVY = ("attestation__envelope", "attestation__entry__leaf", "attestation__entry__payload")


def artifacts(actor: User) -> QuerySet[Artifact]:
    """Artifacts the actor may know of, with their log entry."""
    return Artifact.objects.visible_to(actor).select_related("attestation__entry").defer(*HEAVY)


def artifact_for(actor: User, artifact_id: UUID) -> Artifact:
    """An artifact with its statement and log entry, or ``NotFound``."""
    row = Artifact.objects.visible_to(actor).select_related("attestation__entry").filter(pk=artifact_id).first()
    if row is None:
        raise NotFound("There is no such artifact in your register.")
    return row


def entries(actor: User) -> QuerySet[LedgerEntry]:
    """Log entries the actor may know of, without their heavy columns."""
    return LedgerEntry.objects.visible_to(actor).defer("leaf", "payload")


def entry_for(actor: User, index: int) -> LedgerEntry:
    """A log entry with its statement, or ``NotFound``."""
    row = LedgerEntry.objects.visible_to(actor).select_related("attestation").filter(pk=index).first()
    if row is None:
        raise NotFound("There is no such log entry that you may read.")
    return row


def neighbours(actor: User, index: int) -> tuple[LedgerEntry | None, LedgerEntry | None]:
    """The nearest entries before and after that the actor may read."""
    rows = entries(actor)
    return rows.filter(index__lt=index).order_by("-index").first(), rows.filter(index__gt=index).order_by("index").first()


def links(actor: User) -> QuerySet[EvidenceLink]:
    """Links to requirements the actor may know of, each with the finding its evidence comes from."""
    finding = Finding.objects.filter(step__attestation=OuterRef("artifact__attestation")).values("pk")[:1]
    rows = EvidenceLink.objects.visible_to(actor).select_related("artifact__attestation", "requirement__version__framework", "reviewer")
    return rows.defer("artifact__attestation__envelope", "requirement__details", "requirement__sources").annotate(finding=Subquery(finding))


def link_for(actor: User, link_id: UUID) -> EvidenceLink:
    """A link with both ends, or ``NotFound``."""
    row = links(actor).filter(pk=link_id).first()
    if row is None:
        raise NotFound("There is no such link in your register.")
    return row


def links_of(artifact: Artifact) -> QuerySet[EvidenceLink]:
    """Every link of an artifact that ``artifact_for`` gave."""
    rows = artifact.links.select_related("requirement__version__framework", "reviewer")
    return rows.order_by("requirement__version__framework__slug", "requirement__position")


def finding_of(actor: User, artifact: Artifact) -> Finding | None:
    """The finding whose statement vouches for the artifact, if there is one."""
    rows = Finding.objects.visible_to(actor).filter(step__attestation=artifact.attestation_id).select_related("step__run")
    return rows.only("id", "headline", "step__key", "step__run__number").first()


def report_of(actor: User, artifact: Artifact) -> Report | None:
    """The report that the artifact is, if it is one."""
    return Report.objects.visible_to(actor).filter(artifact=artifact).first()


def runs_offered(actor: User, wanted: UUID | None) -> list[Run]:
    """The newest runs that have ended, and the one an address asks for wherever it stands."""
    rows = Run.objects.visible_to(actor).filter(state__in=ENDED).select_related("plan__version__model").order_by("-number")
    rows = rows.defer("plan__document", "plan__version__weights_manifest")
    newest = list(rows[:RUNS_OFFERED])
    return newest if wanted is None or any(row.pk == wanted for row in newest) else [*rows.filter(pk=wanted), *newest]


def case_for(actor: User, case_id: UUID) -> CaseExport:
    """A case with its run and log entry, or ``NotFound``."""
    row = CaseExport.objects.visible_to(actor).select_related("run__plan__version__model", "entry", "created_by").filter(pk=case_id).first()
    if row is None:
        raise NotFound("There is no such case in your register.")
    return row


STEP = "assessments.step:"


def findings_by_step(actor: User, texts: Iterable[str]) -> dict[str, UUID]:
    """The findings of the steps that the log names; one query, none when there is no step among them."""
    steps = {UUID(text.removeprefix(STEP)) for text in texts if text.startswith(STEP)}
    if not steps:
        return {}
    return {f"{STEP}{step}": key for step, key in Finding.objects.visible_to(actor).filter(step__in=steps).values_list("step_id", "pk")}


def actor_names(texts: Iterable[str]) -> dict[str, str]:
    """Names of the users whom the log names by id; one query."""
    keys = {text: text.removeprefix("accounts.user:") for text in texts if text.startswith("accounts.user:")}
    people = {str(row.pk): str(row) for row in User.objects.filter(pk__in=set(keys.values()))}
    return {text: people.get(key, text) for text, key in keys.items()}
