"""Find a person among 1,000,000 registrations of one hub, against reading one registration by its key.

python benchmarks/search.py [COUNT]

Names come as they do in Guatemala: most people share a few words, thousands of words are rare. Each question
is asked of SQLite and of PostgreSQL many times in turn with the baseline; asked once before, as in an hour at a desk.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from _postgres import postgres
from _rush import settings_for
from _worlds import make_hub, make_training
from million import OLD_TRAININGS, copy_of, fill

from trainings import clock, db
from trainings.accounts.models import Role, User
from trainings.audit.actor import Actor
from trainings.db import sealer
from trainings.lib import tokens
from trainings.lib.text import fold
from trainings.panel.people.search import Found, search
from trainings.people.actions import searchable
from trainings.people.finding import phone_tail
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import SessionFacilitator, Training, TrainingSession
from trainings.settings import Settings

ROUNDS, BOUND_MS = 25, 100.0
OWN_TRAININGS = 20
GIVEN = (
    "María", "José", "Juan", "Ana", "Pedro", "Rosa", "Carlos", "Marta", "Luis", "Elena", "Mario", "Miguel",
    "Juana", "Francisco", "Manuela", "Mateo", "Sebastián",
)  # fmt: skip
SURNAMES = (
    "López", "García", "Pérez", "Caal", "Coc", "Ramírez", "Xol", "Tzib", "Morales", "Hernández", "Choc", "Pop",
    "Chub", "Ical", "Méndez", "Cucul", "Ba", "Tut",
)  # fmt: skip
SYLLABLES = (
    "ba", "che", "co", "cha", "chu", "ja", "ka", "ma", "mo", "na", "pa", "pe", "qui", "sa", "ta", "te", "tu",
    "tza", "xi", "ya",
)  # fmt: skip
RARE = 0.2
"""So many of the words are rare ones."""
SEALED_PHONE = sealer(Participant, "phone")


async def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        missed = await measure("SQLite", settings_for(Path(folder)), count)
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        missed += await measure("PostgreSQL", settings_for(Path(folder), server), count)
    return int(bool(missed))


async def measure(engine: str, settings: Settings, count: int) -> int:
    await db.migrate(settings)
    async with db.connect(settings):
        hub = await make_hub()
        first = await make_training(hub, clock.now() - timedelta(days=30), 20)
        old = [await copy_of(first, clock.now() - timedelta(days=30)) for _number in range(OLD_TRAININGS)]
        seconds = await fill(old, count, somebody)
        size = f", {settings.sqlite_path.stat().st_size / 1e9:.2f} GB" if settings.is_sqlite else ""
        print(f"{engine}: {count:,} registrations written in {seconds:.0f} s{size}", flush=True)
        desk = Actor(id=tokens.uuid7(), role=Role.ASSISTANT, roles_at={hub.id: frozenset({Role.ASSISTANT})})
        missed = 0
        for name, question in (await questions(desk, await one_who_facilitates(hub.id, old))).items():
            missed += await told(name, question)
    return missed


def somebody(dice: random.Random, key: UUID) -> tuple[Any, ...]:
    """The columns of a new person after key and moment; a telephone of their own."""
    given, surnames = (f"{word(dice, known)} {word(dice, known)}" for known in (GIVEN, SURNAMES))
    phone = f"+5025{dice.randrange(10_000_000):07d}"
    name = fold(f"{given} {surnames}")
    about = (given, surnames, name, name, searchable(given, surnames, "Las Pozas"), "1705", "Las Pozas", "familia", "")
    hashed = f"{dice.getrandbits(256):064x}"
    return (*about, None, None, None, SEALED_PHONE(key, phone), None, None, hashed, phone_tail(phone), *[None] * 4)


def word(dice: random.Random, known: Sequence[str]) -> str:
    """The first ones are those of most people."""
    if dice.random() < RARE:
        return "".join(dice.choices(SYLLABLES, k=dice.randrange(2, 5)))
    return known[min(int(dice.expovariate(0.2)), len(known) - 1)]


async def one_who_facilitates(hub_id: UUID, trainings: Sequence[Training]) -> Actor:
    """Of twenty of the trainings: 20,000 people."""
    user = await User.create(email="facilita@example.org", name="Ana Coc")
    for training in trainings[:OWN_TRAININGS]:
        session = await TrainingSession.get(training_id=training.id)
        await SessionFacilitator.create(session_id=session.id, user_id=user.id)
    return Actor(id=user.id, role=Role.FACILITATOR, roles_at={hub_id: frozenset({Role.FACILITATOR})})


async def questions(desk: Actor, door: Actor) -> dict[str, Callable[[], Awaitable[Found]]]:
    [(key, code)] = (
        await Registration.all().order_by("id").offset(1_000).limit(1).values_list("participant_id", "short_code")
    )
    of = await Participant.get(id=key)
    typed = {
        "a name that one in eight has": "maría",
        "two letters": "ma",
        "two names that many have": "maria lopez",
        "two beginnings that many have": "mar lop",
        "two names that nobody has together": "manuela mateo ba tut",
        "a whole name": of.full_name,
        "a name that nobody has": "zzyzx",
        "a name of many and a word of nobody": "maria zzyzx",
        "four digits": "1234",
        "eight digits": str(of.phone)[-8:],
        "a code of a ticket": code,
        "a folio": "VIMMIG-1705-2026-000001",
    }
    asked: dict[str, Callable[[], Awaitable[Found]]] = {}
    asked |= {name: partial(search, words, desk) for name, words in typed.items()}
    return asked | {"a name, by who facilitates": partial(search, "maría", door)}


async def told(name: str, question: Callable[[], Awaitable[Found]]) -> int:
    """Print medians of both, their ratio and the longest wait; 1 where the median misses the bound."""
    found = await question()
    [(key,)] = await Registration.all().order_by("-id").limit(1).values_list("id")
    ours, bare = [], []
    for _round in range(ROUNDS):
        ours.append(await _timed(question))
        bare.append(await _timed(partial(_by_key, key)))
    ms, base = median(ours), median(bare)
    more = " and more" if found.has_more else ""
    print(f"  {name:42} {ms:7.1f} ms, longest {max(ours):6.1f}, {ms / base:6.1f} × one by its key", end="")
    print(f"  {len(found.hits):2} people{more}" + ("" if ms <= BOUND_MS else f"   MISSED {BOUND_MS:g} ms"), flush=True)
    return int(ms > BOUND_MS)


async def _by_key(key: UUID) -> None:
    await db.reads(Registration).filter(id=key).values_list("id", "state")


async def _timed(question: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await question()
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    os.environ.setdefault("TRAININGS_LOG_LEVEL", "WARNING")
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)))
