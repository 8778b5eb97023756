"""One of several processes in which families sign up and think better of it: `python -m tests.families FOLDER URL JOB`.

JOB is JSON: `trainings`, `first` and `n` (numbers of the families), `at_once`, `leaving` (share that cancels). It gets
ready, says so, waits for a line on its input, and prints each acknowledged group's key the moment it has the answer.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from tests.database import settings_for
from trainings.audit.actor import HOLDER_OF_LINK, VISITOR
from trainings.db import connect
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Relation
from trainings.registrations.commands import Member, SignedUp, SignUp
from trainings.registrations.seats.actions import cancel, cancel_group, sign_up

DATA = frozenset({ConsentPurpose.DATA})
GUARDIAN = GuardianContact("Rosa Coc", Relation.MADRE, "+50255551234")


def drawn(number: int) -> int:
    """One in ten is like the one before it, from elsewhere."""
    return number - 1 if number % 10 == 1 else number


def family(number: int) -> SignUp:
    """Family `number`: one to six people, some of them minors, some with small children to be cared for."""
    dice = random.Random(drawn(number))
    phone = f"5555 {dice.randrange(10_000):04d}"
    members = []
    for position in range(dice.choice((1, 1, 1, 2, 3, 4, 5, 6))):
        age = dice.choice((None, None, "14-17")) if position else None
        person = PersonForm.model_validate(
            {
                "given_names": f"Persona {position} {dice.randrange(1_000_000)}",
                "surnames": "Coc Xol",
                "municipality": "0000",
                "actor_type": "familia",
                "age_group": age,
                "phone": phone,
            }
        )
        members.append(Member(person, has_assented=age is not None))
    guardian = GUARDIAN if any(one.is_minor for one in members) else None
    return SignUp(tuple(members), DATA, childcare_places=dice.choice((0, 0, 0, 1, 2)), guardian=guardian)


async def come_and_go(training: UUID, number: int, leaving: float) -> SignedUp:
    """One family signs up; perhaps one of it, or all, give their places back. The group, once all is acknowledged."""
    done = await sign_up(training, family(number), actor=VISITOR)
    print(json.dumps({"group": str(done.group_id), "people": len(done.registration_ids)}), flush=True)
    dice = random.Random(-number)
    if dice.random() < leaving:
        if dice.random() < 0.5:
            await cancel_group(done.group_id, actor=HOLDER_OF_LINK)
        else:
            await cancel(dice.choice(done.registration_ids), actor=HOLDER_OF_LINK)
    return done


async def all_of(trainings: list[UUID], numbers: Iterator[int], at_once: int, leaving: float) -> None:
    """`at_once` families at a time, each to the training that its number draws."""

    async def one_after_the_other() -> None:
        for number in numbers:
            await come_and_go(random.Random(drawn(number) * 7).choice(trainings), number, leaving)

    await asyncio.gather(*(one_after_the_other() for _place in range(at_once)))


async def main(folder: str, url: str, job: str) -> None:
    told = json.loads(job)
    async with connect(settings_for(Path(folder), url)):
        print(json.dumps("ready"), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        numbers = iter(range(told["first"], told["first"] + told["n"]))
        await all_of([UUID(one) for one in told["trainings"]], numbers, told["at_once"], told["leaving"])
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
