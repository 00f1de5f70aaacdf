"""Filters of the list of webhooks."""

import django_filters as filters

from webhooks.models import State, Subscription


class WebhookFilter(filters.FilterSet):
    """By name and state."""

    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label="Name")
    state = filters.ChoiceFilter(choices=State.choices, label="State", empty_label="All")

    class Meta:
        model = Subscription
        fields: tuple[str, ...] = ()
