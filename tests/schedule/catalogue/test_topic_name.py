"""Correcting the name of a topic: the catalogue and the calendars follow, the addresses stay."""

from __future__ import annotations

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_, post
from trainings.audit.models import AuditLine
from trainings.schedule.models import Topic

PAGE = "/panel/cursos/temas/riesgos"


async def test_corrected_name_reaches_catalogue_and_calendars(client: AsyncClient, cast: Cast) -> None:
    await make.make_training(hub=cast.hub)
    await as_(client, cast, "platform")
    page = await client.get(PAGE)

    saved = await post(client, PAGE, {"topic_name": "Riesgos en el camino"})

    assert 'value="Riesgos de la migración irregular"' in page.text
    assert (saved.status_code, saved.headers["location"]) == (303, "/panel/cursos")
    catalogue = (await client.get("/panel/cursos")).text
    assert f'href="{PAGE}">Riesgos en el camino</a>' in catalogue
    feed = (await client.get("/cal/tema/riesgos.ics")).text.replace("\r\n ", "")
    assert "NAME:Capacitaciones: Riesgos en el camino\r\n" in feed
    assert "CATEGORIES:Riesgos en el camino,Taller\r\n" in feed
    assert (await Topic.get(slug="riesgos")).name == "Riesgos en el camino"
    assert await AuditLine.filter(act="schedule.rename_topic").count() == 1


WRONG: list[str] = ["", "  ", "x" * 161, "TRATA de personas"]


async def test_wrong_name_is_refused_at_its_field(client: AsyncClient, cast: Cast) -> None:
    await make.make_topic()
    await make.make_topic("trata", "Trata de personas")
    await as_(client, cast, "platform")

    for name in WRONG:
        answer = await post(client, PAGE, {"topic_name": name})

        assert answer.status_code in (409, 422), name
        assert 'aria-invalid="true"' in answer.text, name
        assert (await Topic.get(slug="riesgos")).name == "Riesgos de la migración irregular", name


async def test_unknown_topic_is_unknown(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "platform")

    for answer in (await client.get(PAGE), await post(client, PAGE, {"topic_name": "Riesgos"})):
        assert answer.status_code == 404
