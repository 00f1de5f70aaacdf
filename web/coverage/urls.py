"""Addresses of coverage of the whole register."""

from django.urls import path

from web.coverage import judgements, reporting, views

CELL = "<uuid:system_id>/<uuid:requirement_id>"

urlpatterns = [
    path("requirements/overview/", views.coverage_overview, name="coverage-overview"),
    path("requirements/trend/", views.coverage_trend, name="coverage-trend"),
    path("requirements/oscal/", views.coverage_oscal, name="coverage-oscal"),
    path("requirements/report/<uuid:system_id>/", reporting.coverage_report, name="coverage-report"),
    path("requirements/gaps/", views.gap_list, name="gap-list"),
    path(f"requirements/gaps/{CELL}/assign/", views.gap_assign, name="gap-assign"),
    path("requirements/gaps/<uuid:gap_id>/release/", views.gap_release, name="gap-release"),
    path("requirements/judgements/", judgements.exemption_list, name="exemption-list"),
    path(f"requirements/judgements/{CELL}/propose/", judgements.exemption_propose, name="exemption-propose"),
    path("requirements/judgements/<uuid:exemption_id>/", judgements.exemption_detail, name="exemption-detail"),
    path("requirements/judgements/<uuid:exemption_id>/decide/", judgements.exemption_decide, name="exemption-decide"),
    path("requirements/judgements/<uuid:exemption_id>/withdraw/", judgements.exemption_withdraw, name="exemption-withdraw"),
]
