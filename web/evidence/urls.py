"""Addresses of artifacts, log, links and cases."""

from django.urls import path

from web.evidence import cases, links, log, received, views

urlpatterns = [
    path("evidence/", views.artifact_list, name="artifact-list"),
    path("artifacts/<uuid:artifact_id>/", views.artifact_detail, name="artifact-detail"),
    path("artifacts/<uuid:artifact_id>/bytes/", views.artifact_bytes, name="artifact-bytes"),
    path("artifacts/<uuid:artifact_id>/proof/", views.artifact_proof, name="artifact-proof"),
    path("log/", log.log_list, name="log-list"),
    path("log/<int:index>/", log.entry_detail, name="entry-detail"),
    path("log/<int:index>/bundle/", log.entry_bundle, name="entry-bundle"),
    path("log/checkpoint/", log.log_checkpoint, name="log-checkpoint"),
    path("evidence/links/", links.evidence_link_list, name="evidence-link-list"),
    path("evidence/links/<uuid:link_id>/", links.evidence_link_review, name="evidence-link-review"),
    path("evidence/cases/", cases.case_list, name="case-list"),
    path("evidence/cases/new/", cases.case_export, name="case-export"),
    path("evidence/cases/import/", received.case_import, name="case-import"),
    path("evidence/cases/received/<uuid:received_id>/", received.received_case, name="received-case"),
    path("evidence/cases/<uuid:case_id>/", cases.case_detail, name="case-detail"),
    path("evidence/cases/<uuid:case_id>/zip/", cases.case_download, name="case-download"),
]
