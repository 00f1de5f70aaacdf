"""Earlier accepted answers, offered for a request that is not submitted yet."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from questionnaires.answer_words import said
from questionnaires.services.reuse import VERB, Offer, answer_reuse, reuse_offers
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.reviews import queries
from web.reviews.forms import ReuseForm
from web.reviews.views import address

LEAD = "The vendor's own answers to the same questions, accepted before. They are marked as reuse, the respondent may change them, and each is judged anew."
NONE = "No accepted answer of this vendor fits a question that is still open here."


@require_http_methods(["GET", "POST"])
def questionnaire_reuse(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Choose which earlier answers to take over."""
    actor = actor_of(request)
    row = queries.request_for(actor, request_id)
    require(actor, VERB, row)
    offers = reuse_offers(row)
    form = ReuseForm(posted(request), offers=[(str(offer.source.pk), words(offer)) for offer in offers])
    if form.is_valid():
        chosen = [offer for offer in offers if str(offer.source.pk) in form.cleaned_data["answers"]]
        with service_errors(form):
            for offer in chosen:
                answer_reuse(actor=actor, request=row, source=offer.source)
            messages.success(request, f"{len(chosen)} answers taken over, and entered in the log.")
            return redirect(address(row))
    lead = LEAD if offers else NONE
    return form_response(
        request, form, title=f"Earlier answers of {row.vendor or row.customer}", lead=lead, action="Take over", back=address(row), nav="questionnaires"
    )


def words(offer: Offer) -> str:
    """An offer in one line: question, answer, where it is from, and why to look twice."""
    text = said(offer.question, offer.source.value)
    shown = f"{text[:200]}…" if len(text) > 200 else text
    when = f"{offer.source.request.reviewed_at:%d %B %Y}" if offer.source.request.reviewed_at else ""
    warning = f" Look twice: {offer.stale[0]}" if offer.stale else ""
    return f"{offer.question.text} “{shown}” (accepted in {offer.source.request.version}, {when}).{warning}"
