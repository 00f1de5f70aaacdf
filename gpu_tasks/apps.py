"""Django's registration of this app."""

from django.apps import AppConfig


class GpuTasksConfig(AppConfig):
    """Configuration of gpu_tasks."""

    name = "gpu_tasks"
