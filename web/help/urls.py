"""Addresses of the glossary and the style guide."""

from django.urls import path

from web.help import views

urlpatterns = [
    path("help/", views.glossary, name="glossary"),
    path("styleguide/", views.styleguide, name="styleguide"),
]
