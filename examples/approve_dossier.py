"""The whole walk: five officials and the agency's seal approve a dossier, then a stranger proves it."""

from __future__ import annotations

from eidkit import Document, Dossier
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.sandbox.office import Office


def main() -> None:
    sandbox = Sandbox.create()  # authorities, TSA and identity provider in memory
    office = Office(sandbox)  # its people, their keys and logins, the seal, the five-step procedure
    documents = [Document.from_bytes(decision_pdf(), "permit.pdf"), Document.from_bytes(form_xml(), "form.xml")]
    dossier = Dossier.open("H56.01-261124-0001", office.procedure, documents)

    while dossier.step is not None:
        taken = office.take(dossier)  # what is about to be approved → log in for it → sign → append
        print(f"{taken.step.name}: {taken.person.name}, {taken.authentication.proof_class}")
        print(f"  {taken.transaction.text.body}")
        dossier = taken.dossier
    dossier.write("dossier")

    # Years later, somewhere else: the folder, the verifier's own procedure, anchors and pinned provider keys.
    read = Dossier.read("dossier", office.procedure)
    print(read.verify(sandbox.trust, providers=[office.provider]).require())


if __name__ == "__main__":
    main()
