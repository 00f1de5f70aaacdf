"""Addresses of the portal. What comes behind a request's key opens only to who was invited to it."""

from django.urls import path

from web.portal import entering, sheet_views, views

HERE = "portal/<uuid:request_id>/"

urlpatterns = [
    path("portal/enter/<str:token>", entering.enter, name="portal-enter"),
    path(HERE, views.overview, name="portal-overview"),
    path(f"{HERE}sections/<slug:section>/", views.section, name="portal-section"),
    path(f"{HERE}files/<uuid:exhibit_id>/", views.file, name="portal-file"),
    path(f"{HERE}colleagues/", views.delegate, name="portal-delegate"),
    path(f"{HERE}colleagues/<uuid:colleague_id>/end/", views.delegate_end, name="portal-delegate-end"),
    path(f"{HERE}review/", views.review, name="portal-review"),
    path(f"{HERE}submit/", views.submit, name="portal-submit"),
    path(f"{HERE}receipt/", views.receipt, name="portal-receipt"),
    path(f"{HERE}leave/", views.leave, name="portal-leave"),
    path(f"{HERE}offline.xlsx", sheet_views.download, name="portal-sheet"),
    path(f"{HERE}offline/", sheet_views.upload, name="portal-upload"),
    path(f"{HERE}offline/apply/", sheet_views.apply, name="portal-apply"),
]
