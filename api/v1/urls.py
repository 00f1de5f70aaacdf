"""The URL map of the API: one section per line, addresses beside its views; whatever else is asked for gets a problem document."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from api.v1.about.views import elsewhere

app_name = "api"

SECTIONS = (
    "about", "vendors", "systems", "ai_models", "plans", "runs", "pilots", "findings", "instruments", "blind", "probe_sets", "requirements", "imports",
    "incidents", "decisions", "webhooks", "oauth", "questionnaire_templates", "questionnaires", "inbound", "evidence", "cases", "reports", "packs",
)  # fmt: skip

urlpatterns: list[URLPattern | URLResolver] = [
    *(path("", include(f"api.v1.{section}.urls")) for section in SECTIONS),
    re_path(r"", elsewhere, name="elsewhere"),
]
