from __future__ import annotations

import pytest

from eidkit.algorithms import DIGESTS, SIGNATURES
from eidkit.asn1 import algorithm, der
from eidkit.asn1.algorithm import AlgorithmIdentifier, encode_digest, encode_signature, parse, signature_algorithm
from eidkit.errors import NotSupported

PSS = "1.2.840.113549.1.1.10"


@pytest.mark.parametrize("row", SIGNATURES, ids=lambda row: row.name)
def test_what_we_write_we_read_back(row) -> None:
    read, salt = signature_algorithm(parse(der.whole(encode_signature(row))))
    assert read == row
    assert (salt is not None) is (row.family == "rsa-pss")


@pytest.mark.parametrize("row", DIGESTS, ids=lambda row: row.name)
def test_digests_are_read_back(row) -> None:
    assert algorithm.digest_algorithm(parse(der.whole(encode_digest(row.name)))) == row.name


@pytest.mark.parametrize(
    ("oid", "hint", "name"),
    [
        ("1.2.840.113549.1.1.1", "sha256", "rsa-pkcs1-sha256"),
        ("1.2.840.10045.2.1", "sha384", "ecdsa-sha384"),
        ("1.3.14.3.2.29", None, "rsa-pkcs1-sha1"),
    ],
)
def test_a_key_type_and_a_digest_make_an_algorithm(oid: str, hint: str | None, name: str) -> None:
    assert signature_algorithm(AlgorithmIdentifier(oid), hint)[0].name == name


def test_a_key_type_alone_is_none() -> None:
    with pytest.raises(NotSupported):
        signature_algorithm(AlgorithmIdentifier("1.2.840.113549.1.1.1"))


def test_an_unknown_algorithm_is_refused_with_its_oid() -> None:
    with pytest.raises(NotSupported, match=r"1\.2\.3\.4"):
        signature_algorithm(AlgorithmIdentifier("1.2.3.4"))


def pss(
    *, digest: str = "sha256", mask: str = "sha256", salt: int = 32, trailer: int | None = None
) -> AlgorithmIdentifier:
    parts = [
        der.explicit(0, encode_digest(digest)),
        der.explicit(1, der.sequence(der.encode_oid(algorithm.MGF1_OID), encode_digest(mask))),
        der.explicit(2, der.encode_integer(salt)),
    ]
    if trailer is not None:
        parts.append(der.explicit(3, der.encode_integer(trailer)))
    return AlgorithmIdentifier(PSS, der.sequence(*parts))


def test_pss_states_its_salt() -> None:
    assert signature_algorithm(pss(salt=20))[1] == 20


def test_pss_defaults_are_sha1() -> None:
    read, salt = signature_algorithm(AlgorithmIdentifier(PSS, der.sequence()))
    assert (read.name, salt) == ("rsa-pss-sha1", 20)


@pytest.mark.parametrize("identifier", [pss(mask="sha1"), pss(salt=100_000), pss(trailer=2), AlgorithmIdentifier(PSS)])
def test_odd_pss_is_refused(identifier: AlgorithmIdentifier) -> None:
    with pytest.raises((NotSupported, der.DerError)):
        signature_algorithm(identifier)


def test_eddsa_has_no_parameters() -> None:
    with pytest.raises(der.DerError):
        signature_algorithm(AlgorithmIdentifier("1.3.101.112", der.ENCODED_NULL))
