"""Keeping for years: B-LT and B-LTA made from a B-T file beside pyHanko, what the other side takes left out."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import Row, taken_in_turn
from tests.preserving import by_pyhanko
from tests.preserving.world import World, octets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.transport import Request, Response

LEVELS = ("B-LT", "B-LTA")


class OtherSide:
    """The sandbox's authorities, whose CPU time is added up so that it can be taken off."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.spent = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """A block that is not the work of the one who is measured."""
        start = time.process_time()
        try:
            yield
        finally:
            self.spent += (time.process_time() - start) * 1000

    def send(self, request: Request) -> Response:
        """Answer as a transport does."""
        with self.counted():
            return self.world.sandbox.send(request)


def rows(rounds: int) -> list[Row]:
    """B-LT, then B-LTA, each from the same B-T file and the same revocation lists."""
    world = World()
    data = octets(world.signed())
    side = OtherSide(world)
    contenders = {
        **{level: partial(_ours, side, data, level) for level in LEVELS},
        **{f"pyHanko {level}": partial(_theirs, side, data, level) for level in LEVELS},
    }
    found = taken_in_turn(contenders, rounds, apart=lambda: side.spent)
    return [
        Row(f"PDF {level} from B-T", found[level], "pyHanko, the same step", found[f"pyHanko {level}"])
        for level in LEVELS
    ]


def _ours(side: OtherSide, data: bytes, level: str) -> object:
    from eidkit.document import Document
    from eidkit.signing import preserve
    from eidkit.trust.sources import Sources

    world = side.world
    tsa = replace(world.tsa, transport=side) if level == "B-LTA" else None
    given = Sources.of(crls=_lists(side))
    document = Document.from_bytes(data, "permit.pdf")
    return preserve(document, world.trust, tsa=tsa, sources=given, transport=side, clock=world.clock)


def _theirs(side: OtherSide, data: bytes, level: str) -> object:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.signers import PdfTimeStamper
    from pyhanko.sign.validation.dss import async_add_validation_info

    context = by_pyhanko.context(side.world, _lists(side))
    signature = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures[0]
    kept = asyncio.run(async_add_validation_info(signature, context))
    if level == "B-LT":
        return kept
    stamper = PdfTimeStamper(_counted_stamper(side))
    return stamper.timestamp_pdf(IncrementalPdfFileWriter(kept), "sha256", by_pyhanko.context(side.world, _lists(side)))


def _lists(side: OtherSide) -> tuple[bytes, ...]:
    """The revocation lists; making them is the authorities' work."""
    with side.counted():
        return side.world.sandbox.crls()


def _counted_stamper(side: OtherSide) -> Any:
    class Counted(by_pyhanko.Stamper):
        async def async_request_tsa_response(self, req: Any) -> Any:
            with side.counted():
                return await super().async_request_tsa_response(req)

    return Counted(side.world)
