"""The address of access tokens."""

from django.urls import path

from api.v1.oauth.views import token

urlpatterns = [path("oauth/token", token, name="oauth-token")]
