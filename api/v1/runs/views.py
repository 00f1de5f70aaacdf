"""Calls about runs."""

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.runs.filters import RunFilter
from api.v1.runs.serializers import RunBody, RunRow, RunWhole
from assessments.models import Plan, Run
from assessments.services import runs
from gpu_tasks import dispatch


class RunDetail(DetailView):
    """One run with its steps and how far each is."""

    out, noun = RunWhole, "run"


class RunList(CreateView):
    """Runs of sealed plans."""

    out, body, noun, detail, address = RunRow, RunBody, "run", RunDetail, "run"
    filters, orderings = RunFilter, ("-number", "created_at")

    def create(self, actor: User, data: Values) -> Run:
        """Start a run of a sealed plan; workers take its steps one by one."""
        plan = named("plan", Plan.objects.visible_to(actor).select_related("version__model__vendor"), data["plan"])
        return dispatch.run_start(actor=actor, plan=plan)


class RunCancel(ActionView):
    """The end of a run before its time."""

    out, noun = RunWhole, "run"

    def act(self, actor: User, row: Run, data: Values) -> None:
        """Ask a run to stop: queued steps end at once, running ones at their next batch."""
        runs.run_cancel(actor=actor, run=row)


class RunRetry(ActionView):
    """Another try of what failed."""

    out, noun = RunWhole, "run"

    def act(self, actor: User, row: Run, data: Values) -> None:
        """Queue failed and cancelled steps again; finished ones keep their results."""
        dispatch.run_retry(actor=actor, run=row)
