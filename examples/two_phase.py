"""The key is elsewhere: prepare here, sign there, complete in another process minutes later."""

from __future__ import annotations

from pathlib import Path

from eidkit import Document, Pending
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf
from eidkit.signing import prepare
from eidkit.verify import verify


def main() -> None:
    sandbox = Sandbox.create()
    phone = sandbox.official("Nguyễn Thị Lan", "000099000101")  # only its certificate is known here
    Path("decision.pdf").write_bytes(decision_pdf())

    # The web server: everything but the signature value, and where to keep it.
    pending = prepare(Document.read("decision.pdf"), phone.certificate, chain=phone.chain)
    Path("pending.json").write_bytes(pending.to_json())
    print(f"to sign: {len(pending.to_sign)} bytes with {pending.algorithm.name}")

    # The phone (or token, or remote service): one value, nothing else.
    value = phone.sign(pending.to_sign, pending.algorithm)

    # A worker, later: the value is checked against the certificate before it is embedded.
    pending = Pending.from_json(Path("pending.json").read_bytes())
    signed = pending.complete(value, Document.read("decision.pdf"), tsa=sandbox.tsa, transport=sandbox)
    signed.write("decision.signed.pdf")
    print(verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox).require())


if __name__ == "__main__":
    main()
