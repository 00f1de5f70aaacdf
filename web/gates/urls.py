"""Addresses of the pages of gates."""

from django.urls import path

from web.gates import policy_views, release_views, safety_case_views, views

urlpatterns = [
    path("decisions/", views.decision_list, name="decision-list"),
    path("decisions/new/", views.decision_create, name="decision-create"),
    path("decisions/<uuid:decision_id>/", views.decision_detail, name="decision-detail"),
    path("decisions/<uuid:decision_id>/approve/", views.decision_approve, name="decision-approve"),
    path("decisions/<uuid:decision_id>/reject/", views.decision_reject, name="decision-reject"),
    path("decisions/<uuid:decision_id>/withdraw/", views.decision_withdraw, name="decision-withdraw"),
    path("decisions/<uuid:decision_id>/release/", release_views.decision_release, name="decision-release"),
    path("decisions/<uuid:decision_id>/conditions/<slug:condition>/waive/", views.waiver_create, name="waiver-create"),
    path("decisions/waivers/<uuid:waiver_id>/withdraw/", views.waiver_withdraw, name="waiver-withdraw"),
    path("decisions/<uuid:decision_id>/tasks/new/", views.task_create, name="task-create"),
    path("decisions/tasks/<uuid:task_id>/done/", views.task_done, name="task-done"),
    path("decisions/<uuid:decision_id>/safety-case/", safety_case_views.safety_case, name="safety-case"),
    path("decisions/<uuid:decision_id>/safety-case/build/", safety_case_views.safety_case_build, name="safety-case-build"),
    path("policies/", policy_views.policy_list, name="policy-list"),
    path("policies/new/", policy_views.policy_create, name="policy-create"),
    path("policies/<uuid:policy_id>/", policy_views.policy_detail, name="policy-detail"),
    path("policies/<uuid:policy_id>/voters/", policy_views.policy_voters, name="policy-voters"),
    path("policies/<uuid:policy_id>/conditions/add/<slug:kind>/", policy_views.condition_add, name="policy-condition-add"),
    path("policies/<uuid:policy_id>/conditions/<slug:condition>/edit/", policy_views.condition_edit, name="policy-condition-edit"),
    path("policies/<uuid:policy_id>/conditions/<slug:condition>/remove/", policy_views.condition_remove, name="policy-condition-remove"),
    path("versions/<uuid:version_id>/roll-back/", release_views.version_roll_back, name="version-roll-back"),
    path("versions/<uuid:version_id>/drills/new/", release_views.drill_create, name="drill-create"),
]
