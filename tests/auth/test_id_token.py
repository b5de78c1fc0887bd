"""The check of an ID token: the OIDC Core examples, and each attack by name."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from eidkit.algorithms import ecdsa_to_plain
from eidkit.auth import oidc
from eidkit.auth.foreign import NotAccepted, json_object
from eidkit.auth.id_token import half_hash
from eidkit.auth.jwk import PinnedKey, usable
from eidkit.auth.oidc import Provider, check_id_token
from eidkit.auth.stores import Stores
from eidkit.binding import jwa, shape
from eidkit.errors import AuthenticationError, EidkitError

NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER, CLIENT = "https://id.example.test", "permits"
CLAIMS = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "person-1",
    "nonce": "n-1",
    "iat": AT - 5,
    "exp": AT + 60,
    "auth_time": AT - 9,
}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def ec_jwk(key, **more) -> dict:
    numbers = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    crv = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}[key.curve.name]
    return {"kty": "EC", "crv": crv, "x": b64(numbers.x.to_bytes(size)), "y": b64(numbers.y.to_bytes(size)), **more}


class Signer:
    """A provider's key, and what it signs."""

    def __init__(self, key=None, **jwk):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.jwk = {**ec_jwk(self.key), "kid": "k1", "use": "sig", **jwk}
        self.pin = PinnedKey.of(self.jwk, NOW - timedelta(days=1))

    def token(self, claims=None, header=None, *, raw=None, **changes):
        head = {"alg": "ES256", "kid": "k1", "typ": "JWT", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        body = {**(CLAIMS if claims is None else claims), **changes}
        body = {name: value for name, value in body.items() if value is not ...}
        payload = json.dumps(body).encode() if raw is None else raw
        signing_input = f"{b64(json.dumps(head).encode())}.{b64(payload)}"
        return f"{signing_input}.{b64(self.sign(signing_input.encode()))}"

    def sign(self, data):
        from cryptography.hazmat.primitives.hashes import SHA256

        return ecdsa_to_plain(self.key.sign(data, ec.ECDSA(SHA256())), 256)


@pytest.fixture(scope="module")
def signer():
    return Signer()


@pytest.fixture(scope="module")
def provider(signer):
    return Provider(ISSUER, CLIENT, (signer.pin,))


def accepted(token, provider, **more):
    return check_id_token(token, provider, "n-1", NOW, **more)


def refused(token, provider, reason, caplog, **more):
    caplog.clear()
    caplog.set_level("INFO", "eidkit.auth")
    with pytest.raises(AuthenticationError):
        accepted(token, provider, **more)
    assert [record.code for record in caplog.records] == [reason]


# ── OIDC Core Appendix A ──────────────────────────────────────────────────────────────────────────────────


def _appendix(corpus):
    return json.loads((corpus("auth/oidc") / "oidc_core_appendix_a.json").read_text("utf-8"))


def _outcome(case, defaults, stores):
    said = {**defaults, **case}
    at = datetime.fromtimestamp(said["at"], UTC)
    pins = tuple(PinnedKey.of(key, at - timedelta(days=1)) for key in said["jwks"]["keys"])
    provider = Provider(said["issuer"], said["client_id"], pins)
    for _ in range(case.get("times", 1)):
        try:
            claims = check_id_token(
                case["token"],
                provider,
                said["nonce"],
                at,
                code=case.get("code"),
                access_token=case.get("access_token"),
                max_age=case.get("max_age"),
                acr=case.get("required_acr"),
            )
        except AuthenticationError:
            return "reject"
        try:
            oidc._use_up(case["token"], claims, stores, at)
        except NotAccepted:
            return "reject-second"
        if "sub" in case:
            assert claims["sub"] == case["sub"]
    return "accept"


def test_the_oidc_core_examples(corpus):
    data = _appendix(corpus)
    assert len(data["cases"]) == 16
    for case in data["cases"]:
        assert _outcome(case, data["defaults"], Stores.memory()) == case["expect"], case["id"]


def _cookbook(corpus, form):
    """The compact tokens of RFC 7520 under which a MAC, or an encryption, stands."""
    for file in sorted((corpus("auth/jose") / "rfc7520" / form).glob("*.json")):
        output = json.loads(file.read_text("utf-8"))["output"]
        alg = json.loads(file.read_text("utf-8"))["input"].get("alg", "")
        if "compact" in output and alg not in jwa.ALGORITHMS:
            yield output["compact"]


@pytest.mark.parametrize(("form", "reason", "least"), [("jws", "alg", 1), ("jwe", "token-shape", 9)])
def test_good_tokens_of_the_cookbook_that_are_no_signatures_are_refused(provider, corpus, caplog, form, reason, least):
    found = list(_cookbook(corpus, form))
    assert len(found) >= least
    for token in found:
        refused(token, provider, reason, caplog)


# ── what holds ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_token_gives_its_claims(signer, provider):
    assert accepted(signer.token(), provider)["sub"] == "person-1"


@pytest.mark.parametrize(
    ("make", "alg"),
    [
        (lambda: ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (ed25519.Ed25519PrivateKey.generate, "EdDSA"),
        (lambda: _RSA, "RS256"),
        (lambda: _RSA, "PS256"),
        (lambda: _RSA, "RS512"),
    ],
)
def test_every_algorithm_of_the_list(make, alg):
    key = make()
    signing_input = f"{b64(json.dumps({'alg': alg}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    token = f"{signing_input}.{b64(_signature(key, alg, signing_input.encode()))}"
    provider = Provider(ISSUER, CLIENT, (PinnedKey.of(_jwk(key), NOW),))
    assert accepted(token, provider)
    if alg != "EdDSA":
        other = Provider(ISSUER, CLIENT, provider.keys, algorithms=("EdDSA",))
        with pytest.raises(AuthenticationError):
            accepted(token, other)


_RSA = rsa.generate_private_key(65537, 2048)


def _jwk(key):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ec_jwk(key)
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": b64(numbers.n.to_bytes(key.key_size // 8)), "e": "AQAB"}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}


def _signature(key, alg, data):
    from cryptography.hazmat.primitives.asymmetric import padding

    from eidkit.algorithms import SIGNATURE_BY_NAME, hash_object

    row = SIGNATURE_BY_NAME[jwa.ALGORITHMS[alg].algorithm]
    if row.family == "eddsa":
        return key.sign(data)
    digest = hash_object(row.digest)
    if row.family == "ecdsa":
        return ecdsa_to_plain(key.sign(data, ec.ECDSA(digest)), key.curve.key_size)
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return key.sign(data, pss if row.family == "rsa-pss" else padding.PKCS1v15(), digest)


@pytest.mark.parametrize("audience", [CLIENT, [CLIENT]])
def test_our_audience_alone(signer, provider, audience):
    assert accepted(signer.token(aud=audience), provider)


@pytest.mark.parametrize("typ", [None, "JWT", "jwt"])
def test_the_types_of_an_id_token(signer, provider, typ):
    assert accepted(signer.token(header={"typ": typ}), provider)


def test_fractions_in_times_are_read(signer, provider):
    assert accepted(signer.token(iat=AT - 5.5, exp=AT + 60.25), provider)


def test_the_hashes_of_code_and_access_token(signer, provider):
    token = signer.token(at_hash=half_hash("access", "ES256"), c_hash=half_hash("code", "ES256"))
    assert accepted(token, provider, code="code", access_token="access")
    for more in ({"code": "other"}, {"access_token": "other"}):
        with pytest.raises(AuthenticationError):
            accepted(token, provider, **more)


def test_a_key_embedded_in_the_header_is_ignored(signer, provider):
    assert accepted(signer.token(header={"jwk": ec_jwk(Signer().key), "jku": "https://evil.example"}), provider)


# ── attacks on the header ─────────────────────────────────────────────────────────────────────────────────

HEADERS = {
    "none": ({"alg": "none"}, "alg"),
    "None": ({"alg": "None"}, "alg"),
    "no alg": ({"alg": None}, "alg"),
    "alg not text": ({"alg": ["ES256"]}, "alg"),
    "HS256": ({"alg": "HS256"}, "alg"),
    "RS1": ({"alg": "RS1"}, "alg"),
    "other curve's algorithm": ({"alg": "ES384"}, "key"),
    "RSA algorithm for an EC key": ({"alg": "RS256"}, "key"),
    "logout token": ({"typ": "logout+jwt"}, "typ"),
    "access token": ({"typ": "at+jwt"}, "typ"),
    "credential": ({"typ": "dc+sd-jwt"}, "typ"),
    "our own attestation": ({"typ": "eidkit-attestation+jwt"}, "typ"),
    "typ not text": ({"typ": 1}, "typ"),
    "crit": ({"crit": []}, "crit"),
    "b64": ({"b64": False}, "crit"),
    "unknown kid": ({"kid": "k2"}, "key"),
    "kid as a path": ({"kid": "../../../dev/null"}, "key"),
    "kid as SQL": ({"kid": "' OR 1=1 --"}, "key"),
    "kid as an address": ({"kid": "http://169.254.169.254/"}, "key"),
    "kid not text": ({"kid": 1}, "kid"),
    "kid empty": ({"kid": ""}, "kid"),
    "kid endless": ({"kid": "x" * 256}, "kid"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_header_refused(signer, provider, name, caplog):
    header, reason = HEADERS[name]
    refused(signer.token(header=header), provider, reason, caplog)


def test_the_public_key_as_a_secret_is_refused(signer, caplog):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signing_input = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'k1'}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    value = hmac.new(pem, signing_input.encode(), hashlib.sha256).digest()
    refused(f"{signing_input}.{b64(value)}", Provider(ISSUER, CLIENT, (signer.pin,)), "alg", caplog)


def test_a_token_of_an_embedded_key_is_refused(provider, caplog):
    attacker = Signer(kid="evil")
    header = {"kid": "evil", "jwk": attacker.jwk, "jku": "https://evil.example/jwks"}
    refused(attacker.token(header=header), provider, "key", caplog)
    refused(attacker.token(header={**header, "kid": "k1"}), provider, "signature", caplog)


def test_without_kid_only_a_single_key_can_be_meant(signer, provider, caplog):
    token = signer.token(header={"kid": None})
    assert accepted(token, provider)
    two = Provider(ISSUER, CLIENT, (signer.pin, Signer(kid="k2").pin))
    refused(token, two, "key", caplog)


def test_two_keys_of_one_kid_are_refused(signer, caplog):
    refused(signer.token(), Provider(ISSUER, CLIENT, (signer.pin, Signer().pin)), "key", caplog)


@pytest.mark.parametrize("said", [{"use": "enc"}, {"alg": "ES384"}, {"alg": "ECDH-ES"}])
def test_a_key_for_something_else_is_not_used(said, caplog):
    signer = Signer(**said)
    refused(signer.token(), Provider(ISSUER, CLIENT, (signer.pin,)), "key", caplog)


def test_a_key_outside_its_period_is_not_used(signer, caplog):
    later = PinnedKey.of(signer.jwk, NOW + timedelta(seconds=1))
    ended = PinnedKey.of(signer.jwk, NOW - timedelta(days=9), NOW - timedelta(seconds=1))
    for pin in (later, ended):
        refused(signer.token(), Provider(ISSUER, CLIENT, (pin,)), "key", caplog)


def test_a_weak_key_is_not_pinned():
    weak = _jwk(rsa.generate_private_key(65537, 1024))  # noqa: S505 - weak on purpose
    with pytest.raises(EidkitError):
        PinnedKey.of(weak, NOW)
    assert usable([weak, _jwk(_RSA), {"kty": "oct", "k": "AAAA"}, 7], NOW) == (PinnedKey.of(_jwk(_RSA), NOW),)


# ── attacks on the claims ─────────────────────────────────────────────────────────────────────────────────

CHANGES = {
    "other issuer": ({"iss": "https://evil.example"}, "iss"),
    "issuer with a slash": ({"iss": ISSUER + "/"}, "iss"),
    "no issuer": ({"iss": ...}, "iss"),
    "issuer as a list": ({"iss": [ISSUER]}, "iss"),
    "other audience": ({"aud": "other"}, "aud"),
    "unknown extra audience": ({"aud": [CLIENT, "other"]}, "aud"),
    "no audience": ({"aud": ...}, "aud"),
    "empty audience": ({"aud": []}, "aud"),
    "audience as an object": ({"aud": {CLIENT: 1}}, "aud"),
    "other authorised party": ({"azp": "other"}, "azp"),
    "authorised party null": ({"azp": None}, "azp"),
    "expired": ({"exp": AT - 60}, "exp"),
    "no expiry": ({"exp": ...}, "exp"),
    "expiry as text": ({"exp": str(AT + 60)}, "exp"),
    "expiry as a boolean": ({"exp": True}, "exp"),
    "expiry beyond numbers": ({"exp": 1e300}, "exp"),
    "expiry longer than any float": ({"exp": 10**400}, "exp"),
    "expiry without end": ({"exp": float("inf")}, "token-payload"),
    "expiry negative": ({"exp": -1}, "exp"),
    "issued in the future": ({"iat": AT + 61}, "iat"),
    "issued long ago": ({"iat": AT - 661}, "iat"),
    "no issue time": ({"iat": ...}, "iat"),
    "not yet": ({"nbf": AT + 61}, "nbf"),
    "nbf as text": ({"nbf": "now"}, "nbf"),
    "other nonce": ({"nonce": "n-2"}, "nonce"),
    "no nonce": ({"nonce": ...}, "nonce"),
    "nonce as a list": ({"nonce": ["n-1"]}, "nonce"),
    "no subject": ({"sub": ...}, "sub"),
    "empty subject": ({"sub": ""}, "sub"),
    "endless subject": ({"sub": "x" * 256}, "sub"),
    "subject as a number": ({"sub": 1}, "sub"),
    "acr not text": ({"acr": ["high"]}, "acr"),
    "a logout token with a nonce": (
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "sid": "s"},
        "events",
    ),
    "a security event": ({"events": None}, "events"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_claims_refused(signer, provider, name, caplog):
    changes, reason = CHANGES[name]
    refused(signer.token(**changes), provider, reason, caplog)


def test_a_duplicate_member_is_refused(signer, provider, caplog):
    raw = json.dumps(CLAIMS)[:-1] + ', "sub": "person-2"}'
    refused(signer.token(raw=raw.encode()), provider, "token-payload", caplog)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        json.dumps({**CLAIMS, "x": float("nan")}).encode(),
        json.dumps({**CLAIMS, "x": float("inf")}).encode(),
        json.dumps(CLAIMS).encode() + b"{}",
        b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode(),
        b'{"a":' * 100_000,
        json.dumps(CLAIMS)[:-1].encode() + b', "x": ' + b"[" * 40 + b"]" * 40 + b"}",
        json.dumps(CLAIMS)[:-1].encode() + b', "x": ' + b"9" * 5000 + b"}",
    ],
    ids=range(11),
)
def test_json_that_is_not_strict_is_refused(signer, provider, raw):
    with pytest.raises(AuthenticationError):
        accepted(signer.token(raw=raw), provider)


def test_the_demanded_acr(signer, provider, caplog):
    assert accepted(signer.token(acr="high"), provider, acr=["high"])
    refused(signer.token(acr="low"), provider, "acr", caplog, acr=["high"])
    refused(signer.token(), provider, "acr", caplog, acr=["high"])


def test_a_mapped_acr_is_demanded_without_being_asked_for(signer, caplog):
    from eidkit.binding.authentication import Assurance

    mapped = Provider(ISSUER, CLIENT, (signer.pin,), acr=(("high", (Assurance("eidas", "high", "asserted"),)),))
    assert accepted(signer.token(acr="high"), mapped)
    refused(signer.token(acr="low"), mapped, "acr", caplog)
    refused(signer.token(), mapped, "acr", caplog)


def test_max_age_is_compared_and_not_only_asked_for(signer, provider, caplog):
    assert accepted(signer.token(), provider, max_age=0)
    refused(signer.token(auth_time=AT - 361), provider, "auth_time", caplog, max_age=300)
    refused(signer.token(auth_time=...), provider, "auth_time", caplog, max_age=300)
    refused(signer.token(auth_time=AT + 61), provider, "auth_time", caplog, max_age=300)


# ── the form of the token ─────────────────────────────────────────────────────────────────────────────────


def test_another_signature_is_refused(signer, provider, caplog):
    head, body, value = signer.token().split(".")
    spoilt = b64(bytes([shape.base64url_bytes(value, "v")[0] ^ 1]) + shape.base64url_bytes(value, "v")[1:])
    refused(f"{head}.{body}.{spoilt}", provider, "signature", caplog)
    refused(f"{head}.{body}.", provider, "signature", caplog)
    refused(f"{head}.{body}.{b64(bytes(64))}", provider, "signature", caplog)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t + "=",
        lambda t: t + "\n",
        lambda t: " " + t,
        lambda t: t.replace(".", "..", 1),
        lambda t: t.rsplit(".", 1)[0],
        lambda t: t + "." + "x" * 4,
        lambda t: t + "A" * 140_000,
        lambda t: t[:0],
        lambda t: t and None,
        lambda t: t.encode(),
        lambda t: "é" + t,
        lambda t: t[:-1] + "+",
    ],
)
def test_other_forms_are_refused(signer, provider, change, caplog):
    refused(change(signer.token()), provider, "token-shape", caplog)


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text):
    with pytest.raises(AuthenticationError):
        check_id_token(text, Provider(ISSUER, CLIENT), "n", NOW)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data):
    with contextlib.suppress(NotAccepted):
        assert isinstance(json_object(data, "x"), dict)


