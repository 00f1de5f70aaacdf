"""Addresses of the plan pages."""

from django.urls import path

from web.plans import views

urlpatterns = [
    path("plans/", views.plan_list, name="plan-list"),
    path("plans/new/", views.plan_create, name="plan-create"),
    path("plans/pipeline/", views.plan_pipeline, name="plan-pipeline"),
    path("plans/<uuid:plan_id>/", views.plan_detail, name="plan-detail"),
    path("plans/<uuid:plan_id>/edit/", views.plan_edit, name="plan-edit"),
    path("plans/<uuid:plan_id>/seal/", views.plan_seal, name="plan-seal"),
    path("plans/<uuid:plan_id>/discard/", views.plan_discard, name="plan-discard"),
    path("plans/<uuid:plan_id>/hand-over/", views.plan_hand_over, name="plan-hand-over"),
    path("plans/<uuid:plan_id>/run/", views.run_start, name="run-start"),
    path("versions/<uuid:version_id>/assess/", views.run_begin, name="run-begin"),
]
