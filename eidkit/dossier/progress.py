"""Where a dossier stands in its procedure: a small state machine, one table of effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.binding.procedure import Action, Procedure, Step


@dataclass(frozen=True, slots=True)
class Progress:
    """``position`` of the step that is due (0 first; the number of steps when all are done), or ``ended``."""

    position: int = 0
    ended: bool = False

    def due(self, procedure: Procedure) -> Step | None:
        """The step that is due; None when the dossier ended or every step is done."""
        if self.ended or self.position >= len(procedure.steps):
            return None
        return procedure.steps[self.position]

    def complete(self, procedure: Procedure) -> bool:
        """Whether the last step advanced."""
        return not self.ended and self.position >= len(procedure.steps)

    def after(self, procedure: Procedure, action: Action, at: int | None = None) -> Progress:
        """Where ``action`` leads, from the step at position ``at`` (the one due, unless told)."""
        return _EFFECTS[action.effect](procedure, action, self.position if at is None else at)


_EFFECTS: dict[str, Callable[[Procedure, Action, int], Progress]] = {
    "advances": lambda _procedure, _action, position: Progress(position + 1),
    "returns": lambda procedure, action, _position: Progress(procedure.position(action.returns_to or "")),
    "ends": lambda _procedure, _action, position: Progress(position, ended=True),
}
