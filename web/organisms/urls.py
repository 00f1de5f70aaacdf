"""Addresses of the organisms."""

from django.urls import path

from web.organisms import views

urlpatterns = [
    path("organisms/", views.organism_list, name="organism-list"),
    path("organisms/own/add/", views.organism_add, name="organism-add"),
    path("organisms/own/<uuid:organism_id>/", views.organism_own, name="organism-own"),
    path("organisms/own/<uuid:organism_id>/withdraw/", views.organism_withdraw, name="organism-withdraw"),
    path("organisms/<slug:slug>/", views.organism_detail, name="organism-detail"),
]
