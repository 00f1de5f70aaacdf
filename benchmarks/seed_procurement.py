"""Webhooks and deliveries in bulk, and one vendor with an approved version. Imported after django.setup()."""

from datetime import timedelta

from accounts.models import Membership, Organisation, Role, User
from benchmarks.seed import analyse
from core import clock
from decisions.basis import basis_of
from decisions.conditions import parse
from decisions.policies import Draft
from decisions.services import approval_give, decision_request, policy_create
from inventory.models import ModelVersion
from webhooks.events import message
from webhooks.models import Delivery, DeliveryState, Event, Subscription

EVENTS = ["vendor.changed"]
CONDITIONS = [{"key": "c1", "kind": "incidents", "severity": "critical"}]


def fill(organisation: Organisation, rows: int) -> str:
    """``rows`` webhooks and as many deliveries of one of them; the key of a vendor that is cleared."""
    person, now = User.objects.get(username="measurer"), clock.now()
    made = Subscription.objects.bulk_create(
        (
            Subscription(
                organisation=organisation, name=f"Webhook {place:06}", url="https://a.example/", events=["vendor.changed"], first_entry=0, created_by=person
            )
            for place in range(rows)
        ),
        batch_size=1000,
    )
    body = message("vendor.changed", now, "inventory.vendor:0", changed=["name"])
    events = [
        Event(organisation=organisation, key=f"bench:{place}", type="vendor.changed", occurred_at=now - timedelta(seconds=place), body=body)
        for place in range(rows)
    ]
    Event.objects.bulk_create(events, batch_size=1000)
    Delivery.objects.bulk_create(
        (Delivery(subscription=made[0], event=event, state=DeliveryState.DELIVERED, attempts_made=1, ended_at=now) for event in events), batch_size=1000
    )
    found = _cleared(organisation, person)
    analyse()
    return found


def _cleared(organisation: Organisation, person: User) -> str:
    """A vendor whose only version two people decided on."""
    writer, approver = (_member(organisation, role) for role in (Role.GOVERNANCE, Role.APPROVER))
    version = ModelVersion.objects.select_related("model__vendor").order_by("pk")[0]
    draft = Draft(parse(CONDITIONS), 1, ("approver",))
    policy = policy_create(actor=writer, organisation=organisation, name="Benchmark", step="approve_version", draft=draft)
    row = decision_request(actor=person, policy=policy, purpose="To be measured.", version=version)
    approval_give(actor=approver, decision=row, digest=basis_of(row).digest)
    return str(version.model.vendor_id)


def _member(organisation: Organisation, role: str) -> User:
    user = User.objects.create(username=f"bench-{role}", password="!")
    Membership.objects.create(user=user, organisation=organisation, role=role)
    return user
