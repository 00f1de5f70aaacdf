"""Addresses of the pilots."""

from django.urls import path

from web.pilots import views

urlpatterns = [
    path("pilots/", views.pilot_list, name="pilot-list"),
    path("pilots/new/", views.pilot_create, name="pilot-create"),
    path("pilots/<uuid:pilot_id>/", views.pilot_detail, name="pilot-detail"),
    path("pilots/<uuid:pilot_id>/end/", views.pilot_end, name="pilot-end"),
    path("pilots/<uuid:pilot_id>/report/", views.pilot_report, name="pilot-report"),
]
