"""Django's registration of this app."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """Configuration of inventory."""

    name = "inventory"
