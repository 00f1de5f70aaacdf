"""Everything the vendor pages show."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from accounts.permissions import allowed
from inventory.countries import country_name
from inventory.models import Vendor
from web import words
from web.ai_models.ladder import ladder
from web.history import history
from web.lists.listing import Action, Empty, Listing
from web.vendors import queries
from web.vendors.filters import VendorFilter
from web.vendors.tables import VendorTable

TEXT = "Register the company behind a model first; its models and their exact weights come next."


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    actions = (Action("Register a vendor", reverse("web:vendor-create"), primary=True),) if allowed(actor, "inventory.write") else ()
    rows = Listing(
        slug="vendors",
        title="Vendors",
        lead="Who sells, hosts or publishes the models in use, and how far their contracts let anyone look inside.",
        table=VendorTable,
        filterset=VendorFilter,
        empty=Empty("No vendor is registered yet", TEXT, next(iter(actions), None)),
        pretitle="Register",
        nav="vendors",
    )
    return rows, actions


def context(vendor: Vendor, actor: User) -> dict[str, Any]:
    """The context of ``web/vendors/detail.html``."""
    models = queries.models_of(vendor)
    may_write = allowed(actor, "inventory.write", vendor)
    return {
        "vendor": vendor,
        "title": vendor.name,
        "pretitle": "Vendor",
        "actions": _actions(vendor) if may_write else (),
        "may_write": may_write,
        "facts": facts(vendor),
        "rungs": ladder(vendor.access),
        "models": models[: queries.MODELS_SHOWN],
        "more": max(len(models) - queries.MODELS_SHOWN, 0),
        "deployments": queries.deployments_of(vendor),
        "tally": queries.tally_of(actor, step__run__plan__version__model__vendor=vendor),
        "history": history(actor, [subject(vendor)]),
        "subject": subject(vendor),
        "glossary": words.glossary("Capped verdict", "Log"),
        "nav": "vendors",
    }


def subject(vendor: Vendor) -> str:
    """The text by which the log names a vendor."""
    return f"inventory.vendor:{vendor.id}"


def facts(vendor: Vendor) -> list[tuple[str, Any]]:
    """Label and value of what is known."""
    link = format_html('<a href="{}" rel="noopener noreferrer">{}</a>', vendor.website, vendor.website.removeprefix("https://"))
    rows = [
        ("Country", country_name(vendor.country)),
        ("Access granted", vendor.get_access_display()),
        ("Website", link if vendor.website else ""),
        ("Contact", vendor.contact),
        ("Registered", f"{vendor.created_at:%d %B %Y}"),
    ]
    return [(label, value) for label, value in rows if value]


def _actions(vendor: Vendor) -> tuple[Action, ...]:
    model = Action("Register a model", f"{reverse('web:model-create')}?vendor={vendor.id}", primary=True)
    return (Action("Edit", reverse("web:vendor-edit", args=[vendor.id])), model)