def test_the_error_says_nothing_of_the_reason(signer, provider):
    texts = set()
    for token in (signer.token(nonce="x"), signer.token(aud="x"), "x"):
        with pytest.raises(AuthenticationError) as caught:
            accepted(token, provider)
        texts.add(str(caught.value))
        assert caught.value.__cause__ is None
        assert token not in str(caught.value)
    assert len(texts) == 1


# ── pinned keys and provider values ───────────────────────────────────────────────────────────────────────


def test_a_thumbprint_is_that_of_rfc_7638():
    jwk = {
        "kty": "RSA",
        "n": (
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
            "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz"
            "u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8"
            "awapJzKnqDKgw"
        ),
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert PinnedKey.of(jwk, NOW).thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "AAAA"},
        {**ec_jwk(ec.generate_private_key(ec.SECP256R1())), "d": "AAAA"},
        {**ec_jwk(ec.generate_private_key(ec.SECP256R1())), "key_ops": ["sign"]},
        {**ec_jwk(ec.generate_private_key(ec.SECP256R1())), "y": b64(bytes(32))},
        {**ec_jwk(ec.generate_private_key(ec.SECP256R1())), "crv": "P-999"},
        {"kty": "EC", "crv": "P-256"},
        {"kty": ["EC"]},
        {"kty": "RSA", "n": "!!", "e": "AQAB"},
        [],
        None,
    ],
)
def test_keys_that_are_not_public_and_whole_are_refused(jwk):
    with pytest.raises(EidkitError):
        PinnedKey.of(jwk, NOW)


