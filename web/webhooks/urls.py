"""Addresses of the pages about webhooks."""

from django.urls import path

from web.webhooks import changes, views

urlpatterns = [
    path("settings/webhooks/", views.webhook_list, name="webhook-list"),
    path("settings/webhooks/new/", views.webhook_create, name="webhook-create"),
    path("settings/webhooks/<uuid:webhook_id>/", views.webhook_detail, name="webhook-detail"),
    path("settings/webhooks/<uuid:webhook_id>/edit/", views.webhook_edit, name="webhook-edit"),
    path("settings/webhooks/<uuid:webhook_id>/secret/", changes.webhook_rotate, name="webhook-rotate"),
    path("settings/webhooks/<uuid:webhook_id>/disable/", changes.webhook_disable, name="webhook-disable"),
    path("settings/webhooks/<uuid:webhook_id>/enable/", changes.webhook_enable, name="webhook-enable"),
    path("settings/webhooks/<uuid:webhook_id>/end/", changes.webhook_end, name="webhook-end"),
    path("settings/webhooks/<uuid:webhook_id>/test/", changes.webhook_test, name="webhook-test"),
    path("settings/webhooks/<uuid:webhook_id>/replay/", changes.webhook_replay, name="webhook-replay"),
    path("settings/webhooks/deliveries/<uuid:delivery_id>/", views.delivery_detail, name="webhook-delivery"),
    path("settings/webhooks/deliveries/<uuid:delivery_id>/replay/", changes.delivery_replay, name="webhook-delivery-replay"),
]
