"""Addresses of questionnaires, invitations and campaigns."""

from django.urls import path

from api.v1.questionnaires import reviewing, sending, views

urlpatterns = [
    path("questionnaires", views.QuestionnaireList.as_view(), name="questionnaires"),
    path("questionnaires/scores", views.ScoreList.as_view(), name="questionnaire-scores"),
    path("questionnaires/<uuid:id>", views.QuestionnaireDetail.as_view(), name="questionnaire"),
    path("questionnaires/<uuid:id>/send", sending.QuestionnaireSend.as_view(), name="questionnaire-send"),
    path("questionnaires/<uuid:id>/due", sending.QuestionnaireDue.as_view(), name="questionnaire-due"),
    path("questionnaires/<uuid:id>/remind", sending.QuestionnaireRemind.as_view(), name="questionnaire-remind"),
    path("questionnaires/<uuid:id>/withdraw", sending.QuestionnaireWithdraw.as_view(), name="questionnaire-withdraw"),
    path("questionnaires/<uuid:id>/judge", reviewing.QuestionnaireJudge.as_view(), name="questionnaire-judge"),
    path("questionnaires/<uuid:id>/reopen", reviewing.QuestionnaireReopen.as_view(), name="questionnaire-reopen"),
    path("questionnaires/<uuid:id>/cite", reviewing.QuestionnaireCite.as_view(), name="questionnaire-cite"),
    path("questionnaires/<uuid:id>/close", reviewing.QuestionnaireClose.as_view(), name="questionnaire-close"),
    path("questionnaire-files/<uuid:id>/content", views.FileContent.as_view(), name="questionnaire-file-content"),
    path("questionnaire-files/<uuid:id>/release", reviewing.FileRelease.as_view(), name="questionnaire-file-release"),
    path("questionnaire-files/<uuid:id>/refuse", reviewing.FileRefuse.as_view(), name="questionnaire-file-refuse"),
    path("questionnaire-invitations", sending.InvitationList.as_view(), name="questionnaire-invitations"),
    path("questionnaire-invitations/<uuid:id>", sending.InvitationDetail.as_view(), name="questionnaire-invitation"),
    path("questionnaire-invitations/<uuid:id>/renew", sending.InvitationRenew.as_view(), name="questionnaire-invitation-renew"),
    path("questionnaire-invitations/<uuid:id>/revoke", sending.InvitationRevoke.as_view(), name="questionnaire-invitation-revoke"),
    path("questionnaire-comments", sending.CommentList.as_view(), name="questionnaire-comments"),
    path("questionnaire-comments/<uuid:id>", sending.CommentDetail.as_view(), name="questionnaire-comment"),
    path("questionnaire-campaigns", sending.CampaignList.as_view(), name="questionnaire-campaigns"),
    path("questionnaire-campaigns/<uuid:id>", sending.CampaignDetail.as_view(), name="questionnaire-campaign"),
    path("questionnaire-campaigns/<uuid:id>/send", sending.CampaignSend.as_view(), name="questionnaire-campaign-send"),
]
