"""What coverage asks about: the subjects by which evidence on a version or a system is filed."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from accounts.models import User
from api.v1.base.related import named
from assessments.models import Step
from core.errors import InvalidInput
from inventory.models import AISystem, Deployment, ModelVersion
from reports.sources import VERSION


def subjects_of(actor: User, given: Mapping[str, str]) -> list[str]:
    """Subjects of the one version or system in ``given``; ``InvalidInput`` unless exactly one is named that the actor may know of."""
    if len(given) != 1:
        raise InvalidInput("version", "name either a version or a system")
    (name, text), *_ = given.items()
    try:
        key = UUID(text)
    except ValueError as error:
        raise InvalidInput(name, "must be an id") from error
    if name == "version":
        return _of_versions([named(name, ModelVersion.objects.visible_to(actor), key).id])
    found = named(name, AISystem.objects.visible_to(actor), key)
    return _of_versions(Deployment.objects.filter(system=found, active=True).order_by("version_id").values_list("version_id", flat=True).distinct())


def versions_in(subjects: Iterable[str]) -> list[UUID]:
    """The keys of the versions among ``subjects``."""
    return [UUID(text.removeprefix(VERSION)) for text in subjects if text.startswith(VERSION)]


def _of_versions(keys: Iterable[UUID]) -> list[str]:
    """A version itself and the steps of its runs, whose results are what links point from."""
    versions = list(keys)
    steps = Step.objects.filter(run__plan__version_id__in=versions, attestation__isnull=False).order_by("finished_at").values_list("id", flat=True)
    return [*(f"{VERSION}{key}" for key in versions), *(f"assessments.step:{key}" for key in steps)]
