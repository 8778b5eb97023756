"""Municipalities without activity in a quarter: what counts, for whom, and that the numbers add up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.schedule.panel import as_
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.outreach.coverage_routes import Coverage, Nearby, counts_of, coverage_of, quiet_in
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.data import departments
from trainings.schedule import actions
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.months import Quarter

Freeze = Callable[[datetime], None]
PATH = "/panel/sin-actividad"
FEBRUARY = datetime(2027, 2, 10, 9, tzinfo=clock.GUATEMALA)
FIRST = Quarter(2027, 1)
SAYAXCHE, POPTUN, DOLORES = "1710", "1712", "1708"


def at(month: int, day: int, hour: int = 8, *, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, tzinfo=clock.GUATEMALA)


async def trained(cast: Cast, town: str, *starts: datetime, **more: Any) -> Training:
    venue = await make.make_venue(cast.hub, f"Salón {town}", municipality=town)
    times = [(start, start + timedelta(hours=2)) for start in starts]
    return await make.make_training(hub=cast.hub, venue=venue, sessions=times, **more)


async def activity(cast: Cast, town: str, start: datetime, state: ActivityState) -> None:
    await make.make_municipality(town)
    made = await make_activity(cast.hub)
    columns: dict[str, Any] = {"municipality_id": town, "starts_at": start, "ends_at": start + timedelta(hours=2)}
    if state is ActivityState.CANCELLED:
        columns |= {"sequence": 1, "cancelled_at": clock.now(), "cancel_reason": "Lluvia."}
    await OutreachActivity.filter(id=made.id).update(state=state, **columns)


async def test_quarter_counts_what_is_on_between_its_local_midnights(cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await trained(cast, SAYAXCHE, at(12, 31, 20, year=2026))
    await trained(cast, POPTUN, at(3, 31, 20))
    await trained(cast, DOLORES, at(4, 1, 0))

    found = await coverage_of(FIRST)

    assert found == Coverage(
        busy={POPTUN},
        last={SAYAXCHE: Nearby(at(12, 31, 20, year=2026), cast.hub.name)},
        next={DOLORES: Nearby(at(4, 1, 0), cast.hub.name)},
    )


@pytest.mark.both_engines
async def test_session_over_the_midnight_of_a_quarter_counts_in_both(cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    night = await trained(cast, SAYAXCHE, at(3, 31, 20))
    await TrainingSession.filter(training_id=night.id).update(ends_at=at(4, 1, 2))

    assert [(await coverage_of(quarter)).busy for quarter in (FIRST, FIRST.later(1), FIRST.later(2))] == [
        {SAYAXCHE},
        {SAYAXCHE},
        set(),
    ]


async def test_drafts_and_what_was_called_off_count_nowhere(cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await trained(cast, SAYAXCHE, at(3, 2), state=TrainingState.DRAFT)
    two = await trained(cast, POPTUN, at(3, 3), at(5, 3))
    await actions.cancel_session(two.sessions[0].id, actor=PROGRAM)
    off = await trained(cast, DOLORES, at(3, 4))
    async with transaction():
        await actions.cancel_training(await Training.get(id=off.id), "Sin salón.", actor=PROGRAM)
    await activity(cast, "1703", at(3, 5), ActivityState.DRAFT)
    await activity(cast, "1704", at(3, 6), ActivityState.CANCELLED)
    await activity(cast, "1705", at(3, 7), ActivityState.PUBLISHED)
    await trained(cast, "1706", at(3, 8), state=TrainingState.UNLISTED)

    found = await coverage_of(FIRST)

    assert found.busy == {"1705", "1706"}
    assert set(found.next) == {POPTUN}


async def test_what_was_held_before_a_training_was_called_off_counts(cast: Cast, freeze: Freeze) -> None:
    freeze(at(1, 2))
    begun = await trained(cast, SAYAXCHE, at(1, 5), at(3, 5))
    freeze(FEBRUARY)
    await actions.close_session(min(begun.sessions, key=lambda one: one.starts_at).id, actor=PROGRAM)
    async with transaction():
        await actions.cancel_training(await Training.get(id=begun.id), "Sin salón.", actor=PROGRAM)

    assert (await coverage_of(FIRST)).busy == {SAYAXCHE}


async def test_nearest_of_all_hubs_is_told(cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await trained(cast, SAYAXCHE, at(10, 5, year=2026), at(12, 1, year=2026))
    away = await make.make_venue(cast.elsewhere, "Salón prestado", municipality=SAYAXCHE)
    later = (at(5, 5), at(5, 5, 10))
    await make.make_training(hub=cast.elsewhere, venue=away, sessions=[later])
    await trained(cast, SAYAXCHE, at(6, 1))

    [sayaxche] = [one for one in await quiet_in(await coverage_of(FIRST), "17") if one.town.code == SAYAXCHE]

    assert sayaxche.last == Nearby(at(12, 1, year=2026), cast.hub.name)
    assert sayaxche.next == Nearby(at(5, 5), cast.elsewhere.name)


async def test_numbers_of_departments_add_up_to_the_country(cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await trained(cast, SAYAXCHE, at(3, 2))
    await trained(cast, POPTUN, at(3, 3))
    await activity(cast, "1207", at(3, 4), ActivityState.PUBLISHED)
    found = await coverage_of(FIRST)

    counted = {one.code: one for one in counts_of(found, departments())}
    quiet = await quiet_in(found, "17")

    assert len(counted) == 22
    assert sum(one.n_towns for one in counted.values()) == 340
    assert sum(one.n_busy for one in counted.values()) == 3
    assert sum(one.n_quiet for one in counted.values()) == 337
    assert (counted["17"].n_towns, counted["17"].n_busy, len(quiet)) == (14, 2, 12)
    assert {one.town.code for one in quiet}.isdisjoint({SAYAXCHE, POPTUN})


async def test_coordinator_sees_the_departments_that_the_hub_serves(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    await trained(cast, SAYAXCHE, at(3, 2))
    await as_(client, cast, "coordinator")

    page = (await client.get(PATH)).text
    elsewhere = (await client.get(f"{PATH}?departamento=12")).text

    assert "Petén: 13 de 14 sin actividad" in page
    assert "De enero a marzo de 2027." in page
    assert 'href="/panel/capacitaciones/nueva"' in page
    assert 'href="/panel/actividades/nueva"' in page
    assert "No encontramos ese departamento entre los suyos." in elsewhere
    assert "Petén: 13 de 14 sin actividad" in elsewhere


async def test_monitoring_sees_all_departments_with_their_sum(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await trained(cast, SAYAXCHE, at(3, 2))
    await as_(client, cast, "monitor")

    page = (await client.get(PATH)).text
    foot = re.search(r"<tfoot>(.*?)</tfoot>", page, re.DOTALL)

    assert foot is not None
    assert re.findall(r'<td class="num">(\d+)', foot[1]) == ["340", "1", "339"]
    assert "Petén: 13 de 14 sin actividad" in page
    assert "/nueva" not in page
    assert "San Marcos: 30 de 30 sin actividad" in (await client.get(f"{PATH}?departamento=12")).text


BAD_QUARTERS: list[str] = ["2027-5", "ayer", "%00", "9999-1"]


async def test_bad_quarter_is_this_one_and_says_so(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await as_(client, cast, "coordinator")

    for typed in BAD_QUARTERS:
        page = (await client.get(f"{PATH}?trimestre={typed}")).text

        assert "No entendimos el trimestre. Mostramos este." in page, typed
        assert "De enero a marzo de 2027." in page, typed
