"""The schema of ETSI TS 119 102-2, out of the artifacts that come with EU DSS: it is not shipped with eidkit."""

from __future__ import annotations

import zipfile
from functools import cache
from pathlib import Path

from lxml import etree

from tests.interop import eu_dss

_FILES = {
    "ValidationReport.xsd": ("specs-validation-report", "xsd/1910202xmlSchema.xsd"),
    "xmldsig-core-schema.xsd": ("specs-xmldsig", "xsd/xmldsig-core-schema.xsd"),
    "XAdES.xsd": ("specs-xades", "xsd/XAdES01903v132-202407.xsd"),
    "ts_119612v020201_201601xsd.xsd": ("specs-trusted-list", "xsd/ts_119612v020401_xsd.xsd"),
    "ts_119612v020401_additionaltypes_xsd.xsd": (
        "specs-trusted-list", "xsd/ts_119612v020401_additionaltypes_xsd.xsd",
    ),
    "ts_119612v020401_sie_xsd.xsd": ("specs-trusted-list", "xsd/ts_119612v020401_sie_xsd.xsd"),
    "xml.xsd": ("specs-xmldsig", "xsd/xml.xsd"),
}  # fmt: skip


class _Local(etree.Resolver):
    """Each schema by the last part of its address: nothing is fetched."""

    def __init__(self, schemas: dict[str, bytes]) -> None:
        super().__init__()
        self._schemas = schemas

    def resolve(self, address: str, _: object, context: object) -> object:
        name = address.rsplit("/", 1)[-1]
        if name not in self._schemas:
            raise FileNotFoundError(address)
        return self.resolve_string(self._schemas[name], context, base_url=name)


@cache
def schema() -> etree.XMLSchema:
    """The schema with everything that it imports; builds the DSS program when it is not there yet."""
    jars = {path.name.rsplit("-", 1)[0]: path for path in _libraries()}
    schemas = {}
    for name, (artifact, inside) in _FILES.items():
        with zipfile.ZipFile(jars[artifact]) as jar:
            schemas[name] = jar.read(inside)
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    parser.resolvers.add(_Local(schemas))
    return etree.XMLSchema(etree.fromstring(schemas["ValidationReport.xsd"], parser, base_url="ValidationReport.xsd"))


def _libraries() -> list[Path]:
    return list(Path(eu_dss.program().split(":")[1].removesuffix("*")).glob("*.jar"))


def errors(report: str) -> list[str]:
    """What the schema has against ``report``; nothing for a valid one."""
    checked = schema()
    checked.validate(etree.fromstring(report.encode()))
    return [f"{error.line}: {error.message}" for error in checked.error_log]
