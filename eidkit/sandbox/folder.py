"""A sandbox on disk: kept and opened again, and the sample folder that ``eidkit sandbox init`` writes.

``sandbox.json`` holds the authorities with their private keys, readable only by their owner.  Everything in such
a folder is for testing; the password of every ``.p12`` is "sandbox".
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import DocumentError, Text
from eidkit.files import contents, write_atomically
from eidkit.identity import Identity
from eidkit.sandbox import people
from eidkit.sandbox.authority import Authority, Revocation
from eidkit.sandbox.keys import SandboxKey, load_private_pem, private_pem
from eidkit.sandbox.sandbox import PROVIDERS, Sandbox
from eidkit.sandbox.tsa import TimestampMaker

if TYPE_CHECKING:
    import os

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

STATE = "sandbox.json"
PARTNER_KEY = "vneid.pem"
"""The key of the partner's client: a relying party opens with it what the partner encrypts."""
MAX_STATE = canonical.MAX_BYTES
VERSION = 2
"""Of the state file's form."""
PASSWORD = "sandbox"  # noqa: S105 - public on purpose, it protects nothing
LOOPBACK_URL = "http://127.0.0.1:8765/"
"""Where the certificates of a sample folder say that revocation data is: what ``serving`` answers."""
_CRL_LIFE = timedelta(days=365)
"""The revocation lists of a sample folder are read long after it was written."""
_ANCHORS = {
    "signing": "root",
    "login": "root",
    "timestamping": "time-root",
    "attestation": "service-root",
}


# ── kept and opened again ─────────────────────────────────────────────────────────────────────────────────


