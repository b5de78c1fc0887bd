"""AllOf: several Authentications of one person for one Transaction, joined by factor kind and not by count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.auth import assurance as table
from eidkit.binding import requiring, scales
from eidkit.binding.authentication import Assurance
from eidkit.errors import AuthenticationError, Text

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from eidkit.binding.authentication import Authentication, ProofClass
    from eidkit.binding.transaction import Transaction
    from eidkit.identity import Identity


@dataclass(frozen=True, slots=True, init=False)
class AllOf:
    """What ``AllOf(one, other, …)`` is worth together: the union of factor kinds (auth.md §5.4).

    Two codes from two devices are twice *have*, and one factor.  Every member must name the same person, by scheme
    and identifier, and be of the same Transaction; AuthenticationError otherwise.  An identity provider's statement
    of proofing (``eidas``) is the least that a member makes.  Use it to decide; what is signed and kept for a step is
    one Authentication (binding.md §3), and AllOf is none.  Threads may share it.
    """

    authentications: tuple[Authentication, ...]

    def __init__(self, *authentications: Authentication) -> None:
        object.__setattr__(self, "authentications", authentications)
        _check(authentications)

    @property
    def identity(self) -> Identity:
        """The one person."""
        found = self.authentications[0].identity
        if found is None:
            raise _refused("a member's person was erased", "danh tính của một thành phần đã bị xoá")
        return found

    @property
    def transaction(self) -> Transaction:
        """The one Transaction."""
        return self.authentications[0].transaction

    @property
    def factors(self) -> tuple[str, ...]:
        """The kinds that the members showed, each once, sorted; only those that their methods can show."""
        return tuple(sorted(frozenset().union(*(_kinds(member) for member in self.authentications))))

    @property
    def assurance(self) -> tuple[Assurance, ...]:
        """One value of each scheme, with its source."""
        joined = (_joined_level(self, "vn-2024"), _joined_level(self, "nist-aal"), _least_stated(self, "eidas"))
        return tuple(value for value in joined if value is not None)

    @property
    def authenticated_at(self) -> datetime:
        """When the first of them was present: the age of the whole is that of its oldest member."""
        return min(member.authenticated_at for member in self.authentications)

    @property
    def proof_class(self) -> ProofClass:
        """The weakest of the members' classes."""
        classes = [member.proof_class for member in self.authentications]
        return min(classes, key=scales.PROOF_CLASSES.index)

    def require(
        self,
        *,
        min: tuple[str, str] | None = None,  # noqa: A002 - the word of the demand: at least so sure
        proof_class: ProofClass | None = None,
        bound: bool = False,
        max_age: timedelta | None = None,
        at: datetime | None = None,
    ) -> None:
        """As :meth:`~eidkit.binding.authentication.Authentication.require`, for all of them together.

        ``proof_class`` and ``bound`` are asked of every member.
        """
        further = [why for member in self.authentications for why in requiring.weaker(member, proof_class)]
        if bound:
            further += [why for member in self.authentications for why in requiring.unbound(member)]
        requiring.check(self, least=min, max_age=max_age, at=at, further=further)


def _check(members: tuple[Authentication, ...]) -> None:
    if not 1 <= len(members) <= 8:
        raise _refused("1 to 8 authentications are joined", "chỉ ghép 1 đến 8 bản ghi xác thực")
    if any(not member.disclosure_holds() for member in members):
        raise _refused("a member does not show whose it is", "một thành phần không cho biết của ai")
    if len({member.identity for member in members}) != 1:
        raise _refused("the authentications are of different people", "các bản ghi xác thực thuộc nhiều người")
    if len({member.transaction.digest for member in members}) != 1:
        raise _refused("the authentications are of different transactions", "các bản ghi thuộc nhiều giao dịch")
    if len({member.challenge.nonce for member in members}) != len(members):
        raise _refused("an authentication was given twice", "một bản ghi xác thực bị lặp lại")


def _kinds(member: Authentication) -> frozenset[str]:
    cap = table.CAPS.get(member.method)
    return frozenset() if cap is None else cap.counted(member.factors)


def _worth(member: Authentication) -> tuple[Assurance, ...]:
    """What a member is worth alone: by our table where that is the source, otherwise as stated and never above it."""
    cap = table.CAPS.get(member.method)
    if cap is None:
        return ()
    if cap.source == "policy":
        return table.assess(member.method, member.factors)
    return tuple(
        entry for entry in member.assurance if entry.scheme != "nist-aal" or cap.nist is None or entry.value <= cap.nist
    )


def _joined_level(joined: AllOf, scheme: str) -> Assurance | None:
    """What the kinds are worth together, or what one member is worth already, whichever is more."""
    together = table.vn_level(joined.factors) if scheme == "vn-2024" else _nist(joined)
    stated = [entry for member in joined.authentications for entry in _worth(member) if entry.scheme == scheme]
    if together is not None:
        stated.append(Assurance(scheme, together, "policy"))
    scale = scales.ASSURANCE_SCALES[scheme]
    return max(stated, key=lambda entry: scale.index(entry.value), default=None)


def _nist(joined: AllOf) -> str | None:
    """The level of the kinds together, under the lowest cap of those that count; what has no cap counts for nothing."""
    capped = [(_kinds(member), table.CAPS[member.method].nist) for member in joined.authentications if _kinds(member)]
    counting = [(kinds, cap) for kinds, cap in capped if cap is not None]
    if not counting:
        return None
    return table.nist_level(frozenset().union(*(kinds for kinds, _ in counting)), min(cap for _, cap in counting))


def _least_stated(joined: AllOf, scheme: str) -> Assurance | None:
    stated = [entry for member in joined.authentications for entry in _worth(member) if entry.scheme == scheme]
    return min(stated, key=lambda entry: scales.ASSURANCE_SCALES[scheme].index(entry.value), default=None)


def _refused(en: str, vi: str) -> AuthenticationError:
    return AuthenticationError(
        "authentications-not-joined",
        Text(en, vi),
        Text("let one person answer for one transaction in each way", "một người xác thực cho cùng một giao dịch"),
        kind="caller",
    )
