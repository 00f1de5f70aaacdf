"""Wiring of the installation: settings, URLs, the Celery application. Imported by nobody."""
