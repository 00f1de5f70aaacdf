"""Django's registration of the wiring, which has no tables: it brings the checks of the settings."""

from django.apps import AppConfig
from django.core import checks

from config.checks import CHECKS


class WiringConfig(AppConfig):
    """Configuration of config."""

    name = "config"

    def ready(self) -> None:
        """Have the settings looked over by `manage.py check` and before every start."""
        for check in CHECKS:
            checks.register(check, checks.Tags.security)
