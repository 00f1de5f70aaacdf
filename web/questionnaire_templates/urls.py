"""Addresses of the pages of questionnaires as they are written."""

from django.urls import path

from web.questionnaire_templates import edit_views, life_views, views

ROOT = "questionnaires/templates/"
ONE = f"{ROOT}<uuid:template_id>/"
VERSION = f"{ROOT}versions/<uuid:template_version_id>/"
PART = f"{ONE}edit/<slug:kind>/<slug:part>/"

urlpatterns = [
    path(ROOT, views.template_list, name="template-list"),
    path(f"{ROOT}new/", life_views.template_create_view, name="template-create"),
    path(f"{ROOT}import/", life_views.template_import, name="template-import"),
    path(VERSION, views.template_version, name="template-version"),
    path(f"{VERSION}try/", views.template_try, name="template-try"),
    path(f"{VERSION}export/<slug:ending>/", views.template_export, name="template-export"),
    path(ONE, views.template_detail, name="template-detail"),
    path(f"{ONE}import/", life_views.template_import_into, name="template-import-into"),
    path(f"{ONE}differences/", views.template_differences, name="template-differences"),
    path(f"{ONE}publish/", life_views.template_publish, name="template-publish"),
    path(f"{ONE}discard/", life_views.template_discard, name="template-discard"),
    path(f"{ONE}withdraw/", life_views.template_withdraw_view, name="template-withdraw"),
    path(f"{ONE}edit/", edit_views.template_edit, name="template-edit"),
    path(f"{ONE}edit/head/", edit_views.template_head, name="template-head"),
    path(f"{ONE}edit/<slug:kind>/add/", edit_views.template_part_add, name="template-part-add"),
    path(f"{PART}change/", edit_views.template_part_edit, name="template-part-edit"),
    path(f"{PART}remove/", edit_views.template_part_remove, name="template-part-remove"),
    path(f"{PART}move/", edit_views.template_part_move, name="template-part-move"),
]
