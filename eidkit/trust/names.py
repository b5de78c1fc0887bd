"""General names in the form in which name constraints compare them (RFC 5280 §4.2.1.10).

Each form that can be compared has a row in ``FORMS``: how a name is read, how a subtree's base is read, and whether
the first lies within the second.  A form without a row is one that nobody here may judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from eidkit.asn1 import der, extension, name

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.asn1.certificate import Certificate

OTHER_NAME, EMAIL, DNS, DIRECTORY, URI, ADDRESS = 0xA0, 0x81, 0x82, 0xA4, 0x86, 0x87
LABELS = {
    OTHER_NAME: "otherName", EMAIL: "rfc822Name", DNS: "dNSName", 0xA3: "x400Address", DIRECTORY: "directoryName",
    0xA5: "ediPartyName", URI: "uniformResourceIdentifier", ADDRESS: "iPAddress", 0x88: "registeredID",
}  # fmt: skip
_SMTP_UTF8 = der.encode_oid("1.3.6.1.5.5.7.8.9")
_ADDRESS_LITERAL = re.compile(r"\[.*\]|\d+(\.\d+){3}|.*:.*")


@dataclass(frozen=True, slots=True)
class Form:
    """How one form of general name is compared: ``read`` a name, ``base`` a subtree, ``within`` the two.

    ``excluded`` asks the same for an excluded subtree, where a name that could stand for something inside counts.
    """

    read: Callable[[bytes], Any]
    base: Callable[[bytes], Any]
    within: Callable[[Any, Any], bool]
    excluded: Callable[[Any, Any], bool]


def stated(certificate: Certificate) -> tuple[tuple[int, bytes], ...]:
    """``(tag, TLV)`` of every name that constraints bind: the subject, its alternative names, an e-mail address in it.

    The e-mail address of the subject counts only without alternative names (§4.2.1.10).  Raises DerError.
    """
    return certificate.once("stated names", lambda: _stated(certificate))


def _stated(certificate: Certificate) -> tuple[tuple[int, bytes], ...]:
    found: list[tuple[int, bytes]] = []
    if der.whole(certificate.subject).content:
        found.append((DIRECTORY, der.tlv(DIRECTORY, certificate.subject)))
    entry = certificate.extensions.get(extension.SUBJECT_ALT_NAME)
    if entry is not None:
        for raw in extension.general_names(der.whole(entry[1])):
            # an internationalised mailbox is bound like any other (RFC 9598 §6), and is not compared here
            mailbox = raw[0] == OTHER_NAME and _SMTP_UTF8 in raw
            found += [(raw[0], raw)] + ([(EMAIL, raw)] if mailbox else [])
        return tuple(found)
    addresses = name.values(certificate.subject, name.EMAIL)
    return (*found, *((EMAIL, der.tlv(EMAIL, each.encode())) for each in addresses))


def _text(raw: bytes) -> str:
    content = der.read(raw).content
    if not content.isascii() or raw[0] & der.CONSTRUCTED:
        raise der.DerError("a name that is not plain text")
    return content.decode("ascii")


def _directory(raw: bytes) -> Any:
    return name.key(der.read(raw).content)


def _begins(full: Any, base: Any) -> bool:
    return bool(full[: len(base)] == base)


def _mailbox(raw: bytes) -> tuple[str, str]:
    """``(local part, host in lower case)``."""
    local, at, host = _text(raw).rpartition("@")
    if not at or not local or not host:
        raise der.DerError("not a mailbox")
    return local, host.lower()


def _mailbox_base(raw: bytes) -> tuple[str | None, str]:
    """A mailbox, or ``(None, host or .domain)``."""
    text = _text(raw)
    return _mailbox(raw) if "@" in text else (None, text.lower())


def _mailbox_within(mailbox: tuple[str, str], base: tuple[str | None, str]) -> bool:
    if base[0] is not None:
        return mailbox == base
    return _host_within(mailbox[1], base[1])


def _host_within(host: str, base: str) -> bool:
    """A host itself, or any host of a domain written with its leading dot; the empty base is every host."""
    return not base or (host.endswith(base) and host != base if base.startswith(".") else host == base)


def _domain(raw: bytes) -> str:
    return _text(raw).lower().removesuffix(".")


def _domain_within(domain: str, base: str) -> bool:
    """The name itself or with labels added on its left; with a leading dot only the latter."""
    if not base:
        return True
    return domain == base or domain.endswith(base if base.startswith(".") else "." + base)


def _domain_excluded(domain: str, base: str) -> bool:
    """A wildcard also stands for names inside of an excluded domain that is longer than itself."""
    if _domain_within(domain, base):
        return True
    rest = domain.removeprefix("*.")
    return rest != domain and base.lstrip(".").endswith("." + rest)


def _host(raw: bytes) -> str:
    """The host of a URI, fully qualified: without one, a constrained URI is refused (§4.2.1.10)."""
    try:
        host = urlsplit(_text(raw)).hostname
    except ValueError:
        host = None
    if not host or _ADDRESS_LITERAL.fullmatch(host):
        raise der.DerError("a URI without a host name")
    return host.lower().removesuffix(".")


def _address(raw: bytes) -> bytes:
    content = der.read(raw).content
    if len(content) not in {4, 16}:
        raise der.DerError("not an IP address")
    return content


def _network(raw: bytes) -> tuple[int, int, int]:
    """``(octets, network, mask)``; the mask has its ones first."""
    content = der.read(raw).content
    if len(content) not in {8, 32}:
        raise der.DerError("not an IP network")
    half = len(content) // 2
    mask = int.from_bytes(content[half:])
    gap = ~mask & ((1 << 8 * half) - 1)
    if gap & (gap + 1):
        raise der.DerError("an IP network with holes in its mask")
    return half, int.from_bytes(content[:half]) & mask, mask


def _address_within(address: bytes, base: tuple[int, int, int]) -> bool:
    octets, network, mask = base
    return len(address) == octets and int.from_bytes(address) & mask == network


FORMS: dict[int, Form] = {
    DIRECTORY: Form(_directory, _directory, _begins, _begins),
    EMAIL: Form(_mailbox, _mailbox_base, _mailbox_within, _mailbox_within),
    DNS: Form(_domain, _domain, _domain_within, _domain_excluded),
    URI: Form(_host, lambda raw: _text(raw).lower(), _host_within, _host_within),
    ADDRESS: Form(_address, _network, _address_within, _address_within),
}
