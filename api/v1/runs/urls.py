"""Addresses of runs."""

from django.urls import path

from api.v1.runs.views import RunCancel, RunDetail, RunList, RunRetry

urlpatterns = [
    path("runs", RunList.as_view(), name="runs"),
    path("runs/<uuid:id>", RunDetail.as_view(), name="run"),
    path("runs/<uuid:id>/cancel", RunCancel.as_view(), name="run-cancel"),
    path("runs/<uuid:id>/retry", RunRetry.as_view(), name="run-retry"),
]