def write(sandbox: Sandbox, folder: str | os.PathLike[str]) -> None:
    """Keep ``sandbox`` in ``folder`` (made when missing), in a file that only its owner can read."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    state = canonical.dumps(_state(sandbox))
    write_atomically(place / STATE, [state], private=True)
    write_atomically(place / PARTNER_KEY, [private_pem(sandbox.partner.private)], private=True)


def read(folder: str | os.PathLike[str], clock: Clock) -> Sandbox:
    """The sandbox kept in ``folder``; raises :class:`DocumentError` when there is none."""
    try:
        state = canonical.loads(contents(Path(folder) / STATE, MAX_STATE))
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise DocumentError(
                "sandbox-too-large",
                Text(f"{STATE} is {error.strerror}", f"{STATE} vượt giới hạn {MAX_STATE} byte"),
                Text("make a new one with: eidkit sandbox init DIR", "tạo mới bằng lệnh: eidkit sandbox init DIR"),
            ) from error
        raise DocumentError(
            "sandbox-missing",
            Text(f"there is no sandbox in {Path(folder).name}", f"không có sandbox trong {Path(folder).name}"),
            Text("make one with: eidkit sandbox init DIR", "tạo bằng lệnh: eidkit sandbox init DIR"),
        ) from error
    if not isinstance(state, dict) or state.get("v") != VERSION:
        raise DocumentError(
            "sandbox-version",
            Text("the sandbox was written by another version", "sandbox do phiên bản khác tạo ra"),
            Text("make a new one with: eidkit sandbox init DIR", "tạo mới bằng lệnh: eidkit sandbox init DIR"),
        )
    names = ("v", "base_url", "key", "authorities", "tsa", "service", "providers", "persons")
    stored = canonical.members(state, names, "sandbox")
    authorities = {slug: _authority(slug, stored["base_url"], one) for slug, one in stored["authorities"].items()}
    key, certificate, chain = _holder(stored["tsa"])
    odd = {fault: _certificate(pem) for fault, pem in stored["tsa"]["odd"].items()}
    sandbox = Sandbox(
        clock=clock,
        base_url=stored["base_url"],
        authorities=authorities,
        tsa=TimestampMaker(key, certificate, chain, odd),
        key=stored["key"],
    )
    service_key, service_certificate, service_chain = _holder(stored["service"])
    identity = Identity.from_json(stored["service"]["identity"])
    sandbox.adopt_service_key(SandboxKey(service_key, service_certificate, service_chain, identity))
    sandbox.persons[:] = [Identity.from_json(one) for one in stored["persons"]]
    for name, keys in canonical.members(stored["providers"], PROVIDERS, "providers").items():
        sandbox.identity_provider(name, [_provider_key(lines) for lines in keys])
    if (Path(folder) / PARTNER_KEY).exists():
        sandbox.identity_partner(_partner_key(Path(folder) / PARTNER_KEY))
    return sandbox


def _partner_key(path: Path) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = load_private_pem(contents(path, MAX_STATE))
    if not isinstance(key, rsa.RSAPrivateKey):
        raise DocumentError(
            "sandbox-version",
            Text(f"{PARTNER_KEY} holds no RSA key", f"{PARTNER_KEY} không chứa khóa RSA"),
            Text("make a new sandbox", "tạo sandbox mới"),
        )
    return key


def _provider_key(lines: list[str]) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    key = load_private_pem(_joined(lines))
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise DocumentError(
            "sandbox-version",
            Text("a provider's key is of an unknown kind", "khóa của nhà cung cấp không rõ loại"),
            Text("make a new sandbox", "tạo sandbox mới"),
        )
    return key


def _state(sandbox: Sandbox) -> dict[str, Any]:
    maker, service = sandbox.timestamp_maker, sandbox.service_key
    return {
        "v": VERSION,
        "base_url": sandbox.base_url,
        "key": sandbox.key,
        "authorities": {slug: _stored(one) for slug, one in sandbox.authorities.items()},
        "tsa": {
            "key": _lines(private_pem(maker.key)),
            "certificates": [_pem(one) for one in (maker.certificate, *maker.chain)],
            "odd": {fault: _pem(one) for fault, one in maker.odd.items()},
        },
        "service": {
            "key": _lines(private_pem(service.private_key)),
            "certificates": [_pem(one) for one in (service.certificate, *service.chain)],
            "identity": service.identity.to_json(),
        },
        "providers": {
            name: [_lines(private_pem(key)) for key in sandbox.identity_provider(name).keys] for name in PROVIDERS
        },
        "persons": [one.to_json() for one in sandbox.persons],
    }


def _stored(authority: Authority) -> dict[str, Any]:
    return {
        "key": _lines(private_pem(authority.key)),
        "certificates": [_pem(one) for one in (authority.certificate, *authority.chain)],
        "crl_number": authority.crl_number,
        "issued": [f"{serial:x}" for serial in sorted(authority.issued)],
        "revoked": [
            {"serial": f"{one.serial:x}", "at": canonical.format_time(one.at), "reason": one.reason}
            for one in authority.revoked.values()
        ],
    }


def _authority(slug: str, base_url: str, stored: dict[str, Any]) -> Authority:
    key, certificate, chain = _holder(stored)
    revoked = [
        Revocation(int(one["serial"], 16), canonical.parse_time(one["at"]), one["reason"]) for one in stored["revoked"]
    ]
    return Authority(
        slug,
        base_url,
        key,
        certificate,
        chain,
        issued={int(serial, 16) for serial in stored["issued"]},
        revoked={one.serial: one for one in revoked},
        crl_number=stored["crl_number"],
    )


def _holder(stored: dict[str, Any]) -> tuple[Any, x509.Certificate, tuple[x509.Certificate, ...]]:
    certificate, *chain = (_certificate(lines) for lines in stored["certificates"])
    return load_private_pem(_joined(stored["key"])), certificate, tuple(chain)


def _certificate(lines: list[str]) -> x509.Certificate:
    from cryptography import x509

    return x509.load_pem_x509_certificate(_joined(lines))


def _pem(certificate: x509.Certificate) -> list[str]:
    from cryptography.hazmat.primitives.serialization import Encoding

    return _lines(certificate.public_bytes(Encoding.PEM))


def _lines(pem: bytes) -> list[str]:
    """PEM as lines: strict JSON holds no line breaks."""
    return pem.decode("ascii").splitlines()


def _joined(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode("ascii")


# ── the sample folder ─────────────────────────────────────────────────────────────────────────────────────


def init(folder: str | os.PathLike[str], *, base_url: str = LOOPBACK_URL, clock: Clock = SYSTEM_CLOCK) -> Sandbox:
    """Write a sample folder: roots, revocation lists, keys, a PDF, an XML form and a procedure to try eidkit with.

    Its addresses are on the loopback, where :func:`eidkit.sandbox.server.serving` answers them.  ``folder`` must
    not exist or must be empty.  All of it appears at once, or, when something fails, nothing.
    Raises :class:`DocumentError` for a folder that holds something.
    """
    target = Path(folder).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DocumentError(
            "sandbox-occupied",
            Text(f"{target.name} already holds something", f"{target.name} đã có dữ liệu"),
            Text("name a new folder; nothing was changed", "chọn thư mục mới; chưa có gì thay đổi"),
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox.create(clock=clock, base_url=base_url)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _fill(temporary, sandbox)
        temporary.chmod(0o755)
        temporary.replace(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return sandbox


def _fill(folder: Path, sandbox: Sandbox) -> None:
    from eidkit.sandbox.documents import decision_pdf, form_xml

    for kind, slug in _ANCHORS.items():
        _put(folder / "roots" / kind / f"{slug}.pem", _joined(_pem(sandbox.authorities[slug].certificate)))
        _put(folder / "roots" / kind / "trust.toml", _provenance(f"{slug}.pem"))
    for key_file, holder in _holders(sandbox).items():
        _put(folder / key_file, holder.pkcs12(PASSWORD), secret=True)
    for slug, authority in sandbox.authorities.items():
        _put(folder / "crls" / f"{slug}.crl", authority.crl(sandbox.clock.now(), _CRL_LIFE))
    _put(folder / "permit.pdf", decision_pdf())
    _put(folder / "form.xml", form_xml())
    _put(folder / "procedure.toml", _procedure(sandbox))
    write(sandbox, folder)


def _put(path: Path, data: bytes, *, secret: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if secret:
        path.chmod(0o600)


def _provenance(name: str) -> bytes:
    return f'["{name}"]\nprovenance = "an eidkit sandbox: for testing only"\n'.encode()


def _holders(sandbox: Sandbox) -> dict[str, SandboxKey]:
    ward = sandbox.agency(people.ORGANISATION, people.ORGANISATION_MST, mns=people.ORGANISATION_MNS)
    found = {"seal.p12": ward, "service.p12": sandbox.service_key}
    for part in people.CAST:
        if part.title is None:
            found[f"{part.slug}.p12"] = sandbox.citizen(part.name, part.cccd, key=part.key)
        else:
            found[f"{part.slug}.p12"] = sandbox.official(
                part.name, part.cccd, title=part.title, organisation=ward, key=part.key
            )
    return found


def _procedure(sandbox: Sandbox) -> bytes:
    """The five steps, with the cast in their roles and the ward's seal at the signing step."""
    from eidkit.vn import five_steps, procedure_toml

    ward = Identity("vn-mst", people.ORGANISATION_MST, people.ORGANISATION)
    holders = {part.role: [Identity("vn-cccd", part.cccd, part.name)] for part in people.CAST if part.role}
    procedure = five_steps(attesters=[sandbox.service_key.identity], mandate=ward, holders=holders)
    return procedure_toml(procedure).encode()
