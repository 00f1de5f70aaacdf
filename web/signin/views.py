"""The sign-in page and the ways that lead to it."""

from typing import Any

from allauth.account.views import LoginView, LogoutView
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect


@method_decorator(login_not_required, name="dispatch")
class Login(LoginView):
    """allauth's login; a fragment request whose session ran out makes the browser load the whole login page."""

    template_name = "account/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer as ``LoginView`` does, except to htmx."""
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(request.get_full_path())
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form once more, with 422 as everywhere."""
        answer: HttpResponse = super().form_invalid(form)
        answer.status_code = 422
        return answer


@method_decorator(login_not_required, name="dispatch")
class Logout(LogoutView):
    """Ends the session; only by a form, so that no link or picture on another page can do it."""

    http_method_names = ("post", "options")


@login_not_required
@require_safe
def to_login(request: HttpRequest) -> HttpResponse:
    """allauth's address of the sign-in page leads to ours."""
    query = request.META.get("QUERY_STRING", "")
    return redirect(reverse("web:login") + (f"?{query}" if query else ""))
