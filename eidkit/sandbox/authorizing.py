"""An authorization request as the sandbox's provider reads it (OIDC Core §3.1.2), and the browser's way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from eidkit import addresses
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_PARAMETERS = 32
MAX_VALUE = 4096


class AuthorizationError(Exception):
    """Why a request is not answered: its OAuth code, and whether the browser may be sent back with it."""

    def __init__(self, code: str, why: Text, back: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.why = why
        self.back = back


class Asked(NamedTuple):
    """What a relying party asks: the parameters of the code flow with PKCE."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str
    acr_values: tuple[str, ...]
    language: str


def parameters(query: str) -> dict[str, str]:
    """The parameters of a query or form; AuthorizationError for more, longer or doubled ones."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError as error:
        raise AuthorizationError("invalid_request", Text("unreadable parameters", "tham số không đọc được")) from error
    if len({name for name, _ in pairs}) != len(pairs) or any(len(value) > MAX_VALUE for _, value in pairs):
        raise AuthorizationError("invalid_request", Text("a parameter is given twice", "tham số bị lặp"))
    return dict(pairs)


def asked(query: str, clients: Collection[str], redirect_uris: Collection[str], *, pkce: bool = True) -> Asked:
    """The request in ``query``; AuthorizationError otherwise, with a way back once that is known to be the client's.

    ``pkce``: it must be there; otherwise it may.  A client may come back to an address that was registered, or to any
    on the loopback (RFC 8252 §7.3).
    """
    given = parameters(query)
    back = given.get("redirect_uri", "")
    if given.get("client_id") not in clients:
        raise AuthorizationError("unauthorized_client", Text("the client is unknown", "không biết ứng dụng này"))
    if back not in redirect_uris and (not addresses.on_loopback(back, by_name=True) or urlsplit(back).fragment):
        why = Text("the redirect_uri is not the client's", "redirect_uri không thuộc ứng dụng này")
        raise AuthorizationError("invalid_request", why)
    home = _with(back, {"state": given.get("state", "")})
    if given.get("response_type") != "code":
        raise AuthorizationError("unsupported_response_type", Text("code flow only", "chỉ hỗ trợ code flow"), home)
    begun = pkce or "code_challenge" in given
    if begun and (given.get("code_challenge_method") != "S256" or len(given.get("code_challenge", "")) != 43):
        raise AuthorizationError("invalid_request", Text("PKCE by S256 is needed", "cần PKCE với S256"), home)
    if "openid" not in given.get("scope", "").split():
        raise AuthorizationError("invalid_scope", Text("the scope lacks openid", "scope thiếu openid"), home)
    if "none" in given.get("prompt", "").split():
        raise AuthorizationError("login_required", Text("nobody is logged in", "chưa ai đăng nhập"), home)
    return Asked(
        given["client_id"], back, given.get("state", ""), given.get("nonce", ""), given.get("code_challenge", ""),
        tuple(given.get("acr_values", "").split()), given.get("ui_locales", "").partition("-")[0],
    )  # fmt: skip


def way_back(redirect_uri: str, answer: Mapping[str, str]) -> str:
    """The address that takes ``answer`` to the relying party."""
    return _with(redirect_uri, answer)


def misused(error: AuthorizationError) -> EidkitError:
    """The error for a program that plays the browser with an address that the provider does not answer."""
    return EidkitError(
        "sandbox-provider",
        Text(f"the sandbox's provider refuses: {error.why.en}", f"nhà cung cấp sandbox từ chối: {error.why.vi}"),
        Text("take the address from oidc.begin", "dùng địa chỉ do oidc.begin trả về"),
    )


def _with(address: str, more: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(more, quote_via=quote)}"
