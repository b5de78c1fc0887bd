"""Providers that name the person only in UserInfo: bound to the same subject, worth the service's word."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import canonical
from eidkit.auth import oidc, recheck
from eidkit.auth.oidc import Profile, Provider
from eidkit.binding import shape
from eidkit.binding.authentication import Authentication
from eidkit.errors import AuthenticationError, EidkitError, TransportError
from eidkit.identity import Identity
from eidkit.sandbox.dialect import PORTAL
from eidkit.sandbox.provider import SandboxProvider
from eidkit.transport import Response
from eidkit.vn import NATIONAL_PORTAL
from tests.auth.remade import with_proof

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")


class Edited:
    """The provider, its UserInfo answer changed."""

    def __init__(self, idp, answer):
        self.idp, self.answer = idp, answer
        self.seen = []

    def send(self, request):
        self.seen.append(request)
        response = self.idp.send(request)
        return self.answer(response) if request.url.endswith("/userinfo") else response


class Portal:
    """A relying party of a provider that speaks like the national portal."""

    def __init__(self, stores, clock, transaction):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.idp = SandboxProvider(clock=clock, speaks=PORTAL)
        self.provider = self.idp.provider()

    def login(self, transport=None, **more):
        challenge = oidc.begin(
            self.provider, self.transaction, audience="permits", stores=self.stores, clock=self.clock, **more
        )
        callback = self.idp.answer(challenge.url, LAN)
        return oidc.verify(
            callback, challenge.id, provider=self.provider, stores=self.stores, transport=transport or self.idp,
            clock=self.clock,
        )  # fmt: skip


@pytest.fixture
def portal(memory, clock, transaction):
    return Portal(memory, clock, transaction)


def codes(result):
    return [found.code for found in result.findings]


def test_the_portals_row_reads_what_the_portal_tells(clock):
    idp = SandboxProvider(clock=clock, speaks=PORTAL)
    read = Provider.discover(idp.issuer, client_id="permits", profile=NATIONAL_PORTAL, transport=idp, clock=clock)
    assert idp.provider(client_id="permits", redirect_uri="https://x.example/").rule == read.rule
    assert (read.name_claim, read.claims_from, read.acr) == ("HoVaTen", "userinfo", (("LoA1", ()),))


def test_the_person_is_named_by_userinfo_and_the_login_is_attested(portal):
    made = portal.login()
    assert (made.identity, made.identity.name) == (LAN, LAN.name)
    assert (made.method, made.proof_class, made.assurance) == ("oidc", "attested", ())
    assert "userinfo" in [check.name for check in made.checks]


def test_its_token_alone_names_no_number(portal):
    kept = canonical.loads(portal.login().disclosure.proof)
    claims = json.loads(shape.base64url_bytes(kept["id_token"].split(".")[1], "payload"))
    assert LAN.identifier not in json.dumps(claims)
    assert claims["acr"] == "LoA1"


def test_the_expected_person_is_compared_with_userinfo(portal, reasons):
    with pytest.raises(AuthenticationError):
        portal.login(subject=BINH)
    assert reasons() == ["other-person"]


@pytest.mark.parametrize(
    ("fault", "reason"), [("other-userinfo-subject", "userinfo-sub"), ("no-userinfo-subject", "userinfo-sub")]
)
def test_userinfo_of_another_subject_is_refused(portal, reasons, fault, reason):
    portal.idp.faults = {fault}
    with pytest.raises(AuthenticationError):
        portal.login()
    assert reasons() == [reason]


ANSWERS = {
    "a signed answer, which is not taken": (lambda r: replace(r, body=b"e30.e30.AAAA"), "userinfo"),
    "a member twice": (lambda r: replace(r, body=r.body[:-1] + b', "sub": "x"}'), "userinfo"),
    "no object": (lambda r: replace(r, body=b"[]"), "userinfo"),
    "refused": (lambda r: replace(r, status=401), "userinfo"),
    "a number misspelt": (lambda r: replace(r, body=r.body.replace(LAN.identifier.encode(), b"1")), "identifier"),
    "a number that is no text": (
        lambda r: replace(r, body=r.body.replace(b'"' + LAN.identifier.encode() + b'"', b"1")),
        "identifier",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_not_accepted(portal, reasons, name):
    answer, reason = ANSWERS[name]
    with pytest.raises(AuthenticationError):
        portal.login(transport=Edited(portal.idp, answer))
    assert reasons() == [reason]


def test_a_userinfo_that_is_down_is_outside(portal):
    with pytest.raises(TransportError):
        portal.login(transport=Edited(portal.idp, lambda r: replace(r, status=503)))


def test_an_endless_answer_is_outside(portal):
    with pytest.raises(TransportError):
        portal.login(transport=Edited(portal.idp, lambda r: replace(r, body=r.body.ljust(300_000))))


def test_the_access_token_is_sent_by_post_so_that_no_redirect_takes_it_along(portal):
    watched = Edited(portal.idp, lambda _: Response(302, {"location": "https://evil.eidkit.test/"}, b""))
    with pytest.raises(TransportError):
        portal.login(transport=watched)
    (sent,) = [one for one in watched.seen if one.url.endswith("/userinfo")]
    assert sent.method == "POST"
    assert all("evil" not in one.url for one in watched.seen)


def test_a_provider_without_userinfo_cannot_be_read_that_way(clock):
    class Without:
        def __init__(self, idp):
            self.idp = idp

        def send(self, request):
            response = self.idp.send(request)
            body = json.loads(response.body)
            body.pop("userinfo_endpoint", None)
            return replace(response, body=json.dumps(body).encode())

    idp = SandboxProvider(clock=clock, speaks=PORTAL)
    with pytest.raises(EidkitError) as caught:
        Provider.discover(idp.issuer, client_id="x", profile=NATIONAL_PORTAL, transport=Without(idp), clock=clock)
    assert caught.value.kind == "configuration"


# ── recheck ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def kept(portal, tmp_path, clock):
    """A login and its pin, written, read again ten years later."""
    portal.login().write(tmp_path / "a.json")
    portal.provider.write(tmp_path / "p.json")
    clock.advance(timedelta(days=3650))
    return Authentication.read(tmp_path / "a.json"), Provider.read(tmp_path / "p.json")


def test_a_kept_login_rechecks_offline_as_attested(kept):
    authentication, pinned = kept
    result = recheck(authentication, None, [pinned])
    assert (codes(result), result.proof_class) == ([], "attested")


def test_it_is_never_called_asserted(kept):
    authentication, pinned = kept
    assert codes(recheck(replace(authentication, proof_class="asserted"), None, [pinned])) == ["LOGIN_RECHECK"]


def test_another_number_in_the_kept_answer_is_refuted(kept):
    authentication, pinned = kept
    row = canonical.loads(authentication.disclosure.proof)
    answer = shape.base64url_bytes(row["userinfo"], "u").replace(LAN.identifier.encode(), BINH.identifier.encode())
    forged = with_proof(authentication, canonical.dumps({**row, "userinfo": shape.base64url(answer)}))
    assert codes(recheck(forged, None, [pinned])) == ["LOGIN_RECHECK"]


def test_an_answer_for_another_subject_is_refuted(kept):
    authentication, pinned = kept
    row = canonical.loads(authentication.disclosure.proof)
    answer = json.loads(shape.base64url_bytes(row["userinfo"], "u"))
    other = shape.base64url(json.dumps({**answer, "sub": "other"}).encode())
    forged = with_proof(authentication, canonical.dumps({**row, "userinfo": other}))
    assert codes(recheck(forged, None, [pinned])) == ["LOGIN_RECHECK"]


def test_the_verifiers_own_value_says_where_the_person_is_named(kept):
    authentication, pinned = kept
    told_otherwise = replace(pinned, claims_from="id-token")
    assert codes(recheck(authentication, None, [told_otherwise])) == ["LOGIN_RECHECK"]


def test_without_the_pin_it_is_undecided(kept):
    authentication, pinned = kept
    assert codes(recheck(authentication, None)) == ["LOGIN_RECHECK_UNDECIDED"]
    assert codes(recheck(authentication, None, [replace(pinned, keys=())])) == ["LOGIN_RECHECK_UNDECIDED"]


@pytest.mark.parametrize("proof", [b"", b"{}", b"[]", b'{"id_token":"a.b.c","userinfo":""}', b"\xff", b"e30.e30.AAAA"])
def test_a_malformed_proof_never_raises(kept, proof):
    authentication, pinned = kept
    assert not recheck(with_proof(authentication, proof), None, [pinned])


# ── profiles ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [
        {"claims_from": "access-token"},
        {"scopes": ("profile",)},
        {"acr": (("a", ()), ("a", ()))},
        {"name_claim": ""},
        {"identifier": ("", "vn-cccd")},
    ],
)
def test_a_profile_that_cannot_be_is_refused(wrong):
    with pytest.raises(EidkitError):
        Profile(**wrong)


def test_parts_of_a_profile_can_be_replaced(clock):
    idp = SandboxProvider(clock=clock, speaks=PORTAL)
    read = Provider.discover(
        idp.issuer, client_id="x", profile=NATIONAL_PORTAL, acr={"LoA1": [("vn-2024", "1")]}, transport=idp, clock=clock
    )
    assert [(one.scheme, one.value, one.source) for one in read.acr[0][1]] == [("vn-2024", "1", "asserted")]
    assert read.rule == NATIONAL_PORTAL.identifier
