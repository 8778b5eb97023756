"""The desk's tally of orientations in the panel: a touch counts, no other number is kept or shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from httpx2 import AsyncClient

from tests.cast import Cast
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings.outreach.models import OrientationTally
from trainings.outreach.tallies import tally


@pytest.fixture(autouse=True)
def _now(freeze: Callable[[datetime], None]) -> None:
    freeze(datetime(2027, 3, 1, 15, 0, tzinfo=UTC))


def words_of(source: str) -> str:
    return " ".join(Page(source).text.split())


async def test_desk_counts_orientations_by_a_touch(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "assistant")
    form = {"hub": cast.hub.id, "subject": "returned", "step": "mas"}

    for step in ("mas", "mas", "menos"):
        answer = await post(client, "/panel/orientaciones", form | {"step": step})
    shown = words_of((await client.get("/panel/orientaciones")).text)

    assert answer.headers["location"] == f"/panel/orientaciones?ventanilla={cast.hub.slug}#returned"
    assert "Regresó al país 1 hoy1 este mes" in shown
    [row] = await OrientationTally.all()
    assert (row.day, row.subject, row.number) == (date(2027, 3, 1), "returned", 1)


async def test_less_than_none_is_said_and_not_kept(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    answer = await post(client, "/panel/orientaciones", {"hub": cast.hub.id, "subject": "returned", "step": "menos"})
    shown = words_of((await client.get(answer.headers["location"])).text)

    assert "Hoy no hay menos que cero." in shown
    assert not await OrientationTally.exists()


@pytest.mark.parametrize("changes", [{"subject": "otra"}, {"step": "5"}, {"hub": "no"}])
async def test_forged_touch_is_refused(client: AsyncClient, cast: Cast, changes: dict[str, object]) -> None:
    await as_(client, cast, "assistant")
    form = {"hub": cast.hub.id, "subject": "returned", "step": "mas"}

    assert (await post(client, "/panel/orientaciones", form | changes)).status_code == 422
    assert not await OrientationTally.exists()


async def test_numbers_of_another_hub_are_not_shown(client: AsyncClient, cast: Cast) -> None:
    await tally(cast.elsewhere.id, "returned", 1)
    await as_(client, cast, "assistant")

    shown = words_of((await client.get(f"/panel/orientaciones?ventanilla={cast.elsewhere.slug}")).text)

    assert "Regresó al país 0 hoy0 este mes" in shown
