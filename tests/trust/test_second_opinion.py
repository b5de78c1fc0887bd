"""Generated chains judged beside OpenSSL and pyhanko-certvalidator: the same answer every time."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ObjectIdentifier

from eidkit.trust.store import TrustStore
from eidkit.verify import verify_certificate
from tests.trust.making import DAY, NOW, Party, self_signed

pytestmark = pytest.mark.interop
SEEDS = range(80)
FIRST, SECOND = "1.2.3.1", "1.2.3.2"


@dataclass
class Chain:
    """A generated chain: its parties, its lists, what is demanded of policies, and what was done to it."""

    root: Party
    authorities: list[Party]
    leaf: Party
    explicit: bool
    done: list[str] = field(default_factory=list)

    @property
    def crls(self) -> list[bytes]:
        return [party.crl(key_of(party)) for party in (self.root, *self.authorities)]


def key_of(issuer: Party) -> tuple[x509.ExtensionType, bool]:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False


def policies(*oids: str) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids]), False


def permitting(name: str) -> tuple[x509.ExtensionType, bool]:
    return x509.NameConstraints([x509.DNSName(name)], None), True


def mapping(one: str, other: str) -> tuple[x509.ExtensionType, bool]:
    from eidkit.asn1 import der

    pair = der.sequence(der.encode_oid(one), der.encode_oid(other))
    return x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), der.sequence(pair)), True


AUTHORITY_TURNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ended": {"ends": NOW - DAY},
    "not begun": {"begins": NOW + DAY},
    "no path below": {"length": 0},
    "signs no certificates": {"usages": ("crl_sign",)},
    "no authority": {"authority": False, "usages": ("key_cert_sign", "crl_sign")},
    "signed by another": {"signer": ec.generate_private_key(ec.SECP256R1())},
    "permits gov": {"extra": permitting("gov")},
    "permits test": {"extra": permitting("test")},
    "unknown and critical": {"extra": (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)},
    "other policy": {"policies": policies(SECOND)},
    "any policy": {"policies": policies("2.5.29.32.0")},
    "maps": {"extra": mapping(FIRST, SECOND)},
    "requires a policy": {"extra": (x509.PolicyConstraints(0, None), True)},
    "revoked": {},
    "self-issued before": {},
}
LEAF_TURNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "revoked": {},
    "signed by another": {"signer": ec.generate_private_key(ec.SECP256R1())},
    "other policy": {"policies": policies(SECOND)},
    "no policy": {"policies": None},
    "unknown and critical": {"extra": (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)},
}


def issue(issuer: Party, name: str, turn: dict[str, Any], *extra: tuple[x509.ExtensionType, bool], authority: bool):
    turn = dict(turn)
    added = [turn.pop("extra")] if "extra" in turn else []
    stated = turn.pop("policies", policies(FIRST))
    added += [stated] if stated else []
    # OpenSSL tells keys of one name apart by their identifiers only
    key = ec.generate_private_key(ec.SECP256R1())
    added.append((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
    added.append(key_of(issuer))
    return issuer.issue(name, *extra, *added, key=key, **({"authority": authority} | turn))


def generated(seed: int) -> Chain:
    """Between one and three authorities; every turn is taken once, then about every third certificate gets one."""
    chance = random.Random(seed)  # noqa: S311 - the same chains at every run
    taken = (list(AUTHORITY_TURNS) + [""] * len(LEAF_TURNS))[seed : seed + 1]
    last = ([""] * len(AUTHORITY_TURNS) + list(LEAF_TURNS))[seed : seed + 1]
    chain = Chain(self_signed("Root"), [], self_signed("x"), explicit=chance.random() < 0.5)
    issuer = chain.root
    for depth in range(chance.randint(1, 3)):
        turn = chance.choice(list(AUTHORITY_TURNS)) if chance.random() < 0.4 and not taken else "plain"
        turn = (taken[0] or "plain") if taken and depth == 0 else turn
        authority = issue(issuer, f"Authority {depth}", AUTHORITY_TURNS[turn], authority=True)
        chain.authorities.append(authority)
        if turn == "revoked":
            issuer.revoke(authority)
        if turn == "self-issued before":
            authority = issue(authority, f"Authority {depth}", {}, authority=True)
            chain.authorities.append(authority)
        chain.done.append(turn)
        issuer = authority
    turn = chance.choice(list(LEAF_TURNS)) if chance.random() < 0.4 and not last else "plain"
    turn = (last[0] or "plain") if last else turn
    name = x509.SubjectAlternativeName([x509.DNSName(chance.choice(["a.gov", "a.test"]))]), False
    chain.leaf = issue(issuer, "Leaf", LEAF_TURNS[turn], name, authority=False)
    if turn == "revoked":
        issuer.revoke(chain.leaf)
    chain.done.append(f"leaf {turn}")
    return chain


def ours(chain: Chain) -> bool:
    return bool(
        verify_certificate(
            chain.leaf.der,
            TrustStore((chain.root.anchor,)),
            purpose="any",
            intermediates=[party.der for party in chain.authorities],
            revocation=chain.crls,
            at=NOW,
            require_explicit_policy=chain.explicit,
        )
    )


@pytest.fixture(scope="module")
def chains() -> list[tuple[Chain, bool]]:
    """Each chain with our answer."""
    return [(chain, ours(chain)) for chain in map(generated, SEEDS)]


def test_both_answers_come(chains: list[tuple[Chain, bool]]) -> None:
    right = sum(answer for _, answer in chains)
    assert 10 <= right <= len(SEEDS) - 10


def test_openssl_agrees(chains: list[tuple[Chain, bool]], tool: Callable[[str], str], tmp_path: Path) -> None:
    different = []
    for number, (chain, answer) in enumerate(chains):
        folder = tmp_path / str(number)
        folder.mkdir()
        lists = b"".join(x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM) for crl in chain.crls)
        (folder / "root.pem").write_bytes(_pem([chain.root]))
        (folder / "pool.pem").write_bytes(_pem(chain.authorities) + lists)
        (folder / "leaf.pem").write_bytes(_pem([chain.leaf]))
        command = [
            tool("openssl"), "verify", "-attime", str(int(NOW.timestamp())), "-policy_check", "-crl_check_all",
            "-extended_crl", "-policy", "2.5.29.32.0", *(["-explicit_policy"] if chain.explicit else []),
            "-trusted", "root.pem", "-untrusted", "pool.pem", "-CRLfile", "lists.pem", "leaf.pem",
        ]  # fmt: skip
        (folder / "lists.pem").write_bytes(lists)
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if (said.returncode == 0) is not answer:
            different.append((number, chain.done, chain.explicit, answer, said.stderr.splitlines()[:2]))
    assert not different, "\n".join(map(str, different))


def test_certvalidator_agrees(chains: list[tuple[Chain, bool]]) -> None:
    different = []
    for number, (chain, answer) in enumerate(chains):
        said = asyncio.run(_certvalidator(chain))
        if (said == "") is not answer:
            different.append((number, chain.done, chain.explicit, answer, said))
    assert not different, "\n".join(map(str, different))


async def _certvalidator(chain: Chain) -> str:
    """Why it refuses the chain; empty when it accepts it."""
    from asn1crypto import x509 as asn1
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError
    from pyhanko_certvalidator.policy_decl import PKIXValidationParams

    root, leaf, *pool = [asn1.Certificate.load(party.der) for party in (chain.root, chain.leaf, *chain.authorities)]
    context = ValidationContext(
        trust_roots=[root],
        crls=chain.crls,
        moment=NOW,
        revocation_mode="require",
    )
    validator = CertificateValidator(
        leaf,
        intermediate_certs=pool,
        validation_context=context,
        pkix_params=PKIXValidationParams(initial_explicit_policy=chain.explicit),
    )
    try:
        await validator.async_validate_path()
    except (PathBuildingError, PathValidationError) as error:
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def _pem(parties: list[Party]) -> bytes:
    return b"".join(party.certificate.public_bytes(Encoding.PEM) for party in parties)


def test_the_generator_makes_every_turn() -> None:
    done = {turn for chain in map(generated, SEEDS) for turn in chain.done}
    assert done >= set(AUTHORITY_TURNS) | {f"leaf {turn}" for turn in LEAF_TURNS}
