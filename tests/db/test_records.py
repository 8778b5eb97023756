"""Records as rows: keys in the order of making, moments in UTC, rules of the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from trainings.accounts.models import User
from trainings.clock import GUATEMALA
from trainings.db import sql, transaction
from trainings.lib.tokens import uuid7
from trainings.schedule.models import ChangeKind, DatedChange
from trainings.settings import Settings
from trainings.versions.models import Counter

pytestmark = pytest.mark.both_engines

NINE_LOCAL = datetime(2026, 3, 6, 9, 0, tzinfo=GUATEMALA)
THREE_UTC = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)


async def make_counter(changed_at: datetime) -> Counter:
    return await Counter.create(key=f"k{changed_at.isoformat()}", number=1, changed_at=changed_at)


async def test_moment_given_in_another_zone_is_read_as_utc(db: Settings) -> None:
    made = await make_counter(NINE_LOCAL)

    loaded = await Counter.get(key=made.key)

    assert loaded.changed_at == THREE_UTC
    assert loaded.changed_at.tzinfo is UTC


async def test_moment_is_found_whatever_zone_it_is_asked_in(db: Settings) -> None:
    await make_counter(NINE_LOCAL)
    await Counter.bulk_create([Counter(key="bulk", number=1, changed_at=NINE_LOCAL)])
    await Counter.create(key="updated", number=1, changed_at=NINE_LOCAL - timedelta(days=1))
    await Counter.filter(key="updated").update(changed_at=NINE_LOCAL)

    assert await Counter.filter(changed_at=THREE_UTC).count() == 3
    assert await Counter.filter(changed_at=NINE_LOCAL).count() == 3
    assert await Counter.filter(changed_at__lte=NINE_LOCAL).count() == 3
    assert await Counter.filter(changed_at__lt=NINE_LOCAL).count() == 0
    assert await Counter.filter(changed_at__in=[NINE_LOCAL]).count() == 3
    assert await Counter.filter(changed_at__range=(THREE_UTC, NINE_LOCAL)).count() == 3


async def test_moment_written_by_hand_equals_one_written_by_the_model(db: Settings) -> None:
    await make_counter(THREE_UTC)

    rows = await sql.rows("SELECT key FROM counter WHERE changed_at = ?", THREE_UTC)

    assert len(rows) == 1


async def test_moment_that_sqlite_wrote_by_itself_is_utc(sqlite_db: Settings) -> None:
    await make_counter(NINE_LOCAL)
    await sql.execute("UPDATE counter SET changed_at = datetime('2026-03-06 15:00:00')")

    assert (await Counter.get()).changed_at == datetime(2026, 3, 6, 15, tzinfo=UTC)


async def test_moments_sort_by_time_with_and_without_microseconds(db: Settings) -> None:
    moments = [THREE_UTC + timedelta(microseconds=n) for n in (500_000, 0, 1, 999_999)]
    for moment in moments:
        await make_counter(moment)

    found = await Counter.all().order_by("changed_at").values_list("changed_at", flat=True)

    assert list(found) == sorted(moments)


async def test_moment_without_zone_is_refused(db: Settings) -> None:
    with pytest.raises(ValueError, match="changed_at: a moment needs its zone"):
        async with transaction():
            await Counter.create(key="k", number=1, changed_at=datetime(2026, 3, 6, 9, 0))  # noqa: DTZ001

    assert await Counter.all().count() == 0


async def test_key_and_moment_are_there_before_the_row_is(db: Settings, freeze: Callable[[datetime], None]) -> None:
    moment = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
    freeze(moment)

    user = User(email="a@demo.example", name="A")

    assert user.id.version == 7
    assert user.created_at == moment


async def test_keys_sort_in_the_order_of_making(db: Settings) -> None:
    made = [await User.create(email=f"{n}@demo.example", name="A") for n in range(20)]

    found = await User.all().order_by("id")

    assert [user.email for user in found] == [user.email for user in made]


@pytest.mark.both_engines
async def test_change_is_of_a_session_or_of_an_activity(db: Settings) -> None:
    with pytest.raises((IntegrityError, OperationalError), match="ck_dated_change_of_one"):
        await DatedChange.create(kind=ChangeKind.CANCELLED, batch_id=uuid7())
