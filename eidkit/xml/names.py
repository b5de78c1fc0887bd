"""Namespaces, identifiers and names of XML-DSig and XAdES, and the name of our own Assertion.

Sources: W3C XML Signature 1.1 (2013), RFC 9231, ETSI EN 319 132-1.
"""

from __future__ import annotations

from eidkit import commitments

DSIG = "http://www.w3.org/2000/09/xmldsig#"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
XADES132 = "http://uri.etsi.org/01903/v1.3.2#"
XADES141 = "http://uri.etsi.org/01903/v1.4.1#"
XADES122 = "http://uri.etsi.org/01903/v1.2.2#"
XADES111 = "http://uri.etsi.org/01903/v1.1.1#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
MORE2007 = "http://www.w3.org/2007/05/xmldsig-more#"
RSA_PSS = MORE2007 + "rsa-pss"
XML = "http://www.w3.org/XML/1998/namespace"
EVIDENCE_RECORD = "urn:ietf:params:xml:ns:ers"

C14N10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N11 = "http://www.w3.org/2006/12/xml-c14n11"
ENVELOPED = DSIG + "enveloped-signature"
BASE64 = DSIG + "base64"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH_LITERAL = "not(ancestor-or-self::ds:Signature)"
"""The one XPath that is understood: every ds:Signature at any depth is left out (binding.md §1)."""

MANIFEST = DSIG + "Manifest"
OBJECT = DSIG + "Object"
COUNTERSIGNED = "http://uri.etsi.org/01903#CountersignedSignature"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"

XADES = (XADES132, XADES122, XADES111)
"""The XAdES versions whose QualifyingProperties are read; written is 1.3.2 only."""
SIGNED_PROPERTIES_TYPES = frozenset(
    {
        SIGNED_PROPERTIES,
        *(f"{version}SignedProperties" for version in XADES),
        "http://uri.etsi.org/01903/v1.4.1#SignedProperties",
    }
)

SIGNATURE = f"{{{DSIG}}}Signature"

APPROVAL = "urn:uuid:3791d1f6-4429-4955-b5d5-f7c3da7d224f"
"""Namespace of the element that carries the attestation inside SignedAssertions (binding.md §4); its UUID is
the one of the CMS ``signedAssertionID``."""

COMMITMENT_URIS = {row.oid: row.uri for row in commitments.ROWS}
COMMITMENT_BY_URI = {row.uri: row.oid for row in commitments.ROWS}


def ds(name: str) -> str:
    """The qualified name of an XML-DSig element."""
    return f"{{{DSIG}}}{name}"


def xades(name: str) -> str:
    """The qualified name of a XAdES 1.3.2 element."""
    return f"{{{XADES132}}}{name}"


def local(tag: object) -> str:
    """The local part of a qualified element name; empty for comments and processing instructions."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(tag: object) -> str:
    """The namespace of a qualified element name; empty when there is none."""
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""
