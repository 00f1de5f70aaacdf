"""Addresses of the staff pages of questionnaires."""

from django.urls import path

from web.questionnaires import campaign_views, invitation_views, views

urlpatterns = [
    path("questionnaires/", views.questionnaire_list, name="questionnaire-list"),
    path("questionnaires/new/", views.questionnaire_create, name="questionnaire-create"),
    path("questionnaires/campaigns/", campaign_views.campaign_list, name="campaign-list"),
    path("questionnaires/campaigns/new/", campaign_views.campaign_create, name="campaign-create"),
    path("questionnaires/campaigns/<uuid:campaign_id>/", campaign_views.campaign_detail, name="campaign-detail"),
    path("questionnaires/campaigns/<uuid:campaign_id>/send/", campaign_views.campaign_send_all, name="campaign-send"),
    path("questionnaires/<uuid:questionnaire_id>/", views.questionnaire_detail, name="questionnaire-detail"),
    path("questionnaires/<uuid:questionnaire_id>/send/", views.questionnaire_send, name="questionnaire-send"),
    path("questionnaires/<uuid:questionnaire_id>/withdraw/", views.questionnaire_withdraw, name="questionnaire-withdraw"),
    path("questionnaires/<uuid:questionnaire_id>/due/", views.questionnaire_due, name="questionnaire-due"),
    path("questionnaires/<uuid:questionnaire_id>/remind/", views.questionnaire_remind, name="questionnaire-remind"),
    path("questionnaires/<uuid:questionnaire_id>/comment/", views.questionnaire_comment, name="questionnaire-comment"),
    path("questionnaires/<uuid:questionnaire_id>/invite/", invitation_views.invitation_create, name="invitation-create"),
    path("questionnaires/invitations/<uuid:invitation_id>/renew/", invitation_views.invitation_renew, name="invitation-renew"),
    path("questionnaires/invitations/<uuid:invitation_id>/revoke/", invitation_views.invitation_revoke, name="invitation-revoke"),
]
