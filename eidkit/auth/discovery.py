"""Discovery: what a provider says of itself, compared with what we asked (OpenID Connect Discovery 1.0 §4).

1. The document lies at the issuer's address and names exactly that issuer (§4.3).
2. Its endpoints are https, like the issuer; plain http only where the issuer itself is allowed to be.
3. It offers the code flow, PKCE by S256 where it lists methods, and a signature algorithm that is taken.

The answer is bounded like every foreign document: 256 KiB, strict JSON, ten seconds, three redirects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import addresses
from eidkit.auth import foreign
from eidkit.binding import jwa, shape
from eidkit.errors import EidkitError, Text, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eidkit.transport import Transport

WELL_KNOWN = "/.well-known/openid-configuration"


class Metadata(NamedTuple):
    """The part of a provider's metadata that a relying party of the code flow needs."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: tuple[str, ...]
    iss_in_callback: bool


def discovered(issuer: str, transport: Transport) -> Metadata:
    """The metadata of ``issuer``; raises TransportError, and EidkitError for a document that does not fit."""
    document = foreign.fetched(transport, foreign.get(issuer.rstrip("/") + WELL_KNOWN))
    # 1.
    if document.get("issuer") != issuer:
        raise unfit("the provider names another issuer than the address asked", "nhà cung cấp khai issuer khác")
    # 3.
    _check_offered(document, "response_types_supported", "code")
    _check_offered(document, "code_challenge_methods_supported", "S256")
    offered = foreign.text_list(document.get("id_token_signing_alg_values_supported"))
    algorithms = tuple(alg for alg in jwa.ALGORITHMS if alg in offered)
    if not algorithms:
        raise unfit("the provider offers no signature algorithm that is taken", "không có thuật toán phù hợp")
    # 2. is checked where the provider value is made.
    return Metadata(
        _endpoint(document, "authorization_endpoint"),
        _endpoint(document, "token_endpoint"),
        _endpoint(document, "jwks_uri"),
        _endpoint(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
        algorithms,
        document.get("authorization_response_iss_parameter_supported") is True,
    )


def check_url(url: Any, what: str, *, plain: bool) -> None:
    """Refuse an address that is not https without a fragment (an issuer: nor a query); ``plain`` allows http too."""
    try:
        parts = addresses.split(shape.text(url, what, limit=addresses.MAX_URL))
        good = (plain or parts.scheme == "https") and not parts.fragment and not (what == "issuer" and parts.query)
    except TransportError:
        good = False
    if not good:
        shape.refuse("provider-url", f"{what} must be an https address", f"{what} phải là địa chỉ https")


def unfit(en: str, vi: str) -> EidkitError:
    """The error for a provider, or a value of one, that cannot be used."""
    return EidkitError(
        "provider-unfit",
        Text(en, vi),
        Text(
            "check the provider value against the provider's own documentation",
            "kiểm tra cấu hình nhà cung cấp định danh",
        ),
        kind="configuration",
    )


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise unfit(f"the provider names no {name}", f"nhà cung cấp không nêu {name}")
    return value


def _check_offered(document: Mapping[str, Any], name: str, wanted: str) -> None:
    """A list that is there must hold ``wanted``; an absent one says nothing."""
    if name in document and wanted not in foreign.text_list(document[name]):
        raise unfit(f"the provider does not offer {wanted}", f"nhà cung cấp không hỗ trợ {wanted}")
