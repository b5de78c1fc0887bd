"""What an authority's certificate says about those below it: policies, mappings, names (RFC 5280 §4.2.1.4–§4.2.1.14).

Each reader takes the extension's value and raises DerError for a malformed one; use them through
:meth:`eidkit.asn1.certificate.Certificate.read`, which reads once.
"""

from __future__ import annotations

from dataclasses import dataclass

from eidkit.asn1 import der

MAX_POLICIES = 256
MAX_SUBTREES = 4_096
ANY_POLICY = "2.5.29.32.0"
_QUALIFIERS = {"1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"}


@dataclass(frozen=True, slots=True)
class Policies:
    """CertificatePolicies: the OIDs in order, without repeats, and whether every qualifier is one we know."""

    oids: tuple[str, ...]
    qualifiers_known: bool


@dataclass(frozen=True, slots=True)
class Subtrees:
    """NameConstraints: GeneralName TLVs; ``bounded`` where a minimum or maximum stands, which nobody may use."""

    permitted: tuple[bytes, ...]
    excluded: tuple[bytes, ...]
    bounded: bool


def certificate_policies(value: bytes) -> Policies:
    """The policies of a certificate (§4.2.1.4)."""
    found: dict[str, None] = {}
    known = True
    for node in der.whole(value).items(limit=MAX_POLICIES):
        parts = node.expect(der.SEQUENCE).children(limit=2)
        if not parts:
            raise der.DerError("not a certificate policy")
        found[der.oid(parts[0])] = None
        for qualifier in parts[1].items(limit=MAX_POLICIES) if len(parts) == 2 else ():
            first = next(qualifier.items(limit=2), None)
            known &= first is not None and der.oid(first) in _QUALIFIERS
    if not found:
        raise der.DerError("an empty list of policies")
    return Policies(tuple(found), known)


def policy_mappings(value: bytes) -> tuple[tuple[str, str], ...]:
    """``(issuer's policy, subject's policy)`` pairs (§4.2.1.5)."""
    pairs = []
    for node in der.whole(value).items(limit=MAX_POLICIES):
        parts = node.expect(der.SEQUENCE).children(limit=2)
        if len(parts) != 2:
            raise der.DerError("not a policy mapping")
        pairs.append((der.oid(parts[0]), der.oid(parts[1])))
    if not pairs:
        raise der.DerError("an empty policy mapping")
    return tuple(dict.fromkeys(pairs))


def policy_constraints(value: bytes) -> tuple[int | None, int | None]:
    """``(requireExplicitPolicy, inhibitPolicyMapping)`` (§4.2.1.11)."""
    found: list[int | None] = [None, None]
    previous = -1
    for part in der.whole(value).items(limit=2):
        number = part.tag - 0x80
        if not previous < number <= 1:
            raise der.DerError("not policy constraints")
        previous = number
        found[number] = _count(der.Node(part.data, der.INTEGER, part.start, part.content_start, part.end))
    if previous < 0:
        raise der.DerError("empty policy constraints")
    return found[0], found[1]


def inhibit_any_policy(value: bytes) -> int:
    """After how many certificates anyPolicy counts no more (§4.2.1.14)."""
    return _count(der.whole(value, der.INTEGER))


def _count(node: der.Node) -> int:
    number = der.integer(node)
    if number < 0:
        raise der.DerError("a negative number of certificates")
    return number


def name_constraints(value: bytes) -> Subtrees:
    """The subtrees in which names below must, or must not, lie (§4.2.1.10)."""
    sides: list[tuple[bytes, ...]] = [(), ()]
    bounded = False
    previous = -1
    for part in der.whole(value).items(limit=2):
        number = part.tag - 0xA0
        if not previous < number <= 1:
            raise der.DerError("not name constraints")
        previous = number
        bases = []
        for subtree in part.items(limit=MAX_SUBTREES):
            parts = subtree.expect(der.SEQUENCE).children(limit=3)
            if not parts:
                raise der.DerError("a subtree without its base")
            bounded |= any(each.tag != 0x80 or each.content.strip(b"\0") != b"" for each in parts[1:])
            bases.append(parts[0].raw)
        if not bases:
            raise der.DerError("empty subtrees")
        sides[number] = tuple(bases)
    if previous < 0:
        raise der.DerError("empty name constraints")
    return Subtrees(sides[0], sides[1], bounded)
