"""One bit of one file of a written dossier: never COMPLETE, never anything but a report or one of our errors.

Left out is what proves nothing: ``validation/`` (candidates), and in a login file the name beside the number and
the copy of the attestation (the signature carries the one that counts).  An XML may spell its encoding in small
letters: that says how it is written down, and no canonical form has it.  A kept earlier state counts in full, what
its signatures do not sign (certificates, timestamp tokens) included: the document as it stands must have grown from it.
"""

from __future__ import annotations

import random
import re
import shutil

import pytest

from eidkit.dossier import Dossier
from eidkit.errors import EidkitError


@pytest.fixture(scope="module")
def written(honest, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bits") / "folder"
    honest.write(folder)
    return folder


PROVES_NOTHING = {".json": rb'"(?:name|attestation)":"([^"]*)"', ".xml": rb'^<\?xml[^>]*encoding="([^"]*)"'}
UNSIGNED = rb"(<ds:KeyInfo.*?</ds:KeyInfo>|<xades:UnsignedProperties.*?</xades:UnsignedProperties>)"


def places(pattern, data):
    """Where the octets stand that ``pattern`` finds."""
    spans = [match.span(1) for match in re.finditer(pattern, data, re.DOTALL)]
    return [place for start, end in spans for place in range(start, end)]


def bytes_that_count(path, data):
    """Where a bit matters."""
    left_out = set(places(PROVES_NOTHING[path.suffix], data)) if path.suffix in PROVES_NOTHING else set()
    return [place for place in range(len(data)) if place not in left_out]


def assert_not_complete(stage, folder, path, data, place, bit):
    """One bit of ``path`` turned around."""
    path.write_bytes(data[:place] + bytes((data[place] ^ 1 << bit,)) + data[place + 1 :])
    try:
        report = stage.verify(Dossier.read(folder, stage.procedure))
    except EidkitError:
        return
    assert report.verdict != "COMPLETE", (path.relative_to(folder), place, bit)


@pytest.mark.parametrize("seed", range(40))
def test_one_bit(stage, written, tmp_path, seed):
    choose = random.Random(seed)  # noqa: S311  # damage, not secrets
    folder = shutil.copytree(written, tmp_path / "folder")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent.name != "validation")
    path = choose.choice(files)
    data = path.read_bytes()
    place = choose.choice(bytes_that_count(path, data))
    assert_not_complete(stage, folder, path, data, place, choose.randrange(8))


@pytest.mark.parametrize("seed", range(20))
def test_one_bit_that_no_signature_of_a_kept_state_signs(stage, written, tmp_path, seed):
    """Certificates and timestamp tokens of an earlier state are those that the document as it stands has."""
    choose = random.Random(seed)  # noqa: S311  # damage, not secrets
    folder = shutil.copytree(written, tmp_path / "folder")
    path = choose.choice(sorted((folder / "documents").glob("*/form.xml"))[1:])
    data = path.read_bytes()
    assert_not_complete(stage, folder, path, data, choose.choice(places(UNSIGNED, data)), choose.randrange(8))
