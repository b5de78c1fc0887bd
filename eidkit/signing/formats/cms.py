"""CAdES B-B and B-T: a signature beside any file, around it, or one more in a CMS that is there already.

Sources: ETSI EN 319 122-1 §6.3 (baseline), RFC 5652.  Three forms:

- *detached*: the CMS alone; the file stays as it is (``.p7s``).
- *attached*: the CMS with the file as its content (``.p7m``); the file is passed through, never held.
- *more*: an existing CMS with another signature over the same content.  Every signature that is there keeps its
  octets; the lengths around them are written anew, so that an archive timestamp of version 2, which covers them as
  they stand, would break: that is refused by name.
- *counter*: an existing CMS in which one signature gets another over its value (RFC 5652 §11.4).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from eidkit.asn1 import archive, assembly, attributes, cms, der, outline
from eidkit.document import Document
from eidkit.errors import SigningError, Text
from eidkit.signing.formats import Prepared
from eidkit.verify.formats import cades

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.asn1.cms import SignerInfo
    from eidkit.signing.formats import Request

Kind = Literal["detached", "attached", "more", "counter"]
_SUFFIX: dict[str, str] = {"detached": ".p7s", "attached": ".p7m"}
_OLD_ARCHIVES = (archive.ARCHIVE_TIMESTAMP_V1, archive.ARCHIVE_TIMESTAMP_V2, archive.LONG_TERM_VALIDATION)


@dataclass(frozen=True, slots=True)
class Form:
    """How a file becomes a CMS.

    ``content`` is what a detached CMS that gets one *more* signature is about; ``over`` the identity of the signature
    that gets a *counter*-signature, as a report names it.
    """

    kind: Kind = "detached"
    content: Document | None = None
    over: str = ""


def is_cms(document: Document) -> bool:
    """Whether the document is a CMS signature (no timestamp token), that takes one more."""
    return document.format == "der" and cades.open_cms(document) is not None


def prepare(document: Document, request: Request, form: object = None) -> Prepared:
    """The signed attributes over ``document``, or over the content of the CMS that it is."""
    form = form if isinstance(form, Form) else Form()
    digest = cms.digest_name(request.algorithm, request.digest)
    content_type: str | None = cms.DATA
    state: dict[str, str | int] = {"form": form.kind, "digest": digest}
    if form.kind == "counter":
        file = opened(document)
        state["over"] = number = _number_of(document.name, file.parsed.signers, form.over)
        content_type = None
        computed = hashlib.new(digest, file.parsed.signers[number].signature).digest()
    elif form.kind == "more":
        content_type, computed = _content_of(document, form.content, digest)
    else:
        computed = cades.whole_digests(document, (digest,))[digest]
    to_sign = cms.signed_attributes(
        message_digest=computed,
        certificate=request.certificate,
        content_type=content_type,
        claimed_roles=request.claimed_roles,
        assertion=request.assertion,
        commitment=request.commitment,
        signing_time=request.signing_time,
    )
    if form.kind == "more":
        _check_new(document, to_sign)
    return Prepared(0, b"", to_sign, state)


def timestamp_octets(_prepared: Prepared, _request: Request, value: bytes) -> bytes:
    """What a signature timestamp covers: the octets of the signature value (EN 319 122-1 §5.3)."""
    return value


def finish(prepared: Prepared, request: Request, value: bytes, token: bytes | None) -> bytes:
    """A detached CMS with this one signature; :func:`placed` puts it where it belongs."""
    unsigned = [attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token)] if token is not None else []
    return cms.signed_data(
        certificate=request.certificate,
        chain=request.chain,
        digest=str(prepared.state["digest"]),
        algorithm=request.algorithm,
        signed_attributes=prepared.to_sign,
        signature=value,
        unsigned=unsigned,
    )


def placed(document: Document, prepared: Prepared, finished: bytes) -> Document:
    """The signed document: the CMS alone, around the file, or merged into the CMS that the document is."""
    form = str(prepared.state["form"])
    if form == "detached":
        return Document.from_bytes(finished, document.name + _SUFFIX[form])
    with io.BytesIO(finished) as file:
        one = outline.outline(file, len(finished))
    if form == "attached":
        return _around(document, one)
    return _merged(document, one, over=int(prepared.state["over"]) if form == "counter" else None)


def add_timestamp(document: Document, token_for: Callable[[bytes], bytes]) -> Document:
    """The CMS with a signature timestamp on its last signature that has none; nothing that is signed changes."""
    file = opened(document)
    parts = file.outline.definite()
    raw = list(archive.elements(parts.signers))
    for number in reversed(range(len(raw))):
        signer = file.parsed.signers[number]
        if not signer.unsigned(attributes.SIGNATURE_TIMESTAMP):
            check_no_old_archive(document.name, file.parsed.signers)
            stamp = attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token_for(signer.signature))
            raw[number] = assembly.signer_with_unsigned(raw[number], stamp)
            return rewritten(file.binary, parts, raw).renamed(document.name)
    raise _refused(
        "cms-nothing-to-timestamp",
        f"{document.name} holds no signature without a timestamp",
        f"{document.name} không có chữ ký nào thiếu dấu thời gian",
        "nothing to do",
        "không cần làm gì",
    )


def opened(document: Document) -> cades.Opened:
    """The CMS that ``document`` is, refused by name when it is none."""
    file = cades.open_cms(document)
    if file is None:
        raise _refused(
            "cms-none",
            f"{document.name} is no CMS signature",
            f"{document.name} không phải chữ ký CMS",
            'sign it with format="cms" first',
            'hãy ký với format="cms" trước',
        )
    return file


def _content_of(document: Document, given: Document | None, digest: str) -> tuple[str, bytes]:
    """The content's type and digest; that the signatures which are there are over the same content is checked."""
    file = opened(document)
    check_no_old_archive(document.name, file.parsed.signers)
    names = {digest, *(signer.digest_algorithm for signer in file.parsed.signers)}
    if file.outline.content is not None:
        found = cades.digests(file.binary, file.outline.content, names)
    elif given is not None:
        found = cades.whole_digests(given, names)
    else:
        raise _refused(
            "cms-content-missing",
            f"{document.name} is a detached signature, and what it is about was not given",
            f"{document.name} là chữ ký tách rời, thiếu nội dung được ký",
            "give the signed content: detached= (--detached FILE)",
            "cung cấp nội dung được ký: detached= (--detached FILE)",
        )
    declared = {(one.digest_algorithm, one.message_digest) for one in file.parsed.signers}
    if declared - set(found.items()):
        raise _refused(
            "cms-other-content",
            f"a signature in {document.name} is over other content",
            f"có chữ ký trong {document.name} thuộc về nội dung khác",
            "give the content that was signed, as it was then",
            "cung cấp đúng nội dung đã ký",
        )
    return file.parsed.content_type, found[digest]


