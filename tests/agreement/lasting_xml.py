"""XML files with validation data and an archive timestamp as they come: ``preserve`` refuses to make most of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eidkit.document import Document
from eidkit.pdf.security_store import SecurityStore
from eidkit.signing.formats.xml_lasting import XmlLasting
from eidkit.signing.lasting import Needed, Portion
from eidkit.signing.settling import Additions

_NOTHING = Additions((), (), ())


@dataclass(frozen=True, slots=True)
class Stamper:
    """Whoever gives tokens over imprints under SHA-256."""

    token: Callable[[bytes], bytes]
    digest: str = "sha256"


def kept(document: Document, store: SecurityStore) -> Document:
    """The document whose signatures hold what is in ``store``."""
    file = XmlLasting.of(document, ())
    portion = Portion(Additions(store.certificates, store.crls, store.ocsps), _NOTHING)
    return file.filled(Needed(portions={one.id: portion for one in file.evidence().signatures}), file.evidence())


def sealed(document: Document, token: Callable[[bytes], bytes]) -> Document:
    """The document with an archive timestamp in each signature."""
    file = XmlLasting.of(document, ())
    nothing = Needed(portions={one.id: Portion(_NOTHING, _NOTHING) for one in file.evidence().signatures})
    return file.sealed(nothing, file.evidence(), Stamper(token))
