"""The feasts of municipalities: kept by those whose hubs serve them, told like holidays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_, post, posted
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.places.feasts import FeastDetails, FeastExists, add_feast
from trainings.places.models import FeastDay
from trainings.schedule.holidays import days_off_during, feasts_during

LIST = "/panel/fiestas"
FORM = {"municipality": "1705", "name": "Feria titular", "day": "12", "month": "12", "n_days": "5"}

Freeze = Callable[[datetime], None]


def feast(month: int, day: int, n_days: int = 1) -> FeastDay:
    return FeastDay(municipality_id="1705", month=month, day=day, n_days=n_days, name="Feria titular")


def on(day: str, hour: int = 8) -> datetime:
    return clock.at(date.fromisoformat(day), time(hour))


@pytest.mark.parametrize(
    ("one", "days", "others"),
    [
        (feast(3, 17, 3), ["2027-03-17", "2027-03-19", "2031-03-18"], ["2027-03-16", "2027-03-20"]),
        (feast(12, 28, 10), ["2026-12-28", "2027-01-06", "2027-12-31"], ["2027-01-07", "2027-12-27"]),
        (feast(2, 29), ["2028-02-29", "2027-02-28"], ["2028-02-28", "2027-03-01"]),
        (feast(12, 31, 31), ["2027-01-30"], ["2027-01-31"]),
    ],
    ids=["some days", "over the new year", "29 February", "a month"],
)
def test_feast_is_kept_every_year_on_its_days(one: FeastDay, days: list[str], others: list[str]) -> None:
    def is_kept(day: str) -> bool:
        return feasts_during(on(day), on(day, 12), [one]) == [one]

    assert [is_kept(day) for day in days] == [True] * len(days)
    assert [is_kept(day) for day in others] == [False] * len(others)


async def test_holiday_and_feast_on_one_day_are_both_told(cast: Cast) -> None:
    await FeastDay.create(municipality_id="1705", month=11, day=1, name="Feria de los barriletes")
    feasts = await FeastDay.all().select_related("municipality")

    told = days_off_during(on("2027-11-01"), on("2027-11-01", 12), feasts)

    assert told == "Día de Todos los Santos; Feria de los barriletes (La Libertad, Petén)"
    assert days_off_during(on("2027-11-02"), on("2027-11-02", 12), feasts) == ""


async def test_feast_is_added_changed_and_removed(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(on("2026-11-25"))
    await as_(client, cast, "coordinator")

    added = await post(client, f"{LIST}/nueva", FORM)
    one = await FeastDay.get()
    listed = await client.get(LIST)
    typed = posted((await client.get(f"{LIST}/{one.id}/editar")).text)
    changed = await post(client, f"{LIST}/{one.id}/editar", {**typed, "n_days": "2"})
    kept = await FeastDay.get()
    removed = await post(client, f"{LIST}/{one.id}/quitar")

    assert (added.status_code, changed.status_code, removed.status_code) == (303, 303, 303)
    assert "Feria titular" in listed.text
    assert "12, 13, 14, 15 y 16 de diciembre de 2026" in listed.text
    assert (kept.municipality_id, kept.name, kept.month, kept.day, kept.n_days) == ("1705", "Feria titular", 12, 12, 2)
    assert await FeastDay.all().count() == 0
    assert "Todavía no tiene fiestas anotadas" in (await client.get(LIST)).text


NO_FEASTS: list[tuple[dict[str, str], str, int]] = [
    ({"day": "31", "month": "2"}, "day", 409),
    ({"day": "30", "month": "2"}, "day", 409),
    ({"day": "31", "month": "4"}, "day", 409),
    ({"day": "0"}, "day", 422),
    ({"day": "32"}, "day", 422),
    ({"month": "13"}, "month", 422),
    ({"n_days": "0"}, "n_days", 422),
    ({"n_days": "32"}, "n_days", 422),
    ({"name": " "}, "name", 422),
    ({"name": "x" * 121}, "name", 422),
    ({"municipality": "1207"}, "municipality", 409),
    ({"municipality": "9999"}, "municipality", 409),
    ({"municipality": ""}, "municipality", 422),
]


async def test_days_that_no_year_has_and_municipalities_of_others_are_refused_at_their_field(
    client: AsyncClient, cast: Cast
) -> None:
    await as_(client, cast, "coordinator")

    for fields, field, status in NO_FEASTS:
        answer = await post(client, f"{LIST}/nueva", {**FORM, **fields})

        assert (answer.status_code, await FeastDay.all().count()) == (status, 0), fields
        assert f'href="#{field}"' in answer.text, fields


async def test_29_february_and_31_days_are_kept(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    answer = await post(client, f"{LIST}/nueva", {**FORM, "day": "29", "month": "2", "n_days": "31"})

    one = await FeastDay.get()
    assert (answer.status_code, one.day, one.month, one.n_days) == (303, 29, 2, 31)


async def test_two_feasts_that_begin_on_one_day_are_refused_with_the_first_ones_name(
    client: AsyncClient, cast: Cast
) -> None:
    await as_(client, cast, "coordinator")
    await post(client, f"{LIST}/nueva", FORM)

    again = await post(client, f"{LIST}/nueva", {**FORM, "name": "Otra"})

    assert again.status_code == 409
    assert "«Feria titular»" in again.text
    assert await FeastDay.all().count() == 1


async def test_the_same_feast_sent_twice_at_once_is_kept_once(cast: Cast) -> None:
    wanted = FeastDetails("1705", "Feria titular", 12, 12)

    outcomes = await asyncio.gather(
        *(add_feast(wanted, served={"1705"}, actor=PROGRAM) for _ in range(3)), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FeastDay", "FeastExists", "FeastExists"]
    assert any(isinstance(outcome, FeastExists) for outcome in outcomes)


async def test_feasts_of_other_municipalities_are_not_seen(client: AsyncClient, cast: Cast) -> None:
    await FeastDay.create(municipality_id=make.TACANA, month=8, day=15, name="Feria de allá")
    await as_(client, cast, "coordinator")

    assert "Feria de allá" not in (await client.get(LIST)).text
