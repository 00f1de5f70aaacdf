"""Addresses of the pages of incidents."""

from django.urls import path

from web.incidents import views

urlpatterns = [
    path("incidents/", views.incident_list, name="incident-list"),
    path("incidents/new/", views.incident_create, name="incident-create"),
    path("incidents/<uuid:incident_id>/", views.incident_detail, name="incident-detail"),
    path("incidents/<uuid:incident_id>/reclassify/", views.incident_reclassify, name="incident-reclassify"),
    path("incidents/<uuid:incident_id>/facts/new/", views.fact_create, name="incident-fact"),
    path("incidents/facts/<uuid:fact_id>/correct/", views.fact_correct, name="incident-fact-correct"),
    path("incidents/<uuid:incident_id>/clocks/<slug:clock>/submit/", views.submission_create, name="incident-submit"),
]
