"""Evidence as JSON: every field by name, bytes in base64, times as they are bound.

The shape follows the values of :mod:`eidkit.verify.evidence` one to one; an unknown or missing member is
refused.  What comes back from here was not seen in its document: nothing in it is believed without it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from eidkit import canonical
from eidkit.binding import shape
from eidkit.errors import CanonicalError, DocumentError, Text
from eidkit.findings import Observation, finding
from eidkit.verify.evidence import (
    AppearanceEvidence,
    CertificateReference,
    ContentDigest,
    Evidence,
    PdfCoverage,
    Reference,
    SignatureEvidence,
    TimestampEvidence,
)

VERSION = 1
_NOT_STORED = {"document_seen", "attestation"}
_NOT_FACTS = {"certificates", "crls", "ocsps", "supplied"}
OBSERVED = frozenset(
    {
        "APPEARANCE_COVERS_CONTENT", "APPEARANCE_OVERLAPS", "APPEARANCE_OVER_OTHERS", "ARCHIVE_INDEX_MISSES",
        "ARCHIVE_NOT_COVERED", "ATTRIBUTE_ORDER", "COMMITMENTS_SEVERAL", "COVERAGE_FAILURE", "FORMAT_FAILURE",
        "KEY_INFO_UNREADABLE", "MODIFIED_AFTER_SIGNING", "NOT_SUPPORTED", "OWN_REVISION_CHANGED", "PADDED",
        "PARTIAL_SCOPE", "SIGNATURE_MISPLACED", "SIGNATURE_REPLACED", "SIGNED_PROPERTIES_NOT_BOUND", "SPLIT_TEXT",
        "TIMESTAMP_NOT_JUDGED", "TIMESTAMP_REPEATED",
    }
)  # fmt: skip
"""What a reader of documents says; everything else only a judge says, and stored Evidence must not say it for one."""


def to_json(evidence: Evidence) -> bytes:
    """The canonical JSON bytes of ``evidence``; that its document was seen is not believed, and so not stored.

    :class:`DocumentError` for more than could be read again: each signature of a file may name all that the file holds.
    """
    _check_size(evidence)
    return canonical.dumps({"v": VERSION, **_plain(evidence)})


def from_json(data: bytes) -> Evidence:
    """The Evidence of :func:`to_json`, marked as not seen; malformed JSON raises :class:`CanonicalError`."""
    value = canonical.loads(data)
    if not isinstance(value, dict) or value.pop("v", None) != VERSION:
        raise _refused("the evidence is of another version")
    if _NOT_STORED & value.keys():
        raise _refused("the evidence claims that its document was seen")
    evidence: Evidence = _value({"document_seen": False, "attestation": None, **value}, Evidence, "evidence")
    return evidence


def facts(evidence: Evidence) -> dict[str, Any]:
    """What the document alone says, for comparison: without anything that may have been supplied beside it."""
    _check_size(evidence)
    plain = _plain(evidence)
    return {name: item for name, item in plain.items() if name not in _NOT_FACTS}


def own_candidates(evidence: Evidence) -> list[str]:
    """SHA-256 of the certificates and answers that stand in the document itself, outside of its signatures, sorted."""
    return sorted({_sha256(one) for one in _candidates(evidence)} - evidence.supplied)


def with_supplied(fresh: Evidence, saved: Evidence) -> Evidence:
    """``fresh`` with the certificates and answers that ``saved`` had been completed with.

    Which of them are not the document's is asked of the document, not believed.
    """

    def joined(first: tuple[bytes, ...], second: tuple[bytes, ...]) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys((*first, *second)))

    return dataclasses.replace(
        fresh,
        certificates=joined(fresh.certificates, saved.certificates),
        crls=joined(fresh.crls, saved.crls),
        ocsps=joined(fresh.ocsps, saved.ocsps),
        supplied=frozenset(map(_sha256, {*_candidates(saved)}.difference(_candidates(fresh)))),
    )


def _candidates(evidence: Evidence) -> tuple[bytes, ...]:
    return (*evidence.certificates, *evidence.crls, *evidence.ocsps)


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def _check_size(evidence: Evidence) -> None:
    if _weight(evidence) <= canonical.MAX_BYTES:
        return
    raise DocumentError(
        "evidence-too-large",
        Text(
            f"the evidence of {evidence.name} is longer than {canonical.MAX_BYTES} bytes",
            f"chứng cứ của {evidence.name} dài quá {canonical.MAX_BYTES} byte",
        ),
        Text("keep the document, and judge it itself", "giữ tài liệu và kiểm tra trực tiếp tài liệu"),
    )


def _weight(value: Any) -> int:
    """The octets that ``value`` takes in JSON at least."""
    if isinstance(value, bytes):
        return 4 * len(value) // 3
    if isinstance(value, str):
        return len(value)
    if dataclasses.is_dataclass(value):
        return sum(_weight(getattr(value, name)) for name in value.__dataclass_fields__ if name not in _NOT_STORED)
    return sum(map(_weight, value)) if isinstance(value, tuple | frozenset) else 0


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in _NOT_STORED
        }
    if isinstance(value, bytes):
        return shape.base64_text(value)
    if isinstance(value, datetime):
        return canonical.format_time(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


_NAMES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        AppearanceEvidence, CertificateReference, ContentDigest, Evidence, Observation, PdfCoverage, Reference,
        SignatureEvidence, TimestampEvidence,
    )
} | {"datetime": datetime}  # fmt: skip


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns=_NAMES)


def _value(data: Any, kind: Any, what: str) -> Any:
    """``data`` as a value of the annotated type ``kind``; the annotations are the schema."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        inner = next(argument for argument in arguments if argument is not NoneType)
        return None if data is None else _value(data, inner, what)
    if origin is Literal:
        if data not in arguments:
            raise _refused(f"{what} holds an unknown word")
        return data
    if origin is frozenset:
        return frozenset(_value(item, arguments[0], what) for item in canonical.typed(data, list, what))
    if origin is tuple:
        return _tuple(data, arguments, what)
    if dataclasses.is_dataclass(kind):
        return _dataclass(data, kind, what)
    return _scalar(data, kind, what)


def _tuple(data: Any, arguments: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    items = canonical.typed(data, list, what)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_value(item, arguments[0], what) for item in items)
    if len(items) != len(arguments):
        raise _refused(f"{what} has {len(items)} parts")
    return tuple(_value(item, argument, what) for item, argument in zip(items, arguments, strict=True))


def _dataclass(data: Any, kind: Any, what: str) -> Any:
    hints = _hints(kind)
    stored = canonical.members(data, hints, what)
    made = kind(**{name: _value(item, hints[name], f"{what}.{name}") for name, item in stored.items()})
    if isinstance(made, Observation):
        _check_observed(made, what)
    return made


def _check_observed(observation: Observation, what: str) -> None:
    """Only what a reader says, with every value that its sentences want."""
    if observation.code not in OBSERVED:
        raise _refused(f"{what} holds an unknown code, or one that only a judge gives")
    try:
        finding(observation)
    except KeyError as error:
        raise _refused(f"{what} lacks a value") from error


def _scalar(data: Any, kind: Any, what: str) -> Any:
    if kind is bytes:
        return shape.base64_bytes(data, what)
    if kind is datetime:
        return canonical.parse_time(data)
    return canonical.typed(data, kind, what)


def _refused(why: str) -> CanonicalError:
    return CanonicalError(
        "evidence-malformed",
        Text(why, "chứng cứ đã lưu sai cấu trúc"),
        Text("collect the evidence again from the document", "thu thập lại chứng cứ từ tài liệu"),
    )
