"""What the pages of frameworks read."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet

from accounts.models import Membership, Organisation, User
from accounts.permissions import roles_with
from core.errors import NotFound
from evidence.models import Artifact, EvidenceLink
from frameworks.import_plans import Plan
from frameworks.models import Crosswalk, Framework, FrameworkVersion, ImportDraft


@dataclass(frozen=True)
class Loaded:
    """A framework with its newest version; None where none is loaded."""

    framework: Framework
    version: FrameworkVersion | None


def loaded() -> list[Loaded]:
    """Every framework with its newest version and the number of its rows, in two queries."""
    versions = FrameworkVersion.objects.annotate(rows=Count("requirements")).order_by("known_from", "created_at")
    newest = {row.framework_id: row for row in versions}
    return [Loaded(row, newest.get(row.pk)) for row in Framework.objects.order_by("name")]


def framework_for(slug: str) -> Framework:
    """A framework by its slug, or ``NotFound``; frameworks belong to nobody."""
    row = Framework.objects.filter(slug=slug).first()
    if row is None:
        raise NotFound("There is no such framework. It may be called otherwise; the list has them all.")
    return row


def versions_of(framework: Framework) -> QuerySet[FrameworkVersion]:
    """Its versions, newest first, with the number of their rows."""
    return framework.versions.annotate(rows=Count("requirements"))


def crosswalks_of(framework: Framework | None = None) -> QuerySet[Crosswalk]:
    """Current crosswalks with the number of their rows; of one framework when given."""
    rows = Crosswalk.objects.current().select_related("source_framework", "target_framework").annotate(pairs=Count("rows"))
    return rows if framework is None else rows.filter(source_framework=framework) | rows.filter(target_framework=framework)


def drafts_of(actor: User) -> QuerySet[ImportDraft]:
    """Files the actor uploaded and has not applied."""
    return ImportDraft.objects.filter(uploaded_by=actor).defer("raw")


def draft_for(actor: User, draft_id: UUID) -> ImportDraft:
    """A draft of the actor's own, or ``NotFound``."""
    row = ImportDraft.objects.filter(uploaded_by=actor, pk=draft_id).first()
    if row is None:
        raise NotFound("There is no such uploaded file of yours. It may have been applied or discarded.")
    return row


def file_of(actor: User, digest: str) -> Artifact | None:
    """The kept file of an import, for those who may see it."""
    return Artifact.objects.visible_to(actor).filter(sha256=digest, kind="framework_file").first()


def link_for(actor: User, link_id: UUID) -> EvidenceLink:
    """A link the actor may see, or ``NotFound``."""
    related = ("artifact__attestation", "requirement__version__framework")
    row = EvidenceLink.objects.visible_to(actor).select_related(*related).filter(pk=link_id).first()
    if row is None:
        raise NotFound("There is no such evidence in your register.")
    return row


def homes(actor: User) -> QuerySet[Organisation]:
    """Organisations in which one of the actor's roles may import."""
    held = Membership.objects.filter(user=actor, role__in=roles_with("frameworks.load"), organisation=OuterRef("pk"))
    return Organisation.objects.filter(Exists(held)).order_by("name")


def draft_framework(plan: Plan) -> Framework | None:
    """The framework that a file names as its own, whatever it is imported into."""
    return Framework.objects.filter(identity=plan.found.identity).first() if plan.found.identity else None
