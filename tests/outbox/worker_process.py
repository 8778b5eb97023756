"""A worker in a process of its own, for tests that kill it or tell it to end."""

from __future__ import annotations

import asyncio
import signal

from tests.outbox.make_jobs import COMPOSERS
from trainings import db
from trainings.outbox import worker
from trainings.settings import get_settings

SECONDS_TO_STOP = 0.5


async def main() -> None:
    worker.SECONDS_TO_STOP = SECONDS_TO_STOP
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with db.connect(get_settings()):
        await worker.run(stop, get_settings(), COMPOSERS)


if __name__ == "__main__":
    asyncio.run(main())
