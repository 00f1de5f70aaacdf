"""Addresses of vendors."""

from django.urls import path

from api.v1.vendors.clearance import VendorClearance
from api.v1.vendors.imports import VendorImport
from api.v1.vendors.views import VendorDetail, VendorList

urlpatterns = [
    path("vendors", VendorList.as_view(), name="vendors"),
    path("vendors/<uuid:id>", VendorDetail.as_view(), name="vendor"),
    path("vendors/<uuid:id>/clearance", VendorClearance.as_view(), name="vendor-clearance"),
    path("vendors/import", VendorImport.as_view(), name="vendor-import"),
]
