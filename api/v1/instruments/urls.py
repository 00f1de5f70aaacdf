"""Addresses of instruments."""

from django.urls import path

from api.v1.instruments.views import Catalogue, InstrumentDetail

urlpatterns = [
    path("instruments", Catalogue.as_view(), name="instruments"),
    path("instruments/<slug:slug>", InstrumentDetail.as_view(), name="instrument"),
]
