"""One of several processes that sign up or cancel at once: `python -m tests.rush DOING FOLDER URL TRAINING FIRST N`.

It gets ready, says so, waits for a line on its input, does everything at once, and prints what came of it as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from tests.database import settings_for
from trainings.audit.actor import PROGRAM
from trainings.db import connect
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import for_one
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import cancel, sign_up

DATA = frozenset({ConsentPurpose.DATA})
SAME_KEY = "01KATB3V8Y9Z0N4E5Q6R7S8T9V"


def person(number: int) -> PersonForm:
    fields = {"given_names": f"Persona {number}", "surnames": "Coc", "municipality": "0000", "actor_type": "cocode"}
    return PersonForm.model_validate(fields)


async def different(training: UUID, number: int) -> str:
    """Somebody new signs up; the state they are in."""
    done = await sign_up(training, for_one(person(number), DATA), actor=PROGRAM)
    return (await Registration.get(id=done.registration_id)).state.value


async def same(training: UUID, _number: int) -> str:
    """The same form is sent again; the link it is answered with."""
    wish = for_one(person(0), DATA, idempotency_key=SAME_KEY, body_hash="the same")
    return (await sign_up(training, wish, actor=PROGRAM)).token


async def come_and_go(training: UUID, number: int) -> str:
    """Somebody new signs up, and every second one thinks better of it."""
    done = await sign_up(training, for_one(person(number), DATA), actor=PROGRAM)
    if number % 2:
        await cancel(done.registration_id, actor=PROGRAM)
    return "went" if number % 2 else "stayed"


DOINGS: dict[str, Callable[[UUID, int], Awaitable[str]]] = {
    "different": different,
    "same": same,
    "come_and_go": come_and_go,
}


async def main(doing: str, folder: str, url: str, training: str, *numbers: str) -> None:
    first, n = map(int, numbers)
    async with connect(settings_for(Path(folder), url)):
        print(json.dumps("ready"), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        act = DOINGS[doing]
        print(json.dumps(await asyncio.gather(*(act(UUID(training), first + number) for number in range(n)))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
