"""Fixtures of the evidence tests."""

from pathlib import Path

import pytest

from accounts.models import User
from evidence.keys import KeyRing, installed
from evidence.trust import TrustedRoot
from tests.evidence import builders


@pytest.fixture
def recorder(db: None) -> User:
    return builders.recorder()


@pytest.fixture
def ring(installation: Path) -> KeyRing:
    return installed()


@pytest.fixture
def trust(ring: KeyRing) -> TrustedRoot:
    return ring.trust