def _check_new(document: Document, to_sign: bytes) -> None:
    """Whoever signs the same twice within a second has signed once."""
    if any(signer.signed_octets == to_sign for signer in opened(document).parsed.signers):
        raise _refused(
            "cms-signed-already",
            f"{document.name} holds this very signature",
            f"{document.name} đã có chính chữ ký này",
            "nothing to do",
            "không cần làm gì",
        )


def _number_of(name: str, signers: tuple[SignerInfo, ...], over: str) -> int:
    """Which signature a report calls ``over``."""
    known = {f"signature-{number}": number - 1 for number in range(1, len(signers) + 1)}
    if over not in known:
        raise _refused(
            "cms-no-such-signature",
            f"{name} holds no signature {over} that can be counter-signed",
            f"{name} không có chữ ký {over} để ký đối chứng",
            f"name one of these: {', '.join(known)}",
            f"chọn một trong: {', '.join(known)}",
        )
    check_no_old_archive(name, signers)
    return known[over]


def check_no_old_archive(name: str, signers: tuple[SignerInfo, ...]) -> None:
    """Refuses what would change octets that an archive timestamp of the first versions covers as they stand."""
    if any(signer.unsigned(oid) for signer in signers for oid in _OLD_ARCHIVES):
        raise _refused(
            "cms-archived-as-it-stands",
            f"{name} holds an archive timestamp of an early version over its present octets, which would break",
            f"{name} có dấu thời gian lưu trữ trên nguyên trạng, thay đổi sẽ làm hỏng",
            'have the whole file time-stamped anew, or sign the content anew with format="cms"',
            'đóng dấu thời gian lại cho cả tệp, hoặc ký lại nội dung với format="cms"',
        )


def _around(document: Document, one: outline.Outline) -> Document:
    """``document`` as the content of the CMS that ``one`` outlines."""
    octets = der.header(der.OCTET_STRING, document.length)
    wrapper = der.header(0xA0, len(octets) + document.length)
    inner = len(one.content_type) + len(wrapper) + len(octets) + document.length
    encapsulated = der.header(der.SEQUENCE, inner) + one.content_type + wrapper + octets
    head, tail = outline.around(
        len(encapsulated) + document.length,
        (one.version, one.digest_algorithms),
        (one.certificates or b"", one.signers),
    )
    before = document.spliced(0, head + encapsulated)
    return before.spliced(before.length, tail).renamed(document.name + _SUFFIX["attached"])


def _merged(document: Document, one: outline.Outline, *, over: int | None) -> Document:
    """The CMS that ``document`` is with the signature, certificates and digest algorithm of ``one``.

    The signature comes after the others, or (``over``) as a counter-signature into the one of that number.
    """
    file = opened(document)
    parts = file.outline.definite()
    certificates, algorithms = (
        der.set_of(dict.fromkeys((*archive.elements(own), *archive.elements(more))))
        for own, more in (
            (parts.certificates, one.certificates),
            (parts.digest_algorithms, one.digest_algorithms),
        )
    )
    joined = replace(parts, certificates=b"\xa0" + certificates[1:], digest_algorithms=algorithms)
    signers = [*archive.elements(parts.signers)]
    (new,) = archive.elements(one.signers)
    if over is None:
        signers.append(new)
    else:
        signers[over] = assembly.signer_with_unsigned(
            signers[over], attributes.attribute(attributes.COUNTER_SIGNATURE, new)
        )
    return rewritten(file.binary, joined, signers).renamed(document.name)


def rewritten(binary: Document, parts: outline.Outline, signers: list[bytes]) -> Document:
    """The CMS ``binary`` with its content where it is and other parts around it."""
    start, end = parts.encapsulated
    head, tail = outline.around(
        end - start,
        (parts.version, parts.digest_algorithms),
        (parts.certificates or b"", parts.crls or b"", der.tlv(der.SET, b"".join(signers))),
    )
    return binary.replaced(end, binary.length, tail).replaced(0, start, head)


def _refused(code: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> SigningError:
    return SigningError(code, Text(en, vi), Text(remedy_en, remedy_vi), kind="caller")
