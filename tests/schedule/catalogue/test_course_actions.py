"""The catalogue of courses and topics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import NOBODY
from trainings.audit.actor import PROGRAM
from trainings.errors import NotFound, Refusal
from trainings.schedule.catalogue import course_actions


async def test_course_is_created_and_corrected(cast: Cast) -> None:
    topic = await course_actions.create_topic("Trata de personas", actor=PROGRAM)
    plan = course_actions.CoursePlan(
        kind=(await make.make_course()).kind, topic_id=topic.id, title="Trata: denuncia", minutes=240
    )

    course = await course_actions.create_course(plan, actor=PROGRAM)
    await course_actions.edit_course(course.id, replace(plan, minutes=480, contents=(("Denuncia", 60),)), actor=PROGRAM)

    await course.refresh_from_db()
    assert (topic.slug, course.minutes, course.contents) == (
        "trata-de-personas",
        480,
        [{"title": "Denuncia", "minutes": 60}],
    )


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
