"""The tests of permits.py: every fixture whose name begins with eidkit_ comes with eidkit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from permits import Outside, Permits

from eidkit import Document, HttpTransport, Identity
from eidkit.auth import Stores
from eidkit.errors import AuthenticationError, SigningError, StepError, TimestampUnavailable
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.sandbox.server import serving
from eidkit.vn import five_steps

if TYPE_CHECKING:
    from eidkit import Dossier, FixedClock
    from eidkit.sandbox import Sandbox, SandboxKey
    from eidkit.sandbox.provider import SandboxProvider


@pytest.fixture
def permits(eidkit_sandbox: Sandbox, eidkit_provider: SandboxProvider, eidkit_official: SandboxKey) -> Permits:
    sandbox, ward = eidkit_sandbox, Identity("vn-mst", "0000000025", "UBND phường Bến Sen")
    outside = Outside(sandbox.trust, eidkit_provider.provider(), sandbox.tsa, sandbox.sources, sandbox, sandbox.clock)
    holders = {"one-stop-shop officer": [eidkit_official.identity]}
    procedure = five_steps(attesters=[sandbox.service_key.identity], mandate=ward, holders=holders)
    return Permits(procedure, outside, sandbox.service_key, Stores.memory())


@pytest.fixture
def dossier(permits: Permits) -> Dossier:
    papers = Document.from_bytes(decision_pdf(), "permit.pdf"), Document.from_bytes(form_xml(), "form.xml")
    return permits.open("H56.01-261124-0001", *papers)


def test_an_officer_logs_in_and_the_step_is_done(
    permits: Permits, dossier: Dossier, eidkit_provider: SandboxProvider, eidkit_official: SandboxKey
) -> None:
    challenge = permits.begin(dossier)
    callback = eidkit_provider.answer(str(challenge.url), eidkit_official.identity)
    after = permits.finish(dossier, callback, challenge.id, eidkit_official)
    assert after.step is not None
    assert after.step.name == "assessment"


def test_somebody_else_cannot_log_in_for_the_officers_key(
    permits: Permits, dossier: Dossier, eidkit_provider: SandboxProvider, eidkit_official: SandboxKey
) -> None:
    challenge = permits.begin(dossier)
    callback = eidkit_provider.answer(str(challenge.url), Identity("vn-cccd", "000080000033", "Trần Văn Bình"))
    with pytest.raises(SigningError):
        permits.finish(dossier, callback, challenge.id, eidkit_official)


@pytest.mark.parametrize("fault", ["expired", "wrong-nonce", "bad-signature", "no-acr", "wrong-audience"])
def test_a_provider_that_errs_gets_nobody_in(
    permits: Permits, dossier: Dossier, eidkit_provider: SandboxProvider, eidkit_official: SandboxKey, fault: str
) -> None:
    challenge = permits.begin(dossier)
    callback = eidkit_provider.answer(str(challenge.url), eidkit_official.identity)
    eidkit_provider.faults = {fault}
    with pytest.raises(AuthenticationError):
        permits.finish(dossier, callback, challenge.id, eidkit_official)


def test_who_comes_back_too_late_begins_again(
    permits: Permits,
    dossier: Dossier,
    eidkit_provider: SandboxProvider,
    eidkit_official: SandboxKey,
    eidkit_clock: FixedClock,
) -> None:
    challenge = permits.begin(dossier)
    callback = eidkit_provider.answer(str(challenge.url), eidkit_official.identity)
    eidkit_clock.advance(timedelta(hours=1))
    with pytest.raises(AuthenticationError):
        permits.finish(dossier, callback, challenge.id, eidkit_official)


def test_without_a_timestamp_nothing_is_approved_and_the_signature_is_kept(
    permits: Permits,
    dossier: Dossier,
    eidkit_provider: SandboxProvider,
    eidkit_official: SandboxKey,
    eidkit_sandbox: Sandbox,
) -> None:
    eidkit_sandbox.fault("tsa", "down")
    challenge = permits.begin(dossier)
    callback = eidkit_provider.answer(str(challenge.url), eidkit_official.identity)
    with pytest.raises(TimestampUnavailable) as caught:
        permits.finish(dossier, callback, challenge.id, eidkit_official)
    assert caught.value.signed is not None


def test_a_revoked_certificate_approves_nothing(
    permits: Permits,
    dossier: Dossier,
    eidkit_provider: SandboxProvider,
    eidkit_official: SandboxKey,
    eidkit_sandbox: Sandbox,
) -> None:
    eidkit_sandbox.revoke(eidkit_official)
    challenge = permits.begin(dossier)
    callback = eidkit_provider.answer(str(challenge.url), eidkit_official.identity)
    with pytest.raises(StepError):
        permits.finish(dossier, callback, challenge.id, eidkit_official)


def test_the_same_over_real_http(
    permits: Permits, dossier: Dossier, eidkit_sandbox: Sandbox, eidkit_official: SandboxKey
) -> None:
    with serving(eidkit_sandbox):
        network = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))
        over_http = Outside(**{**vars(permits.outside), "transport": network})
        permits = Permits(permits.procedure, over_http, permits.attest, permits.stores)
        challenge = permits.begin(dossier)
        with urlopen(str(challenge.url)) as page:  # noqa: S310 - the sandbox's login page, which a browser would show
            assert eidkit_official.identity.name in page.read().decode()
        callback = eidkit_sandbox.provider.answer(str(challenge.url), eidkit_official.identity)
        assert permits.finish(dossier, callback, challenge.id, eidkit_official).step != dossier.step
