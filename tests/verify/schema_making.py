"""The JSON schemas that the package ships, made from its dataclasses and typed dictionaries.

Run it to write them (``python -m tests.verify.schema_making``).  A schema of a released version only ever gains
members; what would refuse an older file gets the next number.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import eidkit.verify
from eidkit.dossier import report as dossier_report
from eidkit.findings import Observation
from eidkit.findings.rows import Indication, Severity
from eidkit.verify import auditing, certificate, evidence, report, stored

FOLDER = Path(eidkit.verify.__file__).parent / "schemas"
_NAMES = {"datetime": datetime, "Observation": Observation, "Indication": Indication, "Severity": Severity}
_ROOTS: dict[str, Any] = {
    f"evidence-{stored.VERSION}": evidence.Evidence,
    f"report-{report.SCHEMA}": report.ReportJson,
    f"certificate-{report.SCHEMA}": certificate.CertificateJson,
    f"audit-{report.SCHEMA}": auditing.AuditJson,
    "dossier-1": dossier_report.DossierJson,
}
_TITLES = {"evidence": "What eidkit collect writes", "report": "What eidkit verify --json prints for one file",
           "certificate": "What eidkit certificate --json prints", "audit": "A line of eidkit audit --json",
           "dossier": "What eidkit dossier verify --json prints"}  # fmt: skip
_BASE64 = {"type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}
_TIME = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"}, int: {"type": "integer"}, bool: {"type": "boolean"}, bytes: _BASE64, datetime: _TIME,
    types.NoneType: {"type": "null"}, object: {}, Any: {},
}  # fmt: skip


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema with its name."""
    for name, root in _ROOTS.items():
        definitions: dict[str, Any] = {}
        _of(root, definitions)
        top = definitions.pop(root.__name__)
        if root is evidence.Evidence:
            top["properties"] = {"v": {"const": stored.VERSION}} | top["properties"]
            top["required"] = ["v", *top["required"]]
        yield name, {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLES[name.rsplit("-", 1)[0]], **top,
            "$defs": dict(sorted(definitions.items())),
        }  # fmt: skip


def written(schema: dict[str, Any]) -> str:
    """A schema as its file has it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind in _SCALARS:
        return _SCALARS[kind]
    origin, inside = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return {"anyOf": [_of(one, definitions) for one in inside]}
    if origin is Literal:
        return {"enum": list(inside)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(inside[1], definitions)}
    if origin is frozenset:
        return {"type": "array", "items": _of(inside[0], definitions), "uniqueItems": True}
    if origin is list or (origin is tuple and inside[-1] is Ellipsis):
        return {"type": "array", "items": _of(inside[0], definitions)}
    if origin is tuple:
        prefix = [_of(one, definitions) for one in inside]
        return {"type": "array", "prefixItems": prefix, "items": False, "minItems": len(inside)}
    return _members(kind, definitions)


def _members(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """An object with every member and, of what we read ourselves, no other; those we print may gain some."""
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        hints = get_type_hints(kind, localns=_NAMES | vars(sys.modules[kind.__module__]))
        for name in ("document_seen", "attestation") if kind is evidence.Evidence else ():
            hints.pop(name)
        said = {
            "type": "object",
            "properties": {name: _of(hint, definitions) for name, hint in hints.items()},
            "required": list(hints),
        }
        if dataclasses.is_dataclass(kind):
            said["additionalProperties"] = False
        elif not typing.is_typeddict(kind):
            raise TypeError(f"no schema for {kind}")
        definitions[kind.__name__] = said
    return {"$ref": f"#/$defs/{kind.__name__}"}


def main() -> None:
    for name, schema in schemas():
        (FOLDER / f"{name}.json").write_text(written(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
