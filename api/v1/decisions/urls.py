"""Addresses of gate policies and decisions."""

from django.urls import path

from api.v1.decisions.views import DecisionApprove, DecisionDetail, DecisionList, DecisionReject, DecisionWaive, PolicyDetail, PolicyList

urlpatterns = [
    path("gate-policies", PolicyList.as_view(), name="gate-policies"),
    path("gate-policies/<uuid:id>", PolicyDetail.as_view(), name="gate-policy"),
    path("decisions", DecisionList.as_view(), name="decisions"),
    path("decisions/<uuid:id>", DecisionDetail.as_view(), name="decision"),
    path("decisions/<uuid:id>/approve", DecisionApprove.as_view(), name="decision-approve"),
    path("decisions/<uuid:id>/reject", DecisionReject.as_view(), name="decision-reject"),
    path("decisions/<uuid:id>/waivers", DecisionWaive.as_view(), name="decision-waivers"),
]
