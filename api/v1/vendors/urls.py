"""Addresses of vendors."""

from django.urls import path

from api.v1.vendors.views import VendorDetail, VendorList

urlpatterns = [
    path("vendors", VendorList.as_view(), name="vendors"),
    path("vendors/<uuid:id>", VendorDetail.as_view(), name="vendor"),
]
