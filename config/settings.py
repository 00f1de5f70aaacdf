"""All settings, read from the environment; defaults run everything on one machine with nothing else installed."""

import os
from pathlib import Path
from typing import Any

import environ

from config.sqlite import use_safe_sqlite

use_safe_sqlite()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()


def secret_file(path: Path) -> str:
    """Content of a file made at set-up, or an empty string before set-up."""
    return path.read_text().strip() if path.is_file() else ""


ASSAY_VAR = Path(env("ASSAY_VAR", default=str(BASE_DIR / "var"))).resolve()
ASSAY_CACHE = Path(env("ASSAY_CACHE", default=str(Path.home() / ".cache" / "assay")))
ASSAY_KEYS_DIR = Path(env("ASSAY_KEYS_DIR", default=str(ASSAY_VAR / "keys")))
ASSAY_KEY_PASSPHRASE = env("ASSAY_KEY_PASSPHRASE", default="") or secret_file(ASSAY_KEYS_DIR / "passphrase")
ASSAY_LOG_ORIGIN = env("ASSAY_LOG_ORIGIN", default="assay.localhost/log")
ASSAY_VERSION = "0.1.0"
ASSAY_LEASE_SECONDS = env.int("ASSAY_LEASE_SECONDS", default=60)
ASSAY_REAP_SECONDS = env.int("ASSAY_REAP_SECONDS", default=15)
ASSAY_MAX_ATTEMPTS = env.int("ASSAY_MAX_ATTEMPTS", default=3)
ASSAY_REPORT_ROWS = 400

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default="") or secret_file(ASSAY_VAR / "secret_key") or "not-set-up-yet"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "accounts",
    "frameworks",
    "evidence",
    "inventory",
    "assessments",
    "gpu_tasks",
    "reports",
    "cli",
    "web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "web.middleware.ErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["template_partials.templatetags.partials", "web.templatetags.assay"],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {"default": env.db("DATABASE_URL", default=f"sqlite:///{ASSAY_VAR / 'assay.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # DEFERRED read-then-write fails at once with "database is locked", whatever the timeout: IMMEDIATE waits its turn.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LOGIN_URL = "web:login"
LOGIN_REDIRECT_URL = "web:model-list"
LOGOUT_REDIRECT_URL = "web:login"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("ASSAY_HTTPS", default=False)
SECURE_SSL_REDIRECT = env.bool("ASSAY_HTTPS", default=False)
SECURE_HSTS_SECONDS = 31_536_000 if env.bool("ASSAY_HTTPS", default=False) else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        # Server-rendered SVG carries presentation in style attributes; scripts stay strict.
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
STATIC_URL = "/static/"
STATIC_ROOT = ASSAY_VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "artifacts": {"BACKEND": "evidence.storage.FileBlobs", "OPTIONS": {"root": ASSAY_VAR / "artifacts"}},
}
if env("ASSAY_S3_BUCKET", default=""):
    STORAGES["artifacts"] = {
        "BACKEND": "evidence.storage.S3Blobs",
        "OPTIONS": {"bucket_name": env("ASSAY_S3_BUCKET"), "endpoint_url": env("ASSAY_S3_ENDPOINT", default="") or None},
    }

BROKER_URL = env("BROKER_URL", default=f"redis+socket://{ASSAY_VAR / 'run' / 'broker.sock'}")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("ASSAY_LOG_LEVEL", "WARNING")},
}
