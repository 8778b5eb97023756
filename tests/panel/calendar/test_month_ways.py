"""Ways from the month and the list of the panel to what is made of them, and what they say without any."""

from __future__ import annotations

from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from tests.cast import Cast
from tests.schedule.panel import as_


async def seen(client: AsyncClient, cast: Cast, who: str, path: str) -> str:
    answer = await (await as_(client, cast, who)).get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("view", ["mes", "lista"])
async def test_month_leads_to_its_poster_who_works_at_the_desk(client: AsyncClient, cast: Cast, view: str) -> None:
    path = f"/panel/{view}?mes=2027-03"
    poster = "/panel/difundir?mes=2027-03"

    page = await seen(client, cast, "coordinator", path)
    narrowed = await seen(client, cast, "coordinator", f"{path}&ventanilla={cast.hub.slug}")

    assert f'href="{poster}"' in page
    assert f'href="{poster}&amp;ventanilla={cast.hub.slug}"' in narrowed
    way_back = await client.get(poster)
    assert 'href="/panel/mes?mes=2027-03"' in way_back.text
    assert "/panel/difundir" not in await seen(client, cast, "facilitator", path)


async def test_empty_month_says_so(client: AsyncClient, cast: Cast) -> None:
    for view, words in (("mes", "sesiones ni actividades."), ("lista", "sesiones ni actividades")):
        assert f"Este mes no hay {words}" in await seen(client, cast, "coordinator", f"/panel/{view}?mes=2027-03")
    unknown = await seen(client, cast, "coordinator", f"/panel/lista?mes=2027-03&facilita={uuid4()}")
    assert "No encontramos a esa persona" in unknown
