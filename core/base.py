"""Abstract base of the tables: a random key and the time of creation."""

import uuid

from django.db import models

from core import clock


class BaseModel(models.Model):
    """UUID primary key and creation time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True
