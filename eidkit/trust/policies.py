"""Certificate policies along a path: RFC 5280 §6.1 with the graph of RFC 9618 in place of the tree, pure.

The tree of RFC 5280 doubles at every certificate that maps each policy to two others; the graph keeps one node per
policy and certificate, so its size is bounded by what the certificates list (``MAX_POLICIES`` each).

1. A level of the graph per certificate, from the anchor down (RFC 9618 §5.3, replacing RFC 5280 §6.1.3 (d)).
2. ``explicit`` at zero and no policy left: the path fails (§6.1.3 (f)).
3. Mappings rewrite what is expected below (RFC 9618 §5.4); anyPolicy may be mapped neither from nor to (§6.1.4 (a)).
4. The three counters go down by one per certificate that is not self-issued, and never up (§6.1.4 (h)–(j)).
5. In the end, what the authorities allow is met with what the caller accepts (RFC 9618 §5.6).

Nodes that lead nowhere need no pruning here: only the newest level is looked at on the way down, and the last step
walks up from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eidkit.asn1 import constraints, extension
from eidkit.asn1.constraints import ANY_POLICY
from eidkit.errors import Text
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eidkit.asn1.certificate import Certificate

_EVERY = frozenset({ANY_POLICY})
_NO_POLICIES = constraints.Policies((), qualifiers_known=True)


@dataclass(frozen=True, slots=True)
class PolicyInputs:
    """What the caller asks of policies (RFC 5280 §6.1.1 (c), (e)–(g)); the default asks nothing.

    ``acceptable``: the policies that will do (anyPolicy: every one).  ``require_explicit``: one of them must hold.
    """

    acceptable: frozenset[str] = _EVERY
    require_explicit: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False


ASKS_NOTHING = PolicyInputs()


@dataclass(slots=True, eq=False)
class _Node:
    """One policy at one certificate: the nodes above that lead to it, and what may stand below it."""

    policy: str
    parents: tuple[_Node, ...]
    expected: frozenset[str]


_Level = dict[str, _Node]


@dataclass(slots=True)
class _State:
    """The working values of RFC 5280 §6.1.2; ``level`` is None once no policy is valid any more."""

    explicit: int
    mapping: int
    any_policy: int
    level: _Level | None = field(default_factory=lambda: {ANY_POLICY: _Node(ANY_POLICY, (), _EVERY)})


def asks_something(path: Sequence[Certificate], inputs: PolicyInputs) -> bool:
    """Whether policies can decide anything on ``path``: somebody asks, or a certificate carries one of them."""
    return (inputs is not ASKS_NOTHING and inputs != ASKS_NOTHING) or any(
        not _CARRIERS.isdisjoint(each.extensions) for each in path
    )


_CARRIERS = frozenset(
    {
        extension.CERTIFICATE_POLICIES,
        extension.POLICY_MAPPINGS,
        extension.POLICY_CONSTRAINTS,
        extension.INHIBIT_ANY_POLICY,
    }
)


def judged(
    path: Sequence[Certificate], inputs: PolicyInputs, *, anchor_binds: bool
) -> tuple[frozenset[str], list[Finding]]:
    """The user-constrained policy set of ``path`` (leaf first, anchor last), and why its policies do not suffice.

    ``anchor_binds``: what the anchor's own certificate says of policies counts too (RFC 5937 §3).  Raises DerError for
    malformed extensions.
    """
    if not asks_something(path, inputs):
        return frozenset(), []
    certificates = path[-2::-1]
    count = len(certificates)
    state = _State(
        explicit=0 if inputs.require_explicit else count + 1,
        mapping=0 if inputs.inhibit_mapping else count + 1,
        any_policy=0 if inputs.inhibit_any else count + 1,
    )
    found = _begin(state, path[-1]) if anchor_binds and certificates else []
    for position, certificate in enumerate(certificates, start=1):
        last = position == count
        _descend(state, certificate, last=last)  # 1.
        if state.explicit == 0 and not state.level:  # 2.
            return frozenset(), [*found, _none_left(certificate)]
        if not last:
            found += _map(state, certificate)  # 3.
            _count_down(state, certificate)  # 4.
    if not certificates:
        return inputs.acceptable if inputs.acceptable != _EVERY else frozenset(), found
    leaf = certificates[-1]
    if state.explicit:
        state.explicit -= 1
    if (leaf.read(extension.POLICY_CONSTRAINTS, constraints.policy_constraints) or (None,))[0] == 0:
        state.explicit = 0
    constrained = _constrained(state, inputs.acceptable)  # 5.
    if state.explicit == 0 and not constrained:
        found.append(_none_left(leaf))
    return constrained, found


def _policies(certificate: Certificate) -> tuple[str, ...]:
    read = certificate.read(extension.CERTIFICATE_POLICIES, constraints.certificate_policies)
    return (read or _NO_POLICIES).oids


def _begin(state: _State, anchor: Certificate) -> list[Finding]:
    """RFC 5937 §3: what the anchor states holds as if it were the first certificate, but it does not count as one.

    An anchor without policies allows every one, unlike a certificate without them.
    """
    stated = _policies(anchor)
    above = tuple((state.level or {}).values())
    state.level = {policy: _Node(policy, above, frozenset({policy})) for policy in stated or _EVERY}
    found = _map(state, anchor)
    _constrain(state, anchor)
    return found


def _descend(state: _State, certificate: Certificate, *, last: bool) -> None:
    """1. The next level: RFC 9618 §5.3 (d)(1)–(2), (e)."""
    stated = _policies(certificate)
    if not stated or state.level is None:
        state.level = None
        return
    above = state.level
    expecting: dict[str, list[_Node]] = {}
    for node in above.values():
        for policy in node.expected:
            expecting.setdefault(policy, []).append(node)
    level: _Level = {}
    for policy in stated:
        if policy == ANY_POLICY:
            continue
        parents = expecting.get(policy) or ([above[ANY_POLICY]] if ANY_POLICY in above else [])
        if parents:
            level[policy] = _Node(policy, tuple(parents), frozenset({policy}))
    if ANY_POLICY in stated and (state.any_policy > 0 or (not last and certificate.self_issued)):
        for policy, parents in expecting.items():
            if policy not in level:
                level[policy] = _Node(policy, tuple(parents), frozenset({policy}))
    state.level = level or None


def _map(state: _State, certificate: Certificate) -> list[Finding]:
    """3. RFC 9618 §5.4 (b), RFC 5280 §6.1.4 (a)."""
    mapped: dict[str, set[str]] = {}
    for policy, counterpart in certificate.read(extension.POLICY_MAPPINGS, constraints.policy_mappings) or ():
        mapped.setdefault(policy, set()).add(counterpart)
    if not mapped:
        return []
    if ANY_POLICY in mapped or any(ANY_POLICY in subjects for subjects in mapped.values()):
        subject = certificate.subject_text
        why = Text(f"{subject} maps anyPolicy", f"{subject} ánh xạ anyPolicy")
        return [finding("CHAIN_CONSTRAINTS_FAILURE", certificate.sha256, why=why)]
    level = state.level
    if level is None:
        return []
    anything = level.get(ANY_POLICY)
    for policy, subjects in mapped.items():
        node = level.get(policy)
        if state.mapping == 0:
            level.pop(policy, None)
        elif node is not None:
            node.expected = frozenset(subjects)
        elif anything is not None:
            # the anyPolicy node of the level above is the only parent that one here can have
            level[policy] = _Node(policy, anything.parents, frozenset(subjects))
    state.level = level or None
    return []


def _count_down(state: _State, certificate: Certificate) -> None:
    """4. RFC 5280 §6.1.4 (h)–(j)."""
    if not certificate.self_issued:
        state.explicit = max(0, state.explicit - 1)
        state.mapping = max(0, state.mapping - 1)
        state.any_policy = max(0, state.any_policy - 1)
    _constrain(state, certificate)


def _constrain(state: _State, certificate: Certificate) -> None:
    """4. What a certificate inhibits or requires of those below it."""
    explicit, mapping = certificate.read(extension.POLICY_CONSTRAINTS, constraints.policy_constraints) or (None, None)
    any_policy = certificate.read(extension.INHIBIT_ANY_POLICY, constraints.inhibit_any_policy)
    state.explicit = state.explicit if explicit is None else min(state.explicit, explicit)
    state.mapping = state.mapping if mapping is None else min(state.mapping, mapping)
    state.any_policy = state.any_policy if any_policy is None else min(state.any_policy, any_policy)


def _constrained(state: _State, acceptable: frozenset[str]) -> frozenset[str]:
    """5. RFC 9618 §5.6 (g): the policies in the authorities' own words, met with the acceptable ones."""
    if state.level is None:
        return frozenset()
    found = {
        node.policy
        for node in _ancestors(state.level.values())
        if node.policy != ANY_POLICY and len(node.parents) == 1 and node.parents[0].policy == ANY_POLICY
    }
    anything = ANY_POLICY in state.level
    if acceptable == _EVERY or ANY_POLICY in acceptable:
        return frozenset(found | ({ANY_POLICY} if anything else set()))
    return frozenset(found & acceptable) | (acceptable if anything else frozenset())


def _ancestors(level: Iterable[_Node]) -> list[_Node]:
    """The nodes of the last level and everything that leads to them, each once."""
    seen: dict[_Node, None] = {}
    waiting = list(level)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen[node] = None
            waiting.extend(node.parents)
    return list(seen)


def _none_left(certificate: Certificate) -> Finding:
    subject = certificate.subject_text
    why = Text(
        f"no acceptable certificate policy reaches {subject}", f"không có chính sách chứng thư phù hợp cho {subject}"
    )
    return finding("CHAIN_CONSTRAINTS_FAILURE", certificate.sha256, why=why)
