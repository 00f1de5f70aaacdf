"""Calls about models, versions and intakes."""

from accounts.models import User
from api.v1.ai_models.filters import IntakeFilter, ModelFilter, VersionFilter
from api.v1.ai_models.serializers import IntakeBody, IntakeRow, LifecycleBody, ModelBody, ModelPatch, ModelRow, VersionRow, VersionWhole
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView, ListView, PatchView
from gpu_tasks.intakes import intake_restart, intake_start
from inventory.models import AIModel, Intake, ModelVersion, Vendor
from inventory.services import model_register, model_update, version_transition


class ModelDetail(PatchView):
    """One model."""

    out, body, noun = ModelRow, ModelPatch, "model"

    def change(self, actor: User, row: AIModel, changes: Values) -> None:
        """Change its name; the log keeps what was before and after."""
        model_update(actor=actor, model=row, changes=changes)


class ModelList(CreateView):
    """Models of your register, as their vendors name them."""

    out, body, noun, detail, address = ModelRow, ModelBody, "model", ModelDetail, "model"
    filters, orderings = ModelFilter, ("name", "created_at")

    def create(self, actor: User, data: Values) -> AIModel:
        """Enter a model under its vendor."""
        return model_register(actor=actor, vendor=named("vendor", Vendor.objects.visible_to(actor), data["vendor"]), name=data["name"])


class VersionDetail(DetailView):
    """One model version with the manifest of its weights."""

    out, noun = VersionWhole, "model version"


class VersionList(ListView):
    """Model versions. A new one is entered by an intake, because only inspected weights count."""

    out, noun = VersionRow, "model version"
    filters, orderings = VersionFilter, ("-created_at", "label")


class VersionLifecycle(ActionView):
    """The lifecycle of a version."""

    out, body, noun = VersionWhole, LifecycleBody, "model version"

    def act(self, actor: User, row: ModelVersion, data: Values) -> None:
        """Move a version to another state, with the reason."""
        version_transition(actor=actor, version=row, lifecycle=data["lifecycle"], reason=data["reason"])


class IntakeDetail(DetailView):
    """One intake: how far it is, why it was refused, or which version came of it."""

    out, noun = IntakeRow, "intake"


class IntakeList(CreateView):
    """Weights on their way into the register."""

    out, body, noun, detail, address = IntakeRow, IntakeBody, "intake", IntakeDetail, "intake"
    filters, orderings = IntakeFilter, ("-created_at", "label")

    def create(self, actor: User, data: Values) -> Intake:
        """Have weights read, checked and hashed by a worker, then entered as a version."""
        model = named("model_id", AIModel.objects.visible_to(actor).select_related("vendor"), data["model_id"])
        parent = data.get("parent")
        found = parent and named("parent", ModelVersion.objects.visible_to(actor).select_related("model__vendor"), parent)
        return intake_start(
            actor=actor, model=model, label=data["label"], access=data["access"], source=data["source_kind"], locator=data["locator"], parent=found
        )


class IntakeRetry(ActionView):
    """Another try of an intake."""

    out, noun = IntakeRow, "intake"

    def act(self, actor: User, row: Intake, data: Values) -> None:
        """Queue a failed intake again."""
        intake_restart(actor=actor, intake=row)
