"""The options of ``eidkit sign`` for what the reader sees, and the appearance that they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.speaking import misused
from eidkit.errors import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

    from eidkit.signing.appearance import Appearance, Place

_PLACE = re.compile(r"\{(\w+)\}")

stamp_options: Callable[[Any], Any] = options.together(
    click.option(
        "--stamp-text", multiple=True, metavar="LINE",
        help="A line that readers see; repeat for more. {name}, {title}, {organisation} and {time} are filled in.",
    ),
    click.option("--stamp-title", metavar="LINE", help="A line in bold above them."),
    click.option("--stamp-image", type=options.PATH, metavar="FILE", help="A PNG or JPEG that readers see."),
    click.option("--stamp-border", is_flag=True, help="An outline around the stamp."),
    click.option(
        "--stamp-at", metavar="PAGE,X,Y,W,H[,CORNER]",
        help="Where: page (-1: the last), distances from the top left corner (or CORNER), size; in millimetres.",
    ),
    click.option(
        "--field", metavar="NAME", help="The empty signature field to sign; a stamp then has its rectangle."
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stamping:
    """What the options ask for; ``at`` a place, the name of a field, or None for a signature that is not seen."""

    lines: tuple[str, ...]
    title: str | None
    image: bytes | None
    border: bool
    at: Place | str | None

    @classmethod
    def of(cls, chosen: dict[str, Any]) -> Stamping:
        """The Stamping of the options; raises UsageError where they do not fit together."""
        seen = chosen["stamp_text"] or chosen["stamp_title"] or chosen["stamp_image"]
        if chosen["stamp_at"] and chosen["field"]:
            raise misused(
                Text(
                    "give the place as --stamp-at or as --field, not both",
                    "cho vị trí bằng --stamp-at hoặc --field, không dùng cả hai",
                )
            )
        if seen and not (chosen["stamp_at"] or chosen["field"]):
            raise misused(
                Text(
                    "say where the stamp goes: --stamp-at PAGE,X,Y,W,H (millimetres) or --field NAME",
                    "cho biết vị trí hình chữ ký: --stamp-at TRANG,X,Y,RỘNG,CAO (milimét) hoặc --field TÊN",
                )
            )
        if (chosen["stamp_at"] or chosen["stamp_border"]) and not seen:
            raise misused(
                Text(
                    "--stamp-at and --stamp-border need --stamp-text, --stamp-title or --stamp-image",
                    "--stamp-at và --stamp-border cần --stamp-text, --stamp-title hoặc --stamp-image",
                )
            )
        image = _image(chosen["stamp_image"]) if chosen["stamp_image"] else None
        at = _place(chosen["stamp_at"]) if chosen["stamp_at"] else chosen["field"]
        return cls(chosen["stamp_text"], chosen["stamp_title"], image, chosen["stamp_border"], at)

    @property
    def field(self) -> str | None:
        """The field for a signature that is not seen."""
        return self.at if isinstance(self.at, str) and not self._seen else None

    @property
    def _seen(self) -> bool:
        return bool(self.lines or self.title or self.image)

    def appearance(self, certificate: x509.Certificate, now: datetime) -> Appearance | None:
        """What is seen when the holder of ``certificate`` signs; None when nothing is."""
        if not self._seen or self.at is None:
            return None
        from eidkit.signing import Appearance

        said = _said(certificate, now)
        lines = tuple(_filled(line, said) for line in self.lines)
        title = _filled(self.title, said) if self.title is not None else None
        return Appearance(at=self.at, text=lines, title=title, image=self.image, border=self.border)


def _said(certificate: x509.Certificate, now: datetime) -> dict[str, str]:
    """What the places of a line are filled with."""
    from eidkit.asn1 import certificate as certificates
    from eidkit.trust.subject import subject_of

    subject = subject_of(certificates.of(certificate))
    return {
        "name": subject.name,
        "title": subject.title or "",
        "organisation": (subject.organisation.name if subject.organisation else None) or "",
        "time": now.astimezone().isoformat(timespec="seconds"),
    }


def _filled(line: str, said: dict[str, str]) -> str:
    """The line with its places filled, once: what a certificate says is text, also where it has braces of its own."""

    def text_for(place: re.Match[str]) -> str:
        name = place[1]
        if name not in said:
            known = ", ".join(f"{{{one}}}" for one in said)
            raise misused(
                Text(
                    f"a stamp knows no {{{name}}}; it fills in {known}",
                    f"hình chữ ký không có {{{name}}}; các chỗ điền được: {known}",
                )
            )
        if not said[name]:
            raise misused(
                Text(
                    f"the certificate says nothing for {{{name}}}; write the line without it",
                    f"chứng thư không có thông tin cho {{{name}}}; hãy viết dòng không có chỗ này",
                )
            )
        return said[name]

    return _PLACE.sub(text_for, line)


def _image(path: Any) -> bytes:
    from eidkit.pdf.images import MAX_OCTETS

    with path.open("rb") as file:
        # One octet more than is taken tells that it is too large; the rest is not read.
        data: bytes = file.read(MAX_OCTETS + 1)
    return data


def _place(text: str) -> Place:
    from eidkit.signing import Place

    parts = [part.strip() for part in text.split(",")]
    try:
        page, x, y, width, height = int(parts[0]), *map(float, parts[1:5])
    except ValueError:
        raise misused(
            Text(
                f"--stamp-at is PAGE,X,Y,W,H in millimetres, not {text!r}",
                f"--stamp-at có dạng TRANG,X,Y,RỘNG,CAO (milimét), không phải {text!r}",
            )
        ) from None
    if len(parts) > 6:
        raise misused(
            Text(
                f"--stamp-at is PAGE,X,Y,W,H[,CORNER], not {text!r}",
                f"--stamp-at có dạng TRANG,X,Y,RỘNG,CAO[,GÓC], không phải {text!r}",
            )
        )
    corner: Any = parts[5] if len(parts) == 6 else "top-left"
    return Place(page, x, y, width, height, corner)
