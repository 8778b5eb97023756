"""What the public month reads by hand, on both engines: what was announced, where it is, and what is offered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.db import sql, transaction
from trainings.places.models import AccessFeature
from trainings.schedule import actions
from trainings.schedule.models import PlaceShown, SessionFeed, Training, TrainingState
from trainings.schedule.public.month import Dated, ask_changes, ask_dates, changed_between, dates_of, kinds_among
from trainings.schedule.public.queries import AROUND, CALLED_OFF, COMING, ask_offered, offered
from trainings.schedule.queries import COMING_OF_STAFF
from trainings.schedule.staff_sessions import SESSIONS
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

START = clock.now().replace(microsecond=0) + timedelta(days=30)
END = START + timedelta(days=9)
HOUR = timedelta(hours=1)
NEVER = START - timedelta(days=300)


def on(day: int) -> tuple[datetime, datetime]:
    start = START + timedelta(days=day)
    return start, start + HOUR


async def read() -> list[Dated]:
    [found] = await sql.tables([ask_dates(START, END)])
    return list(dates_of(found))


async def test_sessions_are_those_announced_and_called_off_ones_where_calendars_showed_them(db: Settings) -> None:
    two = await make.make_training(title="De dos", sessions=[on(1), on(2)])
    quiet = await make.make_training(title="Sin anunciar", sessions=[on(3), on(4)])
    off = await make.make_training(title="Suspendida", sessions=[on(5)])
    await make.make_training(title="Pensada", sessions=[on(6)], state=TrainingState.DRAFT)
    await make.make_training(title="Con enlace", sessions=[on(7)], state=TrainingState.UNLISTED)
    for training in (two, quiet):
        await actions.cancel_session(training.sessions[1].id, actor=PROGRAM)
    async with transaction():
        await actions.cancel_training(await Training.get(id=off.id), "Sin salón.", actor=PROGRAM)
    await SessionFeed.filter(session_id=quiet.sessions[1].id).delete()

    found = [(one.title, one.starts_at, one.ends_at, one.is_off) for one in await read()]

    assert found == [
        ("De dos", *on(1), False),
        ("De dos", *on(2), True),
        ("Sin anunciar", *on(3), False),
        ("Suspendida", *on(5), True),
    ]
    assert {one.starts_at.tzinfo for one in await read()} == {UTC}


async def test_sessions_of_years_ago_are_not_looked_through_for_those_to_come(sqlite_db: Settings) -> None:
    asked = {
        COMING: (NEVER, NEVER),
        CALLED_OFF: (NEVER, NEVER, NEVER),
        AROUND: (NEVER, NEVER, NEVER, make.TACANA, make.TACANA),
        SESSIONS.format(COMING_OF_STAFF): (NEVER, NEVER, "", NEVER, NEVER),
    }

    for statement, values in asked.items():
        steps = [row["detail"] for row in await sql.rows(f"EXPLAIN QUERY PLAN {statement}", *values)]
        assert any(step.startswith("SEARCH s ") and "(starts_at>?)" in step for step in steps), (statement, steps)


async def test_sessions_of_a_span_are_all_that_touch_it(db: Settings) -> None:
    lengths = {
        "Antes": (-HOUR, -HOUR / 2),
        "Hasta": (-HOUR, 0 * HOUR),
        "Sobre": (-23 * HOUR, HOUR),
        "Tras": (9 * 24 * HOUR, 9 * 25 * HOUR),
    }
    for title, (begins, ends) in lengths.items():
        await make.make_training(title=title, sessions=[(START + begins, START + ends)])

    assert [one.title for one in await read()] == ["Sobre"]


async def test_place_is_told_by_town_and_access_where_it_is_not_protected(db: Settings) -> None:
    hub = await make.make_hub()
    away = await make.make_venue(hub, "Salón de Tacaná", municipality=make.TACANA, access=[AccessFeature.RAMP])
    open_ = await make.make_training(title="Abierta", hub=hub, venue=away, sessions=[on(1)])
    await make.make_training(
        title="Protegida",
        hub=hub,
        venue=away,
        sessions=[on(2)],
        place_shown=PlaceShown.AFTER_CONFIRMATION,
        neutral_title="P",
    )

    found = [(one.title, one.town_code, one.access) for one in await read()]

    assert found == [("Abierta", make.TACANA, frozenset({"ramp"})), ("Protegida", make.TACANA, frozenset())]
    [row] = [one for one in await read() if one.slug == open_.slug]
    assert (row.session_id, row.path) == (str(open_.sessions[0].id), f"/capacitaciones/{open_.slug}")


async def test_what_is_offered_and_what_changed_is_asked_in_one_go(db: Settings) -> None:
    moved = await make.make_training(title="Movida", sessions=[on(1)], languages=["kek"])
    await make.make_training(title="Otra", sessions=[on(2)], languages=["kek"])
    await make.make_training(title="Pensada", sessions=[on(3)], state=TrainingState.DRAFT)
    session = moved.sessions[0]
    await rescheduling.move(session.id, *on(4), session.venue_id, actor=PROGRAM)

    rows, changes = await sql.tables([ask_offered(clock.now(), NEVER, NEVER), ask_changes()])

    [(session_id, left)] = changed_between(START, END, changes)
    assert (session_id, left.was.starts_at, left.is_elsewhere) == (
        str(moved.sessions[0].id),
        on(1)[0],
        False,
    )
    assert changed_between(START, START + HOUR, changes) == ()
    [kind] = offered(rows)
    assert (kind.town_code, kind.languages) == (make.LA_LIBERTAD, frozenset({"kek"}))
    assert kinds_among(await read()) == (kind,)
    for now, start, end in ((END, NEVER, NEVER), (clock.now(), START, END)):
        assert offered((await sql.tables([ask_offered(now, start, end)]))[0]) == ()
