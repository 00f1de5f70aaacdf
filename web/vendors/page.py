"""Everything the vendor pages show."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from accounts.permissions import allowed
from core import clock
from inventory.countries import country_name
from inventory.models import Vendor
from questionnaires.standing import AnswerBook
from web import words
from web.ai_models.ladder import ladder
from web.history import history
from web.lists.listing import Action, Empty, Listing
from web.questionnaires.queries import of_vendor
from web.vendors import clearance, queries, standing
from web.vendors.filters import VendorFilter
from web.vendors.tables import VendorTable

TEXT = "Register the company behind a model first; its models and their exact weights come next."


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    register = Action("Register a vendor", reverse("web:vendor-create"), primary=True)
    writing = (Action("Import", reverse("web:vendor-import")), register) if allowed(actor, "inventory.write") else ()
    actions = (Action("Vendor map", reverse("web:vendor-map")), *writing)
    rows = Listing(
        slug="vendors",
        title="Vendors",
        lead="Who sells, hosts or publishes the models in use, and how far their contracts let anyone look inside.",
        table=VendorTable,
        filterset=VendorFilter,
        empty=Empty("No vendor is registered yet", TEXT, register if writing else None),
        pretitle="Register",
        nav="vendors",
    )
    return rows, actions


def context(vendor: Vendor, actor: User) -> dict[str, Any]:
    """The context of ``web/vendors/detail.html``."""
    models = queries.models_of(vendor)
    book = AnswerBook([vendor.pk], clock.now().date())
    may_write, deployments = allowed(actor, "inventory.write", vendor), list(queries.deployments_of(vendor))
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
        "deployments": deployments,
        "tally": queries.tally_of(actor, step__run__plan__version__model__vendor=vendor),
        "questionnaires": of_vendor(actor, vendor),
        "may_ask": allowed(actor, "questionnaire.send", vendor),
        "history": history(actor, [subject(vendor)]),
        "subject": subject(vendor),
        "glossary": words.glossary("Capped verdict", "Log"),
        "keys": queries.keys_of(vendor) if allowed(actor, "assessments.read", vendor) else (),
        "cases": queries.received_of(vendor) if allowed(actor, "assessments.read", vendor) else (),
        "may_receive": allowed(actor, "case.receive", vendor),
        "packs": queries.packs_of(actor, vendor),
        "may_read_packs": allowed(actor, "reports.read", vendor),
        "may_pack": allowed(actor, "report.build", vendor),
        "may_pin": allowed(actor, "vendor_key.pin", vendor),
        "nav": "vendors",
        **clearance.context(vendor, actor, book),
        **standing.context(vendor, actor, [row.system.risk_class for row in deployments], book),
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
        ("Tier", vendor.get_tier_display()),
        ("Owner", vendor.owner),
        ("Review cycle", f"{vendor.review_cycle_months} months"),
        ("Contract", vendor.contract_reference),
        ("Contract ends", f"{vendor.contract_ends_on:%d %B %Y}" if vendor.contract_ends_on else ""),
        ("Registered", f"{vendor.created_at:%d %B %Y}"),
    ]
    return [(label, value) for label, value in rows if value]


def _actions(vendor: Vendor) -> tuple[Action, ...]:
    model = Action("Register a model", f"{reverse('web:model-create')}?vendor={vendor.id}", primary=True)
    return (Action("Edit", reverse("web:vendor-edit", args=[vendor.id])), model)
