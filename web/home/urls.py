"""Addresses of the first page."""

from django.urls import path

from web.home import views

urlpatterns = [
    path("", views.home, name="home"),
    path("home/running/", views.running, name="home-running"),
]
