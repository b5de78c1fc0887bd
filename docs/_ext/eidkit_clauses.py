"""Which clause of which standard is checked where: the citations in the code, as tables.

``python docs/_ext/eidkit_clauses.py`` rewrites ``docs/standards.md``, which is checked in.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from eidkit_tree import DOCS, ROOT, cell, first_sentence, python_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STANDARDS = DOCS / "standards.md"
BEGIN, END = "<!-- generated from the code by `make docs-tables` -->", "<!-- end -->"
TITLES = {
    "EN 319 102-1": "creation and validation of AdES signatures",
    "EN 319 122-1": "CAdES",
    "EN 319 122-2": "CAdES, extended",
    "EN 319 132-1": "XAdES",
    "EN 319 132-2": "XAdES, extended",
    "EN 319 142-1": "PAdES",
    "EN 319 412-1": "certificate profiles: semantics identifiers",
    "EN 319 412-2": "certificate profiles: natural persons",
    "EN 319 412-5": "certificate profiles: QCStatements",
    "EN 319 422": "time-stamping protocol and token profiles",
    "TS 119 102-2": "validation reports",
    "TS 119 312": "cryptographic suites",
    "FIPS 180-4": "secure hash standard",
    "ISO 32000-1": "PDF 1.7",
    "ISO 32000-2": "PDF 2.0",
    "ISO 19005": "PDF/A",
    "ISO/IEC 18004": "QR codes",
    "ITU-T X.667": "object identifiers from UUIDs",
    "RFC 2986": "certification requests",
    "RFC 3161": "time-stamp protocol",
    "RFC 3629": "UTF-8",
    "RFC 4055": "RSA in X.509",
    "RFC 4226": "HOTP",
    "RFC 4514": "distinguished names as text",
    "RFC 5035": "ESS: signing-certificate attributes",
    "RFC 5126": "CMS advanced electronic signatures",
    "RFC 5280": "X.509 certificates and CRLs",
    "RFC 5480": "elliptic-curve keys in X.509",
    "RFC 5652": "cryptographic message syntax",
    "RFC 5754": "SHA-2 in CMS",
    "RFC 5816": "ESSCertIDv2 in RFC 3161",
    "RFC 5937": "trust anchor constraints",
    "RFC 6211": "CMS algorithm protection",
    "RFC 6238": "TOTP",
    "RFC 6287": "OCRA",
    "RFC 6749": "OAuth 2.0",
    "RFC 6960": "OCSP",
    "RFC 7292": "PKCS #12",
    "RFC 7515": "JSON web signature",
    "RFC 7517": "JSON web key",
    "RFC 7518": "JSON web algorithms",
    "RFC 7519": "JSON web token",
    "RFC 7636": "PKCE",
    "RFC 7638": "JWK thumbprint",
    "RFC 8017": "RSA, PKCS #1",
    "RFC 8018": "password-based cryptography",
    "RFC 8037": "EdDSA in JOSE",
    "RFC 8176": "authentication method references",
    "RFC 8410": "Ed25519 and Ed448 in X.509",
    "RFC 8419": "EdDSA in CMS",
    "RFC 8725": "JSON web token best practice",
    "RFC 8785": "JSON canonicalisation",
    "RFC 9207": "issuer in OAuth answers",
    "RFC 9231": "XML security URIs",
    "RFC 9336": "extended key usage for document signing",
    "RFC 9618": "policy validation",
    "SP 800-38D": "AES-GCM",
    "SP 800-63B-4": "authentication and authenticator management",
    "OpenID Connect Core": "OpenID Connect Core 1.0",
    "XML-DSig": "XML Signature 1.1",
    "binding.md": "from a login to an offline proof, byte by byte (a page of this documentation)",
}
"""Titles of the standards; one without a title is listed by its number alone."""

_NAMES = (
    r"(?:EN|TS|TR) \d{3} \d{3}(?:-\d)?|RFC \d{3,5}|ISO(?:/IEC)? \d{4,5}(?:-\d)?|SP 800-\d+[A-Z]?(?:-\d)?"
    r"|FIPS \d+(?:-\d)?|ITU-T X\.\d+|X\.\d{3}|OpenID Connect Core|OIDC Core|XML-DSig|xmldsig-core1?"
    r"|[a-z]+\.md"
)
_CITED = re.compile(rf"(?P<name>{_NAMES})|§(?P<clause>[A-Z]?\d*(?:\.\d+)*[A-Z]?)")
_OWN_CLAUSE = re.compile(r"^§[\d.]+(?:(?:, | and )§[\d.]+)*: ")
_ALIASES = {"OIDC Core": "OpenID Connect Core", "xmldsig-core1": "XML-DSig", "xmldsig-core": "XML-DSig"}


class Place(NamedTuple):
    """A module, class or function of eidkit, what it says of itself, what it cites and which findings it gives."""

    name: str
    says: str
    cited: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]


@cache
def places() -> tuple[Place, ...]:
    """Everything in eidkit, but the sandbox, that cites a clause or gives a finding; in the order of the files."""
    modules = (path for path in python_files() if "sandbox" not in path.parts)
    return tuple(place for path in modules for place in _in_module(path))


def _in_module(path: Path) -> Iterator[Place]:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    spoken = ast.get_docstring(tree) or ""
    standard = next((found["name"] for found in _CITED.finditer(spoken) if found["name"]), None)
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    spans = [(node.lineno, node.end_lineno or node.lineno) for node in inside]
    lines = text.splitlines()
    outside = [
        line for number, line in enumerate(lines, 1) if not any(first <= number <= last for first, last in spans)
    ]
    yield Place(name, first_sentence(spoken), _citations(_prose(outside, spoken), standard), ())
    for node in inside:
        if isinstance(node, ast.ClassDef):
            body = (ast.get_docstring(node) or "").splitlines()
        else:
            body = lines[node.lineno - 1 : node.end_lineno]
        doc = ast.get_docstring(node) or ""
        yield Place(f"{name}.{node.name}", first_sentence(doc), _citations(_prose(body, doc), standard), _given(node))


def _prose(lines: list[str], doc: str) -> str:
    """The docstring, and what the comments say."""
    comments = [line.partition("#")[2] for line in lines if "#" in line and "§" in line.partition("#")[2]]
    return "\n".join((doc, *comments))


def _citations(text: str, standard: str | None) -> tuple[tuple[str, str], ...]:
    """(standard, clause) pairs; a bare clause belongs to the standard named last, else to the module's."""
    found: list[tuple[str, str]] = []
    for match in _CITED.finditer(text):
        if match["name"]:
            standard = match["name"]
        elif standard and match["clause"].rstrip("."):
            found.append((_ALIASES.get(standard, standard), match["clause"].rstrip(".")))
    return tuple(dict.fromkeys(found))


