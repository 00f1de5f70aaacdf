"""Django's registration of this app."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Configuration of evidence."""

    name = "evidence"
