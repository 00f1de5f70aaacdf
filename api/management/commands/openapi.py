"""Writes the OpenAPI description to docs/openapi.json, where a test compares it with the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from api.v1.about.views import schema_text


class Command(BaseCommand):
    """``manage.py openapi``."""

    help = "Write the OpenAPI description of the API to docs/openapi.json."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        target = Path(settings.BASE_DIR) / "docs" / "openapi.json"
        target.write_text(schema_text())
        self.stdout.write(f"wrote {target}")
