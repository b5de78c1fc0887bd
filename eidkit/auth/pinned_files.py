"""The files in which a verifier keeps the providers that it decided to know, whatever their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import canonical
from eidkit.auth.provider import Provider
from eidkit.auth.vneid_partner import Partner
from eidkit.auth.webauthn_party import MAX_FILE, RelyingParty
from eidkit.files import read_bounded

if TYPE_CHECKING:
    import os

Pin = Provider | Partner | RelyingParty
"""Whom a verifier decided to know, with what that decision holds: keys, claims, levels."""


def read(path: str | os.PathLike[str]) -> Pin:
    """The pin in the file at ``path``: a ``relying_party``, a partner of a ``kind``, otherwise an OpenID provider."""
    value = canonical.loads(read_bounded(path, MAX_FILE))
    members = value if isinstance(value, dict) else {}
    if "relying_party" in members:
        return RelyingParty.from_json(value)
    return Partner.from_json(value) if "kind" in members else Provider.from_json(value)
