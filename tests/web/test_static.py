"""What browsers load: only our own files, named by their content, and nothing inline that could run."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client

from assessments.models import Finding

ROOT = Path(django_settings.BASE_DIR)
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.parent.name != "reports")
INLINE = re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))|\son[a-z]+\s*=|javascript:|\shx-(on|vals=.js)|<style", re.IGNORECASE)


def test_vendored_files_are_the_ones_listed() -> None:
    listed = dict(re.findall(r"^\| (\S+) \| `([0-9a-f]{64})` \| ", (ROOT / "static/vendor/VERSIONS.md").read_text(), re.MULTILINE))
    files = {name: digest for name, digest in listed.items() if "/" in name and not name.startswith("@")}
    assert {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in files} == files
    folders = (ROOT / "static" / "vendor", ROOT / "static" / "fonts")
    present = {str(path.relative_to(ROOT)) for folder in folders for path in folder.rglob("*") if path.suffix in {".css", ".woff2", ".js"}}
    assert present <= set(files)


def test_every_reference_of_every_style_sheet_can_be_collected(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
    call_command("collectstatic", "--noinput", verbosity=0)
    assert (tmp_path / "staticfiles.json").is_file()
    sheet = next(tmp_path.glob("assay/assay.*.css")).read_text()
    assert re.search(r"IBMPlexSans-Regular\.[0-9a-f]+\.woff2", sheet)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_holds_nothing_inline_that_runs_and_no_foreign_address(path: Path) -> None:
    text = path.read_text()
    assert INLINE.findall(text) == []
    assert re.findall(r"(?:src|href|action)=[\"']https?:", text) == []


@pytest.mark.django_db
def test_pages_carry_the_strict_policy(admin_client: Client, finding: Finding) -> None:
    for path in ("/", f"/findings/{finding.id}/"):
        policy = admin_client.get(path).headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy + ";"
        assert "unsafe-eval" not in policy
        assert "object-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
def test_htmx_may_not_evaluate_text_or_call_elsewhere(admin_client: Client) -> None:
    body = admin_client.get("/").content.decode()
    assert '"allowEval": false' in body
    assert '"selfRequestsOnly": true' in body
