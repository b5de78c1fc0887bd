"""``eidkit certificate``: what a certificate is worth for a purpose, with its whole path and every reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.running import FAILED, PASSED, UNREADABLE
from eidkit.cli.speaking import complain, emit_json, language, language_option, not_readable
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from pathlib import Path

    from eidkit.asn1.certificate import Certificate
    from eidkit.policy import Policy
    from eidkit.trust.store import TrustStore
    from eidkit.verify.certificate import CertificateReport

MAX_CERTIFICATE_FILE = 4 * 1024 * 1024
PURPOSES = ("signing", "timestamping", "login", "attestation", "any")
EPILOG = """\b
Examples:
  eidkit certificate lan.pem --trust sandbox/roots --intermediate sandbox/issuing.pem --crl sandbox/crls --offline
  eidkit certificate tsa.cer --purpose timestamping --trust tsa-roots --json
  eidkit certificate lan.pem --trust roots --policy-oid 2.16.704.1.1.2 --at 2026-03-02T09:14:00Z

Exit code: 0 passed, 1 failed or indeterminate, 2 could not be read.
"""


@click.command(epilog=EPILOG)
@click.argument("certificate", type=options.PATH, metavar="CERT")
@options.trust_option
@options.material_options
@options.cache_option
@click.option(
    "--purpose",
    type=click.Choice(PURPOSES),
    default="signing",
    show_default=True,
    help="What it is to be used for; only anchors of this kind count (any: all kinds).",
)
@click.option(
    "--policy-oid", multiple=True, metavar="OID", help="A certificate policy that will do; one of them must hold."
)
@options.policy_option
@options.at_option
@options.json_option
@language_option
@click.pass_context
def command(ctx: click.Context, /, certificate: Path, **chosen: Any) -> None:
    """Say what the certificate in CERT (PEM or DER) is worth: its path, the status of each issuer, every reason.

    Further certificates in the same PEM file are taken as candidates for its issuers. Only the anchors you name are
    trusted; a certificate whose status cannot be known does not pass.
    """
    trust, material, policy = _anchors(chosen), options.material(chosen), options.policy(chosen["policy"])
    try:
        report = _report(certificate, trust, material, policy, chosen)
    except EidkitError as error:
        if chosen["as_json"]:
            emit_json(not_readable(certificate.name, error))
        else:
            complain(error)
        ctx.exit(UNREADABLE)
    if chosen["as_json"]:
        emit_json(report.to_json())
    else:
        click.echo(report.to_text(language()))
    ctx.exit(PASSED if report else FAILED)


def _anchors(chosen: dict[str, Any]) -> TrustStore:
    """The anchors of ``--trust``, of the kind that the purpose asks for."""
    purpose = chosen["purpose"]
    return options.trust_store((chosen["trust"], "signing" if purpose == "any" else purpose))


def _report(
    path: Path, trust: TrustStore, material: options.Material, policy: Policy, chosen: dict[str, Any]
) -> CertificateReport:
    from eidkit.verify.certificate import verify_certificate

    leaf, *others = _certificates(path)
    return verify_certificate(
        leaf.der,
        trust,
        purpose=chosen["purpose"],
        intermediates=[other.der for other in others],
        at=options.moment(chosen["at"]),
        policies=frozenset(chosen["policy_oid"]),
        require_explicit_policy=bool(chosen["policy_oid"]),
        sources=material.sources,
        policy=policy,
        transport=material.transport,
    )


def _certificates(path: Path) -> list[Certificate]:
    """Those in the file, at least one."""
    from eidkit.asn1.certificate import load
    from eidkit.asn1.der import DerError
    from eidkit.document import Document

    try:
        return load(Document.read(path).read_bounded(MAX_CERTIFICATE_FILE, "a certificate file"))
    except DerError as error:
        raise EidkitError(
            "certificate-unreadable",
            Text(
                f"{path.name} is no certificate ({error.problem.en})",
                f"{path.name} không phải chứng thư ({error.problem.vi})",
            ),
            Text("give a PEM or DER file of a certificate", "cung cấp tệp chứng thư PEM hoặc DER"),
            kind="person",
        ) from error
