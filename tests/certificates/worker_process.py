"""A worker in a process of its own, for tests that kill it: `python -m tests.certificates.worker_process FOLDER
DATABASE AT_ONCE`, with the keys of tests.
"""

from __future__ import annotations

import asyncio
import os
import sys

from tests.certificates.held import AFTER
from tests.database import KEY
from trainings import clock, db, jobs
from trainings.certificates.issuing import bulk
from trainings.outbox import worker
from trainings.settings import get_settings


async def main() -> None:
    folder, url, at_once = sys.argv[1:]
    named = {"data_dir": folder, "database_url": url, "secret_keys": KEY, "smtp_url": ""}
    os.environ |= {f"TRAININGS_{name.upper()}": value for name, value in named.items()}
    bulk.PEOPLE_AT_ONCE = int(at_once)
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])  # one core, so one process that sets files
    print('"ready"', flush=True)
    with clock.frozen(AFTER):
        async with db.connect(get_settings()):
            await worker.run(asyncio.Event(), get_settings(), jobs.COMPOSERS, offline=jobs.OFFLINE)


if __name__ == "__main__":
    asyncio.run(main())
