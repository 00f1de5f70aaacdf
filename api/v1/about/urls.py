"""Addresses about the API itself."""

from django.urls import path

from api.v1.about.views import Me, Schema, docs

urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("openapi.json", Schema.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]
