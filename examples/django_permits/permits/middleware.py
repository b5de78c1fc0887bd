"""Errors of eidkit as pages, and what a browser may do on ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError
from django.shortcuts import render

from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

LOGIN_PAGE = "{0.scheme}://{0.netloc}".format(urlsplit(settings.ISSUER))
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
    f"form-action 'self' {LOGIN_PAGE}"
)
STATUS = {"person": 403, "caller": 409, "outside": 503, "configuration": 500}


class Told:
    """The view has raised and its transaction is undone; here the person is told why, and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, with what the browser may do: no script at all, no frame, no copy kept."""
        response = self.get_response(request)
        response["Content-Security-Policy"] = POLICY
        response["Cache-Control"] = "no-store"
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page for what eidkit refused, or for a step that somebody else was quicker to take."""
        if isinstance(error, IntegrityError):
            problem = Text("somebody else has done this step", "bước này đã được thực hiện")
            error = EidkitError("step-taken", problem, Text("look at it again", "hãy xem lại hồ sơ"))
        if not isinstance(error, EidkitError):
            return None
        told = {
            "view": "refused",
            "code": error.code,
            "problem": error.problem.in_language(settings.LANGUAGE_CODE),
            "remedy": error.remedy.in_language(settings.LANGUAGE_CODE),
        }
        return render(request, "page.html", told, status=STATUS[error.kind])
