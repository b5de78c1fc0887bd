"""Name constraints along a path (RFC 5280 §4.2.1.10, §6.1.3 (b)–(c), §6.1.4 (g)), pure.

1. From the anchor down; what an authority permits is met with what those above it permitted, what it excludes is
   added.  The anchor's own constraints are the first (RFC 5937 §3).
2. Every name of a certificate must lie within each set of permitted subtrees of its form, and in no excluded one.
   A self-issued certificate below the leaf's place is passed over (a CA may not shut itself out).
3. A constraint on a form that cannot be compared here is refused by name as soon as a name of that form comes.
4. Comparisons are counted over the whole search: a bound that is reached is a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit.asn1 import constraints, der, extension
from eidkit.errors import Text
from eidkit.findings import Finding, finding
from eidkit.trust import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.asn1.certificate import Certificate

MAX_COMPARISONS = 100_000

_Bases = dict[int, tuple[Any, ...]]
_NOT_COMPARED = None


class _TooMany(Exception):
    """The bound of comparisons was reached."""


@dataclass(slots=True)
class Effort:
    """How many comparisons one search may still make."""

    left: int = MAX_COMPARISONS

    def spend(self, count: int) -> None:
        """Take ``count`` comparisons."""
        self.left -= count
        if self.left < 0:
            raise _TooMany


@dataclass(slots=True)
class _State:
    """The constraints in force: one permitted set per authority that stated one, all excluded subtrees."""

    permitted: dict[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    excluded: dict[int, list[Any]] = field(default_factory=dict)


def findings(path: Sequence[Certificate], effort: Effort, *, anchor_binds: bool) -> list[Finding]:
    """Where names of ``path`` (leaf first, anchor last) break the constraints above them; raises DerError."""
    authorities = path[1:] if anchor_binds else path[1:-1]
    if not any(extension.NAME_CONSTRAINTS in each.extensions for each in authorities):
        return []
    state, found = _State(), []
    try:
        for position in range(len(path) - 1, -1, -1):
            certificate = path[position]
            is_anchor = position == len(path) - 1
            if not is_anchor and (position == 0 or not certificate.self_issued):  # 2.
                found += _broken(certificate, state, effort)
            if position and (anchor_binds or not is_anchor):
                found += _tighten(state, certificate)  # 1.
    except _TooMany:  # 4.
        why = Text(
            f"its names and constraints need more than {MAX_COMPARISONS} comparisons",
            f"tên và ràng buộc cần hơn {MAX_COMPARISONS} phép so sánh",
        )
        found.append(finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", path[0].sha256, why=why))
    return found


def _tighten(state: _State, authority: Certificate) -> list[Finding]:
    """1. Add what one authority states."""
    read = authority.read(extension.NAME_CONSTRAINTS, constraints.name_constraints)
    if read is None:
        return []
    if read.bounded:
        who = authority.subject_text
        what = Text(
            f"a minimum or maximum in the name constraints of {who}", f"giới hạn số trong ràng buộc tên của {who}"
        )
        return [finding("NOT_SUPPORTED", authority.sha256, what=what)]
    permitted, excluded = authority.once("subtrees", lambda: (_by_form(read.permitted), _by_form(read.excluded)))
    for tag, bases in permitted.items():
        state.permitted.setdefault(tag, []).append(bases)
    for tag, bases in excluded.items():
        state.excluded.setdefault(tag, []).extend(bases)
    return []


def _by_form(subtrees: tuple[bytes, ...]) -> _Bases:
    found: dict[int, list[Any]] = {}
    for raw in subtrees:
        form = names.FORMS.get(raw[0])
        found.setdefault(raw[0], []).append(_NOT_COMPARED if form is None else form.base(raw))
    return {tag: tuple(bases) for tag, bases in found.items()}


def _broken(certificate: Certificate, state: _State, effort: Effort) -> list[Finding]:
    """2. and 3. What is wrong with the names of one certificate; once per form."""
    found: dict[int, Finding] = {}
    for tag, raw in names.stated(certificate):
        if tag in found or (tag not in state.permitted and tag not in state.excluded):
            continue
        form = names.FORMS.get(tag)
        if form is None:
            kind, who = names.LABELS.get(tag, "unknown"), certificate.subject_text
            what = Text(f"a name constraint on the {kind} of {who}", f"ràng buộc tên đối với {kind} của {who}")
            found[tag] = finding("NOT_SUPPORTED", certificate.sha256, what=what)
            continue
        try:
            one = form.read(raw)
        except der.DerError:
            found[tag] = _outside(certificate, tag, Text("cannot be compared", "không so sánh được"))
            continue
        if not all(_within(one, bases, form, effort) for bases in state.permitted.get(tag, ())):
            found[tag] = _outside(certificate, tag, Text("is not permitted", "không được phép"))
        elif _hit(one, state.excluded.get(tag, ()), form, effort):
            found[tag] = _outside(certificate, tag, Text("is excluded", "bị loại trừ"))
    return list(found.values())


def _within(one: Any, bases: Sequence[Any], form: names.Form, effort: Effort) -> bool:
    effort.spend(len(bases))
    return any(form.within(one, base) for base in bases)


def _hit(one: Any, bases: Sequence[Any], form: names.Form, effort: Effort) -> bool:
    effort.spend(len(bases))
    return any(form.excluded(one, base) for base in bases)


def _outside(certificate: Certificate, tag: int, how: Text) -> Finding:
    subject, label = certificate.subject_text, names.LABELS.get(tag, "name")
    why = Text(
        f"the {label} of {subject} {how.en} by the name constraints above it",
        f"{label} của {subject} {how.vi} theo ràng buộc tên của tổ chức cấp trên",
    )
    return finding("CHAIN_CONSTRAINTS_FAILURE", certificate.sha256, why=why)
