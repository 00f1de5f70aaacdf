"""All settings, read from the environment; defaults run everything on one machine with nothing else installed."""

from pathlib import Path
from typing import Any

import environ

from config import logs
from config.sqlite import use_safe_sqlite

use_safe_sqlite()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()


def secret_file(path: Path) -> str:
    """Content of a file made at set-up, or an empty string before set-up."""
    return path.read_text().strip() if path.is_file() else ""


ASSAY_VAR = Path(env("ASSAY_VAR", default=str(BASE_DIR / "var"))).resolve()
ASSAY_CACHE = Path(env("ASSAY_CACHE", default=str(Path.home() / ".cache" / "assay")))
# Weights put here can be registered through the browser; nothing outside is ever opened for that.
ASSAY_MODELS_DIR = Path(env("ASSAY_MODELS_DIR", default=str(ASSAY_VAR / "models")))
ASSAY_PROBE_SHELF = env("ASSAY_PROBE_SHELF", default="")
ASSAY_KEYS_DIR = Path(env("ASSAY_KEYS_DIR", default=str(ASSAY_VAR / "keys")))
ASSAY_KEY_PASSPHRASE = env("ASSAY_KEY_PASSPHRASE", default="") or secret_file(ASSAY_KEYS_DIR / "passphrase")
ASSAY_LOG_ORIGIN = env("ASSAY_LOG_ORIGIN", default="assay.localhost/log")
ASSAY_VERSION = "0.1.0"
ASSAY_LEASE_SECONDS = env.int("ASSAY_LEASE_SECONDS", default=60)
ASSAY_REAP_SECONDS = env.int("ASSAY_REAP_SECONDS", default=15)
ASSAY_REMIND_SECONDS = env.int("ASSAY_REMIND_SECONDS", default=300)
ASSAY_PILOT_SECONDS = env.int("ASSAY_PILOT_SECONDS", default=300)
ASSAY_WEBHOOK_SECONDS = env.int("ASSAY_WEBHOOK_SECONDS", default=5)
# Networks inside which webhooks may go to private addresses and over plain http, such as 10.20.0.0/16; by default to public addresses only.
ASSAY_WEBHOOK_NETWORKS = env.list("ASSAY_WEBHOOK_NETWORKS", default=[])
ASSAY_MAX_ATTEMPTS = env.int("ASSAY_MAX_ATTEMPTS", default=3)
ASSAY_REPORT_ROWS = 400
ASSAY_ENDPOINT_NETWORKS = env.list("ASSAY_ENDPOINT_NETWORKS", default=[])
ASSAY_ENDPOINT_KEYS = env.json("ASSAY_ENDPOINT_KEYS", default={})
ASSAY_ENDPOINT_PER_MINUTE = env.int("ASSAY_ENDPOINT_PER_MINUTE", default=60)

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
    "django.forms",
    "django_htmx",
    "template_partials",
    "django_filters",
    "django_tables2",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "config",
    "accounts",
    "frameworks",
    "evidence",
    "inventory",
    "questionnaires",
    "assessments",
    "gpu_tasks",
    "decisions",
    "webhooks",
    "reports",
    "cli",
    "api",
    "web",
]

