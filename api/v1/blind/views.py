"""Calls about blind exercises, to be read only: to seal, answer and reveal is left to people."""

from api.v1.base.views import DetailView, ListView
from api.v1.blind.filters import BlindFilter
from api.v1.blind.serializers import BlindExerciseRow


class BlindList(ListView):
    """Blind exercises of your register."""

    out, noun, filters, orderings = BlindExerciseRow, "blind exercise", BlindFilter, ("-created_at",)


class BlindDetail(DetailView):
    """One blind exercise."""

    out, noun = BlindExerciseRow, "blind exercise"
