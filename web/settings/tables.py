"""The lists of users and tokens."""

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import ApiToken, User
from core import clock
from web.lists.columns import ListTable, WhenColumn
from web.settings import page


class UserTable(ListTable):
    """One user per row."""

    username = tables.Column(verbose_name="User", linkify=("web:user-detail", [tables.A("pk")]))
    email = tables.Column(verbose_name="E-mail")
    roles = tables.Column(empty_values=(), orderable=False)
    account = tables.Column(empty_values=(), order_by=("is_active", "last_login"))
    has_factor = tables.Column(verbose_name="Second factor")
    last_login = WhenColumn(verbose_name="Last sign-in")

    class Meta(ListTable.Meta):
        model = User
        fields = ("username", "email", "roles", "account", "has_factor", "last_login")
        order_by = ("username",)

    def render_username(self, value: str, record: User) -> SafeString:
        """The user name, with the person's name below."""
        return format_html('{}<span class="sub">{}</span>', value, "program" if record.is_service else record.get_full_name())

    def value_username(self, value: str) -> str:
        """The user name alone."""
        return value

    def render_roles(self, record: User) -> str:
        """The roles in words."""
        return ", ".join(row.get_role_display() for row in record.here)  # type: ignore[attr-defined]

    def render_account(self, record: User) -> SafeString:
        """Whether it opens."""
        return format_html('<span class="tag {}">{}</span>', *page.state_of(record))

    def value_account(self, record: User) -> str:
        """The word."""
        return page.state_of(record)[1]

    def render_has_factor(self, value: bool, record: User) -> str:
        """Yes, no, or that it has no password either."""
        return "–" if record.is_service else "yes" if value else "no"


class TokenTable(ListTable):
    """One token per row."""

    name = tables.Column()
    user = tables.Column(verbose_name="Acts as", accessor="user__username")
    scopes = tables.Column(verbose_name="May", orderable=False)
    expires_at = WhenColumn(verbose_name="Ends")
    last_used_at = WhenColumn(verbose_name="Last used")
    revoke = tables.Column(verbose_name="State", empty_values=(), orderable=False)

    class Meta(ListTable.Meta):
        model = ApiToken
        fields = ("name", "user", "scopes", "expires_at", "last_used_at", "revoke")
        order_by = ("-expires_at", "name")

    def render_name(self, value: str, record: ApiToken) -> SafeString:
        """What it is for, with its beginning, by which it is found in other people's files."""
        return format_html('{}<span class="sub"><code>{}…</code></span>', value, record.prefix)

    def value_name(self, value: str) -> str:
        """What it is for."""
        return value

    def render_scopes(self, value: list[str]) -> str:
        """The scopes by name."""
        return ", ".join(value)

    def render_revoke(self, record: ApiToken) -> SafeString:
        """How it ended, or the way to end it."""
        if record.usable_at(clock.now()):
            return format_html('<a href="{}" aria-label="Revoke {}">Revoke</a>', reverse("web:token-revoke", args=[record.pk]), record.name)
        return format_html('<span class="tag tag-quiet">{}</span>', self.value_revoke(record))

    def value_revoke(self, record: ApiToken) -> str:
        """The state as a word."""
        return "usable" if record.usable_at(clock.now()) else "revoked" if record.revoked_at else "expired"
