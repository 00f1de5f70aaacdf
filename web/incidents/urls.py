"""Addresses of the pages of incidents."""

from django.urls import path

from web.incidents import actions, captured, drafts, keeping, views

urlpatterns = [
    path("incidents/", views.incident_list, name="incident-list"),
    path("incidents/new/", views.incident_create, name="incident-create"),
    path("incidents/<uuid:incident_id>/", views.incident_detail, name="incident-detail"),
    path("incidents/<uuid:incident_id>/reclassify/", views.incident_reclassify, name="incident-reclassify"),
    path("incidents/<uuid:incident_id>/facts/new/", views.fact_create, name="incident-fact"),
    path("incidents/facts/<uuid:fact_id>/correct/", views.fact_correct, name="incident-fact-correct"),
    path("incidents/<uuid:incident_id>/clocks/<slug:clock>/submit/", views.submission_create, name="incident-submit"),
    path("incidents/submissions/<uuid:submission_id>/correct/", actions.submission_correct, name="submission-correct"),
    path("incidents/<uuid:incident_id>/actions/new/", actions.action_create, name="incident-action"),
    path("incidents/actions/<uuid:action_id>/change/", actions.action_change, name="action-change"),
    path("incidents/actions/<uuid:action_id>/done/", actions.action_done, name="action-done"),
    path("incidents/actions/<uuid:action_id>/reopen/", actions.action_reopen, name="action-reopen"),
    path("incidents/<uuid:incident_id>/drafts/<slug:clock>/", drafts.draft_detail, name="draft-detail"),
    path("incidents/<uuid:incident_id>/drafts/<slug:clock>/build/", drafts.draft_build, name="draft-build"),
    path("incidents/reports/<uuid:made_id>/report.pdf", drafts.report_pdf, name="incident-report-pdf"),
    path("incidents/reports/<uuid:made_id>/report.json", drafts.report_json, name="incident-report-json"),
    path("incidents/reports/<uuid:made_id>/report.sigstore.json", drafts.report_bundle, name="incident-report-bundle"),
    path("incidents/<uuid:incident_id>/holds/new/", keeping.hold_create, name="incident-hold"),
    path("incidents/holds/<uuid:hold_id>/release/", keeping.hold_end, name="hold-end"),
    path("incidents/<uuid:incident_id>/captured/new/", captured.captured_create, name="incident-captured"),
    path("incidents/captured/<uuid:captured_id>/plans/", captured.captured_plans, name="captured-plans"),
    path("incidents/<uuid:incident_id>/promise/", keeping.promise, name="incident-promise"),
    path("incidents/<uuid:incident_id>/rollback/", keeping.rollback, name="incident-rollback"),
]
