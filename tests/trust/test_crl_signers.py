"""Who may sign a CRL beside the issuer's own key: new keys, keys for lists alone, issuers of indirect lists."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from eidkit.trust.revocation import Status, status_of
from tests.trust.making import DAY, NOW, Party, Pki, self_signed

URL = "http://crl.example/one.crl"


def indirect(**values: Any) -> tuple[x509.ExtensionType, bool]:
    flags = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    fields = {"full_name": None, "relative_name": None, "only_some_reasons": None, **flags, "indirect_crl": True}
    return x509.IssuingDistributionPoint(**(fields | values)), True


def pointing_to(lists: Party) -> tuple[x509.ExtensionType, bool]:
    """The extension by which a certificate names another issuer of its lists."""
    issuer = [x509.DirectoryName(lists.certificate.subject)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(None, None, None, issuer)]), False


def foreign(person: Party, authority: Party) -> x509.RevokedCertificate:
    """An entry about a certificate of another authority."""
    builder = x509.RevokedCertificateBuilder().serial_number(person.certificate.serial_number)
    issuer = x509.CertificateIssuer([x509.DirectoryName(authority.certificate.subject)])
    return builder.revocation_date(NOW - DAY).add_extension(issuer, critical=True).build()


def asked(
    person: Party, above: list[Party], crls: list[bytes], pool: list[Party] | None = None, **options: Any
) -> Status:
    issuer, *rest = [party.parsed for party in above]
    options = {"at": NOW, "now": NOW, "ocsps": ()} | options
    signers = [party.parsed for party in pool or []]
    return status_of(person.parsed, issuer, above=rest, pool=signers, crls=crls, **options)


@pytest.fixture
def rolling(pki: Pki) -> tuple[Party, Party, Party]:
    """A person under an authority's old key, that authority, and the same under its new key."""
    old, new = pki.root.issue("Rolling", authority=True), pki.root.issue("Rolling", authority=True)
    return old.issue("Person"), old, new


def test_the_new_key_of_an_authority_signs_the_lists_of_its_old_one(
    pki: Pki, rolling: tuple[Party, Party, Party]
) -> None:
    person, old, new = rolling
    crls = [new.crl(), pki.root.crl()]
    assert asked(person, [old, pki.root], crls, [new]).state == "good"
    new.revoke(person)
    assert asked(person, [old, pki.root], [new.crl(), pki.root.crl()], [new]).state == "revoked"


def test_but_its_own_status_must_be_known_and_good(pki: Pki, rolling: tuple[Party, Party, Party]) -> None:
    person, old, new = rolling
    assert "status of Rolling" in asked(person, [old, pki.root], [new.crl()], [new]).why.en
    pki.root.revoke(new)
    assert "is revoked" in asked(person, [old, pki.root], [new.crl(), pki.root.crl()], [new]).why.en


def test_the_certificate_of_a_new_key_must_be_at_hand(pki: Pki, rolling: tuple[Party, Party, Party]) -> None:
    person, old, new = rolling
    assert asked(person, [old, pki.root], [new.crl(), pki.root.crl()]).state == "unknown"


def test_a_key_for_lists_alone_signs_them(pki: Pki) -> None:
    quiet = pki.root.issue("Split", authority=True, usages=("key_cert_sign",))
    lists = pki.root.issue("Split", usages=("crl_sign",))
    crls = [lists.crl(), pki.root.crl()]
    assert asked(quiet.issue("Person"), [quiet, pki.root], crls, [lists]).state == "good"


def test_a_key_that_may_not_sign_lists_does_not(pki: Pki) -> None:
    quiet = pki.root.issue("Split", authority=True, usages=("key_cert_sign",))
    other = pki.root.issue("Split", usages=("digital_signature",))
    assert asked(quiet.issue("Person"), [quiet, pki.root], [other.crl(), pki.root.crl()], [other]).state == "unknown"


def test_an_authority_may_certify_its_own_key_for_lists(pki: Pki) -> None:
    lists = pki.authority.issue("Authority", usages=("crl_sign",))
    signed_by_itself = [lists.crl(), pki.root.crl()]
    above = [pki.authority, pki.root]
    # the key for lists would be vouched for by its own list
    assert asked(pki.person, above, signed_by_itself, [lists]).state == "unknown"
    lists_of_the_key = pki.authority.crl()
    assert asked(lists, above, [lists_of_the_key, pki.root.crl()]).state == "good"
    assert asked(pki.person, above, [lists.crl(this=NOW), lists_of_the_key, pki.root.crl()], [lists]).state == "good"


