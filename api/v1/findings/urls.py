"""Addresses of findings."""

from django.urls import path

from api.v1.findings.views import FindingDetail, FindingList

urlpatterns = [
    path("findings", FindingList.as_view(), name="findings"),
    path("findings/<uuid:id>", FindingDetail.as_view(), name="finding"),
]
