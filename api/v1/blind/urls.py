"""Addresses of blind exercises."""

from django.urls import path

from api.v1.blind.views import BlindDetail, BlindList

urlpatterns = [
    path("blind-exercises", BlindList.as_view(), name="blind-exercises"),
    path("blind-exercises/<uuid:id>", BlindDetail.as_view(), name="blind-exercise"),
]
