"""A visitor's browser in a few lines: follows redirects, keeps cookies, fills in the one form of a page."""

from __future__ import annotations

import urllib.error
import urllib.request
from html.parser import HTMLParser
from http.client import HTTPMessage, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urljoin


class Form(HTMLParser):
    """The form of a page: where it goes, what it holds, which values can be chosen for each name."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.action = address
        self.fields: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self._address = address
        self._select: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.action = urljoin(self._address, given.get("action", ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self.choices.setdefault(self._select, []).append(given["value"])
            if "selected" in given:
                self.fields[self._select] = given["value"]
        elif tag == "button" or given.get("type") == "radio":
            self.choices.setdefault(name, []).append(given.get("value", ""))
        elif tag == "input":
            self.fields[name] = given.get("value", "")


class Visitor:
    """Stops at the first address that begins with ``home``: the relying party's."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.landed: str | None = None
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(), _Until(self))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, url: str) -> str:
        """The page at ``url``, after its redirects."""
        return self._send(urllib.request.Request(url))

    def fill(self, form: Form, **values: str) -> str:
        """The page that comes of sending the form with these values."""
        body = urlencode({**form.fields, **values}).encode()
        return self._send(urllib.request.Request(form.action, data=body))

    def _send(self, request: urllib.request.Request) -> str:
        try:
            with self._opener.open(request, timeout=20) as response:
                self.address = response.geturl()
                return response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                if self.landed is None:
                    raise AssertionError(f"{error.code}: {error.read().decode()[:500]}") from error
            return ""

    def form(self, page: str) -> Form:
        """The form of the page that was just read."""
        return Form(page, self.address)


class _Until(urllib.request.HTTPRedirectHandler):
    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def redirect_request(
        self, req: urllib.request.Request, fp: HTTPResponse, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Any:
        if newurl.startswith(self._visitor.home):
            self._visitor.landed = newurl
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)
