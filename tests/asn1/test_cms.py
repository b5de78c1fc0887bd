"""CMS SignedData: what is written conforms and is read back; what breaks a rule is observed or refused."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from eidkit import algorithms
from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import attributes, cms, der
from eidkit.commitments import PROOF_OF_APPROVAL
from eidkit.errors import EidkitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eidkit.sandbox import Sandbox, SandboxKey

CONTENT = b"Quy\xe1\xba\xbft \xc4\x91\xe1\xbb\x8bnh 125"
TOKEN = der.sequence(der.encode_oid(cms.SIGNED_DATA), der.explicit(0, der.sequence(b"\x02\x01\x03")))


@pytest.fixture(scope="module")
def lan(sandbox: Sandbox) -> SandboxKey:
    return sandbox.official("Nguyễn Thị Lan", "000190000022", title="Trưởng phòng")


def signed_attributes(key: SandboxKey, digest: str = "sha256", **more: object) -> bytes:
    message_digest = hashlib.new(digest, CONTENT).digest()
    return cms.signed_attributes(message_digest=message_digest, certificate=key.certificate_der, **more)


def assembled(key: SandboxKey, to_sign: bytes, *, pss: bool = False, **more: object) -> bytes:
    algorithm = algorithms.suited(key.certificate.public_key(), pss=pss)
    digest = more.pop("digest", None) or cms.digest_name(algorithm, "sha256")
    return cms.signed_data(
        certificate=key.certificate_der,
        digest=digest,
        algorithm=algorithm,
        signed_attributes=to_sign,
        signature=key.sign(to_sign, algorithm),
        **more,
    )


def observed(data: bytes) -> list[str]:
    """The words of what was observed about the only signer."""
    (signer,) = cms.parse(data).signers
    return [dict(one.values).get("why", one.code) for one in signer.observations]


def rebuilt(data: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """``data`` with the fields of its SignerInfo changed."""
    outer = der.whole(data).children()
    parts = outer[1].only().children()
    fields = change([field.raw for field in parts[-1].only().children()])
    body = b"".join((*(part.raw for part in parts[:-1]), der.tlv(der.SET, der.sequence(*fields))))
    return der.sequence(outer[0].raw, der.explicit(0, der.tlv(der.SEQUENCE, body)))


def with_attributes(data: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """``data`` with its signed attributes changed, left in the order that ``change`` gives."""

    def fields(found: list[bytes]) -> list[bytes]:
        inside = [child.raw for child in der.read(found[3]).children()]
        return [*found[:3], der.tlv(0xA0, b"".join(change(inside))), *found[4:]]

    return rebuilt(data, fields)


def oid_of(raw: bytes) -> str:
    return der.oid(der.read(raw).children()[0])


class TestWriting:
    def test_what_is_signed_comes_back_byte_for_byte(self, lan: SandboxKey) -> None:
        to_sign = signed_attributes(lan)
        (signer,) = cms.parse(assembled(lan, to_sign)).signers
        assert signer.signed_octets == to_sign
        assert signer.observations == ()

    @pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "p521", "ed25519"])
    def test_each_kind_of_key_gives_a_value_that_verifies(self, sandbox: Sandbox, kind: str) -> None:
        key = sandbox.citizen("Hoàng Minh Khôi", "000099000123", key=kind)
        algorithm = algorithms.suited(key.certificate.public_key())
        to_sign = signed_attributes(key, cms.digest_name(algorithm, "sha256"))
        (signer,) = cms.parse(assembled(key, to_sign)).signers
        assert signer.algorithm == algorithm
        assert signer.observations == ()
        public = key.certificate.public_key()
        assert algorithms.verify_signature(public, signer.algorithm, signer.signature, signer.signed_octets)

    def test_ed25519_goes_with_sha512(self) -> None:
        assert cms.digest_name(algorithms.SIGNATURE_BY_NAME["ed25519"], "sha256") == "sha512"

    def test_pss_states_its_parameters(self, sandbox: Sandbox) -> None:
        key = sandbox.citizen("Hoàng Minh Khôi", "000099000123", key="rsa2048")
        (signer,) = cms.parse(assembled(key, signed_attributes(key), pss=True)).signers
        assert (signer.algorithm.name, signer.salt_length) == ("rsa-pss-sha256", 32)

    def test_the_certificate_is_named_by_sha256_with_the_default_left_out(self, lan: SandboxKey) -> None:
        (signer,) = cms.parse(assembled(lan, signed_attributes(lan))).signers
        (value,) = signer.signed(attributes.SIGNING_CERTIFICATE_V2)
        digest = hashlib.sha256(lan.certificate_der).digest()
        assert value == der.sequence(der.sequence(der.sequence(der.encode_octets(digest))))

    def test_attributes_are_in_der_order(self, lan: SandboxKey) -> None:
        to_sign = signed_attributes(lan, claimed_roles=["Trưởng phòng"], commitment=PROOF_OF_APPROVAL.oid)
        children = [child.raw for child in der.whole(to_sign, der.SET).children()]
        assert children == sorted(children)

    def test_no_signing_time_unless_asked(self, lan: SandboxKey) -> None:
        moment = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
        without = cms.parse(assembled(lan, signed_attributes(lan))).signers[0]
        having = cms.parse(assembled(lan, signed_attributes(lan, signing_time=moment))).signers[0]
        assert attributes.claimed_time(without.signed_attributes) is None
        assert attributes.claimed_time(having.signed_attributes) == moment

    def test_roles_commitment_and_assertion_come_back(self, lan: SandboxKey) -> None:
        to_sign = signed_attributes(
            lan,
            claimed_roles=["Trưởng phòng", "Chủ tịch"],
            assertion="aGVhZA.Ym9keQ.c2ln",
            commitment=PROOF_OF_APPROVAL.oid,
        )
        (signer,) = cms.parse(assembled(lan, to_sign)).signers
        found = signer.signed_attributes
        assert attributes.claimed_roles(found) == ("Trưởng phòng", "Chủ tịch")
        assert attributes.assertions(found) == ("aGVhZA.Ym9keQ.c2ln",)
        assert attributes.commitments(found) == (PROOF_OF_APPROVAL.oid,)

    def test_the_assertion_is_a_printable_string_under_explicit_tag_two(self, lan: SandboxKey) -> None:
        (signer,) = cms.parse(assembled(lan, signed_attributes(lan, assertion="a.b.c"))).signers
        (value,) = signer.signed(attributes.SIGNER_ATTRIBUTES_V2)
        (part,) = der.whole(value).children()
        record = part.expect(0xA2).only().only().children()
        assert [der.oid(record[0]), record[1].tag] == [attributes.ASSERTION_OID, der.PRINTABLE_STRING]
        assert attributes.ASSERTION_OID.startswith("2.25.")

    def test_pyhanko_reads_roles_and_assertion(self, lan: SandboxKey) -> None:
        cades = pytest.importorskip("pyhanko.sign.ades.cades_asn1")
        (signer,) = cms.parse(
            assembled(lan, signed_attributes(lan, claimed_roles=["Chủ tịch"], assertion="a.b.c"))
        ).signers
        (value,) = signer.signed(attributes.SIGNER_ATTRIBUTES_V2)
        found = cades.SignerAttributesV2.load(value, strict=True).native
        assert [one["values"] for one in found["claimed_attributes"]] == [["Chủ tịch"]]
        assert found["signed_assertions"][0]["signed_assertion"] == "YS5iLmM="

    def test_asn1crypto_reads_the_same_bytes(self, lan: SandboxKey) -> None:
        asn1crypto = pytest.importorskip("asn1crypto.cms")
        data = assembled(lan, signed_attributes(lan, claimed_roles=["x"]), chain=(lan.certificate_der,))
        assert asn1crypto.ContentInfo.load(data, strict=True).dump(force=True) == data

    def test_openssl_verifies_it_as_cades(
        self, sandbox: Sandbox, lan: SandboxKey, tool: Callable[[str], str], tmp_path: Path
    ) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        chain = [one.public_bytes(Encoding.DER) for one in lan.chain]
        (tmp_path / "signed.p7s").write_bytes(assembled(lan, signed_attributes(lan), chain=chain))
        (tmp_path / "content").write_bytes(CONTENT)
        root = sandbox.authorities["root"].certificate.public_bytes(Encoding.PEM)
        (tmp_path / "root.pem").write_bytes(root)
        command = [tool("openssl"), "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "signed.p7s"]
        command += ["-content", "content", "-CAfile", "root.pem", "-purpose", "any", "-attime", "1772427600"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


class TestTimestampAttribute:
    def test_a_timestamp_leaves_every_signed_octet_alone(self, lan: SandboxKey) -> None:
        data = assembled(lan, signed_attributes(lan))
        stamped = cms.with_timestamp(data, TOKEN)
        before, after = cms.parse(data).signers[0], cms.parse(stamped).signers[0]
        assert (after.signed_octets, after.signature) == (before.signed_octets, before.signature)
        assert after.unsigned(attributes.SIGNATURE_TIMESTAMP) == (TOKEN,)

    def test_a_second_one_is_added_in_der_order(self, lan: SandboxKey) -> None:
        other = der.sequence(der.encode_integer(1))
        twice = cms.with_timestamp(cms.with_timestamp(assembled(lan, signed_attributes(lan)), TOKEN), other)
        (signer,) = cms.parse(twice).signers
        assert sorted(signer.unsigned(attributes.SIGNATURE_TIMESTAMP)) == sorted([TOKEN, other])

    @pytest.mark.parametrize("size", [0, 100, 300, 5000, 65000, 70000])
    def test_the_reserve_is_enough_and_not_wasteful(self, lan: SandboxKey, size: int) -> None:
        data = assembled(lan, signed_attributes(lan))
        token = der.tlv(der.SEQUENCE, bytes(size))
        growth = len(cms.with_timestamp(data, token)) - len(data)
        assert growth <= cms.timestamp_attribute_size(len(token)) <= growth + 40


class TestObserving:
    def test_a_signature_without_signed_attributes(self, lan: SandboxKey) -> None:
        data = rebuilt(assembled(lan, signed_attributes(lan)), lambda fields: fields[:3] + fields[4:])
        assert observed(data) == ["there are no signed attributes"]
        assert cms.parse(data).signers[0].signed_octets == b""

    @pytest.mark.parametrize("oid", [attributes.CONTENT_TYPE, attributes.MESSAGE_DIGEST])
    def test_a_missing_mandatory_attribute(self, lan: SandboxKey, oid: str) -> None:
        data = with_attributes(
            assembled(lan, signed_attributes(lan)), lambda found: [one for one in found if oid_of(one) != oid]
        )
        assert len(observed(data)) == 1
        assert observed(data)[0].startswith("there is no ")

    @pytest.mark.parametrize(
        "oid", [attributes.CONTENT_TYPE, attributes.MESSAGE_DIGEST, attributes.SIGNING_CERTIFICATE_V2]
    )
    def test_an_attribute_that_stands_twice(self, lan: SandboxKey, oid: str) -> None:
        data = with_attributes(
            assembled(lan, signed_attributes(lan)),
            lambda found: sorted(found + [one for one in found if oid_of(one) == oid]),
        )
        assert observed(data)[0].endswith("does not have exactly one value")

    def test_an_attribute_with_two_values(self, lan: SandboxKey) -> None:
        double = attributes.attribute(attributes.MESSAGE_DIGEST, der.encode_octets(b"a"), der.encode_octets(b"b"))
        data = with_attributes(
            assembled(lan, signed_attributes(lan)),
            lambda found: sorted([one for one in found if oid_of(one) != attributes.MESSAGE_DIGEST] + [double]),
        )
        assert observed(data) == ["the message-digest attribute does not have exactly one value"]
        assert cms.parse(data).signers[0].message_digest is None

    def test_a_content_type_that_is_not_the_contents(self, lan: SandboxKey) -> None:
        to_sign = signed_attributes(lan, content_type=cms.TST_INFO)
        assert observed(assembled(lan, to_sign)) == ["the content-type attribute names another type"]

    def test_attributes_out_of_order_are_a_warning_and_can_be_sorted(self, lan: SandboxKey) -> None:
        data = with_attributes(assembled(lan, signed_attributes(lan)), lambda found: found[::-1])
        assert observed(data) == ["ATTRIBUTE_ORDER"]
        assert cms.parse(data).signers[0].sorted_octets == signed_attributes(lan)

    def test_attributes_with_a_length_that_is_not_minimal(self, lan: SandboxKey) -> None:
        def stretched(found: list[bytes]) -> list[bytes]:
            return [b"\x30\x81" + found[0][1:], *found[1:]]

        data = with_attributes(assembled(lan, signed_attributes(lan)), stretched)
        assert "the signed attributes are not in DER" in observed(data)

    def test_a_digest_algorithm_that_is_not_the_signatures(self, lan: SandboxKey) -> None:
        data = assembled(lan, signed_attributes(lan), digest="sha512")
        assert observed(data) == ["digest algorithm sha512 and signature algorithm ecdsa-sha256 disagree"]

    def test_a_version_that_does_not_fit(self, lan: SandboxKey) -> None:
        data = rebuilt(assembled(lan, signed_attributes(lan)), lambda fields: [der.encode_integer(3), *fields[1:]])
        assert observed(data) == ["the SignerInfo version does not fit"]

    def test_protected_algorithms_that_agree(self, lan: SandboxKey) -> None:
        protection = attributes.algorithm_protection(
            identifiers.encode_digest("sha256"),
            identifiers.encode_signature(algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"]),
        )
        assert observed(assembled(lan, signed_attributes(lan, extra=[protection]))) == []

    def test_protected_algorithms_that_are_not_the_ones_in_use(self, lan: SandboxKey) -> None:
        protection = attributes.algorithm_protection(
            identifiers.encode_digest("sha512"),
            identifiers.encode_signature(algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"]),
        )
        found = observed(assembled(lan, signed_attributes(lan, extra=[protection])))
        assert found == ["the protected algorithms are not the ones in use"]

    def test_an_unknown_digest_is_named(self, lan: SandboxKey) -> None:
        unknown = der.sequence(der.encode_oid("1.2.3.4"))
        data = rebuilt(assembled(lan, signed_attributes(lan)), lambda f: [*f[:2], unknown, *f[3:]])
        signer = cms.parse(data).signers[0]
        assert signer.digest_algorithm == "1.2.3.4"
        assert "NOT_SUPPORTED" in {one.code for one in signer.observations}

    def test_every_signer_is_reported(self, lan: SandboxKey) -> None:
        outer = der.whole(assembled(lan, signed_attributes(lan))).children()
        parts = outer[1].only().children()
        info = parts[-1].only().raw
        second = der.sequence(*(field.raw for field in der.read(info).children()), b"\xa1\x00")
        body = b"".join((*(part.raw for part in parts[:-1]), der.set_of([info, second])))
        data = der.sequence(outer[0].raw, der.explicit(0, der.tlv(der.SEQUENCE, body)))
        assert len(cms.parse(data).signers) == 2

    def test_an_assertion_that_is_not_canonical_base64_is_malformed(self) -> None:
        text = der.tlv(der.PRINTABLE_STRING, b"YQ==YQ==")
        record = der.sequence(der.encode_oid(attributes.ASSERTION_OID), text)
        value = der.sequence(der.explicit(2, der.sequence(record)))
        with pytest.raises(der.DerError):
            attributes.assertions([attributes.Attribute(attributes.SIGNER_ATTRIBUTES_V2, (value,))])


class TestRefusing:
    def test_bytes_after_the_end(self, lan: SandboxKey) -> None:
        with pytest.raises(der.DerError):
            cms.parse(assembled(lan, signed_attributes(lan)) + b"\x00")

    def test_what_is_no_signed_data(self) -> None:
        enveloped = der.sequence(der.encode_oid("1.2.840.113549.1.7.3"), der.explicit(0, der.sequence()))
        with pytest.raises(der.DerError):
            cms.parse(enveloped)

    def test_more_signers_than_the_bound(self, lan: SandboxKey) -> None:
        outer = der.whole(assembled(lan, signed_attributes(lan))).children()
        parts = outer[1].only().children()
        infos = parts[-1].only().raw * (cms.MAX_SIGNERS + 1)
        body = b"".join((*(part.raw for part in parts[:-1]), der.tlv(der.SET, infos)))
        with pytest.raises(der.DerError):
            cms.parse(der.sequence(outer[0].raw, der.explicit(0, der.tlv(der.SEQUENCE, body))))

    def test_deep_nesting_costs_an_error_and_no_stack(self) -> None:
        data = b""
        for _ in range(2000):
            data = der.tlv(der.SEQUENCE, data)
        with pytest.raises(EidkitError):
            cms.parse(data)


class TestBer:
    """RFC 5652 §5.1 lets the container be BER; a signature made elsewhere may be."""

    @staticmethod
    def indefinite(node: der.Node, depth: int = 5) -> bytes:
        """The node with indefinite lengths down to ``depth``."""
        if not node.tag & der.CONSTRUCTED or depth == 0:
            return node.raw
        inside = b"".join(TestBer.indefinite(child, depth - 1) for child in node.children())
        return bytes((node.tag, 0x80)) + inside + b"\x00\x00"

    def test_an_indefinite_container_around_der_attributes(self, lan: SandboxKey) -> None:
        data = assembled(lan, signed_attributes(lan))
        (signer,) = cms.parse(self.indefinite(der.whole(data))).signers
        assert signer.signed_octets == signed_attributes(lan)
        assert signer.observations == ()

    def test_indefinite_attributes_are_observed(self, lan: SandboxKey) -> None:
        data = self.indefinite(der.whole(assembled(lan, signed_attributes(lan))), depth=9)
        assert "the signed attributes are not in DER" in observed(data)
