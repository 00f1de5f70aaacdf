"""Django's registration of this app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Configuration of api."""

    name = "api"
