"""Addresses of incidents."""

from django.urls import path

from api.v1.incidents import response_views as after
from api.v1.incidents.views import (
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
    path("incident-actions", after.ActionList.as_view(), name="incident-actions"),
    path("incident-actions/<uuid:id>", after.ActionDetail.as_view(), name="incident-action"),
    path("incident-actions/<uuid:id>/change", after.ActionChange.as_view(), name="incident-action-change"),
    path("incident-actions/<uuid:id>/done", after.ActionDone.as_view(), name="incident-action-done"),
    path("incident-actions/<uuid:id>/reopen", after.ActionReopen.as_view(), name="incident-action-reopen"),
    path("incident-drafts", after.DraftList.as_view(), name="incident-drafts"),
    path("incident-drafts/<uuid:id>", after.DraftDetail.as_view(), name="incident-draft"),
    path("incident-drafts/<uuid:id>/report", after.DraftReport.as_view(), name="incident-draft-report"),
    path("incident-drafts/<uuid:id>/pdf", after.DraftPdf.as_view(), name="incident-draft-pdf"),
    path("incident-drafts/<uuid:id>/data", after.DraftData.as_view(), name="incident-draft-data"),
    path("incident-drafts/<uuid:id>/proof", after.DraftProof.as_view(), name="incident-draft-proof"),
]
