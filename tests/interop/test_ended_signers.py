"""A second opinion on answers by a responder whose certificate has ended since."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.interop import eu_dss, oracles
from tests.preserving.test_ended_signers import HOUR, Answered
from tests.preserving.world import verdict

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("matrix")]


def test_dss_says_the_same_of_an_answer_with_and_without_proof_of_its_age(tmp_path: Path) -> None:
    oracles.require("java", "mvn")
    answered = Answered()
    documents = {tmp_path / f"{stamped}.pdf": answered.kept(stamped=stamped) for stamped in (False, True)}
    for path, document in documents.items():
        document.write(path)
    answered.world.clock.advance(6 * HOUR)
    held = {
        slug: authority.certificate.public_bytes(Encoding.DER)
        for slug, authority in answered.world.sandbox.authorities.items()
    }
    others = [held.pop("official")]
    material = eu_dss.Material(list(held.values()), others, answered.others, [answered.answer])
    theirs = eu_dss.validate(list(documents), material, at=answered.world.clock.now())
    for path, document in documents.items():
        (signature,) = theirs[path].signatures
        ours = verdict(answered.world.report(document, sources=answered.sources))
        assert ours == (signature.indication, signature.subindication)
