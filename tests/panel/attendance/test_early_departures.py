"""A departure that is said to have been before the arrival: odd as long as it is so, whatever came in first."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import Opened, hours, open_door, scan, take
from tests.attendance.uploading import Event, event, h, make_device, ms, send
from trainings.attendance.events import SentEvent
from trainings.attendance.models import ScanEvent, ScanHow, ScanKind
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def said_to_leave(door: Opened) -> Event:
    """Said after an hour and forty minutes: half an hour after the start."""
    start = door.starts_at
    return event(door, start + 100 * MINUTE, kind="left", h=h(door.ana), stated_at=ms(start + 30 * MINUTE))


async def flag_of(key: object) -> str:
    return (await ScanEvent.get(id=UUID(str(key)))).flag.value


async def test_departure_before_the_arrival_of_another_phone_then_odd_whichever_came_first(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    phones = [await make_device(door) for _ in range(2)]
    freeze(door.ends_at + HOUR)

    for is_arrival_first in (True, False):
        await ScanEvent.all().delete()
        left, came = said_to_leave(door), event(door, door.starts_at + HOUR, h=h(door.ana))
        for one in (came, left) if is_arrival_first else (left, came):
            await send(phones[one is came], one)
        assert await flag_of(left["id"]) == "before_arrival"
        assert await hours(door.ana) == (30, False), "it counts until somebody says that it does not"

        earlier = event(door, door.starts_at + MINUTE, h=h(door.ana))
        await send(phones[0], earlier)
        assert await flag_of(left["id"]) == "", "they were seen before"
        await send(phones[0], event(door, kind="undo", target=earlier["id"]))
        assert await flag_of(left["id"]) == "before_arrival"
        await send(phones[1], left | {"stated_at": left["stated_at"] + 1})
        assert await flag_of(left["id"]) == "changed_body"


async def test_departure_of_before_the_arrival_is_odd_and_not_any_more_at_the_panel(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    freeze(door.starts_at + 2 * HOUR)
    await send(await make_device(door), event(door, door.starts_at + HOUR, h=h(door.ana)))

    def at_the_panel(
        kind: ScanKind, minutes: int, *, stated: int | None = None, target: UUID | None = None
    ) -> SentEvent:
        said = None if stated is None else door.starts_at + stated * MINUTE
        whom = door.ana if kind is not ScanKind.UNDO else None
        at = door.starts_at + minutes * MINUTE
        return scan(at=at, kind=kind, registration=whom, target=target, how=ScanHow.LIST, stated_at=said)

    left, came = at_the_panel(ScanKind.LEFT, 100, stated=30), at_the_panel(ScanKind.IN, 5)
    found = []
    for mark in (left, came, at_the_panel(ScanKind.UNDO, 110, target=came.id)):
        await take(door, mark)
        found.append(await flag_of(left.id))
    await rescheduling.move(door.key, door.starts_at + MINUTE, door.ends_at, None, actor=PROGRAM)

    assert found == ["before_arrival", "", "before_arrival"]
    assert await flag_of(left.id) == "before_arrival", "compared anew with the session as it was held"


async def test_coordinator_reads_why_it_is_odd_and_decides(
    client: AsyncClient, sqlite_db: Settings, freeze: Freeze
) -> None:
    hub = await make.make_hub()
    door = await open_door(hub=hub)
    freeze(door.ends_at + HOUR)
    left = said_to_leave(door)
    await send(await make_device(door), left)
    await send(await make_device(door), event(door, door.starts_at + HOUR, h=h(door.ana)))
    await make.sign_in(client, await make.make_user(hub=hub))
    path = f"/panel/sesiones/{door.key}/revisar"

    page = re.sub(r"<[^>]+>|\s+", " ", (await client.get(path)).text.replace("\xa0", " "))
    words = re.sub(r"\s+", " ", page)
    assert "Se fue antes de llegar, o nadie anotó que llegó 1" in words
    assert "Se fue antes a las 8:30 a. m. · Cámara · Teléfono de Ana Según otra marca llegó a las 9:00 a. m." in words
    await client.post(path, data={"marca": left["id"], "hacer": "no-cuenta"})

    assert await hours(door.ana) == (240, True)
    await client.post(path, data={"marca": left["id"], "hacer": "deshacer"})
    assert (await hours(door.ana), await flag_of(left["id"])) == ((30, False), "before_arrival")


async def test_departure_of_who_never_arrived_then_odd_until_they_have(
    client: AsyncClient, sqlite_db: Settings, freeze: Freeze
) -> None:
    hub = await make.make_hub()
    door = await open_door(hub=hub)
    phone = await make_device(door)
    freeze(door.starts_at + HOUR)
    left = event(door, door.starts_at + HOUR, kind="out", h=h(door.ana))

    await send(phone, left)

    assert await flag_of(left["id"]) == "before_arrival"
    await make.sign_in(client, await make.make_user(hub=hub))
    page = (await client.get(f"/panel/sesiones/{door.key}/revisar")).text
    assert "Ninguna marca dice que llegó" in page
    await send(phone, event(door, door.starts_at, h=h(door.ana)))
    assert await flag_of(left["id"]) == ""
