"""Addresses of the page for a board."""

from django.urls import path

from web.board import views

urlpatterns = [
    path("board/", views.board, name="board"),
    path("board/<uuid:organisation_id>/sign/", views.board_build, name="board-build"),
    path("board/reports/<uuid:board_id>/pdf/", views.board_pdf, name="board-pdf"),
    path("board/reports/<uuid:board_id>/log-entry/", views.board_bundle, name="board-bundle"),
]
