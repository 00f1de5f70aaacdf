"""The addresses under /account/: allauth's own, of which ``web/access.py`` names those that are open."""

from django.urls import include, path

from web.signin.views import to_login

urlpatterns = [
    path("login/", to_login, name="account_login"),
    path("", include("allauth.urls")),
]