MIDDLEWARE = [
    "config.probes.ProbeMiddleware",
    "config.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # What follows serves browsers; programs with a token leave here.
    "config.middleware.ProgramMiddleware",
    "config.middleware.BodyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "web.middleware.ErrorMiddleware",
    "web.middleware.AccessMiddleware",
    "web.signin.middleware.FirstStepMiddleware",
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
                "web.navigation.navigation",
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
else:
    # A connection costs more than most requests, because the password is stretched anew each time; a dead one is noticed before use.
    DATABASES["default"] |= {"CONN_MAX_AGE": env.int("ASSAY_CONNECTION_SECONDS", default=60), "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
ASSAY_HTTPS = env.bool("ASSAY_HTTPS", default=False)
AUTHENTICATION_BACKENDS = ["web.signin.backends.PersonBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "web:login"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "web:login"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ASSAY_HTTPS
SECURE_SSL_REDIRECT = ASSAY_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if ASSAY_HTTPS else 0

# Sign-in. Accounts are made by administrators only; nothing depends on e-mail.
ACCOUNT_ADAPTER = "web.signin.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Assay] "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ASSAY_HTTPS else "http"
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a class, not a secret
ACCOUNT_FORMS = {
    "login": "web.signin.forms.LoginForm",
    "change_password": "web.signin.forms.ChangePasswordForm",
    "set_password": "web.signin.forms.SetPasswordForm",
    "reset_password": "web.signin.forms.ResetPasswordForm",
    "reset_password_from_key": "web.signin.forms.ResetPasswordKeyForm",
    "user_token": "web.signin.forms.UserTokenForm",
}
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "20/m/ip,5/300s/key", "change_password": "5/m/user", "reauthenticate": "10/m/user"}
ACCOUNT_SESSION_REMEMBER = True  # sessions last SESSION_COOKIE_AGE, and nobody is asked
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ASSAY_PROXIES", default=0)
MFA_ADAPTER = "web.signin.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "web.signin.forms.CodeForm",
    "reauthenticate": "web.signin.forms.ReauthenticateCodeForm",
    "activate_totp": "web.signin.forms.ActivateTOTPForm",
    "add_webauthn": "web.signin.forms.AddKeyForm",
    "edit_webauthn": "web.signin.forms.EditKeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Assay"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Browsers offer passkeys on a plain http address for localhost only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ASSAY_HTTPS
ASSAY_REQUIRE_MFA = env.bool("ASSAY_REQUIRE_MFA", default=False)
SOCIALACCOUNT_ADAPTER = "web.signin.adapters.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
OIDC = {key: env(f"ASSAY_OIDC_{key}", default="") for key in ("NAME", "ISSUER", "CLIENT_ID", "CLIENT_SECRET")}
OIDC_APPS = [
    {
        "provider_id": "sso",
        "name": OIDC["NAME"] or "single sign-on",
        "client_id": OIDC["CLIENT_ID"],
        "secret": OIDC["CLIENT_SECRET"],
        "settings": {"server_url": OIDC["ISSUER"], "oauth_pkce_enabled": True},
    }
]
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": OIDC_APPS if OIDC["ISSUER"] else []}}

# Without a mail server, mails are files that only this account reads: links in a log would be keys in a log.
globals().update({**env.email_url("EMAIL_URL", default="filemail://"), "EMAIL_FILE_PATH": str(ASSAY_VAR / "mail")})
DEFAULT_FROM_EMAIL = env("ASSAY_MAIL_FROM", default="assay@localhost")
# Where people reach this installation, such as https://assay.example.org; reminders link to it.
ASSAY_PUBLIC_ADDRESS = env("ASSAY_PUBLIC_ADDRESS", default="").rstrip("/")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        # Charts from the server carry presentation attributes only, so that inline styles can be forbidden too.
        "style-src": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "worker-src": ["'none'"],
        "manifest-src": ["'none'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Throttles and rate limits; a file cache is shared by all processes of one machine, several machines name a Redis.
CACHES = {"default": env.cache("CACHE_URL", default=f"filecache://{ASSAY_VAR / 'cache' / 'shared'}")}

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

# The API. Whatever is not in its access table is refused; errors are problem documents.
ASSAY_API_CALLS_PER_MINUTE = env.int("ASSAY_API_CALLS_PER_MINUTE", default=600)
# Attempts a minute at an access token, per client and per address they come from.
ASSAY_OAUTH_TRIES_PER_MINUTE = env.int("ASSAY_OAUTH_TRIES_PER_MINUTE", default=30)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.v1.base.authentication.BearerToken", "api.v1.base.authentication.PersonSession"],
    "DEFAULT_PERMISSION_CLASSES": ["api.v1.base.permission.TableAccess"],
    "DEFAULT_PARSER_CLASSES": ["api.v1.base.rendering.StrictJson"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "api.v1.base.schema.ApiSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "api.v1.base.problem.problem_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Assay API",
    "DESCRIPTION": "Evidence for AI models, for programs. A result always says what it does not show. The guide is docs/guide/api.md.",
    "VERSION": "1",
    "LICENSE": {"name": "Apache-2.0"},
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,
    "TAGS": [
        {"name": name}
        for name in (
            "about",
            "vendors",
            "systems and deployments",
            "models and versions",
            "instruments",
            "plans",
            "runs",
            "pilots",
            "findings",
            "requirements and coverage",
            "imports of frameworks",
            "incidents",
            "questionnaires",
            "questionnaires of customers",
            "decisions",
            "webhooks",
            "evidence and log",
            "cases",
            "reports",
            "due-diligence packs",
        )
    ],
    "POSTPROCESSING_HOOKS": ["api.v1.base.schema.strict_bodies"],
}

BROKER_URL = env("BROKER_URL", default=f"redis+socket://{ASSAY_VAR / 'run' / 'broker.sock'}")

logs.configure()
LOGGING = logs.dictionary(env("ASSAY_LOG_LEVEL", default="WARNING"), env("ASSAY_LOG_FORMAT", default="auto"))

# Who may read /metrics: the networks named here without a proxy between, and whoever has the token.
ASSAY_METRICS_NETWORKS = env.list("ASSAY_METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"])
ASSAY_METRICS_TOKEN = env("ASSAY_METRICS_TOKEN", default="")
ASSAY_MIN_FREE_MB = env.int("ASSAY_MIN_FREE_MB", default=500)
