"""Django's registration of this app."""

from django.apps import AppConfig


class FrameworksConfig(AppConfig):
    """Configuration of frameworks."""

    name = "frameworks"
