"""The application of a village's story: one session in two days, its numbered sheet, three prepared phones.

`python -m tests.browser.village_server FOLDER N_PEOPLE` prints one line of JSON once it can be asked;
`python -m tests.browser.village_server FOLDER` beside it moves the session, as the office did the evening before, to
half an hour ago.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests import make
from tests.browser.app_server import serve, signed_in
from tests.browser.marcar import Village
from tests.cast import Cast, make_cast
from tests.database import put_template, settings_for
from tests.processes import running, said
from tests.registrations.card_world import make_spare_cards
from trainings import clock, db
from trainings.accounts.queries import actor_of
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import Load
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.registrations.models import Card, Registration
from trainings.schedule.models import Training, TrainingSession

PHONES = ("Teléfono de Ana", "Teléfono de Berta", "Teléfono de Carla")
N_BLANK = 25
N_SPARES = 12
EVENING = timedelta(hours=1)
"""So long ago everything was prepared, and the session was moved."""


def furnishing(n_people: int) -> Any:
    """All are expected but the last, who waits."""

    async def furnish() -> dict[str, Any]:
        cast = await make_cast()
        await make.make_municipalities()
        start = clock.now() + timedelta(days=2)
        training = await make.make_training(
            hub=cast.hub,
            facilitators=[cast.facilitator],
            sessions=[(start, start + timedelta(hours=4))],
            capacity=n_people - 1,
        )
        people = [
            await make.make_registration(training, given_names=f"Persona{n:02}", surnames="Caal Xol")
            for n in range(1, n_people + 1)
        ]
        [session] = training.sessions
        sheet = await print_sheet(session.id, n_blank=N_BLANK, columns=[], actor=PROGRAM)
        spares = await make_spare_cards(training, N_SPARES)
        blanks = await Card.filter(sheet_rows__sheet_id=sheet.id).order_by("sheet_rows__number")
        return {
            "session": str(session.id),
            "title": training.title,
            "sheet": sheet.code,
            "blanks": [one.qr_hash[:24] for one in blanks],
            "spares": [one.qr_token for one in spares],
            "phones": await _phones(cast, training),
            "desk": await signed_in(cast.coordinator),
            "people": [_person(one, n) for n, one in enumerate(people, 1)],
            "n_waiting": 1,
        }

    return furnish


def _person(registration: Registration, n: int) -> dict[str, str]:
    return {
        "name": f"Persona{n:02} C. X.",
        "registration_id": str(registration.id),
        "token": registration.qr_token or "",
        "short_code": registration.short_code,
    }


async def _phones(cast: Cast, training: Training) -> list[str]:
    load = Load(training.hub_id, [one.id for one in training.sessions])
    actor = await actor_of(cast.facilitator)
    prepared = [
        await devices.prepare_this(load, name=name, token="", key=tokens.uuid7(), actor=actor) for name in PHONES
    ]
    return [one.token for one in prepared]


async def move(folder: Path) -> None:
    now = clock.now()
    start = now - timedelta(minutes=30)
    async with db.connect(settings_for(folder)):
        [session] = await TrainingSession.all()
        with clock.frozen(now - EVENING):
            await rescheduling.move(session.id, start, start + timedelta(hours=4), session.venue_id, actor=PROGRAM)


@contextmanager
def story(folder: Path, n_people: int) -> Iterator[Village]:
    put_template(folder)
    with running("tests.browser.village_server", folder, n_people) as server:
        yield Village(folder, server.made, folder / "no film")


def moved(village: Village) -> None:
    """The office moves the session while the phones are without signal."""
    said("tests.browser.village_server", village.folder)


if __name__ == "__main__":
    chosen = Path(sys.argv[1])
    asyncio.run(serve(str(chosen), furnishing(int(sys.argv[2]))) if len(sys.argv) > 2 else move(chosen))