def test_a_sibling_that_makes_a_signer_of_the_authoritys_name_is_refused(pki: Pki) -> None:
    sibling = pki.root.issue("Sibling", authority=True)
    twin = sibling.issue("Authority", authority=True)
    crls = [twin.crl(), sibling.crl(), pki.root.crl()]
    status = asked(pki.person, [pki.authority, pki.root], crls, [twin, sibling])
    assert status.state == "unknown"
    assert "nothing shows that its signer may speak" in status.why.en


def test_so_is_an_authority_below_that_does(pki: Pki) -> None:
    below = pki.authority.issue("Below", authority=True)
    twin = below.issue("Authority", authority=True)
    crls = [twin.crl(), below.crl(), pki.root.crl()]
    assert asked(pki.person, [pki.authority, pki.root], crls, [twin, below]).state == "unknown"


def test_a_signer_under_another_root_is_refused(pki: Pki) -> None:
    stranger = self_signed("Root")
    twin = stranger.issue("Authority", authority=True)
    crls = [twin.crl(), stranger.crl()]
    assert asked(pki.person, [pki.authority, pki.root], crls, [twin, stranger]).state == "unknown"


def test_a_self_made_signer_is_refused(pki: Pki) -> None:
    twin = self_signed("Authority")
    assert asked(pki.person, [pki.authority, pki.root], [twin.crl()], [twin]).state == "unknown"


# ── indirect lists ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def listed(pki: Pki) -> tuple[Party, Party]:
    """A person whose certificate names another issuer of lists, and that issuer, made by the root."""
    lists = pki.root.issue("Lists", usages=("crl_sign",))
    return pki.authority.issue("Person", pointing_to(lists)), lists


def test_an_indirect_list_speaks_for_whom_names_its_issuer(pki: Pki, listed: tuple[Party, Party]) -> None:
    person, lists = listed
    above = [pki.authority, pki.root]
    assert asked(person, above, [lists.crl(indirect()), pki.root.crl()], [lists]).state == "good"
    gone = lists.crl(indirect(), revoked=[foreign(person, pki.authority)])
    assert asked(person, above, [gone, pki.root.crl()], [lists]).state == "revoked"


def test_an_entry_stands_for_the_issuer_named_before_it(pki: Pki, listed: tuple[Party, Party]) -> None:
    """RFC 5280 §5.3.3: entries without an issuer of their own follow the last one that was named."""
    person, lists = listed
    first = foreign(pki.authority.issue("Somebody"), pki.authority)
    plain = x509.RevokedCertificateBuilder().serial_number(person.certificate.serial_number)
    follows = plain.revocation_date(NOW - DAY).build()
    above = [pki.authority, pki.root]
    crls = [lists.crl(indirect(), revoked=[first, follows]), pki.root.crl()]
    assert asked(person, above, crls, [lists]).state == "revoked"
    crls = [lists.crl(indirect(), revoked=[follows, first]), pki.root.crl()]
    assert asked(person, above, crls, [lists]).state == "good"


def test_a_list_that_does_not_say_it_is_indirect_is_none(pki: Pki, listed: tuple[Party, Party]) -> None:
    person, lists = listed
    assert asked(person, [pki.authority, pki.root], [lists.crl(), pki.root.crl()], [lists]).state == "unknown"


def test_an_indirect_list_says_nothing_of_who_does_not_name_it(pki: Pki, listed: tuple[Party, Party]) -> None:
    _, lists = listed
    gone = lists.crl(indirect(), revoked=[foreign(pki.person, pki.authority)])
    for crl in (lists.crl(indirect()), gone):
        assert asked(pki.person, [pki.authority, pki.root], [crl, pki.root.crl()], [lists]).state == "unknown"


def test_an_issuer_of_lists_made_by_a_sibling_is_refused(pki: Pki, listed: tuple[Party, Party]) -> None:
    person, _ = listed
    sibling = pki.root.issue("Sibling", authority=True)
    forged = sibling.issue("Lists", usages=("crl_sign",))
    crls = [forged.crl(indirect()), sibling.crl(), pki.root.crl()]
    assert asked(person, [pki.authority, pki.root], crls, [forged, sibling]).state == "unknown"


def test_an_issuer_of_lists_may_vouch_for_itself_only_where_its_certificate_says_so(pki: Pki) -> None:
    """PKITS 4.14.30: the issuer's certificate names itself as the issuer of the lists that it stands on."""
    above = [pki.authority, pki.root]
    for named, state in ((True, "good"), (False, "unknown")):
        itself = (pointing_to(self_signed("Itself")),) if named else ()
        lists = pki.authority.issue("Itself", *itself, usages=("crl_sign",))
        person = pki.authority.issue("Person", pointing_to(lists))
        assert asked(person, above, [lists.crl(indirect()), pki.root.crl()], [lists]).state == state


