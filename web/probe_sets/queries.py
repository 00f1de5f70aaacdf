"""What the pages of probe sets read, and what the plan builder offers of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Membership, Organisation, User
from accounts.permissions import roles_with
from assessments import probes
from assessments.contracts import Instrument, Refused
from assessments.models import AddedProbeSet
from assessments.registry import METHODS, probe_sets_of
from assessments.shelf import added_newest, finder
from core.errors import NotFound
from web.instruments.queries import shipped_set

Offered = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Titles of added sets by instrument, parameter and slug."""


def added_for(actor: User, set_id: UUID) -> AddedProbeSet:
    """An added set of the actor's register, or ``NotFound``."""
    related = ("artifact__attestation__entry", "added_by")
    row = AddedProbeSet.objects.visible_to(actor).select_related(*related).filter(pk=set_id).first()
    if row is None:
        raise NotFound("There is no such probe set in your register.")
    return row


def added_of(actor: User) -> QuerySet[AddedProbeSet]:
    """The added sets of the actor's register, newest first."""
    return AddedProbeSet.objects.visible_to(actor).select_related("added_by")


def homes(actor: User, verb: str = "probe_set.add") -> QuerySet[Organisation]:
    """Organisations in which one of the actor's roles includes ``verb``."""
    held = Membership.objects.filter(user=actor, role__in=roles_with(verb), organisation=OuterRef("pk"))
    return Organisation.objects.filter(Exists(held)).order_by("name")


def offered_to(actor: User) -> Offered:
    """The added sets each instrument's parameters take, in the organisations where the actor may plan."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for home in homes(actor, "plan.write"):
        for row in added_newest(home.pk).values():
            for method, parameter in _takers(row):
                found.setdefault(method, {}).setdefault(parameter, {})[row.slug] = f"{row.title} (own)"
    return found


def _takers(row: AddedProbeSet) -> Sequence[tuple[str, str]]:
    return [(method.card.slug, name) for method in METHODS for name in method.Params.offered() if takes(method, name, row)]


def takes(method: Instrument, parameter: str, row: AddedProbeSet) -> bool:
    """Whether the instrument can show this set: it says itself which ones a choice needs, and refuses one that lacks something."""
    try:
        return row.slug in probe_sets_of(method, {parameter: row.slug}, finder(row.organisation_id))
    except Refused:
        return False


def users_of(row: AddedProbeSet) -> list[Instrument]:
    """The instruments that can show this set."""
    slugs = {slug for slug, _ in _takers(row)}
    return [method for method in METHODS if method.card.slug in slugs]


def digest_now(organisation_id: UUID, slug: str) -> str:
    """The digest that a plan written now would seal for ``slug``; empty where there is no such set."""
    if slug in probes.shipped():
        return shipped_set(slug).digest
    row = AddedProbeSet.objects.filter(organisation_id=organisation_id, slug=slug).first()
    return row.digest if row else ""
