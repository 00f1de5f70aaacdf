"""Calls about instruments."""

from django.http import HttpResponse
from rest_framework.request import Request

from api.v1.base.filters import parameters_check
from api.v1.base.rendering import answer
from api.v1.base.views import ApiView
from api.v1.instruments.serializers import InstrumentList, InstrumentWhole, instrument_rows, instrument_whole
from assessments.registry import METHODS
from core.errors import NotFound


class Catalogue(ApiView):
    """The instruments there are."""

    out = InstrumentList
    noun, listed = "instruments", True

    def get(self, request: Request) -> HttpResponse:
        """Every instrument, with what it shows and what it does not."""
        parameters_check(request, ())
        return answer({"items": instrument_rows(METHODS)})


class InstrumentDetail(ApiView):
    """One instrument."""

    out = InstrumentWhole
    noun = "instrument"

    def get(self, request: Request, slug: str) -> HttpResponse:
        """The instrument with its parameters, thresholds, controls and probe sets."""
        parameters_check(request, ())
        found = next((method for method in METHODS if method.card.slug == slug), None)
        if found is None:
            raise NotFound(f"There is no such instrument; there are: {', '.join(method.card.slug for method in METHODS)}.")
        return answer(instrument_whole(found))
