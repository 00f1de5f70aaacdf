"""Calls about pilots."""

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.pilots.filters import PilotFilter
from api.v1.pilots.serializers import PilotBody, PilotEndBody, PilotRow, PilotWhole
from assessments.drift import Rule
from assessments.models import Pilot
from assessments.services.pilots import pilot_end, pilot_open
from inventory.models import ModelVersion


class PilotDetail(DetailView):
    """One pilot with its days and what the rule for drift says so far."""

    out, noun = PilotWhole, "pilot"


class PilotList(CreateView):
    """Pilots of your register."""

    out, body, noun, detail, address = PilotRow, PilotBody, "pilot", PilotDetail, "pilot"
    filters, orderings = PilotFilter, ("-created_at", "started_at")

    def create(self, actor: User, data: Values) -> Pilot:
        """Seal the plan with its rule and enter the days; the first begins at the next full hour that you chose."""
        version = named("version", ModelVersion.objects.visible_to(actor).select_related("model__vendor"), data.pop("version"))
        seed = data.pop("seed")
        return pilot_open(actor=actor, version=version, rule=Rule(**data), seed=seed)


class PilotEnd(ActionView):
    """An end before the last day."""

    out, body, noun = PilotWhole, PilotEndBody, "pilot"

    def act(self, actor: User, row: Pilot, data: Values) -> None:
        """End it; days to come are dropped for good, a run that is under way goes on. Then the closing report is attested."""
        pilot_end(actor=actor, pilot=row, reason=data["reason"])
