"""What phones have not told: numbers that never came, marks they hold, phones not heard of since the session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.attendance.doors import Opened, open_door
from tests.attendance.uploading import NO_OFFSET, Event, event, h, make_device, send
from tests.outreach.make_activity import make_activity
from trainings.attendance.models import Device, DeviceActivity, ScanEvent
from trainings.attendance.phones.gaps import (
    LOOKED_BACK,
    WHOLE_STEP,
    Gap,
    gaps_of,
    gaps_of_phones,
    note_whole,
    numbers_lacking,
)
from trainings.attendance.phones.uploads import Upload, receive
from trainings.lib import tokens
from trainings.lib.dates import day_and_time
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
async def door(sqlite_db: Settings) -> Opened:
    return await open_door(n_sessions=2)


def numbered(door: Opened, seq: int, minutes: int, **parts: object) -> Event:
    return event(door, door.starts_at + minutes * MINUTE, h=h(door.ana), seq=seq, **parts)  # type: ignore[arg-type]


async def sentences(door: Opened) -> list[str]:
    found: list[Gap] = (await gaps_of([door.key])).get(door.key, [])
    return [sentence.replace("\xa0", " ") for one in found for sentence in one.sentences]


BETWEEN = [
    pytest.param(
        [(7, 60), (9, 64), (10, 65), (13, 80)],
        [
            "Falta 1 marca de Teléfono de Ana (hecha entre las 9:00 a. m. y las 9:04 a. m.).",
            "Faltan 2 marcas de Teléfono de Ana (hechas entre las 9:05 a. m. y las 9:20 a. m.).",
        ],
        id="between",
    ),
    pytest.param(
        [(7, 60), (9, 60), (12, 60)],
        [
            "Falta 1 marca de Teléfono de Ana (hecha hacia las 9:00 a. m.).",
            "Faltan 2 marcas de Teléfono de Ana (hechas hacia las 9:00 a. m.).",
        ],
        id="of one minute",
    ),
    pytest.param(
        [(7, 290), (9, 305)],
        ["Falta 1 marca de Teléfono de Ana (hecha entre las 12:50 p. m. y la 1:05 p. m.)."],
        id="that end at one",
    ),
    pytest.param(
        [(7, 300), (9, 25 * 60)],
        ["Falta 1 marca de Teléfono de Ana (hecha entre el {300} y el {1500})."],
        id="of two days",
    ),
]


@pytest.mark.parametrize(("marks", "told"), BETWEEN)
async def test_numbers_between_that_never_came_then_how_many_and_when(
    door: Opened, freeze: Freeze, marks: list[tuple[int, int]], told: list[str]
) -> None:
    device = await make_device(door)
    freeze(door.ends_at + 25 * HOUR)

    await send(device, *(numbered(door, seq, minutes) for seq, minutes in marks))

    for minutes in (300, 25 * 60):
        moment = day_and_time(door.starts_at + minutes * MINUTE, "es-GT").replace("\xa0", " ")
        told = [one.replace(f"{{{minutes}}}", moment) for one in told]
    assert await sentences(door) == told
    numbers = {seq for seq, _minutes in marks}
    missing = [seq for seq in range(7, max(numbers)) if seq not in numbers]
    await send(device, *(numbered(door, seq, 62) for seq in reversed(missing)))
    assert await sentences(door) == []


async def test_slip_of_the_number_of_a_mark_then_none_that_lacks_is_counted_as_come(
    door: Opened, freeze: Freeze
) -> None:
    device = await make_device(door)
    freeze(door.ends_at + HOUR)
    slip = numbered(door, 7, 62, kind="slip", how="button", sealed="AQIDBA")

    await send(device, numbered(door, 7, 60), slip, numbered(door, 9, 64))

    assert await sentences(door) == ["Falta 1 marca de Teléfono de Ana (hecha entre las 9:00 a. m. y las 9:04 a. m.)."]


async def test_very_many_that_never_came_then_the_later_ones_are_told_together(door: Opened, freeze: Freeze) -> None:
    device = await make_device(door)
    freeze(door.ends_at + HOUR)

    await send(device, *(numbered(door, 3 * n, n) for n in range(1, 31)))

    said = await sentences(door)
    assert len(said) == 12
    assert said[-1] == "Faltan 36 marcas de Teléfono de Ana (hechas entre las 8:12 a. m. y las 8:30 a. m.)."


async def test_time_of_what_is_kept_elsewhere_says_nothing_then_none_is_missed_for_its_number(
    door: Opened, freeze: Freeze
) -> None:
    device, activity = await make_device(door), await make_activity()
    await DeviceActivity.create(device=device, activity=activity)
    freeze(door.ends_at + HOUR)
    slip = numbered(door, 2, 70, kind="slip", how="button", sealed="AQIDBA")
    head = numbered(door, 4, -600_000, kind="count", activity=activity.id, session=None, sex="mujer", age_band="18-59")

    # A line of the paper is dated at the beginning, and the clock had been wrong as the head was counted.
    await send(device, numbered(door, 1, 60), slip, numbered(door, 3, 80, how="sheet"), head, last_seq=6)
    assert await sentences(door) == ["Faltan 2 marcas de Teléfono de Ana (hechas después de las 8:00 a. m.)."]
    await send(device, numbered(door, 6, 95), last_seq=6)

    assert await sentences(door) == ["Falta 1 marca de Teléfono de Ana (hecha entre las 8:00 a. m. y las 9:35 a. m.)."]


async def test_what_the_phone_holds_by_its_own_word_is_told_and_not_missed_twice(door: Opened, freeze: Freeze) -> None:
    device = await make_device(door)
    freeze(door.ends_at + HOUR)
    await send(device, numbered(door, 4, 0), n_unsent=2)
    await Device.filter(id=device.id).update(last_seq=7)

    said = await sentences(door)

    assert len(said) == 2
    assert await gaps_of([door.training.sessions[1].id]) == {}, "what it holds is of the session that had begun"
    assert len((await gaps_of_phones([device.id]))[device.id]) == 1, "what it holds is said beside its name already"
    assert said[0] == "Falta 1 marca de Teléfono de Ana (hecha después de las 8:00 a. m.)."
    assert said[1].startswith("Teléfono de Ana guarda 2 marcas sin enviar (dicho el ")


async def test_mark_between_others_that_the_phone_holds_is_told_and_not_missed_as_well(
    door: Opened, freeze: Freeze
) -> None:
    device = await make_device(door)
    freeze(door.ends_at + HOUR)

    await send(device, numbered(door, 1, 0), numbered(door, 4, 10), numbered(door, 6, 20), n_unsent=2, last_seq=6)

    [missing, held] = await sentences(door)
    assert missing == "Falta 1 marca de Teléfono de Ana (hecha entre las 8:00 a. m. y las 8:10 a. m.)."
    assert held.startswith("Teléfono de Ana guarda 2 marcas sin enviar (dicho el ")


async def test_phones_not_heard_of_since_it_was_over(door: Opened, freeze: Freeze) -> None:
    told, silent, never, gone = [await make_device(door) for _ in range(4)]
    await Device.filter(id=silent.id).update(name="Teléfono de Beto")
    await Device.filter(id=never.id).update(name="Teléfono de Caín")
    await Device.filter(id=gone.id).update(revoked_at=door.starts_at, name="Retirado")
    await Device.create(hub_id=door.training.hub_id, name="Código sin usar", enrol_hash=tokens.digest("x", "device"))
    freeze(door.starts_at + HOUR)
    await send(silent)
    assert await sentences(door) == [], "it goes on"
    freeze(door.ends_at + HOUR)
    await send(told)

    assert [sentence.split(" el ")[0] for sentence in await sentences(door)] == [
        "Teléfono de Beto no se ha comunicado desde",
        "Teléfono de Caín no se ha comunicado nunca.",
    ]
    assert door.training.sessions[1].id not in await gaps_of([one.id for one in door.training.sessions])


# -- from the number with which it began


async def began(device: Device, seq: int, **columns: object) -> None:
    await Device.filter(id=device.id).update(first_seq=seq, **columns)


async def test_numbers_before_the_first_that_came_then_missed_from_where_the_phone_began(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(n_sessions=2)
    device = await make_device(door)
    freeze(door.ends_at + HOUR)
    await send(device, numbered(door, 9, 64), last_seq=9)
    silent = await sentences(door)

    await began(device, 7)
    said = await sentences(door)
    await send(device, numbered(door, 3, 20), numbered(door, 5, 40), last_seq=9)
    again = await sentences(door)
    await send(device, numbered(door, 7, 62), numbered(door, 8, 63))

    missed = ["Faltan 2 marcas de Teléfono de Ana (hechas antes de las 9:04 a. m.)."]
    assert (silent, said, again) == ([], missed, missed), "3 and 5 are of an earlier preparation, as 4 may be"
    assert await sentences(door) == []


async def test_phone_that_learns_only_later_to_say_where_it_began_then_what_is_missing_stays_so(
    door: Opened, freeze: Freeze
) -> None:
    device = await make_device(door)
    freeze(door.ends_at + HOUR)
    await send(device, *(numbered(door, n, n) for n in (5, 6, 8)), last_seq=10, n_unsent=2)

    await receive(await Device.get(id=device.id), Upload([], NO_OFFSET, last_seq=10, n_unsent=0, first_seq=11))

    assert await sentences(door) == [
        "Falta 1 marca de Teléfono de Ana (hecha entre las 8:06 a. m. y las 8:08 a. m.).",
        "Faltan 2 marcas de Teléfono de Ana (hechas después de las 8:08 a. m.).",
    ]


async def test_of_what_it_made_nothing_came_then_all_of_it_at_the_session_that_had_begun(
    door: Opened, freeze: Freeze
) -> None:
    device, holding, slow = [await make_device(door) for _ in range(3)]
    freeze(door.starts_at + HOUR)
    for one in (device, holding, slow):
        await began(one, 57)
    await send(device, last_seq=60)
    await send(holding, last_seq=60, n_unsent=4)
    await send(slow, last_seq=56)

    missing, held = await sentences(door)
    assert missing == "Faltan 4 marcas de Teléfono de Ana."
    assert held.startswith("Teléfono de Ana guarda 4 marcas sin enviar (dicho el ")
    assert await gaps_of([door.training.sessions[1].id]) == {}


async def test_phone_of_which_something_came_long_before_then_nothing_is_missed_before_that(
    door: Opened, freeze: Freeze
) -> None:
    freeze(door.starts_at - timedelta(days=3))
    device, fresh = await make_device(door), await make_device(door)
    await send(device, numbered(door, 1, 0), last_seq=1)
    freeze(door.ends_at + HOUR)
    for one in (device, fresh):
        await began(one, 1)
        await send(one, numbered(door, 5, 60), last_seq=5)

    assert await sentences(door) == ["Faltan 4 marcas de Teléfono de Ana (hechas antes de las 9:00 a. m.)."]


async def test_long_ago_then_nobody_is_asked_any_more(door: Opened, freeze: Freeze) -> None:
    await send(await make_device(door), numbered(door, 7, 60), numbered(door, 9, 64))
    freeze(door.ends_at + timedelta(days=50))

    assert await sentences(door) == []


# -- what the phone itself is asked to send again


@pytest.mark.both_engines
async def test_numbers_that_are_not_here_then_named_between_those_that_are_wherever_they_are_kept(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device, activity = await make_device(door), await make_activity()
    freeze(door.ends_at + HOUR)
    assert await numbers_lacking(device) == [(1, None)]
    slip = numbered(door, 3, 5, kind="slip", how="button", sealed="AQIDBA")
    head = numbered(door, 4, 6, kind="count", activity=activity.id, session=None, sex="mujer", age_band="18-59")

    await send(device, numbered(door, 1, 0), slip, head, numbered(door, 7, 10), last_seq=60)
    await send(await make_device(door), numbered(door, 5, 12), numbered(door, 9, 12))

    assert await numbers_lacking(await Device.get(id=device.id)) == [(2, 2), (5, 6), (8, None)]


async def test_numbers_from_before_a_phone_was_this_one_then_not_asked_for(door: Opened, freeze: Freeze) -> None:
    device = await make_device(door, first_seq=31)
    freeze(door.ends_at + HOUR)

    await send(device, numbered(door, 12, 0), numbered(door, 33, 10), last_seq=33)

    assert await numbers_lacking(device) == [(31, 32), (34, None)]


async def test_very_many_numbers_then_only_the_newest_are_looked_at(door: Opened, freeze: Freeze) -> None:
    device = await make_device(door, last_seq=LOOKED_BACK + 5)
    freeze(door.ends_at + HOUR)

    await send(device, numbered(door, 1, 0), numbered(door, LOOKED_BACK + 4, 10))

    assert await numbers_lacking(await Device.get(id=device.id)) == [(5, LOOKED_BACK + 3), (LOOKED_BACK + 5, None)]


@pytest.mark.both_engines
async def test_numbers_that_came_whole_then_only_those_after_them_are_looked_at(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    device = await make_device(door)
    freeze(door.ends_at + HOUR)
    await send(device, *[numbered(door, n, 1) for n in range(1, WHOLE_STEP + 3) if n != WHOLE_STEP + 1])

    await note_whole(device, await numbers_lacking(device))
    noted = await Device.get(id=device.id)
    await ScanEvent.filter(phone_id=device.id, seq=2).delete()

    assert noted.whole_to == WHOLE_STEP
    assert await numbers_lacking(noted) == [(WHOLE_STEP + 1, WHOLE_STEP + 1), (WHOLE_STEP + 3, None)]
    assert (await numbers_lacking(device))[0] == (2, 2)


async def test_few_numbers_more_that_came_then_none_is_noted(door: Opened, freeze: Freeze) -> None:
    device = await make_device(door)
    freeze(door.ends_at + HOUR)
    await send(device, *[numbered(door, n, 1) for n in range(1, WHOLE_STEP)])

    await note_whole(device, await numbers_lacking(device))

    assert (await Device.get(id=device.id)).whole_to == 0
