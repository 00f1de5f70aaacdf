"""The URL map: every page belongs to a face."""

from django.urls import include, path

urlpatterns = [path("", include("web.urls"))]
