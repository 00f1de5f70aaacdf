"""Addresses of plans."""

from django.urls import path

from api.v1.plans.views import PlanDetail, PlanDiscard, PlanList, PlanSeal

urlpatterns = [
    path("plans", PlanList.as_view(), name="plans"),
    path("plans/<uuid:id>", PlanDetail.as_view(), name="plan"),
    path("plans/<uuid:id>/seal", PlanSeal.as_view(), name="plan-seal"),
    path("plans/<uuid:id>/discard", PlanDiscard.as_view(), name="plan-discard"),
]
