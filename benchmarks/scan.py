"""A facilitator's scan on the page of attendance of 2,000 people, among 10,000 and among 210,000 registrations.

python benchmarks/scan.py [sqlite|postgres]

Servers of ours beside each amount of data, and a bare Starlette that answers with the bytes that ours had; they take
turns, one scan after the other. Of each the processor's time is compared, that of the database included, so that others
at work on the machine do not count. 1,300 are here already, those who are scanned come: an empty hall would cost less.
Bounds are of SQLite alone.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median

import httpx2 as httpx
from _halls import EXPECTED, LARGE, MANY, SMALL, Side, sides
from _posts import burst
from _servers import Server, environment, free_port, started
from _worlds import keep, serve_ready
from check_in import PATH, scan

ROUNDS, SCANS = 10, 50
MOST_MS, FLAT = 5.0, 1.2
READY = "scan"


def main(engine: str) -> int:
    with sides(engine) as found, tempfile.TemporaryDirectory() as name:
        keep(Path(name), READY, first_answer(found[LARGE]))
        port = free_port()
        settings = environment(Path(name), port)
        with started(__file__, "bare", str(port), name, port=port, settings=settings) as process:
            return asyncio.run(compare(found, Server(process, port), has_bounds=engine == "sqlite"))


def path_of(side: Side) -> str:
    return PATH.format(id=side.world.now[MANY].sessions[0].id)


def first_answer(side: Side) -> bytes:
    head, _blank, body = requests(side, 0)[0].partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    answer = httpx.post(f"http://localhost:{side.server.port}{path_of(side)}", content=body, headers=fields)
    assert answer.status_code == 200, answer.text
    return answer.content


def requests(side: Side, turn: int) -> list[bytes]:
    codes = side.world.codes[turn * SCANS : (turn + 1) * SCANS]
    return [scan(side.server.port, path_of(side), side.world.facilitator, codes, one) for one in range(SCANS)]


async def compare(found: dict[int, Side], bare: Server, *, has_bounds: bool) -> int:
    """The first round of each warms up and is not counted."""
    took: dict[int, list[float]] = {SMALL: [], LARGE: [], 0: []}
    for turn in range(ROUNDS):
        for size in sorted(took, reverse=bool(turn % 2)):
            sent = requests(found[size or LARGE], turn)
            if not size:
                sent = [one.replace(path_of(found[LARGE]).encode(), f"/{READY}".encode(), 1) for one in sent]
            done = await burst(found[size].server if size else bare, sent, 1)
            assert set(done.statuses) == {200}, done.statuses
            took[size].append(done.cpu / 1000)
    return told({size: median(rounds[1:]) for size, rounds in took.items()}, has_bounds=has_bounds)


def told(ms: dict[int, float], *, has_bounds: bool) -> int:
    flat = ms[LARGE] / ms[SMALL]
    print(f"ms of processor for a scan, {ROUNDS - 1} rounds of {SCANS}, medians")
    for size in (SMALL, LARGE):
        print(f"  {size:8,} registrations  {ms[size]:6.2f}   ready {ms[0]:6.3f}   {ms[size] / ms[0]:5.1f} ×", end="")
        print(f"   MISSED {MOST_MS:g} ms" if has_bounds and ms[size] > MOST_MS else "")
    print(f"  {'flat':22} {flat:6.2f} ×" + (f"   MISSED {FLAT:g} ×" if has_bounds and flat > FLAT else ""))
    return int(has_bounds and (max(ms[SMALL], ms[LARGE]) > MOST_MS or flat > FLAT))


if __name__ == "__main__":
    assert ROUNDS * SCANS <= EXPECTED
    if sys.argv[1:2] == ["bare"]:
        serve_ready(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "sqlite"))
