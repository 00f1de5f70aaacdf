"""Pages of frameworks: upload, columns, preview, consent, what corresponds to what; nothing is changed before consent."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Role, User
from core import clock
from evidence.models import Artifact, EvidenceLink
from frameworks.import_plans import plan_of
from frameworks.imports.limits import LARGEST
from frameworks.models import Crosswalk, Framework, ImportDraft, Requirement
from tests import factories
from tests.frameworks.imports import files
from tests.frameworks.imports.test_services import GARDEN, LATER, accepted, row, walk

pytestmark = pytest.mark.django_db
UPLOAD = "/frameworks/import/"


def body_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return unescape(answer.content.decode())


def sent(browser: Client, raw: bytes, name: str = "library.yaml") -> Any:
    return browser.post(UPLOAD, {"file": SimpleUploadedFile(name, raw)})


def test_from_upload_to_requirement_page(admin_client: Client) -> None:
    preview = sent(admin_client, GARDEN).headers["Location"]
    body = body_of(admin_client, preview)
    for text in (
        "Preview, nothing is changed yet",
        "2 rows would be added as a new framework",
        "CC-BY-4.0",
        "A club",
        "1 April 2025",
        "Keep a list of all tools.",
    ):
        assert text in body
    assert not Framework.objects.exists()
    assert "heading, not imported as a requirement" in body_of(admin_client, f"{preview}?show=rows")
    consent = admin_client.get(f"{preview}apply/")
    assert "Everybody who works with this installation" in unescape(consent.content.decode())
    answer = admin_client.post(f"{preview}apply/", {"into": "", "seen": consent.context["form"].initial["seen"]})
    assert answer.headers["Location"] == "/frameworks/imported-garden/"
    body = body_of(admin_client, "/frameworks/imported-garden/")
    for text in (
        "The garden code",
        "CISO Assistant library (YAML)",
        "CC-BY-4.0",
        "library version 3, 2 rows",
        str(Artifact.objects.get(kind="framework_file").pk),
    ):
        assert text in body
    listed = body_of(admin_client, "/requirements/all/?framework=imported-garden")
    assert "not stated" in listed
    assert "imported text" in listed
    body = body_of(admin_client, f"/requirements/{row('U.1').pk}/")
    for text in ("Applies from: not stated by the imported file", "The text is that of the imported file, not ours", "Upkeep", "CC-BY-4.0"):
        assert text in body


def test_imported_framework_has_coverage_of_its_own(admin: User, admin_client: Client) -> None:
    factories.imported(admin, GARDEN)
    factories.system(admin)
    body = body_of(admin_client, "/requirements/?framework=imported-garden")
    assert "U.1" in body
    assert "The text is that of an imported file." in body
    assert "missing" in body


def test_consent_that_comes_too_late_is_told_and_changes_nothing(admin: User, admin_client: Client) -> None:
    draft = factories.framework_file(admin, LATER)
    seen = plan_of(draft).seen
    factories.imported(admin, GARDEN)
    answer = admin_client.post(f"{UPLOAD}{draft.pk}/apply/", {"into": "", "seen": seen})
    assert answer.status_code == 422
    assert "look at the preview again" in unescape(answer.content.decode())
    assert Framework.objects.get().versions.count() == 1


def test_difference_is_shown_word_by_word(admin: User, admin_client: Client) -> None:
    factories.imported(admin, GARDEN)
    draft = factories.framework_file(admin, LATER)
    body = body_of(admin_client, f"{UPLOAD}{draft.pk}/")
    assert "1 added, 1 changed, 1 removed; 0 stay" in body
    assert "Keep a<ins> short</ins> list of all tools." in body
    assert "Changes (3)" in body


def test_file_that_is_loaded_already_offers_nothing_to_apply(admin: User, admin_client: Client) -> None:
    factories.imported(admin, GARDEN)
    draft = factories.framework_file(admin, GARDEN)
    body = body_of(admin_client, f"{UPLOAD}{draft.pk}/")
    assert "There is nothing to change" in body
    assert f"{UPLOAD}{draft.pk}/apply/" not in body


def test_sheet_asks_for_its_columns_first(admin_client: Client) -> None:
    preview = sent(admin_client, files.as_xlsx(), "AI questions.xlsx").headers["Location"]
    answer = admin_client.get(preview)
    assert answer.headers["Location"] == f"{preview}columns/"
    page = admin_client.get(f"{preview}columns/")
    form = page.context["form"]
    assert {name: form[name].value() for name in ("ref", "text", "title", "section", "name")} == {
        "ref": "0", "text": "1", "title": None, "section": "2", "name": "AI questions",
    }  # fmt: skip
    assert "Do you keep a list?" in unescape(page.content.decode())
    wrong = admin_client.post(f"{preview}columns/", {"ref": "0", "text": "1", "name": "", "source": "ftp://x"})
    assert wrong.status_code == 422
    chosen = {"ref": "0", "text": "1", "title": "", "section": "2", "name": "AI questions", "licence": "CC0-1.0", "source": "https://example.org/q"}
    assert admin_client.post(f"{preview}columns/", chosen).status_code == 302
    body = body_of(admin_client, preview)
    assert "2 rows would be added" in body
    assert "https://example.org/q" in body


def test_address_of_a_sheet_that_is_not_there_is_told(admin: User, admin_client: Client) -> None:
    draft = factories.framework_file(admin, files.as_csv())
    for query in ("?sheet=None&heading=1", "?heading=99", "?heading=x"):
        answer = admin_client.get(f"{UPLOAD}{draft.pk}/columns/{query}")
        assert answer.status_code in (200, 422)
        assert "field-error" in answer.content.decode() or "sample-title" not in answer.content.decode()


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"a0: &a [x]\nb: *a\n", "anchor or alias"),
        (b"%PDF-1.7", "is a PDF"),
        (b"", "empty"),
        (b"#" * (LARGEST + 1), "larger than 12 MiB"),
    ],
)
def test_bad_file_is_told_at_its_field_and_nothing_is_kept(admin_client: Client, raw: bytes, told: str) -> None:
    answer = sent(admin_client, raw)
    assert answer.status_code == 422
    assert told in unescape(answer.content.decode())
    assert not ImportDraft.objects.exists()


def test_register_chosen_stays_chosen_beside_a_file_that_is_too_large(admin: User, admin_client: Client) -> None:
    other = factories.organisation("Zebra Bank")
    Membership.objects.create(user=admin, organisation=other, role=Role.ADMINISTRATOR)
    answer = admin_client.post(UPLOAD, {"file": SimpleUploadedFile("a.yaml", b"#" * (LARGEST + 1)), "organisation": str(other.pk)})
    form = answer.context["form"]
    assert (list(form.errors), form["organisation"].value()) == (["file"], str(other.pk))
    assert "larger than 12 MiB" in answer.content.decode()


def test_scripts_in_a_file_are_shown_as_text_everywhere(admin: User, admin_client: Client) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    document = files.ciso(nodes=[{"name": bad}, {"ref_id": "U.1", "name": bad, "description": f"{bad} more", "annotation": bad}], copyright=bad, provider=bad)
    document["objects"]["framework"]["name"] = bad[:180]
    draft = factories.framework_file(admin, files.as_yaml(document), name=bad)
    pages = [admin_client.get(f"{UPLOAD}{draft.pk}/{part}").content.decode() for part in ("", "?show=rows", "apply/", "discard/")]
    framework = factories.imported(admin, files.as_yaml(document))
    assert framework is not None
    addresses = (
        "/frameworks/",
        f"/frameworks/{framework.slug}/",
        f"/requirements/{row('U.1').pk}/",
        "/requirements/all/",
        f"/requirements/?framework={framework.slug}",
    )
    for body in [*pages, *(admin_client.get(path).content.decode() for path in addresses)]:
        assert "<script>alert" not in body
        assert "<img src=x" not in body


def test_source_that_is_no_web_address_never_becomes_a_link(admin: User, admin_client: Client) -> None:
    factories.imported(admin, files.as_yaml(files.ciso(source="javascript:alert(1)")))
    assert "javascript:" not in body_of(admin_client, "/frameworks/imported-garden/")


def test_drafts_are_seen_by_their_uploader_alone(admin: User, as_role: Callable[[str], Client]) -> None:
    draft = factories.framework_file(admin, GARDEN)
    colleague = as_role(Role.GOVERNANCE)
    for part in ("", "apply/", "discard/"):
        assert colleague.get(f"{UPLOAD}{draft.pk}/{part}").status_code == 404
    assert draft.name not in body_of(colleague, "/frameworks/")
    assert UPLOAD in body_of(colleague, "/frameworks/")
    assert UPLOAD not in body_of(as_role(Role.AUDITOR), "/frameworks/")


def test_draft_can_be_discarded(admin: User, admin_client: Client) -> None:
    draft = factories.framework_file(admin, GARDEN)
    assert draft.name in body_of(admin_client, "/frameworks/")
    assert admin_client.post(f"{UPLOAD}{draft.pk}/discard/").status_code == 302
    assert not ImportDraft.objects.exists()


def test_forged_upload_is_refused(admin: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    assert sent(browser, GARDEN).status_code == 403
    assert not ImportDraft.objects.exists()


def test_shipped_frameworks_have_pages_too(admin: User, admin_client: Client) -> None:
    factories.catalogue(admin)
    body = body_of(admin_client, "/frameworks/")
    assert "comes with the program" in body
    assert "rows in our own words" in body_of(admin_client, "/frameworks/nist-ai-rmf-1.0/")
    assert admin_client.get("/frameworks/none/").status_code == 404


def test_empty_installation_says_what_to_do(admin_client: Client) -> None:
    body = body_of(admin_client, "/frameworks/")
    assert "No framework is loaded yet" in body
    assert "A crosswalk is imported like a framework" in body


def test_list_costs_the_same_for_many_frameworks(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(4):
        factories.imported(admin, files.as_yaml(files.ciso(f"code{number}")))
    with django_assert_max_num_queries(10):
        body = body_of(admin_client, "/frameworks/")
    assert all(f"imported-code{number}" in body for number in range(4))


def test_crosswalk_offers_accepted_evidence_and_a_person_proposes_it(admin: User, admin_client: Client, as_role: Callable[[str], Client]) -> None:
    factories.imported(admin, GARDEN)
    factories.imported(admin, files.as_yaml(files.ciso("kitchen")))
    walk(admin, "intersect")
    link, target = accepted(admin, row("U.1")), row("U.2", "imported-kitchen")
    body = body_of(admin_client, f"/requirements/{target.pk}/")
    assert "overlaps with" in body
    address = f"/requirements/{target.pk}/from/{link.pk}/"
    assert address in body
    assert address not in body_of(as_role(Role.AUDITOR), f"/requirements/{target.pk}/")
    answer = admin_client.post(address, {"kind": "eval_report", "reason": ""})
    assert answer.status_code == 422, "an overlap needs a reason"
    assert admin_client.post(address, {"kind": "eval_report", "reason": "The part about oil."}).status_code == 302
    made = EvidenceLink.objects.get(requirement=target)
    assert (made.status, "The part about oil." in made.rationale) == ("proposed", True)
    assert address not in body_of(admin_client, f"/requirements/{target.pk}/"), "it is proposed already"


def test_evidence_of_others_is_neither_offered_nor_proposed(admin: User, stranger: Client) -> None:
    factories.imported(admin, GARDEN)
    factories.imported(admin, files.as_yaml(files.ciso("kitchen")))
    walk(admin, "equal")
    link, target = accepted(admin, row("U.1")), row("U.2", "imported-kitchen")
    assert link.artifact.title not in body_of(stranger, f"/requirements/{target.pk}/")
    assert stranger.post(f"/requirements/{target.pk}/from/{link.pk}/", {"kind": "eval_report"}).status_code == 404


def test_crosswalk_preview_names_what_is_missing_and_what_is_left_out(admin: User, admin_client: Client) -> None:
    raw = files.as_yaml(files.mapping([("node1", "equal", "node2"), ("node1", "subset", "node9")]))
    draft = factories.framework_file(admin, raw)
    body = body_of(admin_client, f"{UPLOAD}{draft.pk}/")
    assert "Import them first; this file waits here." in body
    assert f"{draft.pk}/apply/" not in body
    for document in (GARDEN, files.as_yaml(files.ciso("kitchen"))):
        factories.imported(admin, document)
    body = body_of(admin_client, f"{UPLOAD}{draft.pk}/")
    assert "1 pair (1 equal); 1 left out" in body
    answer = admin_client.post(f"{UPLOAD}{draft.pk}/apply/", {"into": "", "seen": plan_of(draft).seen})
    assert answer.headers["Location"] == "/frameworks/"
    assert "garden to kitchen" in body_of(admin_client, "/frameworks/")
    assert Crosswalk.objects.get().licence == "CC0-1.0"


def test_changes_between_days_show_an_imported_edition(admin: User, admin_client: Client) -> None:
    factories.imported(admin, GARDEN)
    factories.imported(admin, LATER)
    assert Requirement.objects.known_at(clock.now().date()).filter(ref="U.3").exists()
    assert "U.3" in body_of(admin_client, "/requirements/all/?framework=imported-garden")
