"""The URL map of the browser face: one section per line, addresses beside its views."""

from django.urls import URLPattern, URLResolver, include, path

from web.signin.views import Login, Logout

app_name = "web"

SECTIONS = (
    "home",
    "search",
    "help",
    "vendors",
    "reviews",
    "register",
    "systems",
    "ai_models",
    "plans",
    "runs",
    "pilots",
    "findings",
    "instruments",
    "blind",
    "probe_sets",
    "organisms",
    "coverage",
    "requirements",
    "frameworks",
    "incidents",
    "gates",
    "questionnaire_templates",
    "reminders",
    "evidence",
    "reports",
    "board",
    "settings",
    "webhooks",
    "lists",
    "inbound",
    "questionnaires",
    "portal",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", Logout.as_view(), name="logout"),
    *(path("", include(f"web.{section}.urls")) for section in SECTIONS),
]
