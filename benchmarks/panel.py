"""Pages of the panel as a coordinator sees them, among 10,000 and among 210,000 registrations, against ready answers.

python benchmarks/panel.py [sqlite|postgres]

Real processes under the same settings: ours beside each amount of data (years of trainings, each day one), and a bare
Starlette that answers each address with the bytes that ours had. Pages of a training are those of one with 20 and of
one with 2,000 people, nine in ten of whom are here or have completed it. All take turns, page by page; the time is the
processor's, that of the database included. Pages are looked at again and again while nothing changes. Bounds are of
SQLite alone.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx2 as httpx
from _halls import FEW, LARGE, MANY, SMALL, Side, World, sides
from _servers import Server, environment, free_port, get, load, started
from _worlds import keep, serve_ready

ROUNDS, WARM_UP, LEAST, MOST = 5, 8, 2, 400
TURN_MS = 200
"""About so long the processor works for one side at a time."""
FLAT = 1.2
KILOBYTE = 1_000


class Page(NamedTuple):
    """`most_ms` of the processor and `most_kb` are bounds."""

    name: str
    path: str
    most_ms: float | None = None
    most_kb: float | None = None


class Found(NamedTuple):
    """Milliseconds of processor for each, and how many bytes."""

    ms: float
    n_bytes: int


def pages(world: World) -> Iterator[Page]:
    yield Page("/panel", "/panel", 25)
    yield Page("/panel/lista", "/panel/lista")
    yield Page("/panel/llamadas", "/panel/llamadas")
    yield Page("/panel/buscar", "/panel/buscar?q=maria+lopez")
    yield Page("a person", f"/panel/inscripciones/{world.person}")
    for n in (FEW, MANY):
        is_many = n == MANY
        now, over = (f"/panel/capacitaciones/{one[n].id}" for one in (world.now, world.over))
        door = f"/panel/sesiones/{world.now[n].sessions[0].id}/asistencia"
        yield Page(f"training of {n:,}", now, 60 if is_many else None)
        yield Page(f"waiting list of {n // 10}", f"{now}/espera")
        yield Page(f"diplomas of {n:,}", f"{over}/diplomas", 60 if is_many else None)
        yield Page(f"attendance of {n:,}", door, 60 if is_many else None, 150 if is_many else None)


def main(engine: str) -> int:
    with sides(engine) as found, tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        for number, page in enumerate(pages(found[LARGE].world)):
            keep(folder, str(number), seen(found[LARGE], page))
        settings = environment(folder, port)
        with started(__file__, "bare", str(port), name, port=port, settings=settings) as process:
            return asyncio.run(measure(found, Server(process, port), has_bounds=engine == "sqlite"))


def seen(side: Side, page: Page) -> bytes:
    asked = {"accept": "text/html", "cookie": side.world.coordinator}
    answer = httpx.get(f"http://localhost:{side.server.port}{page.path}", headers=asked, timeout=60)
    assert answer.status_code == 200, (page, answer.status_code)
    return answer.content


async def measure(found: dict[int, Side], bare: Server, *, has_bounds: bool) -> int:
    print("ms of processor for a page, by the registrations in the database, and for a ready answer of the same bytes")
    print(f"  {'':20} {SMALL:>8,} {LARGE:>8,}   flat    ready   ratio     bytes")
    missed = False
    for number, both in enumerate(zip(*(pages(found[size].world) for size in (SMALL, LARGE)), strict=True)):
        few, many, ready = await in_turns(found, both, bare, number)
        told = list(misses(both[1], few, many)) if has_bounds else []
        missed |= bool(told)
        line = f"  {both[1].name:20} {few.ms:8.2f} {many.ms:8.2f} {many.ms / few.ms:6.2f} {ready.ms:8.3f}"
        print(f"{line} {many.ms / ready.ms:5.0f} × {many.n_bytes:9,}{''.join(told)}", flush=True)
    return int(missed)


async def in_turns(found: dict[int, Side], both: tuple[Page, ...], bare: Server, number: int) -> list[Found]:
    """Of the small side, of the large one and of the ready answer. A first round warms up."""
    asked = [
        (side.server, get(side.server.port, page.path, accept="text/html", cookie=side.world.coordinator))
        for side, page in zip((found[SMALL], found[LARGE]), both, strict=True)
    ]
    asked.append((bare, get(bare.port, f"/{number}")))
    took: list[list[Found]] = [[] for _side in asked]
    once = [(await asked_for(*one, WARM_UP)).ms for one in asked]
    counts = [max(LEAST, round(TURN_MS / max(ms, TURN_MS / MOST))) for ms in once]
    for turn in range(ROUNDS):
        places = range(len(asked))
        for place in places if turn % 2 else reversed(places):
            took[place].append(await asked_for(*asked[place], counts[place]))
    return [Found(median(one.ms for one in rounds), rounds[-1].n_bytes) for rounds in took]


async def asked_for(server: Server, request: bytes, count: int) -> Found:
    one = await load(server, request, count)
    assert one.status == 200, (request, one)
    return Found(one.cpu / 1000, one.n_bytes)


def misses(page: Page, few: Found, many: Found) -> Iterator[str]:
    if page.most_ms is not None and max(few.ms, many.ms) > page.most_ms:
        yield f"   MISSED {page.most_ms:g} ms"
    if page.most_kb is not None and many.n_bytes > page.most_kb * KILOBYTE:
        yield f"   MISSED {page.most_kb:g} KB"
    if many.ms > FLAT * few.ms:
        yield f"   MISSED flat {FLAT:g} ×"


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        serve_ready(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "sqlite"))
