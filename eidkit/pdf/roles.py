"""One object, one role: what belongs to a signature or a security store is nothing that viewers show.

A file can be prepared so that an array is both a page's ``/Annots`` and its ``/Contents``, or that the catalogue is
also a dictionary of fonts.  What later joins them as a signature field or a store is then drawn, run or turned over as
a page too, although by its role it shows nothing.  So these dictionaries are no streams, and have no members by which
viewers take them for something else.
Source: ISO 32000-2 §8.4.5, §8.7, §9, §12.5.2, §12.6.2, §12.7.5.5.
"""

from __future__ import annotations

from typing import Any

from eidkit.pdf.syntax import member

_FIELD = frozenset(
    {
        "/Type", "/Subtype", "/SubType", "/FT", "/T", "/TU", "/TM", "/Ff", "/F", "/V", "/DV", "/P", "/Rect",
        "/AP", "/AS", "/MK", "/Lock", "/SV", "/Border", "/BS", "/Kids", "/Parent", "/DA", "/DS", "/DR", "/Q",
        "/H", "/NM", "/M", "/C", "/CA", "/ca", "/BM", "/StructParent", "/Lang", "/SM", "/AR.SigFieldData",
        "/Contents", "/A", "/AA", "/OC",
    }
)  # fmt: skip
"""What a signature field and its widget may have; of ``/A``, ``/AA`` and ``/OC`` the signing revision's rule tells."""
_DRAWING = frozenset(
    {
        "/Subtype", "/CharProcs", "/PatternType", "/ShadingType", "/Shading", "/SMask", "/CA", "/ca", "/BM", "/LW",
        "/D", "/Font", "/TR", "/TR2", "/HT", "/OP", "/op", "/OCGs", "/S", "/JS", "/Kids",
    }
)  # fmt: skip
"""Members of fonts, patterns, shadings, graphics states, optional content and actions."""


def is_stream(value: Any) -> bool:
    """Whether this is a stream, which the object model counts among the dictionaries."""
    return hasattr(value, "encoded_data")


def only_a_field(dictionary: Any) -> bool:
    """Whether a signature field or widget can be taken for nothing else."""
    if not isinstance(dictionary, dict) or is_stream(dictionary) or not _FIELD.issuperset(dictionary):
        return False
    words = member(dictionary, "/Contents")
    appearance = member(dictionary, "/AP")
    return (
        member(dictionary, "/Type") in {None, "/Annot"}
        and not isinstance(words, dict | list)
        and not is_stream(appearance)
    )


def shows_nothing(dictionary: Any) -> bool:
    """Whether a signature's value, a security store or the like can be taken for nothing that is drawn."""
    return not isinstance(dictionary, dict) or (not is_stream(dictionary) and _DRAWING.isdisjoint(dictionary))