def _given(node: ast.AST) -> tuple[str, ...]:
    """The finding codes that stand in the code of ``node``."""
    rows = importlib.import_module("eidkit.findings").ROWS
    if isinstance(node, ast.ClassDef):
        return ()
    codes = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return tuple(dict.fromkeys(code for code in codes if isinstance(code, str) and code in rows))


def _order(clause: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in clause.split(".")]


def clauses() -> str:
    """A table per standard: clause, what is checked or made there, where in the code."""
    rows = [(name, clause, place) for place in places() for name, clause in place.cited if is_public(name)]
    rows = [row for row in rows if not _said_inside(row, rows)]
    rows.sort(key=lambda row: (_standing(row[0]), row[0], _order(row[1])))
    said = []
    for name, group in groupby(rows, key=lambda row: row[0]):
        title = TITLES.get(name)
        said.append(f"\n## {name}{f': {title}' if title else ''}\n\n| clause | what | where |\n|---|---|---|")
        for (_, clause), inner in groupby(group, key=lambda row: (row[0], row[1])):
            for number, (_, _, place) in enumerate(inner):
                shown = f"§{clause}" if number == 0 else ""
                codes = ", ".join(f"`{code}`" for code in place.findings)
                where = place.name.removeprefix("eidkit.")
                says = cell(_OWN_CLAUSE.sub("", place.says))
                said.append(f"| {shown} | {says}{f' Says {codes}.' if codes else ''} | `{where}` |")
    return "\n".join(said).strip() + "\n"


def _said_inside(row: tuple[str, str, Place], rows: list[tuple[str, str, Place]]) -> bool:
    """Whether something in that module cites the same clause, and says more precisely what for."""
    name, clause, place = row
    inside = f"{place.name}."
    return any((name, clause) == other[:2] and other[2].name.startswith(inside) for other in rows)


def is_public(name: str) -> bool:
    """Whether a reader can look it up: a standard, or our page on the binding."""
    return not name.endswith(".md") or name == "binding.md"


def _standing(name: str) -> int:
    families = ("EN ", "TS ", "TR ", "ISO", "RFC", "SP ", "FIPS", "ITU", "X.", "OpenID", "XML")
    return next((number for number, family in enumerate(families) if name.startswith(family)), len(families))


def with_clauses(page: str) -> str:
    """``page`` with the present table between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{clauses()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    STANDARDS.write_text(with_clauses(STANDARDS.read_text(encoding="utf-8")), encoding="utf-8")
