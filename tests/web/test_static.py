"""What browsers load: only our own files, named by their content, and nothing inline that could run."""

import hashlib
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from whitenoise.compress import Compressor

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


def test_every_reference_of_every_style_sheet_can_be_collected(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Packing every file small takes half a minute and says nothing about references.
    monkeypatch.setattr(Compressor, "should_compress", lambda self, name: False)
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
    call_command("collectstatic", "--noinput", verbosity=0)
    assert (tmp_path / "staticfiles.json").is_file()
    sheet = next(tmp_path.glob("assay/assay.*.css")).read_text()
    assert re.search(r"IBMPlexSans-Regular\.[0-9a-f]+\.woff2", sheet)


def test_no_template_holds_anything_inline_that_runs_or_a_foreign_address() -> None:
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in TEMPLATES}
    assert len(texts) > 300
    assert {name: found for name, text in texts.items() if (found := INLINE.findall(text))} == {}
    assert {name: found for name, text in texts.items() if (found := re.findall(r"(?:src|href|action)=[\"']https?:", text))} == {}


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


@pytest.mark.django_db
def test_no_test_serves_files_of_the_developer_or_warns_that_there_are_none(client: Client, installation: Path, settings: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.get("/nowhere/")
    assert settings.STATIC_ROOT.parent == installation
