"""The Celery application: queues, routing, the reaper's beat. The database row is the truth, the broker a doorbell."""

import os
from typing import Any

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def broker_options(url: str) -> dict[str, Any]:
    """Transport options for the broker in ``url``; the file transport needs its folders and a short poll."""
    if not url.startswith("filesystem"):
        return {}
    folder = settings.ASSAY_VAR / "broker" / "messages"
    folder.mkdir(parents=True, exist_ok=True)
    return {"data_folder_in": str(folder), "data_folder_out": str(folder), "polling_interval": 0.1}


app = Celery("assay")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_transport_options=broker_options(settings.BROKER_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_ignore_result=True,
    task_default_queue="cpu",
    task_routes={
        "gpu_tasks.tasks.execute_step": {"queue": "gpu"},
        "gpu_tasks.tasks.take_in": {"queue": "gpu"},
        "gpu_tasks.tasks.calibrate": {"queue": "gpu"},
        "gpu_tasks.tasks.reap_steps": {"queue": "cpu"},
        "gpu_tasks.tasks.tend_pilots": {"queue": "cpu"},
        "reports.tasks.build_report": {"queue": "reports"},
        "reports.tasks.build_incident_report": {"queue": "reports"},
        "reports.tasks.build_board_report": {"queue": "reports"},
        "reports.tasks.build_vendor_pack": {"queue": "reports"},
        "decisions.tasks.send_reminders": {"queue": "cpu"},
        "decisions.tasks.send_notices": {"queue": "cpu"},
        "webhooks.tasks.collect": {"queue": "cpu"},
        "webhooks.tasks.deliver": {"queue": "webhooks"},
    },
    # Long jobs are never redelivered by the broker: the lease in the row decides who runs what.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=settings.BROKER_URL.startswith("redis"),
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "reap": {"task": "gpu_tasks.tasks.reap_steps", "schedule": float(settings.ASSAY_REAP_SECONDS)},
        "webhooks": {"task": "webhooks.tasks.collect", "schedule": float(settings.ASSAY_WEBHOOK_SECONDS)},
        "pilots": {"task": "gpu_tasks.tasks.tend_pilots", "schedule": float(settings.ASSAY_PILOT_SECONDS)},
        "remind": {"task": "decisions.tasks.send_reminders", "schedule": float(settings.ASSAY_REMIND_SECONDS)},
    },
)
# By name, because the models behind it cannot be imported yet.
app.steps["consumer"].add("gpu_tasks.liveness:Beat")
app.autodiscover_tasks(["gpu_tasks", "decisions", "webhooks", "reports"])
