"""From asking a vendor to a purchase that is allowed: two vendors answer, a person reviews, the map moves, procurement hears of it and asks.

With ASSAY_PICTURES=FOLDER each stage is also photographed in both themes: that is where the guide's pictures come from.
"""

import importlib.util
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from accounts.models import Organisation, Role, User
from decisions.basis import basis_of
from decisions.services import approval_give
from inventory.models import ModelVersion, Vendor
from inventory.services import deployment_register
from questionnaires.document import Question
from questionnaires.models import Answer, Exhibit, QuestionnaireRequest, RequestState
from questionnaires.services.reviews import answer_judge
from questionnaires.services.shipped import shipped_install
from questionnaires.sheets import ANSWER, KEY
from questionnaires.sitting import sitting_of
from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.pictures import picture
from tests.questionnaires.files import PDF
from tests.webhooks.conftest import receiver  # noqa: F401 - fixture
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_deliveries import round_of
from webhooks.services import clearances_compare, events_collect, subscription_create

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=20_000)
NAME = "Interpretability disclosure"
TELEPHONE = {"width": 390, "height": 844}
EVENTS = ["questionnaire.submitted", "questionnaire.reviewed", "questionnaire.reopened", "clearance.changed"]
OPEN_ENDED = {"headline": "An auditor whom you name reads activations on our premises within 24 hours; call the duty desk. We cannot explain single answers."}


