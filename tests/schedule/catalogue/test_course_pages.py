"""The catalogue in the panel."""

from __future__ import annotations

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import NOWHERE, as_, post
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


async def test_unknown_course_is_not_found(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    assert (await client.get(f"/panel/cursos/{NOWHERE}/editar")).status_code == 404
