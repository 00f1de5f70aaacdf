"""Django's registration of this app."""

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    """Configuration of assessments."""

    name = "assessments"
