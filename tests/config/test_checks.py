"""What is wrong in the settings is said before the first request."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from config import checks


@pytest.fixture(autouse=True)
def local(settings: Any) -> None:
    """pytest-django adds a host of its own."""
    settings.ALLOWED_HOSTS = ["localhost"]


def ids(*_: Any) -> set[str]:
    return {str(message.id) for check in checks.CHECKS for message in check(None)}


def test_the_settings_as_shipped_are_in_order(settings: Any) -> None:
    settings.SECRET_KEY = "k" * 64
    assert ids() == set()


def test_checks_run_with_djangos_own(settings: Any) -> None:
    settings.DEBUG = True
    assert "assay.E007" in {message.id for message in run_checks()}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "short", "assay.E002"),
        ("ALLOWED_HOSTS", ["*"], "assay.E003"),
        ("ALLOWED_HOSTS", ["assay.example"], "assay.W001"),
        ("ASSAY_METRICS_NETWORKS", ["here"], "assay.E005"),
        ("ASSAY_METRICS_NETWORKS", ["0.0.0.0/0"], "assay.W002"),
        ("ASSAY_METRICS_TOKEN", "short", "assay.E006"),
        ("DEBUG", True, "assay.E007"),
    ],
)
def test_each_fault_is_found(settings: Any, name: str, value: Any, expected: str) -> None:
    settings.SECRET_KEY = "k" * 64
    setattr(settings, name, value)
    assert expected in ids()


def test_a_secret_key_that_went_missing_is_an_error_only_after_set_up(settings: Any, tmp_path: Path) -> None:
    settings.SECRET_KEY, settings.ASSAY_KEYS_DIR = "not-set-up-yet", tmp_path
    assert ids() == set()
    (tmp_path / "trusted_root.json").touch()
    assert ids() == {"assay.E001"}


def test_https_wants_https_origins_and_silences_the_warning(settings: Any) -> None:
    settings.SECRET_KEY = "k" * 64
    settings.ASSAY_HTTPS, settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = True, ["assay.example"], ["https://assay.example"]
    assert ids() == set()
    settings.CSRF_TRUSTED_ORIGINS = ["http://assay.example"]
    assert ids() == {"assay.E004"}


@pytest.mark.parametrize(
    ("networks", "found"),
    [
        ([], set()),
        (["10.20.0.0/16", "fd00::/8"], set()),
        (["ten"], {"assay.E008"}),
        (["127.0.0.0/8"], {"assay.W003"}),
        (["0.0.0.0/0"], {"assay.W003"}),
        (["169.254.169.254/32"], {"assay.W003"}),
        (["::/0"], {"assay.W003"}),
    ],
)
def test_networks_of_webhooks(settings: Any, networks: list[str], found: set[str]) -> None:
    settings.SECRET_KEY = "k" * 64
    settings.ASSAY_WEBHOOK_NETWORKS = networks
    assert ids() == found
