"""The catalogue of courses and topics, and its pages in the panel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import NOWHERE, as_, post
from tests.schedule.wishes import NOBODY
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.errors import NotFound, Refusal
from trainings.schedule.catalogue import course_actions
from trainings.schedule.models import Course, Topic


async def test_courses_are_added_with_a_new_topic_and_corrected(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = {
        "kind": "taller",
        "topic_name": "Trata de personas",
        "title": "Trata: diferencias y denuncia",
        "hours": "2.5",
        "contents": "Qué es | 60\n\nDenunciar",
        "completion_share": "80",
        "is_active": "yes",
    }

    created = await post(client, "/panel/cursos/nuevo", form)
    course = await Course.get(title=form["title"]).prefetch_related("topic")
    page = await client.get(f"/panel/cursos/{course.id}/editar")
    edited = await post(
        client,
        f"/panel/cursos/{course.id}/editar",
        {**form, "topic_name": "", "topic": course.topic_id, "hours": "4", "is_active": ""},
    )

    assert (created.status_code, edited.status_code) == (303, 303)
    assert (course.minutes, course.topic.slug) == (150, "trata-de-personas")
    assert course.contents == [{"title": "Qué es", "minutes": 60}, {"title": "Denunciar", "minutes": 0}]
    assert "Qué es | 60\nDenunciar</textarea>" in page.text
    kept = await Course.get(id=course.id)
    assert (kept.minutes, kept.is_active) == (240, False)


WRONG: list[tuple[dict[str, str], int]] = [
    ({"hours": "muchas"}, 422),
    ({"hours": "nan"}, 422),
    ({"hours": "-1"}, 422),
    ({"title": ""}, 422),
    ({"kind": "fiesta"}, 422),
    ({"topic_name": ""}, 422),
    ({"topic": str(NOWHERE), "topic_name": ""}, 409),
    ({"topic_name": "riesgos de la migración irregular"}, 409),
]


async def test_wrong_courses_are_shown_again(client: AsyncClient, cast: Cast) -> None:
    await make.make_topic()
    await as_(client, cast, "coordinator")
    form = {"kind": "taller", "topic_name": "Otro tema", "title": "Un curso", "hours": "4", "summary": "Lo escrito"}

    for fields, status in WRONG:
        answer = await post(client, "/panel/cursos/nuevo", {**form, **fields})

        assert answer.status_code == status, fields
        assert "Lo escrito" in answer.text, fields
        assert await Course.all().count() == 0, fields
        assert await Topic.all().count() == 1, fields


async def test_catalogue_refuses_what_is_there_and_what_is_not(cast: Cast) -> None:
    course = await make.make_course("Estafas en ofertas de trabajo")
    plan = course_actions.CoursePlan(
        kind=course.kind, topic_id=course.topic_id, title="ESTAFAS en ofertas de trabajo", minutes=60
    )

    with pytest.raises(Refusal, match="Ya hay un curso"):
        await course_actions.create_course(plan, actor=PROGRAM)
    with pytest.raises(Refusal, match="tema de la lista"):
        await course_actions.create_course(replace(plan, title="Otro", topic_id=NOBODY), actor=PROGRAM)
    with pytest.raises(Refusal, match="horas"):
        await course_actions.create_course(replace(plan, title="Otro", minutes=0), actor=PROGRAM)
    with pytest.raises(Refusal, match="1 a 100"):
        await course_actions.create_course(replace(plan, title="Otro", completion_share=101), actor=PROGRAM)
    with pytest.raises(Refusal, match="Ya hay un tema"):
        await course_actions.create_topic("RIESGOS de la migracion irregular", actor=PROGRAM)
    with pytest.raises(Refusal, match="Ya hay un tema"):
        await course_actions.create_topic("Otro nombre", slug="riesgos", actor=PROGRAM)
    with pytest.raises(NotFound):
        await course_actions.edit_course(NOBODY, plan, actor=PROGRAM)


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


WRONG_NAMES: list[str] = ["", "  ", "x" * 161, "TRATA de personas"]


async def test_wrong_name_is_refused_at_its_field(client: AsyncClient, cast: Cast) -> None:
    await make.make_topic()
    await make.make_topic("trata", "Trata de personas")
    await as_(client, cast, "platform")

    for name in WRONG_NAMES:
        answer = await post(client, PAGE, {"topic_name": name})

        assert answer.status_code in (409, 422), name
        assert 'aria-invalid="true"' in answer.text, name
        assert (await Topic.get(slug="riesgos")).name == "Riesgos de la migración irregular", name


async def test_unknown_topic_is_unknown(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "platform")

    for answer in (await client.get(PAGE), await post(client, PAGE, {"topic_name": "Riesgos"})):
        assert answer.status_code == 404
