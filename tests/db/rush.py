"""One of several processes that count the same counter up: `python -m tests.db.rush FOLDER URL TIMES`.

It says when it is ready, and when it has counted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.database import settings_for
from trainings.db import connect, lock, transaction
from trainings.versions.models import Counter


async def count_up(folder: str, url: str, times: int) -> None:
    async with connect(settings_for(Path(folder), url)):
        print(json.dumps("ready"), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(_once() for _ in range(times)))
        print("counted")


async def _once() -> None:
    async with transaction():
        (counter,) = await lock(Counter, ["rush"])
        await asyncio.sleep(0)
        counter.number += 1
        await counter.save(update_fields=["number"])


if __name__ == "__main__":
    asyncio.run(count_up(sys.argv[1], sys.argv[2], int(sys.argv[3])))
