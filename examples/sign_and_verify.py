"""Two people sign a decision one after another, time-stamped; anyone with the anchors verifies it."""

from __future__ import annotations

from eidkit import Document
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf
from eidkit.signing import sign
from eidkit.verify import verify


def main() -> None:
    sandbox = Sandbox.create()  # authorities of our own, in memory; elsewhere: TrustStore.read, TimestampAuthority(url)
    lan = sandbox.official("Nguyễn Thị Lan", "000099000101", title="Trưởng phòng", key="rsa2048")
    binh = sandbox.official("Trần Văn Bình", "000099000102", title="Chủ tịch", key="p256")

    document = Document.from_bytes(decision_pdf(), "decision.pdf")
    for key in (lan, binh):
        document = sign(document, key, tsa=sandbox.tsa, transport=sandbox)
    document.write("decision.signed.pdf")

    signed = Document.read("decision.signed.pdf")
    report = verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox)
    print(report)
    report.require()  # the gate: raises unless every signature passed


if __name__ == "__main__":
    main()
