"""Headers of every page, and no page that the policy would break: no inline script, style or handler in any template."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.parent.name != "reports" or path.parent.parent.name == "web")
INLINE = re.compile(r"""(?ix) <style | \sstyle\s*= | \son[a-z]+\s*=\s*["'] | javascript: | <script(?![^>]*\ssrc=)(?![^>]*type=["']application/json)""")


def plain_addresses(patterns: Any = None, prefix: str = "/") -> list[str]:
    """Every address without arguments."""
    found: list[str] = []
    for row in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(row.pattern)
        if isinstance(row, URLResolver):
            found += plain_addresses(row.url_patterns, route)
        elif isinstance(row, URLPattern) and not re.search(r"[<(^$]", route):
            found.append(route)
    return found


def directives(answer: Any) -> dict[str, list[str]]:
    return {name: rest for name, *rest in (part.split() for part in answer["Content-Security-Policy"].split(";") if part.strip())}


def test_every_page_has_every_header(admin: Any, client: Client) -> None:
    client.force_login(admin)
    addresses = [path for path in plain_addresses() if "logout" not in path]
    assert len(addresses) > 30
    for path in addresses:
        answer = client.get(path)
        where = f"{path}: {answer.status_code}"
        assert answer.status_code < 500 or answer.status_code == 501, where
        policy = directives(answer)
        assert policy["default-src"] == ["'self'"], where
        assert policy["script-src"] == ["'self'"], where
        for name in ("base-uri", "frame-ancestors", "object-src"):
            assert policy[name] == ["'none'"], where
        assert policy["form-action"] == ["'self'"], where
        assert not any("unsafe-eval" in part for rest in policy.values() for part in rest), where
        assert answer["X-Content-Type-Options"] == "nosniff", where
        assert answer["X-Frame-Options"] == "DENY", where
        assert answer["Referrer-Policy"] == "same-origin", where
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin", where
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin", where
        assert "camera=()" in answer["Permissions-Policy"], where
        assert answer["X-Request-ID"], where


def test_pages_of_the_browser_face_allow_no_inline_style(admin: Any, client: Client) -> None:
    client.force_login(admin)
    for path in plain_addresses():
        if not path.startswith("/api/") and "logout" not in path:
            assert directives(client.get(path))["style-src"] == ["'self'"], path


def test_no_template_has_anything_inline() -> None:
    assert len(TEMPLATES) > 300
    assert [f"{path.relative_to(ROOT)}: {found}" for path in TEMPLATES if (found := INLINE.search(path.read_text()))] == []


@pytest.mark.parametrize("text", ["<p style='x'>", '<a onclick="x()">', "<style>", "<script>x()</script>", '<a href="javascript:x">'])
def test_the_search_for_inline_code_finds_it(text: str) -> None:
    assert INLINE.search(text)


def test_addresses_that_are_not_there_have_the_headers_too(client: Client, db: None) -> None:
    answer = client.get("/no-such-page/")
    assert "script-src" in directives(answer)
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_https_switches_strict_transport_and_secure_cookies_on(client: Client, db: None) -> None:
    import os
    import subprocess
    import sys

    code = "from django.conf import settings as s; print(s.SECURE_HSTS_SECONDS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT)"
    environment = {**os.environ, "ASSAY_HTTPS": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["31536000", "True", "True", "True"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
