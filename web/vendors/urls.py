"""Addresses of the vendor pages."""

from django.urls import path

from web.vendors import imports, keys, packs, views

urlpatterns = [
    path("vendors/", views.vendor_list, name="vendor-list"),
    path("vendors/import/", imports.vendor_import, name="vendor-import"),
    path("vendors/map/", views.vendor_map, name="vendor-map"),
    path("vendors/new/", views.vendor_create, name="vendor-create"),
    path("vendors/<uuid:vendor_id>/", views.vendor_detail, name="vendor-detail"),
    path("vendors/<uuid:vendor_id>/keys/new/", keys.vendor_key_pin, name="vendor-key-pin"),
    path("vendors/keys/<uuid:key_id>/withdraw/", keys.vendor_key_withdraw, name="vendor-key-withdraw"),
    path("vendors/<uuid:vendor_id>/pack/", packs.vendor_pack_build, name="vendor-pack-build"),
    path("vendors/packs/<uuid:pack_id>/pdf/", packs.vendor_pack_pdf, name="vendor-pack-pdf"),
    path("vendors/packs/<uuid:pack_id>/log-entry/", packs.vendor_pack_bundle, name="vendor-pack-bundle"),
    path("vendors/<uuid:vendor_id>/edit/", views.vendor_edit, name="vendor-edit"),
]
