"""Django's registration of this app."""

from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    """Configuration of decisions."""

    name = "decisions"
