"""Addresses of the probe sets; the page of one that comes with the program is in the catalogue of instruments."""

from django.urls import path

from web.probe_sets import views

urlpatterns = [
    path("probe-sets/", views.probe_set_list, name="probe-set-list"),
    path("probe-sets/own/add/", views.probe_set_add, name="probe-set-add"),
    path("probe-sets/own/<uuid:set_id>/", views.probe_set_own, name="probe-set-own"),
]
