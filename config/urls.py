"""The URL map: every page belongs to a face."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("web.signin.urls")),
    path("api/v1/", include("api.v1.urls")),
    path("", include("web.urls")),
]
