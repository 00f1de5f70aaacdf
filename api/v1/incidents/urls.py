"""Addresses of incidents."""

from django.urls import path

from api.v1.incidents.views import (
    ActionDetail,
    ActionList,
    DraftDetail,
    DraftList,
    FactCorrect,
    IncidentClockList,
    IncidentDetail,
    IncidentFactEnter,
    IncidentList,
    IncidentSubmit,
)

urlpatterns = [
    path("incidents", IncidentList.as_view(), name="incidents"),
    path("incidents/<uuid:id>", IncidentDetail.as_view(), name="incident"),
    path("incidents/<uuid:id>/clocks", IncidentClockList.as_view(), name="incident-clocks"),
    path("incidents/<uuid:id>/facts", IncidentFactEnter.as_view(), name="incident-facts"),
    path("incidents/<uuid:id>/facts/correct", FactCorrect.as_view(), name="incident-fact-correct"),
    path("incidents/<uuid:id>/submissions", IncidentSubmit.as_view(), name="incident-submissions"),
    path("incident-actions", ActionList.as_view(), name="incident-actions"),
    path("incident-actions/<uuid:id>", ActionDetail.as_view(), name="incident-action"),
    path("incident-drafts", DraftList.as_view(), name="incident-drafts"),
    path("incident-drafts/<uuid:id>", DraftDetail.as_view(), name="incident-draft"),
]
