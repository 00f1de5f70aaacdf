"""A receiver on this machine, a clock that is moved by hand, and a webhook."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from core import clock
from tests import factories
from tests.webhooks.receiver import Receiver, receiving
from webhooks.models import Subscription
from webhooks.services import subscription_create


class Hands:
    """The time; it stands still until it is moved."""

    def __init__(self) -> None:
        self.at = clock.now().replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Time moved by hand."""
    found = Hands()
    monkeypatch.setattr(clock, "now", found)
    return found


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver whose network the installation allows."""
    settings.ASSAY_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with receiving() as found:
        yield found


@pytest.fixture
def robot(admin: User) -> User:
    """The workers' account."""
    return factories.worker(factories.home(admin))


@pytest.fixture
def hook(admin: User, receiver: Receiver) -> Callable[..., Subscription]:
    """Sets up a webhook to the receiver."""

    def make(*events: str, name: str = "Procurement", **fields: Any) -> Subscription:
        wish = {"organisation": factories.home(admin), "name": name, "url": receiver.url, "events": events or ("vendor.changed",), **fields}
        row, secret = subscription_create(actor=admin, **wish)
        row.secret = secret  # type: ignore[attr-defined]
        return row

    return make
