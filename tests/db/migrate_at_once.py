"""One of several processes that migrate the same database: `python -m tests.db.migrate_at_once FOLDER URL TIMES`.

It says when it is ready, and what each of its own attempts, all at once, applied.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.database import settings_for
from trainings.db import config, migrate, migrating


async def migrate_at_once(folder: str, url: str, times: int) -> None:
    settings = settings_for(Path(folder), url)
    for module in (config, migrating):
        vars(module)["MIGRATIONS"] = "tests.db.two_steps"
    print(json.dumps("ready"), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    attempts = [asyncio.create_task(migrate(settings)) for _ in range(times)]
    print(json.dumps(await asyncio.gather(*attempts)))


if __name__ == "__main__":
    asyncio.run(migrate_at_once(sys.argv[1], sys.argv[2], int(sys.argv[3])))