def test_the_name_of_a_partition_may_be_that_of_the_list_issuer(pki: Pki, listed: tuple[Party, Party]) -> None:
    person, lists = listed
    for name, state in ((lists.certificate.subject, "good"), (pki.root.certificate.subject, "unknown")):
        crl = lists.crl(indirect(full_name=[x509.DirectoryName(name)]))
        assert asked(person, [pki.authority, pki.root], [crl, pki.root.crl()], [lists]).state == state


def test_entries_of_others_in_a_list_that_is_not_indirect_make_it_unusable(pki: Pki) -> None:
    crl = pki.authority.crl(revoked=[foreign(pki.person, pki.root)])
    assert asked(pki.person, [pki.authority, pki.root], [crl]).state == "unknown"


def test_signers_are_followed_only_so_often(pki: Pki) -> None:
    from eidkit.trust.crl_signers import MAX_RIGHTS

    old = pki.root.issue("Rolling", authority=True)
    new = [pki.root.issue("Rolling", authority=True) for _ in range(MAX_RIGHTS + 2)]
    person = old.issue("Person")
    status = asked(person, [old, pki.root], [each.crl() for each in new], new)
    assert f"more than {MAX_RIGHTS} signers" in status.why.en


@pytest.mark.parametrize("critical", [True, False])
def test_a_large_indirect_list_is_read_to_its_end(pki: Pki, listed: tuple[Party, Party], critical: bool) -> None:
    """A search by serial number alone would take another issuer's entry for this one's."""
    person, lists = listed
    other = x509.CertificateIssuer([x509.DirectoryName(pki.root.certificate.subject)])
    first = x509.RevokedCertificateBuilder().serial_number(1).revocation_date(NOW - DAY)
    plain = [
        x509.RevokedCertificateBuilder().serial_number(number).revocation_date(NOW - DAY).build()
        for number in (*range(2**40, 2**40 + 1_500), person.certificate.serial_number)
    ]
    foreign_to_it = [first.add_extension(other, critical=critical).build(), *plain]
    above = [pki.authority, pki.root]
    crls = [lists.crl(indirect(), revoked=foreign_to_it), pki.root.crl()]
    assert len(crls[0]) > 32 * 1024
    assert asked(person, above, crls, [lists]).state == "good"
    last = foreign(person, pki.authority)
    crls = [lists.crl(indirect(), revoked=[*foreign_to_it, last], this=NOW), pki.root.crl()]
    assert asked(person, above, crls, [lists]).state == "revoked"


def test_signers_that_hang_in_a_maze_are_given_up_in_time(pki: Pki) -> None:
    mazes = [self_signed(f"N{number}") for number in range(4)]
    cross = [
        one.issue(f"N{number}", authority=True, key=other.key)
        for one in mazes
        for number, other in enumerate(mazes)
        if other is not one
        for _ in range(6)
    ]
    fakes = [mazes[number % 4].issue("Authority", authority=True) for number in range(12)]
    crls = [fake.crl(this=NOW - DAY - timedelta(minutes=count)) for fake in fakes for count in range(6)]
    started = time.process_time()
    assert asked(pki.person, [pki.authority, pki.root], crls, [*fakes, *cross]).state == "unknown"
    assert time.process_time() - started < 0.5


def test_of_two_certificates_of_a_signers_key_the_good_one_counts(
    pki: Pki, rolling: tuple[Party, Party, Party]
) -> None:
    person, old, new = rolling
    ended = pki.root.issue("Rolling", authority=True, key=new.key, ends=NOW - DAY)
    crls = [new.crl(), pki.root.crl()]
    for pool in ([ended, new], [new, ended]):
        assert asked(person, [old, pki.root], crls, pool).state == "good"
    assert asked(person, [old, pki.root], crls, [ended]).state == "unknown"


def test_many_lists_of_one_new_key_are_all_read_for_the_past(pki: Pki) -> None:
    old = pki.root.issue("Rolling", authority=True, begins=NOW - 90 * DAY)
    new = pki.root.issue("Rolling", authority=True, begins=NOW - 9 * DAY)
    person = old.issue("Person", begins=NOW - 90 * DAY)
    past = NOW - 60 * DAY
    lists = [new.crl(this=NOW - days * DAY) for days in range(8, 0, -1)]
    status = asked(person, [old, pki.root], [*lists, pki.root.crl()], [new], at=past)
    assert (status.state, status.this_update) == ("good", NOW - DAY)
    assert status.observations == ()
