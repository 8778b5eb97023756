"""Ten thousand subscribers of 340 calendars, who ask at random whether anything is new, and one process that answers.

python benchmarks/subscribers.py [COUNT]

Against a bare 304 behind the same middleware; and how often the database is asked meanwhile.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from _servers import Load, Server, environment, free_port, get, load_of, started
from feeds import bound, make_world, told

from trainings import db
from trainings.app import create_app
from trainings.feeds.memory import MEMO_SECONDS
from trainings.places.data import municipalities
from trainings.server import end_well_when_told
from trainings.settings import Settings
from trainings.web.protocol import CappedHttpTools

SUBSCRIBERS = 10_000
ROUNDS = 5
LEAST = 0.6
SLACK_SECONDS = 0.25
"""A statement is noted when it is sent, a little after the moment from which the two seconds are counted."""


def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        ports = {role: free_port() for role in ("ours", "behind")}
        settings = environment(folder, ports["ours"])
        os.environ.update(settings)
        asyncio.run(fill())
        commands = {
            "ours": (__file__, "counted", str(ports["ours"]), name),
            "behind": (str(Path(__file__).with_name("feeds.py")), "behind", str(ports["behind"]), name),
        }
        servers = {
            role: Server(running.enter_context(started(*command, port=ports[role], settings=settings)), ports[role])
            for role, command in commands.items()
        }
        missed = asyncio.run(poll(servers["ours"], servers["behind"], count))
        servers["ours"].process.terminate()
        servers["ours"].process.wait()
        missed |= asked_too_often(json.loads((folder / "asked.json").read_text()))
    return int(missed)


async def fill() -> None:
    settings = Settings()
    await db.migrate(settings)
    async with db.connect(settings):
        await make_world()


async def poll(ours: Server, behind: Server, count: int) -> bool:
    """Each round the subscribers ask in another order; whether the share of bare answers is missed."""
    subscribers = await asyncio.to_thread(conditional_requests, ours.port)
    dice, bare = random.Random(2), get(behind.port, "/empty")
    we: list[Load] = []
    they: list[Load] = []
    for _ in range(ROUNDS):
        asking = [request for _ in range(-(-count // SUBSCRIBERS)) for request in dice.sample(subscribers, SUBSCRIBERS)]
        we.append(await load_of(ours, asking[:count], count))
        they.append(await load_of(behind, repeat(bare, count), count))
    print(f"{SUBSCRIBERS:,} subscribers of {len(municipalities())} feeds, {count:,} polls a round, one process")
    return told("304", LEAST, we, they)


def conditional_requests(port: int) -> list[bytes]:
    """What each subscriber sends: a feed chosen at random, with the ETag from last time."""
    dice, requests = random.Random(1), []
    with httpx2.Client(base_url=f"http://localhost:{port}", headers={"accept-encoding": "gzip"}) as client:
        for row in municipalities():
            path = f"/cal/municipio/{row.slug}.ics"
            etag = client.get(path).headers["etag"]
            requests.append(get(port, path, accept_encoding="gzip", if_none_match=etag))
    return dice.choices(requests, k=SUBSCRIBERS)


def asked_too_often(asked: dict[str, list[float]]) -> bool:
    """Whether any feed's version was asked for twice within two seconds."""
    gaps = [later - earlier for moments in asked.values() for earlier, later in pairwise(moments)]
    shortest, n_asked = min(gaps, default=float("inf")), sum(map(len, asked.values()))
    is_missed = shortest < MEMO_SECONDS - SLACK_SECONDS
    most = bound(is_missed, f"one a feed and {MEMO_SECONDS:.0f} s")
    print(f"  statements {n_asked:,} for {len(asked)} feeds, never two of a feed within {shortest:.2f} s   {most}")
    return is_missed


# -- the server, which notes when it asks the database


class Noting(logging.Handler):
    """When each feed's counter was asked for. The first time a feed is rendered its texts and its name are, too."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.asked: dict[str, list[float]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        statement, *values = record.args if isinstance(record.args, tuple) else ("",)
        if 'FROM "counter"' in str(statement):
            self.asked.setdefault(str(values), []).append(time.monotonic())


def serve(port: int, folder: Path) -> None:
    noting = Noting()
    statements = logging.getLogger("tortoise.db_client")
    statements.addHandler(noting)
    statements.setLevel(logging.DEBUG)
    statements.propagate = False
    atexit.register(lambda: (folder / "asked.json").write_text(json.dumps(noting.asked)))
    end_well_when_told()
    options: dict[str, Any] = {"ws": "none", "server_header": False, "access_log": False, "log_level": 30}
    uvicorn.run(create_app(with_worker=False), port=port, http=CappedHttpTools, **options)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        serve(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SUBSCRIBERS))
