"""Addresses of the catalogue of instruments."""

from django.urls import path

from web.instruments import calibration, views

urlpatterns = [
    path("instruments/", views.instrument_list, name="instrument-list"),
    path("instruments/<slug:slug>/", views.instrument_detail, name="instrument-detail"),
    path("instruments/<slug:slug>/calibrate/", calibration.instrument_calibrate, name="instrument-calibrate"),
    path("calibrations/<uuid:calibration_id>/", calibration.calibration_detail, name="calibration-detail"),
    path("calibration-records/<uuid:qualification_id>/", calibration.qualification_download, name="qualification-download"),
    path("probe-sets/<slug:slug>/", views.probe_set_detail, name="probe-set-detail"),
]
