"""Hostile bytes raise only our errors, and no change to what is signed goes unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eidkit.document import Document
from eidkit.errors import EidkitError
from eidkit.verify.formats import xml
from eidkit.xml import content_digest

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def _read(data: bytes) -> None:
    try:
        xml.read(Document.from_bytes(data, "x.xml"))
        content_digest(Document.from_bytes(data, "x.xml"))
    except EidkitError:
        return


@QUICK
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read(data)
    _read(b"<a>" + data + b"</a>")


@QUICK
@given(data=st.data())
def test_a_signed_file_with_bytes_changed_is_read_or_refused(
    data: st.DataObject, form: Document, signed: Callable[..., Document]
) -> None:
    original = bytearray(_signed_bytes(form, signed))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(original) - 1))
        end = min(len(original), start + data.draw(st.integers(0, 30)))
        original[start:end] = data.draw(
            st.sampled_from((b"", b"<", b">", b"&#0;", b"<x/>", b'"', b"<!---->", b"\x00", b"\xff", b"<ds:Signature/>"))
        )
    _read(bytes(original))


@QUICK
@given(data=st.data())
def test_a_changed_byte_breaks_the_signature_or_changes_nothing_that_is_signed(
    data: st.DataObject, form: Document, signed: Callable[..., Document], holds: Callable[..., bool]
) -> None:
    original = _signed_bytes(form, signed)
    (before,) = xml.read(Document.from_bytes(original, "form.xml")).signatures
    place = data.draw(st.integers(0, len(original) - 1))
    changed = original[:place] + bytes([data.draw(st.integers(0x20, 0x7E))]) + original[place + 1 :]
    try:
        found = xml.read(Document.from_bytes(changed, "form.xml")).signatures
    except EidkitError:
        return
    for after in found:
        if after.certificates and after.certificate_references and after.algorithm == before.algorithm and holds(after):
            assert after.signed_octets == before.signed_octets
            assert after.content == before.content
            assert (after.claimed_roles, after.assertions, after.signing_time, after.certificate_references) == (
                before.claimed_roles, before.assertions, before.signing_time, before.certificate_references,
            )  # fmt: skip


_MADE: dict[str, bytes] = {}


def _signed_bytes(form: Document, signed: Callable[..., Document]) -> bytes:
    if "signed" not in _MADE:
        made = signed(form, claimed_roles=("clerk",), assertion="e30.e30.AA", token=b"0\x00")
        _MADE["signed"] = made.read_range(0, made.length)
    return _MADE["signed"]
