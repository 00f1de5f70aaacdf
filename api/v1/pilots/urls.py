"""Addresses of pilots."""

from django.urls import path

from api.v1.pilots.views import PilotDetail, PilotEnd, PilotList

urlpatterns = [
    path("pilots", PilotList.as_view(), name="pilots"),
    path("pilots/<uuid:id>", PilotDetail.as_view(), name="pilot"),
    path("pilots/<uuid:id>/end", PilotEnd.as_view(), name="pilot-end"),
]
