"""Evidence as JSON: every field by name, bytes in base64, times as they are bound.

The shape follows the values of :mod:`eidkit.verify.evidence` one to one; an unknown or missing member is
refused.  What comes back from here was not seen in its document: nothing in it is believed without it.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from eidkit import canonical
from eidkit.binding import shape
from eidkit.errors import CanonicalError, Text
from eidkit.findings import ROWS, Observation
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


def to_json(evidence: Evidence) -> bytes:
    """The canonical JSON bytes of ``evidence``; that its document was seen is not believed, and so not stored."""
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
    plain = _plain(evidence)
    return {name: item for name, item in plain.items() if name not in _NOT_FACTS}


def with_supplied(fresh: Evidence, saved: Evidence) -> Evidence:
    """``fresh`` with the certificates and answers that ``saved`` had been completed with."""

    def joined(first: tuple[bytes, ...], second: tuple[bytes, ...]) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys((*first, *second)))

    return dataclasses.replace(
        fresh,
        certificates=joined(fresh.certificates, saved.certificates),
        crls=joined(fresh.crls, saved.crls),
        ocsps=joined(fresh.ocsps, saved.ocsps),
        supplied=saved.supplied,
    )


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
    if isinstance(made, Observation) and made.code not in ROWS:
        raise _refused(f"{what} holds an unknown code")
    return made


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
