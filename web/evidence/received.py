"""Cases that vendors send: upload one, see every check in words, look at one that was accepted."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Membership, User
from accounts.permissions import require, roles_with
from assessments.models import ReceivedCase
from assessments.reception.opening import LARGEST
from assessments.services.received_cases import case_receive
from core.errors import NotFound
from inventory.models import Vendor
from web import words
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.uploads import Limited

LEAD = (
    "The ZIP that the vendor's installation exported. Every signature, digest and limit in it is checked before anything is kept; "
    "you see each check with what it means. A refused case leaves only a line in the log."
)


class ImportForm(forms.Form):
    """Whose case it is, and the file."""

    vendor = forms.ModelChoiceField(Vendor.objects.none(), empty_label="Choose the vendor", help_text="The case must be signed with a key pinned for it.")
    file = forms.FileField(label="Case (ZIP)", help_text=f"At most {LARGEST >> 20} MiB.", error_messages={"required": "Choose the ZIP, within the size limit."})

    def __init__(self, *args: object, vendors: QuerySet[Vendor], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["vendor"].queryset = vendors  # type: ignore[attr-defined]


@csrf_exempt
@require_http_methods(["GET", "POST"])
def case_import(request: HttpRequest) -> HttpResponse:
    """Take a case in. The limit on the upload must stand before the form is read, so the check against forgery comes second."""
    request.upload_handlers.insert(0, Limited(LARGEST))
    return _import(request)


@csrf_protect
def _import(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    require(actor, "case.receive")
    form = ImportForm(posted(request), request.FILES or None, vendors=vendors_of(actor), initial={"vendor": request.GET.get("vendor")})
    if form.is_valid():
        with service_errors(form):
            found = case_receive(actor=actor, vendor=form.cleaned_data["vendor"], stream=form.cleaned_data["file"])
            if found.case is not None:
                said = "This case was taken in before; nothing was changed." if found.repeated else "Taken in. Read what limits it, then decide on it."
                messages.success(request, said)
                return redirect("web:received-case", found.case.pk)
            context = {"report": found.report, "sha256": found.sha256, "vendor": form.cleaned_data["vendor"], "nav": "evidence"}
            return render(request, "web/evidence/refused.html", context, status=422)
    head = {"pretitle": "Evidence", "title": "Take in a vendor's case", "lead": LEAD, "action": "Check and take in", "back": reverse("web:case-list")}
    return form_response(request, form, "components/upload.html", nav="evidence", **head)


def vendors_of(actor: User) -> QuerySet[Vendor]:
    """Vendors in whose organisation the actor may take cases in."""
    homes = Membership.objects.filter(user=actor, role__in=roles_with("case.receive")).values("organisation")
    return Vendor.objects.visible_to(actor).filter(organisation__in=homes).order_by("name")


@require_GET
def received_case(request: HttpRequest, received_id: UUID) -> HttpResponse:
    """One accepted case: who attested what, every check, where it led."""
    related = ("vendor", "plan__version__model", "plan__sealed_entry", "key__pinned_by", "received_by", "entry", "run")
    row = ReceivedCase.objects.visible_to(actor_of(request)).select_related(*related).filter(pk=received_id).first()
    if row is None:
        raise NotFound("There is no such case in your register.")
    glossary = words.glossary("Log", "Digest", "Attestation", "Capped verdict")
    return render(request, "web/evidence/received.html", {"case": row, "checks": row.checks, "glossary": glossary, "nav": "evidence"})
