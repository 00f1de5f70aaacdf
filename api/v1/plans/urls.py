"""Addresses of plans."""

from django.urls import path

from api.v1.plans.views import PlanDetail, PlanList, PlanSeal

urlpatterns = [
    path("plans", PlanList.as_view(), name="plans"),
    path("plans/<uuid:id>", PlanDetail.as_view(), name="plan"),
    path("plans/<uuid:id>/seal", PlanSeal.as_view(), name="plan-seal"),
]
