"""Addresses of systems and deployments."""

from django.urls import path

from api.v1.systems.views import DeploymentDetail, DeploymentEnd, DeploymentList, SystemDetail, SystemList

urlpatterns = [
    path("systems", SystemList.as_view(), name="systems"),
    path("systems/<uuid:id>", SystemDetail.as_view(), name="system"),
    path("deployments", DeploymentList.as_view(), name="deployments"),
    path("deployments/<uuid:id>", DeploymentDetail.as_view(), name="deployment"),
    path("deployments/<uuid:id>/end", DeploymentEnd.as_view(), name="deployment-end"),
]
