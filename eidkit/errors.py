"""The errors that eidkit raises: one base class, a few children, every text in two languages.

Each error carries a stable ``code`` (machines), a ``problem`` and a ``remedy`` (people, English and
Vietnamese), a ``kind`` (who can mend it) and ``retryable``.  Texts stand beside each ``raise``.  No secret,
PIN, one-time code or full personal number ever enters a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

ErrorKind = Literal["caller", "person", "outside", "configuration"]
Language = Literal["en", "vi"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def spoken(language: str) -> Language:
    """The language to answer in: Vietnamese for ``"vi"``, English for anything else."""
    return "vi" if language == "vi" else "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in English and Vietnamese; threads may share it."""

    en: str
    vi: str

    def in_language(self, language: str) -> str:
        """The sentence in Vietnamese for ``"vi"``, in English for anything else."""
        return self.vi if spoken(language) == "vi" else self.en

    def filled(self, **values: object) -> Text:
        """The same sentence with ``{name}`` places filled; a value is never itself a template.

        A value that is a Text itself is filled in in both languages.
        """
        return Text(_fill(self.en, values, "en"), _fill(self.vi, values, "vi"))

    def to_json(self) -> dict[str, str]:
        """``{"en": …, "vi": …}``."""
        return {"en": self.en, "vi": self.vi}


def _fill(template: str, values: dict[str, object], language: Language) -> str:
    said = {
        name: value.in_language(language) if isinstance(value, Text) else str(value) for name, value in values.items()
    }
    return template.format_map(said)


class EidkitError(Exception):
    """Something eidkit refuses or cannot do, with a code, a problem and a remedy.

    ``kind`` says who can mend it: the ``caller`` (the program), the ``person`` in front of it, something
    ``outside`` (a server, a disk), or the ``configuration``.  ``retryable`` is true when the same call may
    succeed later unchanged.
    """

    kind: ErrorKind = "caller"
    retryable: bool = False

    def __init__(
        self,
        code: str,
        problem: Text,
        remedy: Text,
        *,
        kind: ErrorKind | None = None,
        retryable: bool | None = None,
    ) -> None:
        self.code = code
        self.problem = problem
        self.remedy = remedy
        if kind is not None:
            self.kind = kind
        if retryable is not None:
            self.retryable = retryable
        super().__init__(f"{problem.en} → {remedy.en}")

    def in_language(self, language: str) -> str:
        """Problem and remedy as one line, ``"vi"`` in Vietnamese, anything else in English."""
        return f"{self.problem.in_language(language)} → {self.remedy.in_language(language)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.code, self.problem, self.remedy, self.kind, self.retryable, self.__dict__)


def _rebuilt(
    cls: type[EidkitError],
    code: str,
    problem: Text,
    remedy: Text,
    kind: ErrorKind,
    retryable: bool,
    state: dict[str, Any],
) -> EidkitError:
    error = cls.__new__(cls)
    EidkitError.__init__(error, code, problem, remedy, kind=kind, retryable=retryable)
    error.__dict__.update(state)
    return error


class DocumentError(EidkitError):
    """A file that cannot be read, understood, signed or written as it is."""

    kind: ErrorKind = "person"


class NotSupported(EidkitError):
    """Something that the standards know and this release does not do yet; refused by name."""


class CanonicalError(EidkitError):
    """JSON (or a value meant for JSON) that strict RFC 8785 reading refuses."""


class KeyUnusable(EidkitError):
    """A private key or its certificate that may not be used: wrong password, expired, wrong usage, revoked."""

    kind: ErrorKind = "person"


class SigningError(EidkitError):
    """A signature that was not made, or not accepted, and why."""


class TimestampUnavailable(EidkitError):
    """No timestamp authority gave a token that holds.

    ``signed`` is the checked document *without* the timestamp (signature level B-B), so that no PIN and no
    paid signature is spent twice: keep it and call :func:`eidkit.signing.timestamp` later.  It is ``None``
    where there was nothing signed yet.
    """

    kind: ErrorKind = "outside"
    retryable = True
    signed: Any = None


class TrustError(EidkitError):
    """A trust folder, anchor or source that cannot be used."""

    kind: ErrorKind = "configuration"


class TransportError(EidkitError):
    """A network request that failed, was refused or went past a bound."""

    kind: ErrorKind = "outside"
    retryable = True


class AuthenticationError(EidkitError):
    """The answer does not prove who acts; the text never says which check failed to an outsider."""

    kind: ErrorKind = "person"


class StoreError(EidkitError):
    """A store that failed: the answer it should have guarded is refused."""

    kind: ErrorKind = "outside"
    retryable = True


class StepError(EidkitError):
    """An approval that does not fit its step; ``reasons`` holds every finding, most specific first."""

    reasons: Sequence[Any] = ()


class VerificationFailed(EidkitError):
    """``report.require()`` on a report that is not passed; ``report`` is that report."""

    kind: ErrorKind = "person"
    report: Any = None
