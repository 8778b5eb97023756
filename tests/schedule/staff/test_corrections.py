"""A session that was held at another time than planned is put right afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import Opened, flags, hours, open_door
from tests.attendance.uploading import event, h, make_device, send
from tests.cast import Cast
from tests.schedule.panel import as_, post
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.outbox.models import OutboxJob
from trainings.schedule.actions import unlist
from trainings.schedule.models import DatedChange, SessionText, TrainingSession
from trainings.schedule.session_actions import AlreadyHeld
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHY = "En la aldea se acordó la noche antes"


async def held_otherwise(freeze: Freeze, later: timedelta) -> Opened:
    """A training of one session, held by so much later than planned, whose marks are here an hour after its end."""
    door = await open_door()
    device = await make_device(door)
    freeze(door.ends_at + later + HOUR)
    left_at = door.starts_at + later + 3 * HOUR
    marks = [event(door, door.starts_at + later, h=h(door.ana)), event(door, left_at, h=h(door.ana), kind="out")]
    await send(device, *marks)
    return door


@pytest.mark.parametrize("later", [DAY, -7 * HOUR])
async def test_held_at_another_time_then_marks_hours_and_calendars_follow_and_nobody_is_told(
    sqlite_db: Settings, freeze: Freeze, later: timedelta
) -> None:
    door = await held_otherwise(freeze, later)
    before = await TrainingSession.get(id=door.key)
    assert await flags(door) == ["clock", "clock"]
    n_jobs = await OutboxJob.all().count()

    for _ in range(2):
        await rescheduling.correct(door.key, door.starts_at + later, door.ends_at + later, actor=PROGRAM, reason=WHY)

    assert await flags(door) == ["", ""]
    assert await hours(door.ana) == (180, False)
    now = await TrainingSession.get(id=door.key)
    assert (now.starts_at, now.sequence) == (door.starts_at + later, before.sequence + 1)
    assert f"SEQUENCE:{now.sequence}" in (await SessionText.get(session_id=door.key)).body
    assert (await OutboxJob.all().count(), await DatedChange.all().count()) == (n_jobs, 0)
    [line] = await AuditLine.filter(act="schedule.correct_session")
    assert (line.object_id, line.detail["reason"]) == (door.key, WHY)


async def test_held_at_another_time_where_no_feed_shows_it_then_newer_for_whoever_has_it(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await held_otherwise(freeze, DAY)
    await unlist(door.training.id, actor=PROGRAM)
    before = await TrainingSession.get(id=door.key)

    await rescheduling.correct(door.key, door.starts_at + DAY, door.ends_at + DAY, actor=PROGRAM, reason=WHY)

    assert (await TrainingSession.get(id=door.key)).sequence == before.sequence + 1


async def test_page_of_a_held_session_then_its_time_is_put_right_with_a_reason_and_wrong_times_are_refused(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    start, coming_at = make.tomorrow_at(8), make.tomorrow_at(8, days=4)
    training = await make.make_training(hub=cast.hub, sessions=[(one, one + 4 * HOUR) for one in (start, coming_at)])
    first, coming = training.sessions
    door = Opened(training, first, await make.make_registration(training))
    freeze(start + 2 * DAY)
    await send(await make_device(door), event(door, start + DAY, h=h(door.ana)))
    await as_(client, cast, "coordinator")
    path = f"/panel/sesiones/{first.id}/realizada"
    day = {n: clock.local(start + n * DAY).date().isoformat() for n in (1, 2, 3)}
    form = {"day": day[1], "starts": "09:00", "ends": "13:00", "reason": WHY}

    shown = await client.get(f"/panel/capacitaciones/{training.id}")
    review = await client.get(f"/panel/sesiones/{first.id}/revisar")
    page = await client.get(path)
    no_reason = await post(client, path, form | {"reason": " "})
    to_come = await post(client, path, form | {"day": day[2]})
    overlapping = await post(client, path, form | {"day": day[3]})
    done = await post(client, path, form)
    after = await client.get(done.headers["location"])

    assert (path in shown.text, f"/panel/sesiones/{coming.id}/realizada" in shown.text) == (True, False)
    assert path in review.text
    assert "No se le avisa a nadie" in page.text
    assert (no_reason.status_code, to_come.status_code, overlapping.status_code) == (422, 409, 409)
    assert all('value="09:00"' in one.text for one in (no_reason, to_come, overlapping))
    assert "A esa hora todavía no ha terminado" in to_come.text
    assert "antes de que termine otra" in overlapping.text
    assert (done.status_code, "quedó anotado cuándo fue" in after.text) == (303, True)
    assert (await TrainingSession.get(id=first.id)).starts_at == start + DAY + HOUR
    with pytest.raises(AlreadyHeld):
        await rescheduling.move(first.id, coming_at + DAY, coming_at + DAY + HOUR, None, actor=PROGRAM)
