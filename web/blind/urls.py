"""Addresses of the blind exercises."""

from django.urls import path

from web.blind import views

urlpatterns = [
    path("blind/", views.blind_list, name="blind-list"),
    path("blind/seal/", views.blind_seal, name="blind-seal"),
    path("blind/<uuid:exercise_id>/", views.blind_detail, name="blind-detail"),
    path("blind/<uuid:exercise_id>/answer/", views.blind_answer, name="blind-answer"),
    path("blind/<uuid:exercise_id>/reveal/", views.blind_reveal, name="blind-reveal"),
    path("blind/<uuid:exercise_id>/withdraw/", views.blind_withdraw, name="blind-withdraw"),
]
