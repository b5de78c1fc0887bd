"""Certificates of the sandbox with other extensions than it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit.sandbox import SandboxKey

if TYPE_CHECKING:
    from eidkit.sandbox import Sandbox


def reissued(sandbox: Sandbox, key: SandboxKey, *instead: Any) -> SandboxKey:
    """``key`` with a certificate of the same authority that has the extensions ``instead`` in place of its own."""
    from cryptography import x509 as certificates
    from cryptography.hazmat.primitives.hashes import SHA256

    own, authority = key.certificate, sandbox.authorities["official"]
    builder = certificates.CertificateBuilder().subject_name(own.subject).issuer_name(own.issuer)
    builder = builder.serial_number(own.serial_number).public_key(own.public_key())
    builder = builder.not_valid_before(own.not_valid_before_utc).not_valid_after(own.not_valid_after_utc)
    new = {extension.oid for extension in instead}
    for extension in own.extensions:
        if extension.oid not in new:
            builder = builder.add_extension(extension.value, critical=extension.critical)
    for extension in instead:
        builder = builder.add_extension(extension, critical=False)
    made = builder.sign(authority.key, SHA256())
    return SandboxKey(key.private_key, made, key.chain, key.identity)


def usage(**bits: bool) -> Any:
    """A key usage with these bits alone."""
    from cryptography.x509 import KeyUsage

    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return KeyUsage(**{name: bits.get(name, False) for name in names})