@pytest.fixture
def client() -> Any:
    """The example client of the guide."""
    path = Path(__file__).resolve().parents[2] / "docs" / "examples" / "procurement_client.py"
    spec = importlib.util.spec_from_file_location("procurement_client", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture
def sold(person: User) -> tuple[ModelVersion, ModelVersion]:
    """Two vendors with a version each at work in a high-risk system, and a policy that asks for the disclosure."""
    Organisation.objects.filter(pk=factories.home(person).pk).update(name="Example hospital")
    User.objects.filter(pk=person.pk).update(first_name="Eve", last_name="Example")
    shipped_install(actor=person, organisation=factories.home(person))
    system = factories.system(person, name="Letter desk", risk_class="high_annex_iii")
    found = []
    for name, product in (("Northwind Models", "Letter sorter"), ("Hollow Oak Speech", "Call summariser")):
        model = factories.model(person, vendor=factories.vendor(person, name=name), name=product)
        version = factories.version(person, model=model, label="1.4")
        deployment_register(actor=person, system=system, version=version, environment="production")
        found.append(version)
    conditions = [{"key": "c1", "kind": "questionnaire", "name": NAME, "value": 30}]
    factories.gate_policy(person, conditions, name="Onboard a vendor", step="onboard_vendor")
    return found[0], found[1]


@pytest.fixture
def story(person: User, receiver: Receiver, client: Any, live_server: Any, settings: Any, visit_with: Callable[..., Visit]) -> "Story":  # noqa: F811
    """A webhook, a client of the API and a desk, all on the live server."""
    settings.ASSAY_PUBLIC_ADDRESS = live_server.url
    wish = {"name": "Procurement", "url": receiver.url, "events": EVENTS}
    hook, secret = subscription_create(actor=person, organisation=factories.home(person), **wish)
    account, client_secret = factories.client_secret(person, None, "clearance:read", "questionnaires:read")
    heard = Ear(client, secret, receiver, factories.worker(factories.home(person)))
    desk = visit_with(color_scheme="light", accept_downloads=True)
    desk.sign_in(person)
    return Story(person, desk, client.Assay(live_server.url, str(account.user_id), client_secret), heard, f"/settings/webhooks/{hook.pk}/")


def test_from_asking_a_vendor_to_a_purchase_that_is_allowed(
    story: "Story", sold: tuple[ModelVersion, ModelVersion], visit_with: Callable[..., Visit], tmp_path: Path
) -> None:
    northwind, hollow = (row.model.vendor for row in sold)
    links = [asked(story.desk, vendor.pk) for vendor in (northwind, hollow)]
    assert story.word(northwind) == ("undecided", {"answers_missing", "no_decision"})
    answered_on_a_telephone(visit_with(viewport=TELEPHONE, color_scheme="light", accept_downloads=True), links[0], tmp_path)
    answered_in_a_sheet(visit_with(color_scheme="light", accept_downloads=True), links[1], tmp_path)
    requests = {row.vendor_id: row for row in QuestionnaireRequest.objects.filter(state=RequestState.SUBMITTED)}
    assert set(requests) == {northwind.pk, hollow.pk}
    hears_of_both_submissions(story)
    page = story.desk.open("/vendors/map/")
    expect(page.locator("svg.vendor-map")).to_have_count(0)
    request = requests[northwind.pk]
    reviewed(story.desk, story.person, request)
    on_the_map(story.desk, northwind.name)
    hears_of_the_clearance(story, sold[0], request)
    assert story.word(hollow)[0] == "undecided"
    hears_of_its_end(story, northwind, request)


def hears_of_both_submissions(story: "Story") -> None:
    """Two messages, whose addresses lead to the questionnaires."""
    told = [row["data"] for row in story.heard() if row["type"] == "questionnaire.submitted"]
    assert len(told) == 2
    for data in told:
        assert story.procurement.get(urlsplit(data["url"]).path)["state"] == "submitted"


def hears_of_the_clearance(story: "Story", version: ModelVersion, request: QuestionnaireRequest) -> None:
    """An approval over the reviewed answers clears, by webhook and by call alike, and cites what was submitted."""
    vendor = version.model.vendor
    assert ("questionnaire.reviewed", str(request.pk)) in {(row["type"], row["data"]["id"]) for row in story.heard()}
    assert story.word(vendor) == ("undecided", {"no_decision"})
    decided(story.person, version)
    (told,) = [row["data"] for row in story.heard() if row["type"] == "clearance.changed" and row["data"]["id"] == str(vendor.pk)]
    found = story.procurement.clearance(vendor.pk)
    assert (told["before"], told["decision"], told["digest"]) == ("undecided", "cleared", found["digest"])
    assert (found["decision"], found["valid_until"]) == ("cleared", str(request.valid_until))
    submission = QuestionnaireRequest.objects.select_related("submission").get(pk=request.pk).submission
    assert submission is not None
    assert submission.sha256 in {row["sha256"] for row in found["evidence"]}
    page = story.desk.open(f"/vendors/{vendor.pk}/")
    assert story.desk.overflow() <= 0
    assert story.desk.axe() == []
    expect(page.locator("section", has=page.get_by_role("heading", name="Clearance"))).to_contain_text("Cleared")
    picture(page, "vendor")


def hears_of_its_end(story: "Story", vendor: Vendor, request: QuestionnaireRequest) -> None:
    """An answer opened again takes the clearance away; the record of deliveries shows what was told."""
    opened_again(story.desk, request)
    told = [(row["type"], row["data"]["id"], row["data"].get("decision")) for row in story.heard()]
    assert ("questionnaire.reopened", str(request.pk), None) in told
    assert ("clearance.changed", str(vendor.pk), "not_cleared") in told
    assert story.word(vendor) == ("not_cleared", {"overtaken", "answers_missing"})
    page = story.desk.open(story.log)
    expect(page.locator("main")).to_contain_text("questionnaire.reopened")
    picture(page, "webhook")
    picture(story.desk.open(f"/vendors/{vendor.pk}/"), "vendor-after")


@dataclass
class Story:
    """Who asks, their window, the program of procurement, what it hears, and the address of the webhook's page."""

    person: User
    desk: Visit
    procurement: Any
    heard: "Ear"
    log: str

    def word(self, vendor: Vendor) -> tuple[str, set[str]]:
        """The clearance as procurement reads it, and the codes of its reasons."""
        found = self.procurement.clearance(vendor.pk)
        return found["decision"], {row["code"] for row in found["reasons"]}


class Ear:
    """Lets the outbox be read and delivered as a beat does; gives what arrived since, each message verified."""

    def __init__(self, client: Any, secret: str, heard: Receiver, robot: User) -> None:
        self.client, self.secret, self.heard, self.robot = client, secret, heard, robot

    def __call__(self) -> list[Mapping[str, Any]]:
        events_collect(actor=self.robot)
        clearances_compare(actor=self.robot)
        assert set(round_of(self.robot)) <= {"delivered"}
        taken, self.heard.taken = self.heard.taken, []
        return [self.client.verified(self.secret, headers, body) for headers, body in taken]


def asked(desk: Visit, vendor: object) -> str:
    """A request written, somebody invited, the link read, and sent; returns the path of the link."""
    page = desk.open(f"/questionnaires/new/?vendor={vendor}")
    versions = page.get_by_label("Questionnaire", exact=False).locator("option")
    chosen = next(text for text in versions.all_inner_texts() if text.startswith(NAME))
    page.locator("select[name=version]").select_option(label=chosen)
    picture(page, "ask")
    page.get_by_role("button", name="Write the request").click()
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("Respondent's name").fill("Robin Respondent")
    page.get_by_role("button", name="Invite").click()
    link = page.locator("main code").first.inner_text()
    picture(page, "link")
    page.get_by_role("link", name="Back").first.click()
    page.get_by_role("link", name="Send", exact=True).click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Sent: the links open now")).to_be_visible()
    picture(page, "request")
    return link[link.index("/portal/") :]


def answered_on_a_telephone(visit: Visit, link: str, folder: Path) -> None:
    """A few questions by hand, leaving and coming back, a file, the rest by sheet, submitted."""
    page = visit.open(link)
    picture(page, "phone-overview")
    page.get_by_role("link", name="Start").click()
    page.locator("#q-headline textarea[name=a-headline]").fill(OPEN_ENDED["headline"])
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_label("Activations inside the model").check()
    page.locator("#q-q02").get_by_label("Yes", exact=True).check()
    expect(page.locator("#q-q02-hours")).to_be_visible()
    page.locator("#q-q02-hours input[inputmode]").fill("24")
    expect(page.locator("#status-q02-hours")).to_contain_text("Saved at")
    assert visit.overflow() <= 0
    picture(page, "phone-section")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You left the questionnaire")
    page = visit.open(link)
    page.get_by_role("link", name="Go on").click()
    page.locator("#q-q03").get_by_label("Yes", exact=True).check()
    card = folder / "clause.pdf"
    card.write_bytes(PDF)
    page.locator("#q-q03 summary").first.click()
    page.locator("#f-q03").set_input_files(card)
    expect(page.locator("#extra-q03")).to_contain_text("clause.pdf")
    page.get_by_role("link", name=NAME).first.click()
    filled_in(visit, folder, generous)
    picture(page, "phone-answered")
    handed_in(visit)
    picture(page, "phone-receipt")
    assert Exhibit.objects.get().answer.question == "q03"


def answered_in_a_sheet(visit: Visit, link: str, folder: Path) -> None:
    """Everything offline."""
    visit.open(link)
    filled_in(visit, folder, grudging)
    handed_in(visit)


def filled_in(visit: Visit, folder: Path, say: Callable[[Question], Any]) -> None:
    """Down, filled in where it is empty, up, looked at, taken over."""
    page = visit.page
    page.get_by_role("link", name="Answer in a spreadsheet").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the sheet").click()
    book = load_workbook(io.BytesIO(Path(taken.value.path()).read_bytes()))
    sheet, document = book["Questions"], QuestionnaireRequest.objects.first().version.parsed()  # type: ignore[union-attr]
    for row in sheet.iter_rows(min_row=2):
        if row[ANSWER].value is None:
            row[ANSWER].value = say(document.by_id[str(row[KEY].value)])
    book.save(folder / "filled.xlsx")
    page.locator("input[type=file]").set_input_files(folder / "filled.xlsx")
    page.get_by_role("button", name="Show the changes").click()
    picture(page, "sheet-preview")
    page.get_by_role("button", name="Take over").first.click()
    expect(page.get_by_text("The answers in your sheet were taken over.")).to_be_visible()


def generous(question: Question) -> Any:
    """An answer that promises something to every sort of question."""
    if question.choices:
        offered = [label for key, label in question.choices.items() if key != "none"]
        return "; ".join(offered[:2]) if question.type == "multi" else offered[0]
    return {"number": 30, "date": "2026-10-01", "text": "See the description of the service, chapter 7."}[question.type]


def grudging(question: Question) -> Any:
    """The least that can be answered."""
    if question.choices:
        return question.choices.get("none") or question.choices.get("no") or list(question.choices.values())[-1]
    return {"number": 90, "date": "2024-01-01", "text": "Not offered."}[question.type]


def handed_in(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("link", name="Review and submit").click()
    assert page.get_by_text("Not complete yet").count() == 0, page.locator(".notice").first.inner_text()
    page.get_by_label("The answers are true").check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Receipt", exact=True)).to_be_visible()


def reviewed(desk: Visit, person: User, request: QuestionnaireRequest) -> None:
    """The file released and three answers judged by hand, the rest by the service, closed by hand."""
    page = desk.open(f"/questionnaires/{request.pk}/review/?question=headline")
    page.get_by_label("Accepted").check()
    page.get_by_label("Names capability, access, contact").check()
    page.get_by_label("Reason").fill("Section 7 of the contract says so.")
    picture(page, "review")
    page.get_by_role("button", name="Enter the verdict").click()
    page = desk.open(f"/questionnaires/{request.pk}/review/?question=q03")
    page.get_by_role("link", name="Release").click()
    page.get_by_role("button", name="Release").click()
    page = desk.open(f"/questionnaires/{request.pk}/review/?question=q03")
    page.get_by_label("Accepted").check()
    page.get_by_role("button", name="Enter the verdict").click()
    asked_now = {question.id: question for _, question in sitting_of(request).asked()}
    for answer in Answer.objects.filter(request=request, question__in=asked_now, verdict="").exclude(value=None):
        levels = asked_now[answer.question].levels
        points = max((row.points for row in levels), default=None)
        answer_judge(actor=person, answer=answer, verdict="accepted", reason="The contract says so.", revision=answer.revision, points=points)
    page = desk.open(f"/questionnaires/{request.pk}/review/close/")
    picture(page, "close")
    page.get_by_role("button", name="Close the review").click()
    request.refresh_from_db()
    assert request.state == RequestState.REVIEWED


def on_the_map(desk: Visit, name: str) -> None:
    """One vendor has a place, far to the right; the other stands apart with the reason."""
    page = desk.open("/vendors/map/")
    expect(page.locator("svg.vendor-map a")).to_have_count(1)
    cells = page.locator("table tbody tr").filter(has_text=name).locator("td").all_inner_texts()
    confirmed, claimed, exposure = (float(text.rstrip(" %")) for text in cells[2:5])
    assert 30 <= confirmed <= claimed
    assert exposure >= 44, "high-risk use and one place at work"
    expect(page.locator("table tbody tr").filter(has_text="Hollow Oak Speech")).to_contain_text("–")
    picture(page, "map")


def decided(person: User, version: ModelVersion) -> None:
    """Asked by one, approved by another, under the policy that asks for the disclosure."""
    home = factories.home(person)
    asker = factories.user(Role.GOVERNANCE, of=home, first_name="Ada", last_name="Example")
    row = factories.decision(asker, home.gate_policies.get(name="Onboard a vendor"), version=version)
    approver = factories.user(Role.APPROVER, of=home, first_name="Bo", last_name="Example")
    approval_give(actor=approver, decision=row, digest=basis_of(row).digest, reason="Only for letters.")


def opened_again(desk: Visit, request: QuestionnaireRequest) -> None:
    page = desk.open(f"/questionnaires/{request.pk}/review/q05/reopen/")
    page.get_by_label("Reason").fill("It contradicts the contract.")
    page.locator("main form button").first.click()
    request.refresh_from_db()
    assert request.state == RequestState.OPENED
