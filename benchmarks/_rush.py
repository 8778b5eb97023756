"""People who sign up at once, by one process or several: `python benchmarks/_rush.py FOLDER URL TRAINING HOW FIRST N`.

HOW is `together` (as the program does) or `ordinary`. A process gets ready, says so, waits for a line, and prints how
many it signed up in how many seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from statistics import median
from uuid import UUID

import _ordinary

from trainings.audit.actor import PROGRAM
from trainings.db import connect
from trainings.lib import tokens
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import SignUp, for_one
from trainings.registrations.seats.actions import sign_up
from trainings.settings import Environment, Settings

DATA = frozenset({ConsentPurpose.DATA})
KEY = "only-for-measuring-" * 3
WAITERS = 50

Act = Callable[[UUID, SignUp], Awaitable[object]]


def settings_for(folder: Path, url: str = "") -> Settings:
    return Settings(env=Environment.TEST, data_dir=folder, database_url=url, secret_keys=KEY, database_pool=10)


def person(number: int) -> SignUp:
    """Somebody new from a new browser; one in ten leaves an e-mail address, nine in ten a telephone number."""
    about = {
        "given_names": f"Rosa {number}",
        "surnames": "Coc Xol",
        "municipality": "1705",
        "actor_type": "familia",
        "phone": f"5{number % 10_000_000:07d}" if number % 10 else None,
        "email": None if number % 10 else f"persona{number}@example.org",
    }
    return for_one(
        PersonForm.model_validate(about),
        DATA,
        idempotency_key=tokens.idempotency_key(),
        body_hash=f"{number:064d}",
        browser_key=tokens.digest(str(number), "browser"),
        browser_is_known=False,
    )


async def together(training_id: UUID, wish: SignUp) -> None:
    await sign_up(training_id, wish, actor=PROGRAM)


ACTS: dict[str, Act] = {"together": together, "ordinary": _ordinary.sign_up}


async def rush(training_ids: list[UUID], act: Act, people: Iterable[SignUp], waiters: int) -> tuple[int, float, float]:
    """How many signed up, in how many seconds, and the median wait of each in ms."""
    waits: list[float] = []
    line = enumerate(people)

    async def one_after_the_other() -> None:
        for number, wish in line:
            start = time.perf_counter()
            await act(training_ids[number % len(training_ids)], wish)
            waits.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _waiter in range(waiters)))
    return len(waits), time.perf_counter() - start, 1e3 * median(waits)


async def main(folder: str, url: str, training: str, how: str, *numbers: str) -> None:
    first, n = map(int, numbers)
    async with connect(settings_for(Path(folder), url)):
        people = [person(number) for number in range(first, first + n)]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(await rush([UUID(training)], ACTS[how], people, WAITERS)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
