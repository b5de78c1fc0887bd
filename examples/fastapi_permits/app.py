"""Permits: officials log in with OpenID Connect and approve a step with a passkey or a code.  README.md starts it."""

from __future__ import annotations

import os
import secrets
import threading
from base64 import b64encode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from eidkit import Document, Dossier, HttpTransport, Procedure, Sources, TimestampAuthority, TrustStore
from eidkit.auth import Login, Stores, oidc, otp, webauthn
from eidkit.errors import EidkitError, Text
from eidkit.signing import Pkcs12Key, sign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from eidkit import Authentication
    from eidkit.binding.transaction import Transaction

HERE = Path(__file__).parent
LANGUAGE = "en"  # or "vi": of what is shown and approved, and of what goes wrong
ORIGIN = os.environ.get("PERMITS_ORIGIN", "http://localhost:8000")
HTTPS = ORIGIN.startswith("https:")
COOKIE = "__Host-permits" if HTTPS else "permits"
SESSION, ENROLLING = timedelta(minutes=30), timedelta(minutes=5)
MAX_SESSIONS, MAX_BODY = 10_000, 100_000
STATUS = {"person": 403, "caller": 409, "outside": 503, "configuration": 500}
KEYS = {"assessment": "mai.p12", "approval": "binh.p12"}  # stands for each official's own card


def refusal(code: str, problem: Text, remedy: Text) -> EidkitError:
    """An error of ours, shown like those of eidkit."""
    return EidkitError(code, problem, remedy, kind="person")


class Session(NamedTuple):
    """What the server remembers of one browser: who logged in, and the ids of its open challenges."""

    login: Login | None
    challenges: dict[str, str]


class Sessions:
    """In this process's memory, by random names: a name is all that a browser holds."""

    def __init__(self) -> None:
        self._kept: dict[str, Session] = {}
        self._lock = threading.Lock()

    def of(self, request: Request) -> Session:
        """The browser's session; an empty one that is not kept where there is none."""
        return self._kept.get(request.cookies.get(COOKIE, ""), Session(None, {}))

    def renew(self, request: Request, session: Session | None) -> str:
        """End the browser's session, so that a name which somebody planted is worth nothing; the new one's name."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._kept.pop(request.cookies.get(COOKIE, ""), None)
            if len(self._kept) >= MAX_SESSIONS:
                del self._kept[next(iter(self._kept))]
            if session is not None:
                self._kept[name] = session
        return name


class Office:
    """One dossier on disk and whom this service trusts, from the environment.  Threads share it."""

    def __init__(self) -> None:
        self.sandbox, data = Path(os.environ["PERMITS_SANDBOX"]), Path(os.environ["PERMITS_DATA"])
        self.folder, self.pins, self.lock = data / "dossier", data / "party.json", threading.Lock()
        self.password = os.environ["PERMITS_KEY_PASSWORD"]
        self.stores = Stores.sqlite(data / "logins.db", key=Path(os.environ["PERMITS_STORE_KEY"]).read_bytes())
        self.network = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))  # the sandbox is on this machine
        self.trust, self.sources = TrustStore.read(self.sandbox / "roots"), Sources.read(self.sandbox / "crls")
        self.tsa = TimestampAuthority(os.environ["PERMITS_TSA"], trust=self.trust)
        self.attest = Pkcs12Key.open(self.sandbox / "service.p12", password=self.password)
        self.provider = oidc.Provider.discover(
            os.environ["PERMITS_ISSUER"],
            client_id="eidkit-sandbox",
            redirect_uri=f"{ORIGIN}/callback",
            identifier=("citizen_id", "vn-cccd"),
            acr={f"urn:eidkit:sandbox:level:{n}": [("vn-2024", n)] for n in ("2", "3")},
            transport=self.network,
        )
        self.procedure = Procedure.read(HERE / "procedure.toml")
        if not self.pins.exists():
            webauthn.RelyingParty(str(urlsplit(ORIGIN).hostname), "Permits", (ORIGIN,)).write(self.pins)
        if not self.folder.exists():
            papers = [Document.read(self.sandbox / name) for name in ("permit.pdf", "form.xml")]
            Dossier.open("H56.01-261124-0001", self.procedure, papers).write(self.folder)

    @property
    def party(self) -> webauthn.RelyingParty:
        """This service as authenticators know it, every passkey pinned: a later verifier needs this file."""
        return webauthn.RelyingParty.read(self.pins)

    def dossier(self) -> Dossier:
        """The dossier as it stands."""
        return Dossier.read(self.folder, self.procedure)

    def admits(self, login: Login, transaction: Transaction) -> bool:
        """Whether this person holds the role of the step."""
        return login.identity in dict(self.procedure.holders).get(transaction.role, ())

    def transaction(self, login: Login, shown: str) -> Transaction:
        """What this person is about to approve, if it is still what their page showed (the digest ``shown``)."""
        transaction = self.dossier().transaction(action="approve", language=LANGUAGE)
        if not secrets.compare_digest(shown.encode(), transaction.digest.encode()):
            problem = Text("the dossier changed since it was shown to you", "hồ sơ đã thay đổi sau khi hiển thị")
            raise refusal("changed-since-shown", problem, Text("look at it again", "hãy xem lại hồ sơ"))
        if not self.admits(login, transaction):
            problem = Text(f"it is the turn of the {transaction.role}", f"đang đến lượt: {transaction.role}")
            raise refusal("not-your-turn", problem, Text("come back when it is yours", "quay lại khi đến lượt bạn"))
        return transaction

    def approve(self, authentication: Authentication) -> None:
        """One more approval in the dossier, or an error and nothing changed."""
        with self.lock:  # several processes: a lock of the database, or compare-and-set on dossier.head
            dossier = self.dossier()
            if dossier.step is None or dossier.step.name != authentication.transaction.step:
                problem = Text("somebody else has done this step", "bước này đã được thực hiện")
                raise refusal("step-taken", problem, Text("look at the dossier again", "hãy xem lại hồ sơ"))
            authentication.require(proof_class=dossier.step.proof_class, bound=True)  # before a key is touched
            with Pkcs12Key.open(self.sandbox / KEYS[dossier.step.name], password=self.password) as key:
                signed = [
                    sign(document, key, tsa=self.tsa, authentication=authentication, transport=self.network)
                    for document in dossier.to_sign
                ]
            dossier.approve(
                signed, authentication, self.trust, providers=[self.party], sources=self.sources, transport=self.network
            ).write(self.folder)


@asynccontextmanager
async def opened(app: FastAPI) -> AsyncIterator[None]:
    """The office opens before the first request."""
    app.state.office, app.state.sessions = Office(), Sessions()
    yield


app = FastAPI(lifespan=opened, openapi_url=None)
app.mount("/static", StaticFiles(directory=HERE / "static"))
pages = Jinja2Templates(directory=HERE / "templates")


@app.middleware("http")
async def guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Take forms from our own pages alone, of a small length; tell the browser what our pages may do."""
    if request.method not in {"GET", "HEAD"}:
        length = request.headers.get("content-length", "")
        if request.headers.get("origin") != ORIGIN or not (length.isdecimal() and int(length) <= MAX_BODY):
            return PlainTextResponse("not from our own page", status_code=403)
    response = await answer(request)
    login_page = "{0.scheme}://{0.netloc}".format(urlsplit(request.app.state.office.provider.authorization_endpoint))
    response.headers["content-security-policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {login_page}"
    )
    response.headers["referrer-policy"] = "same-origin"
    response.headers["x-content-type-options"] = "nosniff"
    response.headers["cache-control"] = "no-store"
    return response


