"""Django's registration of this app."""

from django.apps import AppConfig


class QuestionnairesConfig(AppConfig):
    """Configuration of questionnaires."""

    name = "questionnaires"
