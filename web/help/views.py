"""The help page, and the page that shows every component in every state."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from web.help import page, samples


@require_GET
def glossary(request: HttpRequest) -> HttpResponse:
    """All explained words, what each verdict means, how to read a figure, and the keys."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[:100]
    part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == "words"
    context = {"nav": "help", "asked": asked, "words": page.words_about(asked), "tiers": page.tiers(), "keys": page.KEYS}
    response = render(request, "web/help/words.html" if part else "web/help/page.html", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for those who draw or build pages."""
    return render(request, "web/help/styleguide.html", {"nav": "help", **samples.everything()})
