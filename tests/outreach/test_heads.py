"""Heads are counted once however often they are sent, and there is never less than nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests import make
from tests.outreach.make_activity import make_activity, make_draft
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM, Actor
from trainings.audit.models import AuditLine
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outreach.actions import TimeAndPlace, cancel_activity
from trainings.outreach.heads import (
    CELLS,
    Cell,
    Touch,
    count_heads,
    counts_of,
    total,
    undo_last,
    write_totals,
)
from trainings.outreach.models import HeadCount
from trainings.outreach.words import SEEN_BANDS, AgeBand
from trainings.people.models import AgeGroup, Sex
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
STARTS = datetime(2027, 3, 8, 14, 0, tzinfo=UTC)
AT = TimeAndPlace(STARTS, STARTS + timedelta(hours=4), make.LA_LIBERTAD, None, "Parque central")
WOMAN, MAN = Cell(Sex.MUJER, AgeBand.ADULTS), Cell(Sex.HOMBRE, AgeBand.ADULTS)
GIRL = Cell(Sex.MUJER, AgeBand.CHILDREN)


@pytest.fixture(autouse=True)
def _now(freeze: Freeze) -> None:
    freeze(STARTS)


async def counted(activity_id: UUID) -> dict[Cell, int]:
    """The squares with somebody in them."""
    return {cell: number for cell, number in (await counts_of(activity_id)).items() if number}


def touch(cell: Cell = WOMAN, number: int = 1) -> Touch:
    return Touch(uuid7(), cell, number)


def test_bands_add_up_to_the_age_groups_of_participants() -> None:
    numbers = [tuple(int(part) for part in str(group).replace("+", "-200").split("-")) for group in AgeGroup]
    bands = [tuple(int(part) for part in band.replace("+", "-200").split("-")) for band in SEEN_BANDS]

    assert all(any(low <= first and last <= high for low, high in bands) for first, last in numbers)
    assert {low for low, _high in bands} - {0} <= {first for first, _last in numbers}


async def test_touches_are_summed_square_by_square(db: Settings) -> None:
    activity = await make_activity(when=AT)

    refused = await count_heads(activity.id, [touch(), touch(), touch(MAN), touch(GIRL)], actor=PROGRAM)

    assert refused == set()
    assert await counted(activity.id) == {WOMAN: 2, MAN: 1, GIRL: 1}
    assert total(await counts_of(activity.id)) == 4
    assert set(await counts_of(activity.id)) == set(CELLS)


async def test_a_touch_that_is_sent_again_counts_once(db: Settings) -> None:
    activity = await make_activity(when=AT)
    first, second = touch(), touch(MAN)

    await count_heads(activity.id, [first], actor=PROGRAM)
    refused = await count_heads(activity.id, [first, first, second], actor=PROGRAM)

    assert (refused, await counted(activity.id)) == (set(), {WOMAN: 1, MAN: 1})


async def test_a_name_that_stands_for_another_touch_is_not_kept(db: Settings) -> None:
    activity, other = await make_activity(when=AT), await make_activity(when=AT)
    first = touch()
    await count_heads(activity.id, [first], actor=PROGRAM)

    changed = await count_heads(activity.id, [Touch(first.id, MAN)], actor=PROGRAM)
    elsewhere = await count_heads(other.id, [first], actor=PROGRAM)

    assert changed == elsewhere == {first.id}
    assert (await counted(activity.id), await counted(other.id)) == ({WOMAN: 1}, {})


async def test_less_than_nobody_is_not_kept_and_the_rest_is(db: Settings) -> None:
    activity = await make_activity(when=AT)
    too_much = touch(number=-1)

    refused = await count_heads(
        activity.id, [touch(), touch(number=-1), too_much, touch(MAN), touch(MAN, -1)], actor=PROGRAM
    )

    assert (refused, await counted(activity.id)) == ({too_much.id}, {})
    assert await HeadCount.all().count() == 4


async def test_counting_begins_with_the_day_and_does_not_end(db: Settings, freeze: Freeze) -> None:
    activity = await make_activity(when=AT)
    morning = datetime(2027, 3, 8, 6, 0, tzinfo=UTC)

    freeze(morning - timedelta(seconds=1))
    with pytest.raises(Refusal) as early:
        await count_heads(activity.id, [touch()], actor=PROGRAM)
    freeze(morning)
    await count_heads(activity.id, [touch()], actor=PROGRAM)
    freeze(STARTS + timedelta(days=40))
    await count_heads(activity.id, [touch()], actor=PROGRAM)

    assert early.value.code == "not_yet_the_day"
    assert await counted(activity.id) == {WOMAN: 2}


async def test_nobody_is_counted_where_nothing_takes_place(sqlite_db: Settings) -> None:
    draft, cancelled = await make_draft(when=AT), await make_activity(when=AT)
    await cancel_activity(cancelled.id, "Lluvia", actor=PROGRAM)

    for activity in (draft, cancelled):
        for act in (
            count_heads(activity.id, [touch()], actor=PROGRAM),
            undo_last(activity.id, uuid7(), actor=PROGRAM),
            write_totals(activity.id, {WOMAN: 3}, seen={}, actor=PROGRAM),
        ):
            with pytest.raises(Refusal) as refused:
                await act
            assert refused.value.code == "not_taking_place"


# -- taking back


async def people() -> tuple[Actor, Actor]:
    hub = await make.make_hub()
    one, other = await make.make_user(hub=hub), await make.make_user(hub=hub)
    return await actor_of(one), await actor_of(other)


async def test_undo_takes_back_ones_own_last_touch_only(db: Settings) -> None:
    activity = await make_activity(when=AT)
    one, other = await people()
    await count_heads(activity.id, [touch(), touch(MAN)], actor=one)
    await count_heads(activity.id, [touch(GIRL)], actor=other)

    first = await undo_last(activity.id, uuid7(), actor=one)
    after_one = await counted(activity.id)
    await undo_last(activity.id, uuid7(), actor=one)
    none_left = await undo_last(activity.id, uuid7(), actor=one)

    assert (first, after_one) == (True, {WOMAN: 1, GIRL: 1})
    assert (none_left, await counted(activity.id)) == (False, {GIRL: 1})


async def test_undo_that_is_sent_again_takes_back_once(db: Settings) -> None:
    activity = await make_activity(when=AT)
    one, _other = await people()
    await count_heads(activity.id, [touch(), touch()], actor=one)
    undo_id = uuid7()

    await undo_last(activity.id, undo_id, actor=one)
    await undo_last(activity.id, undo_id, actor=one)

    assert await counted(activity.id) == {WOMAN: 1}


async def test_undo_takes_nothing_back_that_others_have_corrected_to_nothing(sqlite_db: Settings) -> None:
    activity = await make_activity(when=AT)
    one, other = await people()
    await count_heads(activity.id, [touch()], actor=one)
    await write_totals(activity.id, {WOMAN: 0}, seen={WOMAN: 1}, actor=other)

    assert await undo_last(activity.id, uuid7(), actor=one) is False
    assert await counted(activity.id) == {}


# -- totals of a sheet of paper


async def test_totals_stand_instead_of_what_there_was(db: Settings) -> None:
    activity = await make_activity(when=AT)
    await count_heads(activity.id, [touch(), touch(MAN)], actor=PROGRAM)
    unknown = Cell(Sex.UNDISCLOSED, AgeBand.UNKNOWN)

    await write_totals(activity.id, {WOMAN: 30, MAN: 0, unknown: 4}, seen={WOMAN: 1, MAN: 1}, actor=PROGRAM)
    await write_totals(activity.id, {WOMAN: 30, MAN: 0, unknown: 4}, seen={WOMAN: 1, MAN: 1}, actor=PROGRAM)

    assert await counted(activity.id) == {WOMAN: 30, unknown: 4}
    assert [line.detail for line in await AuditLine.filter(act="outreach.write_totals")] == [{"n": 3}]


async def test_totals_do_not_wipe_out_what_was_counted_meanwhile(db: Settings) -> None:
    activity = await make_activity(when=AT)
    await count_heads(activity.id, [touch()], actor=PROGRAM)

    with pytest.raises(Refusal) as refused:
        await write_totals(activity.id, {WOMAN: 30}, seen={WOMAN: 0}, actor=PROGRAM)

    assert (refused.value.code, await counted(activity.id)) == ("counted_meanwhile", {WOMAN: 1})


# -- at once


@pytest.mark.both_engines
async def test_many_who_count_at_once_lose_and_double_nothing(db: Settings) -> None:
    activity = await make_activity(when=AT)
    batches = [[touch(), touch(MAN), touch(GIRL)] for _number in range(12)]

    await asyncio.gather(*(count_heads(activity.id, batch, actor=PROGRAM) for batch in batches * 2))

    assert await counted(activity.id) == {WOMAN: 12, MAN: 12, GIRL: 12}


@pytest.mark.both_engines
async def test_two_who_take_back_the_last_head_at_once_leave_nobody_not_less(db: Settings) -> None:
    activity = await make_activity(when=AT)
    await count_heads(activity.id, [touch()], actor=PROGRAM)

    refused = await asyncio.gather(
        *(count_heads(activity.id, [touch(number=-1)], actor=PROGRAM) for _number in range(4))
    )

    assert sorted(len(one) for one in refused) == [0, 1, 1, 1]
    assert total(await counts_of(activity.id)) == 0


@pytest.mark.both_engines
async def test_a_name_used_at_two_activities_at_once_is_kept_at_one(db: Settings) -> None:
    activity, other = await make_activity(when=AT), await make_activity(when=AT)
    same = touch()

    await asyncio.gather(*(count_heads(one.id, [same], actor=PROGRAM) for one in (activity, other)))

    assert total(await counts_of(activity.id)) + total(await counts_of(other.id)) == 1
