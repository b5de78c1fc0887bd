"""Identity links: made only when both proofs hold now, and together; their file is read strictly."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import canonical
from eidkit.auth import links, oidc, x509
from eidkit.binding import shape
from eidkit.binding.attestation import attest
from eidkit.binding.identity_link import APART, IdentityLink
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.sandbox.provider import SandboxProvider

ORIGIN = "https://permits.example"


@pytest.fixture
def house(clock):
    return SandboxProvider(clock=clock)


@pytest.fixture
def provider(house):
    """One that names people by a subject of its own."""
    return replace(house.provider(), identifier=("sub", f"oidc:{house.issuer}"))


@pytest.fixture
def by_provider(sandbox, house, provider, memory, clock, transaction, lan):
    """A login at the provider."""

    def made(about=transaction, attest=sandbox.service_key):
        challenge = oidc.begin(provider, about, audience="permits", stores=memory, clock=clock)
        answer = house.answer(challenge.url, lan.identity)
        return oidc.verify(
            answer, challenge.id, provider=provider, stores=memory, attest=attest, transport=house, clock=clock
        )

    return made


@pytest.fixture
def by_certificate(sandbox, memory, clock, transaction, lan):
    """A login with Lan's certificate."""

    def made(about=transaction, key=lan):
        challenge = x509.begin(about, audience=ORIGIN, stores=memory, clock=clock)
        return x509.verify(
            x509.respond(key, challenge.question, at=ORIGIN), challenge.id, trust=sandbox.trust, stores=memory,
            sources=sandbox.sources, attest=sandbox.service_key, transport=sandbox, clock=clock,
        )  # fmt: skip

    return made


@pytest.fixture
def joined(sandbox, provider, clock, by_provider, by_certificate):
    """``joined()`` is the honest link; what is given replaces a part of it."""

    def made(first=None, second=None, **given):
        given = {"providers": [provider], "attest": sandbox.service_key} | given
        first, second = first or by_provider(), second or by_certificate()
        return links.join(first, second, trust=given.pop("trust", sandbox.trust), clock=clock, **given)

    return made


@pytest.fixture
def shown(sandbox, provider, clock, memory, by_provider, lan):
    """``shown()``: a login at the provider, then the certificate's key answers."""

    def made(key=lan, login=None, about=None, at=ORIGIN, answer=lambda text: text, **given):
        login = login or by_provider()
        challenge = links.begin(login, audience=ORIGIN, stores=memory, clock=clock)
        said = answer(x509.respond(key, challenge.question, at=at))
        given = {"sources": sandbox.sources, "attest": sandbox.service_key, "providers": [provider]} | given
        return links.verify(
            said, challenge.id, about or login, trust=sandbox.trust, stores=memory, transport=sandbox, clock=clock,
            **given,
        )  # fmt: skip

    return made


def refused(call, *arguments, **given):
    with pytest.raises(AuthenticationError) as caught:
        call(*arguments, **given)
    return caught.value.code


def test_two_logins_of_one_transaction_are_joined(joined, lan, provider):
    first, second = joined().identities
    assert first.scheme == f"oidc:{provider.issuer}"
    assert second == lan.identity


def test_a_login_and_a_certificate_shown_after_it_are_joined(shown, lan, provider):
    first, second = shown().identities
    assert (first.scheme, second) == (f"oidc:{provider.issuer}", lan.identity)


def test_the_file_is_read_again_as_it_was_written(shown, sandbox, tmp_path):
    link = shown(tsa=sandbox.tsa)
    link.write(tmp_path / "link.json")
    assert IdentityLink.read(tmp_path / "link.json") == link
    assert (tmp_path / "link.json").stat().st_mode & 0o077 == 0


def test_what_is_signed_names_nobody(joined, lan):
    assert lan.identity.identifier not in shape.base64url_bytes(joined().jws.text.split(".")[1], "payload").decode()
    assert lan.identity.identifier not in repr(joined())


def test_an_erased_link_joins_nobody_and_is_still_signed(joined):
    link = joined().erased()
    assert link.identities is None
    assert link.jws.signature_holds()
    assert link.erased() == link


def test_two_transactions_are_not_shown_together(joined, by_certificate, other_transaction):
    assert refused(joined, second=by_certificate(other_transaction)) == "identity-link-refused"


def test_two_numbers_of_one_kind_are_two_persons(sandbox, joined, by_certificate):
    other = sandbox.official("Trần Văn Bình", "000080000033")
    assert refused(joined, by_certificate(), by_certificate(key=other)) == "identity-link-refused"


def test_a_login_of_an_hour_ago_is_not_shown_now(joined, by_provider, clock):
    old = by_provider()
    clock.advance(APART + timedelta(seconds=1))
    assert refused(joined, first=old) == "identity-link-refused"


def test_a_provider_that_is_not_pinned_proves_nothing(joined):
    assert refused(joined, providers=[]) == "identity-link-refused"


def test_a_certificate_under_anchors_that_are_not_ours(joined, sandbox, clock):
    others = Sandbox.create(clock=clock)
    assert refused(joined, trust=others.trust) == "identity-link-refused"


def test_a_login_that_another_service_attested(joined, by_provider, sandbox, clock):
    foreign = Sandbox.create(clock=clock).service_key
    assert refused(joined, first=by_provider(attest=foreign)) == "identity-link-refused"


def test_a_login_without_attestation(joined, by_provider):
    assert refused(joined, first=by_provider(attest=None)) == "identity-link-refused"


def test_an_erased_login_names_nobody(joined, by_provider):
    assert refused(joined, first=by_provider().erased()) == "identity-link-refused"


