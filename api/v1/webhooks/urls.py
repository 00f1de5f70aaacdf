"""Addresses of webhooks and deliveries."""

from django.urls import path

from api.v1.webhooks import views

urlpatterns = [
    path("webhooks", views.WebhookList.as_view(), name="webhooks"),
    path("webhooks/<uuid:id>", views.WebhookDetail.as_view(), name="webhook"),
    path("webhooks/<uuid:id>/rotate", views.WebhookRotate.as_view(), name="webhook-rotate"),
    path("webhooks/<uuid:id>/disable", views.WebhookDisable.as_view(), name="webhook-disable"),
    path("webhooks/<uuid:id>/enable", views.WebhookEnable.as_view(), name="webhook-enable"),
    path("webhooks/<uuid:id>/end", views.WebhookEnd.as_view(), name="webhook-end"),
    path("webhooks/<uuid:id>/test", views.WebhookTest.as_view(), name="webhook-test"),
    path("webhooks/<uuid:id>/replay", views.WebhookReplay.as_view(), name="webhook-replay"),
    path("webhook-deliveries", views.DeliveryList.as_view(), name="webhook-deliveries"),
    path("webhook-deliveries/<uuid:id>", views.DeliveryDetail.as_view(), name="webhook-delivery"),
    path("webhook-deliveries/<uuid:id>/replay", views.DeliveryReplay.as_view(), name="webhook-delivery-replay"),
]