@app.exception_handler(EidkitError)
def refused(request: Request, error: EidkitError) -> Response:
    """What went wrong and what to do about it, in the reader's language."""
    return page(request, "refused", status=STATUS[error.kind], error=error)


def page(request: Request, view: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A view of the one template; what is shown is escaped."""
    login = request.app.state.sessions.of(request).login
    return pages.TemplateResponse(
        request, "page.html", {"view": view, "language": LANGUAGE, "login": login, **shown}, status_code=status
    )


def go(where: str, cookie: str | None = None) -> RedirectResponse:
    """Send the browser on; ``cookie`` is the name of its new session."""
    response = RedirectResponse(where, status_code=303)
    if cookie is not None:
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=HTTPS, path="/")
    return response


class Official(NamedTuple):
    """Who is logged in, and the ids of this session's open challenges."""

    login: Login
    challenges: dict[str, str]


def official(request: Request) -> Official:
    """Who this browser belongs to; an error where nobody logged in, or too long ago."""
    login, challenges = request.app.state.sessions.of(request)
    if login is None:
        raise refusal("log-in-first", Text("you are not logged in", "bạn chưa đăng nhập"), Text("log in", "đăng nhập"))
    login.require(max_age=SESSION, at=datetime.now(UTC))
    return Official(login, challenges)


def here(request: Request) -> Office:
    """The office of this process."""
    office: Office = request.app.state.office
    return office


Here = Annotated[Office, Depends(here)]
Mine = Annotated[Official, Depends(official)]
Field = Annotated[str, Form()]


@app.get("/")
def home(request: Request, office: Here) -> Response:
    """The step that is due, and what exactly is about to be approved."""
    login = request.app.state.sessions.of(request).login
    if login is None:
        return page(request, "welcome")
    dossier = office.dossier()
    transaction = dossier.transaction(action="approve", language=LANGUAGE) if dossier.step else None
    admitted = transaction is not None and office.admits(login, transaction)
    return page(request, "step", dossier=dossier, transaction=transaction, admitted=admitted)


@app.post("/login")
def login(request: Request, office: Here) -> Response:
    """Send the browser to the provider; its new session remembers for which challenge."""
    challenge = oidc.begin(office.provider, audience=ORIGIN, stores=office.stores)
    session = Session(None, {"login": challenge.id})
    return go(str(challenge.url), cookie=request.app.state.sessions.renew(request, session))


@app.get("/callback")
def callback(request: Request, office: Here) -> Response:
    """The browser is back: which challenge it answers says its session, whatever the address says."""
    asked = request.app.state.sessions.of(request).challenges.pop("login", "")
    back = f"{ORIGIN}/callback?{request.url.query}"
    login = oidc.log_in(
        back, asked, provider=office.provider, stores=office.stores, audience=ORIGIN, transport=office.network
    )
    login.require(min=("vn-2024", "2"))
    return go("/", cookie=request.app.state.sessions.renew(request, Session(login, {})))


@app.post("/logout")
def logout(request: Request) -> Response:
    """End the session."""
    request.app.state.sessions.renew(request, None)
    return go("/")


@app.post("/app")
def enrol_app(request: Request, office: Here, mine: Mine) -> Response:
    """An authenticator app, right after a login; who has one already is refused."""
    mine.login.require(max_age=ENROLLING, at=datetime.now(UTC))
    totp = otp.enrol(mine.login.identity, issuer="Permits", stores=office.stores)
    return page(request, "app", uri=totp.uri, picture=b64encode(totp.svg()).decode())


@app.post("/passkey/begin")
def ask_for_passkey(request: Request, office: Here, mine: Mine) -> Response:
    """The page whose button has the browser make the person's first passkey, right after a login."""
    mine.login.require(max_age=ENROLLING, at=datetime.now(UTC))
    if webauthn.credentials(mine.login.identity, party=office.party, stores=office.stores):
        problem = Text("you have a passkey already", "bạn đã có khóa truy cập")
        raise refusal("passkey-there", problem, Text("ask at the counter for another", "liên hệ quầy để thêm khóa"))
    asked = webauthn.register_begin(office.party, mine.login.identity, audience=ORIGIN, stores=office.stores)
    mine.challenges["enrolment"] = asked.id
    return page(request, "passkey", question=asked.question)


@app.post("/passkey")
def enrol_passkey(office: Here, mine: Mine, answer: Field) -> Response:
    """The passkey is enrolled, and pinned for those who verify later."""
    asked = mine.challenges.pop("enrolment", "")
    credential = webauthn.register(answer, asked, party=office.party, stores=office.stores)
    with office.lock:
        office.party.with_credentials([credential]).write(office.pins)
    return go("/")


@app.get("/documents/{label}")
def document(office: Here, _: Mine, label: str) -> Response:
    """A document as it stands, as a file: the browser never shows it as a page of ours."""
    dossier = office.dossier()
    if label not in dossier.labels:
        return PlainTextResponse("there is no such document", status_code=404)
    found = dossier.document(label)
    headers = {"content-disposition": f'attachment; filename="{label}.{found.format}"'}
    return StreamingResponse(found.open(), media_type="application/octet-stream", headers=headers)


@app.post("/confirm")
def confirm(request: Request, office: Here, mine: Mine, shown: Field) -> Response:
    """Ask for a passkey or a code, for exactly what was shown and from this person alone."""
    who, transaction = mine.login.identity, office.transaction(mine.login, shown)
    passkey = webauthn.begin(office.party, transaction, audience=ORIGIN, stores=office.stores, subject=who)
    code = otp.begin(who, transaction, audience=ORIGIN, stores=office.stores)
    mine.challenges.update(passkey=passkey.id, code=code.id)
    step = office.procedure.step(transaction.step)
    return page(request, "confirm", transaction=transaction, question=passkey.question, step=step)


@app.post("/approve")
def approve(request: Request, office: Here, mine: Mine, code: Field = "", passkey: Field = "") -> Response:
    """The answer is proved, then the documents are signed; an error leaves the dossier as it was."""
    asked = {way: mine.challenges.pop(way, "") for way in ("passkey", "code")}
    if passkey:
        authentication = webauthn.verify(
            passkey, asked["passkey"], party=office.party, stores=office.stores, attest=office.attest, audience=ORIGIN
        )
    else:
        source = request.client.host if request.client else None
        authentication = otp.verify(
            code, asked["code"], stores=office.stores, attest=office.attest, source=source, audience=ORIGIN
        )
    office.approve(authentication)
    return go("/")
