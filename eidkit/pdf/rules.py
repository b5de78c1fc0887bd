"""pyHanko's difference rules with our own for the security store and for fonts' names.

The store (/DSS) shows nothing, so any change inside it is preservation; products rewrite, reorder and free its
parts.  What counts is that an object which changes there is used nowhere else.

This module imports pyHanko when it is loaded: import it inside functions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyhanko.sign.diff_analysis import ModificationLevel, StandardDiffPolicy
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule
from pyhanko.sign.diff_analysis.rules.file_structure_rules import (
    CatalogModificationRule,
    ObjectStreamRule,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules.form_field_rules import (
    GenericFieldModificationRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
)
from pyhanko.sign.diff_analysis.rules.metadata_rules import DocInfoRule, MetadataUpdateRule
from pyhanko.sign.diff_analysis.rules_api import ReferenceUpdate, WhitelistRule

from eidkit.pdf.syntax import member
from eidkit.pdf.values import names_in, reachable

if TYPE_CHECKING:
    from collections.abc import Iterable

_STORE = ("/Root", "/DSS")


class StoreRule(WhitelistRule):
    """Explains objects that are new under /DSS, and old ones that nothing outside /DSS leads to.

    Object streams and cross-reference streams are never explained: nothing leads to them, and everything is in
    them.
    """

    def apply(self, old: Any, new: Any) -> Iterable[Any]:
        """The updates that the rule explains."""
        inside = reachable(new, dict.get(new.root, "/DSS"), 0)
        freed = new.refs_freed_in_revision()
        for ref in new.explicit_refs_in_revision() - _containers(new):
            if ref.idnum in inside and old.is_ref_unassignable(ref):
                yield ReferenceUpdate(ref)
            elif ref.idnum in inside or ref in freed:
                usages = old._get_usages_of_ref(ref)  # noqa: SLF001  # loaded by the policy before rules run
                within = all(tuple(path.path[:2]) == _STORE for path in usages)
                if within and (usages or ref in freed):
                    yield ReferenceUpdate(ref)


class FontNameRule(WhitelistRule):
    """Explains a simple font that loses or gains its /Name, which nothing has read since PDF 1.0.

    A widespread product does so to the form's fonts whenever it signs (ISO 32000-2 §9.6.2.1).
    """

    def apply(self, old: Any, new: Any) -> Iterable[Any]:
        """The updates that the rule explains."""
        for ref in new.explicit_refs_in_revision():
            before = None if old.is_ref_unassignable(ref) else old.get_object(ref)
            if member(before, "/Type") == "/Font" and names_in(before, new.get_object(ref)) <= {"/Name"}:
                yield ReferenceUpdate(ref)


def _containers(resolver: Any) -> set[Any]:
    xrefs = resolver.reader.xrefs
    streams = (xrefs.object_streams_used_in(revision) for revision in range(xrefs.total_revisions))
    return set(xrefs.xref_stream_refs).union(*streams)


def policy() -> StandardDiffPolicy:
    """The rules for one step: everything that they do not explain is an undefined change."""
    preserving = ModificationLevel.LTA_UPDATES
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(),
            DocInfoRule().as_qualified(preserving),
            XrefStreamRule().as_qualified(preserving),
            ObjectStreamRule().as_qualified(preserving),
            StoreRule().as_qualified(preserving),
            FontNameRule().as_qualified(preserving),
            MetadataUpdateRule().as_qualified(preserving),
        ],
        form_rule=FormUpdatingRule(
            field_rules=[SigFieldCreationRule(), SigFieldModificationRule(), GenericFieldModificationRule()]
        ),
        reject_object_freeing=False,
    )
