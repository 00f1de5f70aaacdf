"""What all forms share: refusals at their field, nothing lost, no silent overwriting."""

from django import forms
from django.http import QueryDict
from django.test import RequestFactory

from core.errors import Conflict, InvalidInput
from inventory.models import Vendor
from web.forms import RecordForm, Suggest, form_response, service_errors


class Form(forms.Form):
    name = forms.CharField()
    note = forms.CharField(required=False)


class Record(RecordForm):
    name = forms.CharField()


def bound(**data: str) -> Form:
    form = Form(data)
    form.is_valid()
    return form


def test_refusal_stands_at_its_field_with_a_capital() -> None:
    form = bound(name="x", note="kept")
    with service_errors(form):
        raise InvalidInput("name", "choose another")
    assert form.errors == {"name": ["Choose another"]}
    assert form["note"].value() == "kept"


def test_refusal_of_a_field_the_form_has_not_stands_above_and_names_it() -> None:
    form = bound(name="x")
    with service_errors(form):
        raise InvalidInput("digest", "too short")
    assert form.non_field_errors() == ["digest: too short"]


def test_conflict_stands_above() -> None:
    form = bound(name="x")
    with service_errors(form):
        raise Conflict("taken")
    assert form.non_field_errors() == ["taken"]


def test_first_faulty_field_has_the_focus_and_names_its_error() -> None:
    class Plain(Form):
        name = forms.CharField(required=False)
        note = forms.CharField(help_text="Why.")

    form = Plain({"name": "x"})
    request = RequestFactory().get("/")
    request.user = request.resolver_match = None  # type: ignore[assignment]
    page = form_response(request, form, title="T", action="Save", back="/")
    body = page.content.decode()
    assert page.status_code == 422
    assert body.count("autofocus") == 1
    field = str(form["note"])
    assert "autofocus" in field
    assert 'aria-describedby="id_note_helptext id_note_error"' in field
    assert 'id="id_note_error"' in body


def test_edit_page_remembers_what_was_seen_and_after_a_conflict_what_is_stored(monkeypatch: object) -> None:
    row = Vendor(name="Old")
    assert Record.of(row, None).initial["seen"] == '{"name": "Old"}'
    sent = QueryDict(mutable=True)
    sent.update({"name": "Mine", "seen": '{"name": "Old", "id": "x"}'})
    form = Record.of(row, sent)
    assert form.is_valid()
    assert (form.values(), form.seen_values()) == ({"name": "Mine"}, {"name": "Old"})
    row.refresh_from_db = lambda: setattr(row, "name", "Theirs")  # type: ignore[method-assign,assignment,misc]
    form.look_again(row)
    assert (form["name"].value(), form["seen"].value()) == ("Mine", '{"name": "Theirs"}')


def test_unreadable_memory_is_a_conflict_not_a_blind_save() -> None:
    for broken in ("", "{"):
        form = Record({"name": "x", "seen": broken})
        form.is_valid()
        with service_errors(form):
            form.seen_values()
        assert "too old to save from" in str(form.non_field_errors())


def test_suggestions_are_escaped_and_bound_to_the_input() -> None:
    html = Suggest({"NL": "<Netherlands>"}).render("country", "", {"id": "id_country"})
    assert 'list="suggest_country"' in html
    assert '<datalist id="suggest_country"><option value="NL">&lt;Netherlands&gt;</option></datalist>' in html