def test_a_pin_with_another_thumbprint_is_refused(signer):
    stored = signer.pin.to_json()
    with pytest.raises(EidkitError):
        PinnedKey.from_json({**stored, "thumbprint": Signer().pin.thumbprint})
    with pytest.raises(EidkitError):
        PinnedKey.from_json({**stored, "jwk": {**stored["jwk"], "x5c": "AAAA"}})


def test_a_provider_round_trips_through_its_pin_file(signer, tmp_path):
    from eidkit.binding.authentication import Assurance

    provider = Provider(
        ISSUER,
        CLIENT,
        (signer.pin, PinnedKey.of(Signer(kid="old").jwk, NOW - timedelta(days=99), NOW)),
        authorization_endpoint=ISSUER + "/a",
        identifier=("citizen_id", "vn-cccd"),
        acr=(("high", (Assurance("eidas", "high", "asserted"),)),),
        scopes=("openid", "profile"),
        iss_in_callback=True,
    )
    provider.write(tmp_path / "p.json")
    assert Provider.read(tmp_path / "p.json") == provider


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://id.example.test"},
        {"issuer": "https://user:pass@id.example.test"},
        {"issuer": "https://id.example.test#x"},
        {"issuer": "https://"},
        {"issuer": "https://id.example.test:99999"},
        {"issuer": 1},
        {"token_endpoint": "file:///etc/passwd"},
        {"algorithms": ["HS256"]},
        {"algorithms": "ES256"},
        {"scopes": ["profile"]},
        {"acr": {"high": [{"scheme": "eidas", "value": "highest"}]}},
        {"acr": {"high": [{"scheme": "eidas", "value": "high", "source": "policy"}]}},
        {"keys": {}},
        {"client_secret": "s"},
        {"v": 2},
    ],
)
def test_a_pin_file_that_is_wrong_is_refused(signer, change):
    stored = Provider(ISSUER, CLIENT, (signer.pin,)).to_json()
    with pytest.raises(EidkitError):
        Provider.from_json({**stored, **change})


def test_plain_http_has_to_be_spelled_out():
    with pytest.raises(EidkitError):
        Provider("http://id.example.test:8080/auth/realms/citizen", CLIENT)
    assert Provider("http://id.example.test:8080/auth/realms/citizen", CLIENT, plain_http=True)
