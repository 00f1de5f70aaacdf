"""Addresses of requirements and coverage."""

from django.urls import path

from api.v1.requirements.views import CoverageOf, GapList, RequirementDetail, RequirementList

urlpatterns = [
    path("requirements", RequirementList.as_view(), name="requirements"),
    path("requirements/<uuid:id>", RequirementDetail.as_view(), name="requirement"),
    path("requirements/gaps", GapList.as_view(), name="gaps"),
    path("coverage", CoverageOf.as_view(), name="coverage"),
]
