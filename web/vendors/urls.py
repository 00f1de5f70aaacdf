"""Addresses of the vendor pages."""

from django.urls import path

from web.vendors import views

urlpatterns = [
    path("vendors/", views.vendor_list, name="vendor-list"),
    path("vendors/new/", views.vendor_create, name="vendor-create"),
    path("vendors/<uuid:vendor_id>/", views.vendor_detail, name="vendor-detail"),
    path("vendors/<uuid:vendor_id>/edit/", views.vendor_edit, name="vendor-edit"),
]
