"""The page of a topic: what it is about, what is to come, and its calendar."""

from __future__ import annotations

from httpx2 import AsyncClient

from tests import make
from tests.schedule.public_pages import WEDNESDAY, Freeze, get, links, on, rows
from trainings.schedule.models import Course, PlaceShown, TrainingState


async def test_topic_tells_its_courses_and_what_is_to_come(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    course = await make.make_course(summary="Para no caer en engaños.", audience=["docente"])
    await make.make_course("Retirado", is_active=False)
    other = await make.make_course("De otro tema", topic=await make.make_topic("trata", "Trata de personas"))
    coming = await make.make_training(course=course, sessions=[on(4)])
    await make.make_training(course=other, sessions=[on(5)])

    page = await get(client, "/temas/riesgos")

    assert rows(page) == [coming.slug]
    for words in ("Riesgos de la migración irregular", course.title, "Para no caer en engaños.", "Docentes."):
        assert words in page.text
    assert "Taller, 4 horas." in page.text
    assert "Mitos y realidades" in page.text
    assert "Retirado" not in page.text
    assert "De otro tema" not in page.text
    assert {"/suscribirse/tema/riesgos", "/calendario?tema=riesgos"} <= links(page)


async def test_topic_leaks_neither_drafts_nor_protected_places(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    hub = await make.make_hub()
    venue = await make.make_venue(hub, "Casa reservada", address="Calle callada")
    await make.make_training(title="Pensada", sessions=[on(4)], state=TrainingState.DRAFT)
    await make.make_training(title="Con enlace", sessions=[on(5)], state=TrainingState.UNLISTED)
    shown = await make.make_training(sessions=[on(6)], venue=venue, place_shown=PlaceShown.AFTER_CONFIRMATION)

    page = await get(client, "/temas/riesgos")

    assert rows(page) == [shown.slug]
    for words in ("Pensada", "Con enlace", "Casa reservada", "Calle callada"):
        assert words not in page.source


async def test_topic_without_dates_says_what_to_do(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await make.make_topic()

    page = await get(client, "/temas/riesgos")

    assert "No hay fechas de este tema por ahora" in page.text
    assert "/suscribirse/tema/riesgos" in links(page)


async def test_unknown_topic_is_told_in_words(client: AsyncClient) -> None:
    answer = await client.get("/temas/nada")

    assert answer.status_code == 404
    assert "No encontramos" in answer.text


async def test_shared_topic_has_a_picture_of_its_own(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await make.make_training(sessions=[on(4)])

    page = await get(client, "/temas/riesgos")
    picture = await client.get("/temas/riesgos/imagen.png")

    assert page.one("meta", property="og:image")["content"] == "http://localhost:8000/temas/riesgos/imagen.png"
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")


async def test_topic_page_follows_its_courses(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    course = await make.make_course(summary="Antes.")
    before = (await get(client, "/temas/riesgos")).text

    await Course.filter(id=course.id).update(summary="Después.")
    after = (await get(client, "/temas/riesgos")).text

    assert ("Antes." in before, "Después." in after) == (True, True)
