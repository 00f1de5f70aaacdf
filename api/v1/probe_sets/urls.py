"""Addresses of probe sets."""

from django.urls import path

from api.v1.probe_sets.views import ProbeSetDetail, ProbeSetList

urlpatterns = [
    path("probe-sets", ProbeSetList.as_view(), name="probe-sets"),
    path("probe-sets/<uuid:id>", ProbeSetDetail.as_view(), name="probe-set"),
]
