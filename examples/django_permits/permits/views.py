"""The views.  Each is one transaction of the site's database; what eidkit counts and uses up is committed apart."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render

from eidkit.auth import Login, oidc, otp
from eidkit.errors import EidkitError, Text
from permits.models import Taken
from permits.office import Office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from eidkit import Dossier
    from eidkit.binding.transaction import Transaction

office = Office()
LANGUAGE, AUDIENCE, ENROLLING = settings.LANGUAGE_CODE, settings.ORIGIN, timedelta(minutes=5)


def official(request: HttpRequest) -> Login:
    """Who is logged in; an error where nobody is."""
    kept = request.session.get("login")
    if kept is None:
        raise refusal("log-in-first", Text("you are not logged in", "bạn chưa đăng nhập"), Text("log in", "đăng nhập"))
    login = Login.from_json(kept)
    login.require(max_age=timedelta(seconds=settings.SESSION_COOKIE_AGE), at=datetime.now(UTC))
    return login


def refusal(code: str, problem: Text, remedy: Text) -> EidkitError:
    """An error of ours, shown like those of eidkit."""
    return EidkitError(code, problem, remedy, kind="person")


def due(dossier: Dossier) -> Transaction:
    """What is about to be approved."""
    return dossier.transaction(action="approve", language=LANGUAGE)


def home(request: HttpRequest) -> HttpResponse:
    """The step that is due, and what exactly is about to be approved."""
    if "login" not in request.session:
        return render(request, "page.html", {"view": "welcome"})
    dossier = office.dossier()
    transaction = due(dossier) if dossier.step else None
    shown = {"view": "step", "login": official(request), "dossier": dossier, "transaction": transaction}
    return render(request, "page.html", shown)


def log_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider; its session remembers for which challenge."""
    challenge = oidc.begin(office.provider, audience=AUDIENCE, stores=office.stores)
    request.session.flush()
    request.session["asked"] = challenge.id
    return redirect(challenge.url)


def callback(request: HttpRequest) -> HttpResponse:
    """The browser is back: which challenge it answers says its session, whatever the address says."""
    login = oidc.log_in(
        f"{settings.ORIGIN}{request.get_full_path()}", request.session.pop("asked", ""),
        provider=office.provider, stores=office.stores, audience=AUDIENCE, transport=office.network,
    )  # fmt: skip
    login.require(min=("vn-2024", "2"))
    request.session.flush()  # a new name: one that somebody planted is worth nothing
    request.session["login"] = login.to_json()
    return redirect("/")


def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    request.session.flush()
    return redirect("/")


def enrol(request: HttpRequest) -> HttpResponse:
    """An authenticator app, right after a login; who has one already is refused."""
    login = official(request)
    login.require(max_age=ENROLLING, at=datetime.now(UTC))
    totp = otp.enrol(login.identity, issuer="Permits", stores=office.stores)
    picture = b64encode(totp.svg()).decode()
    return render(request, "page.html", {"view": "app", "login": login, "uri": totp.uri, "picture": picture})


def document(request: HttpRequest, label: str) -> HttpResponse:
    """A document as it stands, as a file: the browser never shows it as a page of ours."""
    official(request)
    dossier = office.dossier()
    if label not in dossier.labels:
        raise Http404
    found = dossier.document(label)
    return FileResponse(found.open(), as_attachment=True, filename=f"{label}.{found.format}")


def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for a code, for exactly what was shown and from this person alone."""
    login, transaction = official(request), due(office.dossier())
    if not secrets.compare_digest(request.POST.get("shown", "").encode(), transaction.digest.encode()):
        problem = Text("the dossier changed since it was shown to you", "hồ sơ đã thay đổi sau khi hiển thị")
        raise refusal("changed-since-shown", problem, Text("look at it again", "hãy xem lại hồ sơ"))
    if login.identity not in dict(office.procedure.holders).get(transaction.role, ()):
        problem = Text(f"it is the turn of the {transaction.role}", f"đang đến lượt: {transaction.role}")
        raise refusal("not-your-turn", problem, Text("come back when it is yours", "quay lại khi đến lượt bạn"))
    challenge = otp.begin(login.identity, transaction, audience=AUDIENCE, stores=office.stores)
    request.session["code"] = challenge.id
    return render(request, "page.html", {"view": "confirm", "login": login, "transaction": transaction})


def approve(request: HttpRequest) -> HttpResponse:
    """Take the step, prove the code, sign.  What raises undoes the first line; the code stays used, a try counted."""
    official(request)
    dossier = office.dossier()
    Taken.objects.create(dossier=dossier.id, previous=dossier.head or "", step=due(dossier).step)
    authentication = otp.verify(
        request.POST.get("code", ""), request.session.pop("code", ""),
        stores=office.stores, attest=office.attest, source=request.META["REMOTE_ADDR"], audience=AUDIENCE,
    )  # fmt: skip
    office.approve(dossier, authentication)
    return redirect("/")
