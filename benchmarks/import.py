"""A list of 2,000 people from the confirmation to the last row, against the bare write of the same rows.

python benchmarks/import.py [COUNT]

Ours reads the list, judges it beside who is registered, and registers its rows in the steps of the job, as the worker
does. Bare SQLite (synchronous = FULL) writes the very rows again that the run before it wrote, prepared in memory, with
the same texts and in the same transactions; the two go in turns, and each begins with an empty log. On PostgreSQL our
own time is printed.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

from _postgres import postgres
from _rush import settings_for
from _worlds import make_hub, make_training
from commits import Written, bare, empty_log, noted
from million import copy_of

from trainings import clock, db
from trainings.accounts.models import User
from trainings.audit.actor import Actor
from trainings.outbox.models import OutboxJob
from trainings.people.models import ConsentHow
from trainings.registrations.imports import actions
from trainings.registrations.imports.columns import match
from trainings.registrations.models import ImportDraft
from trainings.schedule.models import Training
from trainings.server import collect_rarely
from trainings.settings import Settings

ROUNDS, BOUND = 3, 3.0
HEADER = "No.;NOMBRE COMPLETO;SEXO;EDAD;COMUNIDAD;CARGO;ORGANIZACION;TELEFONO"


async def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        ours, raw = await measure(settings_for(Path(folder)), count)
    ratio = median(one / other for one, other in zip(ours[1:], raw[1:], strict=True))
    verdict = "" if ratio <= BOUND else f"   MISSED {BOUND:g} ×"
    print(f"SQLite: {told(ours, count)}, the same rows bare {told(raw, count)}   {ratio:.2f} ×{verdict}")
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        ours, _raw = await measure(settings_for(Path(folder), url), count)
    print(f"PostgreSQL: {told(ours, count)}")
    return int(ratio > BOUND)


def told(seconds: list[float], count: int) -> str:
    middle = median(seconds[1:])
    return f"{count:,} rows in {middle:.2f} s, {1e3 * middle / count:.3f} ms each"


async def measure(settings: Settings, count: int) -> tuple[list[float], list[float]]:
    """Seconds of ours and of the bare write; the first round warms up."""
    await db.migrate(settings)
    ours: list[float] = []
    raw: list[float] = []
    async with db.connect(settings):
        first = await make_training(await make_hub(), clock.now() + timedelta(days=3), count)
        user = await User.create(email="secretaria@example.org", name="Secretaría", password_hash="")
        actor = Actor(id=user.id, role="hub_coordinator")
        collect_rarely()
        for number in range(ROUNDS + 1):
            training, draft = await uploaded(first, actor, count, number)
            if settings.is_sqlite:
                empty_log(settings.sqlite_path)
            with noted() as written:
                start = time.perf_counter()
                await actions.confirm(draft, training, ConsentHow.PAPER, actor=actor)
                await work_off()
                ours.append(time.perf_counter() - start)
            done = await ImportDraft.get(id=draft)
            assert (done.n_new, done.n_known, done.n_refused) == (count, 0, 0)
            if settings.is_sqlite:
                raw.append(count / bare(settings.sqlite_path, [one for one in written if is_of_people(one)], count))
    return ours, raw


def is_of_people(statements: Written) -> bool:
    return any(text.startswith("INSERT INTO participant") for text, _values, _is_one in statements)


async def uploaded(first: Training, actor: Actor, count: int, number: int) -> tuple[Training, UUID]:
    """A list like those of a municipality, for a training with room for it."""
    made = await copy_of(first, clock.now() + timedelta(days=3))
    lines = [
        f"{one};Rosa Elena {number}x{one} Coc;{'FM'[one % 2]};{18 + one % 60};Las Pozas;Vocal I;COCODE;5{one:07d}"
        for one in range(count)
    ]
    training = await Training.get(id=made.id).prefetch_related("hub__seat", "sessions")
    draft = await actions.upload(training, "\r\n".join([HEADER, *lines]).encode("cp1252"), actor=actor)
    columns = match(actions.sheet_in(draft).headers)
    await actions.assign_columns(draft.id, columns, actions.ForAll(municipality="1705"))
    return training, draft.id


async def work_off() -> None:
    while jobs := await OutboxJob.filter(kind=actions.KIND, done_at=None):
        for job in jobs:
            await actions.register_some(job)
            await OutboxJob.filter(id=job.id).update(done_at=clock.now())


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)))
