"""Addresses of the review pages."""

from django.urls import path

from web.reviews import compare_views, file_views, reuse_views, views

urlpatterns = [
    path("questionnaires/compare/", compare_views.questionnaire_compare, name="questionnaire-compare"),
    path("questionnaires/<uuid:request_id>/reuse/", reuse_views.questionnaire_reuse, name="questionnaire-reuse"),
    path("questionnaires/<uuid:request_id>/review/", views.questionnaire_review, name="questionnaire-review"),
    path("questionnaires/<uuid:request_id>/review/close/", views.review_close_page, name="review-close"),
    path("questionnaires/<uuid:request_id>/review/<slug:question>/judge/", views.answer_judge_page, name="answer-judge"),
    path("questionnaires/<uuid:request_id>/review/<slug:question>/reopen/", views.answer_reopen_page, name="answer-reopen"),
    path("questionnaires/<uuid:request_id>/review/<slug:question>/comment/", views.review_comment_page, name="review-comment"),
    path("questionnaires/<uuid:request_id>/review/<slug:question>/cite/", file_views.evidence_cite_page, name="evidence-cite"),
    path("questionnaires/exhibits/<uuid:exhibit_id>/", file_views.exhibit_download, name="exhibit-download"),
    path("questionnaires/exhibits/<uuid:exhibit_id>/release/", file_views.exhibit_release_page, name="exhibit-release"),
    path("questionnaires/exhibits/<uuid:exhibit_id>/refuse/", file_views.exhibit_refuse_page, name="exhibit-refuse"),
]
