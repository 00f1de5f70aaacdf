"""Days in addresses."""

import datetime

from django.core.exceptions import ValidationError
from rest_framework.request import Request

from api.v1.base.filters import DayField
from core import clock
from core.errors import InvalidInput


def day_of(request: Request, name: str) -> datetime.date:
    """The day given as parameter ``name``, or today."""
    try:
        found: datetime.date | None = DayField(required=False).clean(request.query_params.get(name))
    except ValidationError as error:
        raise InvalidInput(name, " ".join(error.messages)) from error
    return found or clock.now().date()
