"""Addresses of the questionnaires that customers put to us."""

from django.urls import path

from web.inbound import views

urlpatterns = [
    path("questionnaires/inbound/", views.inbound_list, name="inbound-list"),
    path("questionnaires/inbound/new/", views.inbound_create, name="inbound-create"),
    path("questionnaires/inbound/<uuid:inbound_id>/", views.inbound_detail, name="inbound-detail"),
    path("questionnaires/inbound/<uuid:inbound_id>/answers/<slug:inbound_question>/", views.inbound_question, name="inbound-question"),
    path("questionnaires/inbound/<uuid:inbound_id>/approve/", views.inbound_approval, name="inbound-approve"),
    path("questionnaires/inbound/<uuid:inbound_id>/reopen/", views.inbound_again, name="inbound-reopen"),
    path("questionnaires/inbound/<uuid:inbound_id>/export/", views.inbound_file, name="inbound-export"),
]
