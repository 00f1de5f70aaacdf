"""Django's registration of this app."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Configuration of webhooks."""

    name = "webhooks"
