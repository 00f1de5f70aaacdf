"""Addresses of one's own profile, users, roles, tokens and keys."""

from django.urls import path

from web.settings import people, secrets, tokens, views

urlpatterns = [
    path("settings/", views.home, name="settings"),
    path("settings/profile/", views.profile, name="profile"),
    path("settings/roles/", views.roles, name="role-list"),
    path("settings/users/", people.user_list, name="user-list"),
    path("settings/users/new/", people.user_create, name="user-create"),
    path("settings/users/<uuid:user_id>/", people.user_detail, name="user-detail"),
    path("settings/users/<uuid:user_id>/edit/", people.user_edit, name="user-edit"),
    path("settings/users/<uuid:user_id>/invite/", people.user_invite, name="user-invite"),
    path("settings/users/<uuid:user_id>/deactivate/", people.user_deactivate, name="user-deactivate"),
    path("settings/users/<uuid:user_id>/reactivate/", people.user_reactivate, name="user-reactivate"),
    path("settings/users/<uuid:user_id>/factors/", people.user_factors, name="user-factors"),
    path("settings/programs/new/", people.service_account_create, name="service-account-create"),
    path("settings/programs/<uuid:account_id>/secrets/new/", secrets.client_secret_create, name="client-secret-create"),
    path("settings/secrets/<uuid:secret_id>/rotate/", secrets.client_secret_rotate, name="client-secret-rotate"),
    path("settings/secrets/<uuid:secret_id>/revoke/", secrets.client_secret_revoke, name="client-secret-revoke"),
    path("settings/tokens/", tokens.token_list, name="token-list"),
    path("settings/tokens/new/", tokens.token_create, name="token-create"),
    path("settings/tokens/<uuid:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("settings/keys/", views.keys, name="key-list"),
    path("settings/keys/trusted_root.json", views.key_download, name="key-download"),
    path("settings/system/", views.system, name="system-facts"),
]
