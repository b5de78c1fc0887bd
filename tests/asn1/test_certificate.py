from __future__ import annotations

import hashlib
import pickle
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from eidkit.asn1 import certificate, der
from eidkit.asn1.certificate import Certificate, load, parse, verify_issued
from eidkit.errors import EidkitError, NotSupported
from tests.trust.making import Party, named, self_signed


@pytest.fixture(scope="module")
def root() -> Party:
    return self_signed("Root")


@pytest.fixture(scope="module")
def person(root: Party) -> Party:
    places = [x509.DistributionPoint([x509.UniformResourceIdentifier("http://a.example/c.crl")], None, None, None)]
    access = [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://a.example/o")
        ),
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://a.example/i")
        ),
    ]
    return root.issue(
        "Trần Văn Bình",
        (x509.CRLDistributionPoints(places), False),
        (x509.AuthorityInformationAccess(access), False),
        (x509.SubjectKeyIdentifier(b"subject"), False),
        (x509.AuthorityKeyIdentifier(b"authority", None, None), False),
    )


def test_every_field_is_what_cryptography_reads(person: Party) -> None:
    ours, theirs = person.parsed, person.certificate
    assert ours.serial == theirs.serial_number
    assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
    assert ours.issuer == theirs.issuer.public_bytes()
    assert ours.subject == theirs.subject.public_bytes()
    assert ours.tbs == theirs.tbs_certificate_bytes
    assert ours.signature == theirs.signature
    assert ours.spki == theirs.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert ours.signature_algorithm.oid == theirs.signature_algorithm_oid.dotted_string
    assert ours.sha256 == hashlib.sha256(person.der).hexdigest()
    assert set(ours.extensions) == {extension.oid.dotted_string for extension in theirs.extensions}


def test_extensions_are_read_by_name(person: Party) -> None:
    ours = person.parsed
    assert ours.key_usage == {1}
    assert ours.basic_constraints == (False, None)
    assert ours.crl_distribution_points == ("http://a.example/c.crl",)
    assert ours.ocsp_urls == ("http://a.example/o",)
    assert ours.ca_issuer_urls == ("http://a.example/i",)
    assert (ours.subject_key_identifier, ours.authority_key_identifier) == (b"subject", b"authority")
    assert ours.extended_key_usage is None
    assert ours.subject_text == "Trần Văn Bình"


def test_the_issuers_signature_is_checked(root: Party, person: Party) -> None:
    assert verify_issued(person.parsed, root.parsed)
    assert not verify_issued(person.parsed, person.parsed)
    assert not verify_issued(person.parsed, self_signed("Root").parsed)


def test_a_remembered_success_is_of_the_whole_certificate(root: Party, person: Party) -> None:
    assert verify_issued(person.parsed, root.parsed)
    broken = bytearray(person.der)
    broken[-1] ^= 1
    assert not verify_issued(parse(bytes(broken)), root.parsed)


def test_trailing_octets_are_refused(person: Party) -> None:
    with pytest.raises(der.DerError):
        parse(person.der + b"\0")


def test_two_different_signature_algorithms_are_refused(person: Party) -> None:
    tbs, _, value = der.whole(person.der).children()
    other = der.sequence(der.encode_oid("1.2.840.10045.4.3.3"))
    with pytest.raises(der.DerError, match="two different signature algorithms"):
        parse(der.sequence(tbs.raw, other, value.raw))


def test_an_extension_that_stands_twice_is_refused(person: Party) -> None:
    tbs, algorithm, value = der.whole(person.der).children()
    *fields, extensions = tbs.children()
    listed = [node.raw for node in extensions.only().children()]
    doubled = der.explicit(3, der.sequence(*listed, listed[0]))
    with pytest.raises(der.DerError, match="stands twice"):
        parse(der.sequence(der.sequence(*(node.raw for node in fields), doubled), algorithm.raw, value.raw))


def test_an_explicit_false_is_read_as_it_is_meant(person: Party) -> None:
    value = der.sequence(der.tlv(der.BOOLEAN, b"\0"))
    from eidkit.asn1 import extension

    assert extension.basic_constraints(value) == (False, None)


