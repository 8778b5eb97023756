"""Closing without signal: at once where the phone may and each has told what it has, else it waits for somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial

import pytest

from tests import make
from tests.attendance.doors import Opened, hours, open_door
from tests.attendance.uploading import event, h, kept, make_device, send, states
from tests.queries import until_somebody_waits
from trainings.accounts.models import Role, User
from trainings.attendance import actions
from trainings.attendance.models import Decision, Device, ScanEvent
from trainings.attendance.phones import devices
from trainings.attendance.phones.closings import ClosedMeanwhile, closed_on_phones, keep_open, phones_missing
from trainings.attendance.phones.state import exact, state_of
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import transaction
from trainings.places.models import Hub
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)


async def open_hers(**columns: int) -> tuple[Opened, User]:
    """A door, and who facilitates there."""
    hub = await make.make_hub()
    user = await make.make_user(Role.FACILITATOR, hub)
    return await open_door(hub=hub, facilitators=[user], **columns), user


async def closed_at(door: Opened) -> datetime | None:
    return (await TrainingSession.get(id=door.key)).closed_at


async def test_only_phone_closes_then_closed_when_it_was_and_hours_count(db: Settings, freeze: Freeze) -> None:
    door, user = await open_hers()
    device = await make_device(door, prepared_by_id=user.id)
    freeze(door.starts_at + 3 * HOUR)
    ended = door.starts_at + 2 * HOUR

    found = await states(device, event(door, h=h(door.ana)), event(door, ended, kind="close", how="button"))

    assert found == [("stored", "")] * 2
    assert await closed_at(door) == ended
    assert await hours(door.ana) == (120, False)
    [line] = await AuditLine.filter(act="attendance.close")
    assert (line.actor_role, line.detail) == ("phone", {"present": 1})


@pytest.mark.parametrize("is_lost", [False, True])
async def test_another_phone_has_something_left_then_closed_once_it_told_all_or_is_out_of_use(
    db: Settings, freeze: Freeze, *, is_lost: bool
) -> None:
    door, user = await open_hers()
    first, second = await make_device(door, prepared_by_id=user.id), await make_device(door)
    freeze(door.starts_at + HOUR)
    await send(second, n_unsent=0)
    freeze(door.starts_at + 3 * HOUR)
    ended = door.starts_at + 2 * HOUR

    await send(first, event(door, ended, kind="close", how="button"))
    assert await closed_at(door) is None, "it has not been heard of since"
    assert await closed_on_phones([door.key]) == {door.key: ended}
    assert [one.id for one in await phones_missing(door.key, ended)] == [second.id]
    await send(second, event(door, h=h(door.ana)), n_unsent=4)
    assert await closed_at(door) is None, "four are still on it"
    if is_lost:
        boss = await make.make_user(Role.HUB_COORDINATOR, await Hub.get(id=door.training.hub_id))
        await devices.revoke(second.id, actor=await make.actor_of(boss))
    else:
        await send(second, n_unsent=0)

    assert await closed_at(door) == ended
    assert await hours(door.ana) == (120, False)
    assert (await ScanEvent.get(registration_id=door.ana.id)).flag == ""
    assert (await AuditLine.get(act="attendance.close")).actor_role == "phone"


@pytest.mark.parametrize("why", ["undone", "put aside", "too early", "too late", "revoked", "called off"])
async def test_closing_that_does_not_stand_then_the_session_stays_open(
    sqlite_db: Settings, freeze: Freeze, why: str
) -> None:
    door, user = await open_hers(n_sessions=2)
    device = await make_device(door, prepared_by_id=user.id)
    if why == "called off":
        await rescheduling.cancel(door.key, actor=PROGRAM)
    freeze(door.starts_at + 3 * HOUR)
    minutes = {"too early": -1, "too late": 181}.get(why, 120)
    ended = event(door, door.starts_at + timedelta(minutes=minutes), kind="close", how="button")
    if why == "revoked":
        await Device.filter(id=device.id).update(revoked_at=door.starts_at)
    await send(device, ended, *([event(door, kind="undo", target=ended["id"])] if why == "undone" else []), n_unsent=1)
    if why == "put aside":
        await ScanEvent.filter(id=ended["id"]).update(decision=Decision.DISMISSED)

    await send(device, n_unsent=0)

    assert await closed_at(door) is None
    assert (await kept(ended["id"])).kind == "close", "kept all the same"


@pytest.mark.parametrize(
    ("who", "minutes", "is_closed"),
    [
        ("hers", 120, True),
        ("her helper's", 120, False),
        ("her helper's", 245, True),
        ("the assistant's", 245, False),
        ("the coordinator's", 120, True),
        ("of somebody who left", 245, False),
        ("nobody's", 245, False),
    ],
)
async def test_phone_closes_as_far_as_who_prepared_it_may_and_one_let_in_by_a_code_not_early(
    sqlite_db: Settings, freeze: Freeze, who: str, minutes: int, is_closed: bool
) -> None:
    door, user = await open_hers()
    makers = {"the assistant's": Role.ASSISTANT, "the coordinator's": Role.HUB_COORDINATOR}
    maker = await make.make_user(makers[who], await Hub.get(id=door.training.hub_id)) if who in makers else user
    if who == "of somebody who left":
        await User.filter(id=user.id).update(is_active=False)
    device = await make_device(
        door,
        prepared_by_id=None if who == "nobody's" else maker.id,
        enrol_until=door.starts_at if who == "her helper's" else None,
    )
    freeze(door.starts_at + 5 * HOUR)
    ended = door.starts_at + timedelta(minutes=minutes)

    await send(device, event(door, ended, kind="close", how="button"), n_unsent=0)

    assert await closed_at(door) == (ended if is_closed else None)
    assert await closed_on_phones([door.key]) == ({} if is_closed else {door.key: ended})


async def test_helper_reports_before_the_facilitator_closes_then_it_is_closed_when_she_said(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door, user = await open_hers()
    hers = await make_device(door, prepared_by_id=user.id)
    helpers = await make_device(door, prepared_by_id=user.id, enrol_until=door.starts_at)
    freeze(door.starts_at + 3 * HOUR)
    said = door.starts_at + 2 * HOUR

    await send(helpers, event(door, said - HOUR, kind="close", how="button"))
    await send(hers, event(door, said, kind="close", how="button"), n_unsent=1)
    assert await closed_on_phones([door.key]) == {door.key: said}
    await send(hers)

    assert await closed_at(door) == said


@pytest.mark.parametrize("arrives", ["before the reopening", "after it"])
async def test_opened_again_in_the_panel_then_open_until_a_closing_that_was_made_later(
    sqlite_db: Settings, freeze: Freeze, arrives: str
) -> None:
    door, user = await open_hers()
    hers, other = await make_device(door, prepared_by_id=user.id), await make_device(door, prepared_by_id=user.id)
    start = door.starts_at
    freeze(start + 2 * HOUR)
    await send(hers, event(door, start + HOUR, kind="close", how="button"))
    await send(other)
    assert await closed_at(door) == start + HOUR
    early = event(door, start + timedelta(minutes=90), kind="close", how="button")
    freeze(start + 3 * HOUR)
    if arrives == "before the reopening":
        await send(other, early)

    await actions.reopen_session(door.key, actor=PROGRAM)
    freeze(start + 4 * HOUR)
    await send(other, early, event(door, h=h(door.ana)))
    await send(hers)

    assert await closed_at(door) is None
    assert await closed_on_phones([door.key]) == {}
    [told] = (await state_of(hers))["sessions"]
    assert (told["closed"], told["closing"]) == (False, False)
    assert told["reopened"] == exact(start + 3 * HOUR)
    later = start + timedelta(hours=3, minutes=30)
    await send(hers, event(door, later, kind="close", how="button"))
    await send(other)
    assert await closed_at(door) == later


@pytest.mark.parametrize("comes_first", ["open", "closed"])
async def test_left_open_at_the_moment_of_the_last_phone_then_whichever_came_first(
    postgres_db: Settings, freeze: Freeze, comes_first: str
) -> None:
    door, user = await open_hers()
    hers, last = await make_device(door, prepared_by_id=user.id), await make_device(door)
    freeze(door.starts_at + 3 * HOUR)
    await send(hers, event(door, door.starts_at + 2 * HOUR, kind="close", how="button"))
    leave_open, hear_of_last = partial(keep_open, door.key, actor=PROGRAM), partial(send, last)
    first, second = (leave_open, hear_of_last) if comes_first == "open" else (hear_of_last, leave_open)
    has_begun = asyncio.Event()

    async def come_second() -> None:
        await has_begun.wait()
        await second()

    meanwhile = asyncio.create_task(come_second())
    async with transaction():
        await first()
        has_begun.set()
        await until_somebody_waits()
    with nullcontext() if comes_first == "open" else pytest.raises(ClosedMeanwhile):
        await meanwhile

    assert (await closed_at(door) is None) == (comes_first == "open")
    assert await AuditLine.filter(act="attendance.reopen").count() == (comes_first == "open")
