"""One bit of one file of a written dossier: never COMPLETE, never anything but a report or one of our errors.

Left out is what proves nothing: ``validation/`` (candidates), and in a login file the name beside the number and
the copy of the attestation (the signature carries the one that counts); in a kept earlier state of a document,
what its signatures do not sign (the document as it stands carries the certificates and tokens that are judged).
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


UNSIGNED = rb"(<ds:KeyInfo.*?</ds:KeyInfo>|<xades:UnsignedProperties.*?</xades:UnsignedProperties>)"


def bytes_that_count(data, *, kept_state):
    """Where a bit matters."""
    proves_nothing = UNSIGNED if kept_state else rb'"(?:name|attestation)":"([^"]*)"'
    left_out = [match.span(1) for match in re.finditer(proves_nothing, data, re.DOTALL)]
    return [place for place in range(len(data)) if not any(start <= place < end for start, end in left_out)]


@pytest.mark.parametrize("seed", range(40))
def test_one_bit(stage, written, tmp_path, seed):
    choose = random.Random(seed)  # noqa: S311  # damage, not secrets
    shutil.copytree(written, tmp_path / "folder")
    files = sorted(path for path in (tmp_path / "folder").rglob("*") if path.is_file())
    path = choose.choice([path for path in files if path.parent.name != "validation"])
    data = bytearray(path.read_bytes())
    data[choose.choice(bytes_that_count(data, kept_state=path.parent.name.isdigit()))] ^= 1 << choose.randrange(8)
    path.write_bytes(data)
    try:
        report = stage.verify(Dossier.read(tmp_path / "folder", stage.procedure))
    except EidkitError:
        return
    assert report.verdict != "COMPLETE", path.relative_to(tmp_path)