def test_a_parse_is_remembered_by_content(person: Party) -> None:
    assert parse(person.der) is parse(bytes(bytearray(person.der)))
    assert Certificate(person.der) == parse(person.der)
    assert len({Certificate(person.der), parse(person.der)}) == 1


def test_a_certificate_travels_between_processes(person: Party) -> None:
    assert pickle.loads(pickle.dumps(person.parsed)) is person.parsed  # noqa: S301


def test_pem_and_der_are_loaded(root: Party, person: Party) -> None:
    text = b"notes\n" + b"".join(party.certificate.public_bytes(Encoding.PEM) for party in (person, root))
    assert load(text) == [person.parsed, root.parsed]
    assert load(person.der) == [person.parsed]


@pytest.mark.parametrize(
    "data", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"-----BEGIN X-----"]
)
def test_what_holds_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(EidkitError):
        load(data)


def test_too_many_pem_blocks_are_refused(person: Party) -> None:
    with pytest.raises(der.DerError, match="more than 3"):
        load(person.certificate.public_bytes(Encoding.PEM) * 4, limit=3)


def test_an_oversized_certificate_is_refused() -> None:
    with pytest.raises(der.DerError, match="above"):
        parse(b"\0" * (certificate.MAX_CERTIFICATE + 1))


# ── explicit elliptic curve parameters ────────────────────────────────────────────────────────────────────

