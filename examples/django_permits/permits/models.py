"""What the site's own database keeps of a dossier: who has taken which step.  The proof is the dossier's folder."""

from __future__ import annotations

from django.db import models


class Taken(models.Model):
    """A step that somebody takes, once after each approval: the second one to come is refused by the database."""

    dossier = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    step = models.CharField(max_length=64)

    class Meta:
        """One row after each approval (``previous`` is its digest, empty before the first)."""

        constraints = (models.UniqueConstraint(fields=["dossier", "previous"], name="taken_once"),)

    def __str__(self) -> str:
        return f"{self.dossier}: {self.step}"
