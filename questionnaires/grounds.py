"""What the worth of requests rests on, read along with them: the answers, the files behind accepted ones, and what is at work of the model."""

from datetime import date

from django.db.models import Count, Exists, F, OuterRef, QuerySet

from core.json_rows import JsonRows
from evidence.models import Artifact, EvidenceLink
from frameworks.models import DUTY, Requirement
from inventory.models import Deployment
from questionnaires.models import Answer, Exhibit, QuestionnaireRequest, Verdict
from questionnaires.sitting import COUNTING


def filed() -> Exists:
    """Whether files are behind accepted answers of a request. Where none are and no version is asked about, only time can make it stale."""
    return Exists(_files())


def _files() -> QuerySet[Exhibit]:
    return Exhibit.objects.filter(answer__request=OuterRef("pk"), answer__verdict=Verdict.ACCEPTED, removed_at__isnull=True)


def with_grounds(rows: QuerySet[QuestionnaireRequest], today: date) -> QuerySet[QuestionnaireRequest]:
    """``rows`` with what can make them stale: versions ``at_work`` of the model they are about, and files behind accepted answers (``file_rows``)."""
    at_work = Deployment.objects.filter(active=True, version__model=OuterRef("model_version__model")).order_by("version__label")
    grounds = {"newest": _newest(), "links": _links(today)}
    said = {"question": "answer__question", "judged_at": "answer__verdict_at", "sha256": "artifact__sha256"}
    rows = rows.select_related("model_version__model").defer("model_version__weights_manifest")
    return rows.annotate(
        at_work=JsonRows(at_work, "version_id", label="version__label"),
        file_rows=JsonRows(_files().annotate(**grounds).order_by("created_at"), "name", "state", "origin", *grounds, **said),
    )


def with_answers(rows: QuerySet[QuestionnaireRequest]) -> QuerySet[QuestionnaireRequest]:
    """``rows`` with what they are scored from: the ``document`` and every answer with the number of files that count (``answer_rows``)."""
    answers = Answer.objects.filter(request=OuterRef("pk")).annotate(files=Count("exhibits", filter=COUNTING)).order_by("question")
    fields = ("question", "value", "verdict", "verdict_by_id", "points", "files")
    return rows.annotate(document=F("version__document"), answer_rows=JsonRows(answers, *fields))


def _newest() -> JsonRows:
    """The newest file of the same kind and name on the same subject."""
    same = {name: OuterRef(f"artifact__{name}") for name in ("subject", "kind", "name")}
    return JsonRows(Artifact.objects.filter(**same).order_by("-created_at")[:1], "sha256", "created_at")


def _links(today: date) -> JsonRows:
    """What a file is evidence for: the duty as it was (``before``) and, where another row says it now, as we know it now (``now``)."""
    duty = {"version__framework": OuterRef("requirement__version__framework"), "ref": OuterRef("requirement__ref")}
    now = Requirement.objects.known_at(today).filter(**duty).exclude(pk=OuterRef("requirement"))
    links = EvidenceLink.objects.filter(artifact=OuterRef("artifact")).order_by("created_at")
    both = {
        "before": JsonRows(Requirement.objects.filter(pk=OuterRef("requirement")), *DUTY),
        "now": JsonRows(now, *DUTY, known_at="version__created_at", known_from="version__known_from"),
    }
    return JsonRows(links.annotate(**both), "status", "reviewed_at", "valid_until", *both)
