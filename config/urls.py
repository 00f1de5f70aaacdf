"""The URL map: every page belongs to a face."""

from django.urls import include, path

from api.v1.oauth.views import metadata

urlpatterns = [
    path("account/", include("web.signin.urls")),
    path(".well-known/oauth-authorization-server", metadata, name="oauth-metadata"),
    path("api/v1/", include("api.v1.urls")),
    path("", include("web.urls")),
]