CURVES = {
    "prime256v1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "secp224r1": ec.SECP224R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}


def explicit(tool: Callable[[str], str], curve: str) -> bytes:
    command = [tool("openssl"), "ecparam", "-name", curve, "-param_enc", "explicit", "-outform", "DER"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def spki(parameters: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return der.sequence(
        der.sequence(der.encode_oid("1.2.840.10045.2.1"), parameters), der.tlv(der.BIT_STRING, b"\0" + point)
    )


@pytest.mark.parametrize("curve", CURVES)
def test_explicit_parameters_of_a_named_curve_are_that_curve(tool: Callable[[str], str], curve: str) -> None:
    from eidkit.asn1.public_key import load_public_key

    key = ec.generate_private_key(CURVES[curve])
    assert load_public_key(spki(explicit(tool, curve), key)) == key.public_key()


@pytest.mark.parametrize("field", ["p", "a", "b", "generator", "order", "cofactor"])
def test_one_number_off_is_no_named_curve(tool: Callable[[str], str], field: str) -> None:
    from eidkit.asn1.public_key import load_public_key

    version, prime, curve, generator, order, cofactor = (
        node.raw for node in der.whole(explicit(tool, "prime256v1")).children()
    )
    parts = {"p": prime, "a": curve, "b": curve, "generator": generator, "order": order, "cofactor": cofactor}
    broken = bytearray(parts[field])
    place = {"p": -1, "a": 5, "b": 45, "generator": -1, "order": -1, "cofactor": -1}[field]
    broken[place] ^= 2
    if field in {"a", "b"}:
        curve = bytes(broken)
    parts[field] = bytes(broken)
    made = der.sequence(version, parts["p"], curve, parts["generator"], parts["order"], parts["cofactor"])
    with pytest.raises(NotSupported):
        load_public_key(spki(made, ec.generate_private_key(ec.SECP256R1())))


def test_an_rsa_pss_key_signs_only_pss() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from eidkit.algorithms import RSA_PSS_OID, SIGNATURE_BY_NAME
    from eidkit.asn1.algorithm import encode_signature
    from eidkit.asn1.public_key import admits, load_public_key

    key = rsa.generate_private_key(65537, 2048).public_key()
    plain = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bits = der.whole(plain).children()[1].raw
    bound = der.sequence(encode_signature(SIGNATURE_BY_NAME["rsa-pss-sha256"]), bits)
    free = der.sequence(der.sequence(der.encode_oid(RSA_PSS_OID)), bits)
    assert load_public_key(bound) == key
    assert admits(plain, SIGNATURE_BY_NAME["rsa-pkcs1-sha256"], None)
    assert not admits(bound, SIGNATURE_BY_NAME["rsa-pkcs1-sha256"], None)
    assert admits(bound, SIGNATURE_BY_NAME["rsa-pss-sha256"], 32)
    assert not admits(bound, SIGNATURE_BY_NAME["rsa-pss-sha256"], 20)
    assert not admits(bound, SIGNATURE_BY_NAME["rsa-pss-sha512"], 64)
    assert admits(free, SIGNATURE_BY_NAME["rsa-pss-sha512"], 64)


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────


def encoded(*attributes: tuple[x509.ObjectIdentifier, str, x509.name._ASN1Type]) -> bytes:
    return x509.Name([x509.NameAttribute(oid, value, _type=kind) for oid, value, kind in attributes]).public_bytes()


def test_names_compare_over_spelling_and_string_type() -> None:
    from eidkit.asn1 import name

    utf8, printable = x509.name._ASN1Type.UTF8String, x509.name._ASN1Type.PrintableString
    first = encoded((NameOID.COMMON_NAME, "Co quan  Chung thuc", utf8), (NameOID.ORGANIZATION_NAME, "O", utf8))
    second = encoded((NameOID.COMMON_NAME, " CO QUAN chung thuc ", printable), (NameOID.ORGANIZATION_NAME, "o", utf8))
    turned = encoded((NameOID.ORGANIZATION_NAME, "O", utf8), (NameOID.COMMON_NAME, "Co quan Chung thuc", utf8))
    assert name.same(first, second)
    assert not name.same(first, turned)
    assert not name.same(first, named("Co quan Chung thuc").public_bytes())


def test_a_name_cannot_paint_the_log() -> None:
    from eidkit.asn1 import name

    painted = named("a\u202e\x1b[31m, CN=b").public_bytes()
    assert name.text(painted) == "CN=a\\E2\\80\\AE\\1B[31m\\, CN=b"


def test_a_malformed_name_is_shown_not_raised(person: Party) -> None:
    tbs, algorithm, value = der.whole(person.der).children()
    fields = [node.raw for node in tbs.children()]
    fields[5] = der.sequence(b"\x05\x00")
    broken = parse(der.sequence(der.sequence(*fields), algorithm.raw, value.raw))
    assert broken.subject_text == "#30020500"


@pytest.mark.parametrize(
    ("tag", "text", "year"),
    [
        (der.UTC_TIME, b"491231235959Z", 2049),
        (der.UTC_TIME, b"500101000000Z", 1950),
        (der.GENERALIZED_TIME, b"99991231235959Z", 9999),
        (der.GENERALIZED_TIME, b"00000101000000Z", 1),
    ],
)
def test_times_of_every_age_are_read(tag: int, text: bytes, year: int) -> None:
    encoded_time = der.tlv(tag, text)
    moment, end = certificate.read_time(encoded_time, 0, len(encoded_time))
    assert (moment.year, end) == (year, len(encoded_time))
    assert isinstance(moment, datetime)


@pytest.mark.parametrize("text", [b"990230000000Z", b"99123123595Z", b"", b"Z", b"9912312359590Z"])
def test_no_other_time_is_one(text: bytes) -> None:
    encoded_time = der.tlv(der.UTC_TIME, text)
    with pytest.raises(der.DerError):
        certificate.read_time(encoded_time, 0, len(encoded_time))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_every_pkits_certificate_is_read_as_cryptography_reads_it(corpus: Callable[[str], Path]) -> None:
    read = 0
    for file in sorted((corpus("chain") / "pkits" / "certs").glob("*.crt")):
        data = file.read_bytes()
        try:
            theirs, ours = x509.load_der_x509_certificate(data), parse(data)
        except (ValueError, EidkitError):
            continue
        read += 1
        assert ours.tbs == theirs.tbs_certificate_bytes
        assert ours.serial == theirs.serial_number
        assert ours.not_after == theirs.not_valid_after_utc
    assert read > 390
