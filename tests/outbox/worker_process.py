"""A worker in a process of its own, for tests that kill it."""

from __future__ import annotations

import asyncio

from tests.outbox.make_jobs import COMPOSERS
from trainings.outbox.worker import run_forever
from trainings.settings import get_settings

if __name__ == "__main__":
    asyncio.run(run_forever(get_settings(), COMPOSERS))
