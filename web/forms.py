"""What all pages with a form share: a service's refusal becomes an error at its field, nothing typed is lost, the first error has the focus."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from django.contrib import messages
from django.db.models import Exists, Model, OuterRef
from django.forms import BaseForm, CharField, Form, HiddenInput, ModelChoiceField, TextInput
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import Membership, Organisation, User
from accounts.permissions import roles_with
from core.errors import Conflict, InvalidInput
from inventory.rows import plain


@contextmanager
def service_errors(form: BaseForm) -> Iterator[None]:
    """Put ``InvalidInput`` at the field it names and ``Conflict`` above the form; the body goes on after the block only when it failed."""
    try:
        yield
    except InvalidInput as error:
        known = error.field in form.fields
        form.add_error(error.field if known else None, sentence(error.message) if known else f"{error.field}: {error.message}")
    except Conflict as error:
        form.add_error(None, str(error))


def form_response(request: HttpRequest, form: BaseForm, template: str = "components/edit.html", **context: Any) -> HttpResponse:
    """The page with ``form``; 422 and the first field at fault in focus when it has errors."""
    faulty = next((form[name] for name in form.fields if name in form.errors), None)
    if faulty is not None:
        faulty.field.widget.attrs["autofocus"] = True
    return render(request, template, {**context, "form": form}, status=422 if form.errors else 200)


def edit_response(request: HttpRequest, form: "RecordForm", row: Model, save: Callable[..., object], back: str, **context: Any) -> HttpResponse:
    """Store a valid ``form`` over ``row`` and go ``back``; after a conflict show what was typed again, to be compared with what is stored now."""
    if form.is_valid():
        with service_errors(form):
            save(changes=form.values(), seen=form.seen_values())
            messages.success(request, "Saved, and entered in the log.")
            return redirect(back)
        form.look_again(row)
    return form_response(request, form, action="Save", back=back, **context)


def sentence(text: str) -> str:
    """``text`` with a capital letter in front, as an error stands alone below its field."""
    return text[:1].upper() + text[1:]


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, None while the page is only looked at."""
    return request.POST if request.method == "POST" else None


class RecordForm(Form):
    """A form over one row of the register; on an edit page it remembers what the editor saw, so that nobody overwrites a colleague unaware."""

    seen = CharField(required=False, widget=HiddenInput)

    @classmethod
    def of(cls, row: Model, data: QueryDict | None) -> Self:
        """The form filled from ``row``, or with what was sent."""
        return cls(data, initial={**_shown(cls, row), "seen": json.dumps(_shown(cls, row))})

    def values(self) -> dict[str, Any]:
        """What a service is to store."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    def seen_values(self) -> dict[str, Any]:
        """What the editor had in view; ``Conflict`` when that cannot be read, because then nothing can be compared."""
        try:
            values = json.loads(self.cleaned_data["seen"])
        except ValueError as error:
            raise Conflict("This page was too old to save from. Your entries are below: look at them and save again.") from error
        return {name: value for name, value in values.items() if name in self.fields} if isinstance(values, dict) else {}

    def look_again(self, row: Model) -> None:
        """After a conflict: keep what was typed, and compare the next time with what is stored now."""
        row.refresh_from_db()
        data = QueryDict(mutable=True)
        data.update({name: self[name].value() or "" for name in self.fields})
        data["seen"] = json.dumps(_shown(type(self), row))
        self.data = data


def _shown(form: type[RecordForm], row: Model) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in form.base_fields if name != "seen"}


class Suggest(TextInput):
    """A text input that offers values to choose from and takes any other too."""

    def __init__(self, suggestions: Mapping[str, str], attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """The input and its list."""
        attrs = {**(attrs or {}), "list": f"suggest_{name}", "autocomplete": "off"}
        options = format_html_join("", '<option value="{}">{}</option>', self.suggestions.items())
        return format_html('{}<datalist id="suggest_{}">{}</datalist>', super().render(name, value, attrs, renderer), name, options)


class OrganisationForm(RecordForm):
    """A form for a new row of a register; asks whose register only from people who keep more than one."""

    organisation = ModelChoiceField(Organisation.objects.none(), label="Register of", empty_label=None)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keeps = Membership.objects.filter(user=actor, role__in=roles_with("inventory.write"), organisation=OuterRef("pk"))
        field = self.fields["organisation"]
        assert isinstance(field, ModelChoiceField)
        field.queryset = Organisation.objects.filter(Exists(keeps)).order_by("name")
        self.only = next(iter(field.queryset)) if len(field.queryset) == 1 else None
        if self.only is not None:
            del self.fields["organisation"]

    def values(self) -> dict[str, Any]:
        """What a service is to store, with whose register it is."""
        return {"organisation": self.only, **super().values()}
