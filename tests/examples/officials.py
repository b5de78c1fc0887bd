"""Officials at their browsers, and somebody who sends what no page of ours would."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pyotp

from tests.examples.served import PEOPLE, Program
from tests.sandbox.browser import Browser
from tests.sandbox.visiting import Form

MAI, BINH = (person.name for person in PEOPLE)


# ── in Chromium ───────────────────────────────────────────────────────────────────────────────────────────


def log_in(browser: Browser, program: Program, name: str) -> None:
    """On the provider's own page."""
    browser.open(program.origin)
    browser.press("form[action$='/login'] button")
    assert browser.address.startswith(program.sandbox.address), browser.text
    people = browser.value("[...document.querySelectorAll('label.person span')].map(one => one.textContent)")
    browser.choose(f"label.person:nth-of-type({people.index(name) + 1}) input")
    browser.press("button[value=login]")
    assert (browser.address, name in browser.text) == (f"{program.origin}/", True), browser.text


def set_up_app(browser: Browser) -> pyotp.TOTP:
    """What the person's telephone holds afterwards."""
    browser.press("#enrol-app")
    app = pyotp.parse_uri(browser.value("document.querySelector('#open-app').href"))
    browser.press("main a[href='/']")
    assert isinstance(app, pyotp.TOTP)
    return app


def answer(browser: Browser, code: str) -> None:
    """Type a code and send it."""
    browser.value(f"document.querySelector('[name=code]').value = {json.dumps(code)}")
    browser.press("#use-code")


def wrong(app: pyotp.TOTP) -> str:
    """A code that the app does not show now."""
    return f"{(int(app.now()) + 500_000) % 1_000_000:06}"


def picture(browser: Browser, name: str) -> None:
    """Keep what the page looks like, where somebody wants to look (``EIDKIT_PICTURES``)."""
    if "EIDKIT_PICTURES" in os.environ:
        browser.picture(Path(os.environ["EIDKIT_PICTURES"]) / f"{name}.png")


# ── without a browser ─────────────────────────────────────────────────────────────────────────────────────


class Said(NamedTuple):
    """An answer: its status, its page, where it would send a browser, the cookies that it sets."""

    status: int
    page: str
    location: str | None
    cookies: list[str]


class Client:
    """Cookies and requests, one at a time: nothing is followed, and ``Origin`` says what it is told to."""

    def __init__(self, program: Program) -> None:
        self.origin = program.origin
        self.jar = CookieJar()
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar), _Stay())
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, url: str) -> Said:
        return self._sent(urllib.request.Request(url))

    def post(self, url: str, form: dict[str, str], **headers: str) -> Said:
        return self._sent(urllib.request.Request(url, urlencode(form).encode(), {"origin": self.origin} | headers))

    def submit(self, path: str, **values: str) -> Said:
        """Send the form that leads to ``path``, with what the first page has in its hidden fields."""
        fields = Form(self.get(f"{self.origin}/").page, self.origin).fields
        return self.post(self.origin + path, {**fields, **values})

    def back_from_provider(self, name: str) -> str:
        """Begin a login and be ``name`` at the provider; the address to which the browser is sent back."""
        asked = self.submit("/login").location
        assert asked is not None
        page = self.get(asked).page
        form = Form(page, asked)
        number = [part.partition("</span>")[0] for part in page.split("<span>")[1:]].index(name)
        chosen = {**form.fields, "person": form.choices["person"][number], "decision": "login"}
        back = self.post(form.action, chosen).location
        assert back is not None
        return back

    def log_in(self, name: str) -> Said:
        return self.get(self.back_from_provider(name))

    def set_up_app(self) -> pyotp.TOTP:
        page = self.submit("/app").page
        app = pyotp.parse_uri(unescape(page.partition('id="open-app" href="')[2].partition('"')[0]))
        assert isinstance(app, pyotp.TOTP)
        return app

    def _sent(self, request: urllib.request.Request) -> Said:
        try:
            response = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            headers = response.headers
            return Said(
                response.status, response.read().decode(), headers["location"], headers.get_all("set-cookie", [])
            )


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
