"""Django's registration of this app."""

from django.apps import AppConfig


class CliConfig(AppConfig):
    """Configuration of cli."""

    name = "cli"
