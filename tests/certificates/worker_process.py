"""A worker in a process of its own, for tests that kill it: `python -m tests.certificates.worker_process AT_ONCE`."""

from __future__ import annotations

import asyncio
import sys

from tests.certificates.held import AFTER
from trainings import clock, db, jobs
from trainings.certificates import bulk
from trainings.outbox import worker
from trainings.settings import get_settings


async def main() -> None:
    bulk.PEOPLE_AT_ONCE = int(sys.argv[1])
    with clock.frozen(AFTER):
        async with db.connect(get_settings()):
            await worker.run(asyncio.Event(), get_settings(), jobs.COMPOSERS, offline=jobs.OFFLINE)


if __name__ == "__main__":
    asyncio.run(main())
