"""Wiring of the installation: settings, URLs, the Celery application. Imported by nobody but the entry points."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