def test_another_name_written_over_a_login(joined, by_provider, lan, sandbox, clock):
    login = by_provider()
    other = Identity(login.identity.scheme, "somebody-else")
    forged = replace(login, disclosure=replace(login.disclosure, identity=other))
    assert refused(joined, first=forged) == "identity-link-refused"


def test_a_made_up_proof_under_our_own_attestation(joined, by_certificate, sandbox, clock):
    login = by_certificate()
    forged = attest(
        replace(login, challenge=replace(login.challenge, nonce="77" * 32)), sandbox.service_key, clock.now()
    )
    assert refused(joined, second=forged) == "identity-link-refused"


def test_an_answer_at_another_origin(shown):
    assert refused(shown, at="https://permits.example.phishing.test") == "identity-link-refused"


def test_an_answer_for_another_login(shown, by_provider, other_transaction):
    assert refused(shown, about=by_provider(other_transaction)) == "identity-link-refused"


def test_a_certificate_that_was_revoked(shown, sandbox):
    lost = sandbox.official("Nguyễn Thị Lan", "000190000022")
    sandbox.revoke(lost)
    assert refused(shown, key=lost) == "identity-link-refused"


def test_a_certificate_whose_status_nobody_knows(shown):
    assert refused(shown, sources=None) == "identity-link-refused"


def test_a_seal_names_no_person(shown, sandbox):
    assert refused(shown, key=sandbox.agency("UBND phường Bến Sen", "0000000025")) == "identity-link-refused"


def test_an_answer_counts_once(sandbox, provider, clock, memory, by_provider, lan):
    login = by_provider()
    challenge = links.begin(login, audience=ORIGIN, stores=memory, clock=clock)
    answer = x509.respond(lan, challenge.question, at=ORIGIN)
    given = {
        "trust": sandbox.trust, "stores": memory, "attest": sandbox.service_key, "providers": [provider],
        "sources": sandbox.sources, "transport": sandbox, "clock": clock,
    }  # fmt: skip
    links.verify(answer, challenge.id, login, **given)
    assert refused(links.verify, answer, challenge.id, login, **given) == "identity-link-refused"


def test_an_answer_to_a_log_in_is_none_to_a_link(sandbox, provider, clock, memory, by_provider, lan):
    login = by_provider()
    challenge = x509.begin(audience=ORIGIN, stores=memory, clock=clock)
    answer = x509.respond(lan, challenge.question, at=ORIGIN)
    code = refused(
        links.verify, answer, challenge.id, login, trust=sandbox.trust, stores=memory, attest=sandbox.service_key,
        providers=[provider], sources=sandbox.sources, transport=sandbox, clock=clock,
    )  # fmt: skip
    assert code == "identity-link-refused"


def test_an_answer_to_a_link_is_none_to_a_log_in(sandbox, clock, memory, by_provider, lan):
    challenge = links.begin(by_provider(), audience=ORIGIN, stores=memory, clock=clock)
    answer = x509.respond(lan, challenge.question, at=ORIGIN)
    code = refused(
        x509.log_in, answer, challenge.id, trust=sandbox.trust, stores=memory, sources=sandbox.sources,
        transport=sandbox, clock=clock,
    )  # fmt: skip
    assert code == "x509-refused"


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row | {"v": 2},
        lambda row: row | {"more": None},
        lambda row: {name: value for name, value in row.items() if name != "timestamp"},
        lambda row: row | {"disclosure": row["disclosure"][:1]},
        lambda row: row | {"disclosure": [*row["disclosure"], row["disclosure"][0]]},
        lambda row: row | {"disclosure": [row["disclosure"][0] | {"name": "Lan"}, row["disclosure"][1]]},
        lambda row: row | {"disclosure": [row["disclosure"][0] | {"salt": "00"}, row["disclosure"][1]]},
        lambda row: row | {"statement": row["statement"] + "."},
        lambda row: row | {"statement": row["statement"][: row["statement"].rindex(".")]},
        lambda row: row | {"timestamp": "not base64"},
        lambda row: row | {"timestamp": shape.base64_text(b"x" * 70_000)},
    ],
)
def test_a_file_that_is_no_link_is_refused(shown, change):
    with pytest.raises(EidkitError):
        IdentityLink.from_json(change(shown().to_json()))


def test_an_attestation_is_no_link(joined, by_provider):
    row = joined().to_json() | {"statement": by_provider().attestation}
    with pytest.raises(EidkitError):
        IdentityLink.from_json(row)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said | {"subjects": said["subjects"] + ["9" * 64]},
        lambda said: said | {"subjects": [said["subjects"][0]] * 2},
        lambda said: said | {"shown": said["shown"][:1]},
        lambda said: said | {"shown": [said["shown"][0]] * 2},
        lambda said: said | {"valid_from": "2026-03-01T09:14:10Z"},
        lambda said: said | {"issued_at": "2026-03-03T09:14:10Z"},
        lambda said: said | {"v": 2},
        lambda said: said | {"until": None},
        lambda said: said | dict.fromkeys(("valid_from", "issued_at"), "9999-12-31T23:59:59Z"),
        lambda said: said | {"shown": [one | {"at": "9999-12-31T23:59:59Z"} for one in said["shown"]]},
    ],
)
def test_a_statement_that_is_no_link_is_refused_whoever_signed(joined, sandbox, clock, change):
    from eidkit.binding.identity_link import TYP
    from eidkit.binding.service_jws import signed

    link = joined()
    said = change(json.loads(canonical.dumps(link.claims.to_json())))
    jws = signed(said, TYP, sandbox.service_key, clock.now())
    with pytest.raises(EidkitError):
        IdentityLink.from_json(link.to_json() | {"statement": jws.text})
