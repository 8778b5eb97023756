"""Whose course it is: its municipality changes it, one of nobody the platform, and others copy it."""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_, post
from trainings.accounts.actions import grant_role
from trainings.accounts.models import Role
from trainings.audit.actor import PROGRAM
from trainings.places.models import Operator
from trainings.schedule.models import Course, CoursePrerequisite, Topic


async def form_of(course: Course, **fields: str) -> dict[str, str]:
    """A course as its form posts it."""
    values = {"kind": course.kind.value, "topic": str(course.topic_id), "title": course.title, "hours": "4"}
    return values | {"completion_share": "80", "is_active": "yes"} | fields


async def owned(title: str = "Mitos y realidades", **columns: Any) -> Course:
    """A course of the municipality of La Libertad."""
    return await make.make_course(title, operator=await make.make_operator(), **columns)


async def test_course_when_another_municipality_would_change_it_then_refused(client: AsyncClient, cast: Cast) -> None:
    course = await owned()
    await as_(client, cast, "coordinator_elsewhere")

    page = await client.get(f"/panel/cursos/{course.id}/editar")
    answer = await post(client, f"/panel/cursos/{course.id}/editar", await form_of(course, completion_share="1"))

    assert (page.status_code, answer.status_code) == (403, 403)
    assert "Cópielo" in answer.text
    assert (await Course.get(id=course.id)).completion_share == 80


async def test_course_when_the_platform_would_change_a_municipalitys_then_refused(
    client: AsyncClient, cast: Cast
) -> None:
    course = await owned()
    await as_(client, cast, "platform")

    answer = await post(client, f"/panel/cursos/{course.id}/editar", await form_of(course, completion_share="90"))

    assert answer.status_code == 403


@pytest.mark.parametrize(("who", "code"), [("coordinator_elsewhere", "1207"), ("admin", "1705"), ("platform", None)])
async def test_new_course_then_it_is_of_the_municipality_of_who_made_it(
    client: AsyncClient, cast: Cast, who: str, code: str | None
) -> None:
    await as_(client, cast, who)
    form = {"kind": "taller", "topic_name": "Trata", "title": "Trata: denuncia", "hours": "2"}

    answer = await post(client, "/panel/cursos/nuevo", {**form, "completion_share": "80"})

    owner = await Operator.get_or_none(courses__title="Trata: denuncia")
    assert (answer.status_code, owner and owner.code) == (303, code)


async def test_course_when_copied_then_the_copy_is_ones_own_and_the_first_stays(
    client: AsyncClient, cast: Cast
) -> None:
    before = await make.make_course("Antes")
    course = await owned("Ruta de protección", pass_mark=60)
    await CoursePrerequisite.create(course=course, required=before)
    await as_(client, cast, "coordinator_elsewhere")

    listed = await client.get("/panel/cursos")
    answer = await post(client, f"/panel/cursos/{course.id}/copiar", {})
    copy = await Course.get(title=course.title, operator__code="1207").prefetch_related("prerequisites")
    changed = await post(client, answer.headers["location"], await form_of(copy, hours="8", completion_share="100"))
    again = await post(client, f"/panel/cursos/{course.id}/copiar", {})
    relisted = await client.get("/panel/cursos")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/panel/cursos/{copy.id}/editar")
    assert (copy.contents, copy.pass_mark) == (course.contents, 60)
    assert [one.required_id for one in copy.prerequisites] == [before.id]
    assert (changed.status_code, again.status_code) == (303, 409)
    await course.refresh_from_db()
    assert (course.minutes, course.completion_share) == (240, 80)
    assert listed.text.count(f"/panel/cursos/{course.id}/copiar") == 1
    assert f"/panel/cursos/{course.id}/copiar" not in relisted.text
    assert f"/panel/cursos/{before.id}/copiar" in relisted.text


async def test_catalogue_when_a_course_is_ones_own_then_it_is_changed_and_not_copied(
    client: AsyncClient, cast: Cast
) -> None:
    course = await owned()
    await as_(client, cast, "coordinator")

    page = (await client.get("/panel/cursos")).text

    assert f"/panel/cursos/{course.id}/editar" in page
    assert f"/panel/cursos/{course.id}/copiar" not in page


async def test_training_form_when_ones_municipality_has_a_copy_then_it_alone_is_offered(
    client: AsyncClient, cast: Cast
) -> None:
    own = await owned()
    theirs = await make.make_course(own.title, operator=await Operator.get(code="1207"))
    other = await make.make_course("De Tacaná", operator=await Operator.get(code="1207"))
    await as_(client, cast, "coordinator")

    page = (await client.get("/panel/capacitaciones/nueva")).text

    assert f'value="{own.id}"' in page
    assert f'value="{theirs.id}"' not in page
    assert f'value="{other.id}"' in page
    assert "De Tacaná (taller, Municipalidad de Tacaná, San Marcos)" in page


async def test_public_topic_when_a_course_has_copies_then_it_is_told_once(client: AsyncClient, cast: Cast) -> None:
    topic = await make.make_topic()
    await owned(topic=topic, summary="La copia.")
    await make.make_course("Mitos y realidades", topic=topic, summary="El primero.")

    page = (await client.get(f"/temas/{topic.slug}")).text

    assert ("El primero." in page, "La copia." in page) == (True, False)


async def test_topic_when_all_its_courses_are_ones_own_then_renamed(client: AsyncClient, cast: Cast) -> None:
    topic = await make.make_topic()
    await owned(topic=topic)
    await as_(client, cast, "coordinator")

    answer = await post(client, f"/panel/cursos/temas/{topic.slug}", {"topic_name": "Otro nombre"})

    assert answer.status_code == 303


async def test_catalogue_when_a_municipal_administrator_leads_no_hub_then_no_course_of_nobody_is_made(
    client: AsyncClient, cast: Cast
) -> None:
    course = await owned()
    await make.sign_in(client, await make.make_user(Role.MUNICIPAL_ADMIN))
    form = {"kind": "taller", "topic_name": "Trata", "title": "Trata: denuncia", "hours": "2", "completion_share": "80"}

    copied = await post(client, f"/panel/cursos/{course.id}/copiar", {})
    made = await post(client, "/panel/cursos/nuevo", form)

    for answer in (copied, made):
        assert answer.status_code == 409
        assert "Usted todavía no coordina ninguna ventanilla." in answer.text
    assert 'value="Trata: denuncia"' in made.text
    assert await Course.all().count() == 1
    assert not await Topic.exists(name="Trata")


async def both(client: AsyncClient, cast: Cast) -> dict[str, Operator]:
    """La Libertad's coordinator, signed in, who coordinates in San Marcos too; the two by their codes."""
    await grant_role(cast.coordinator, Role.HUB_COORDINATOR, actor=PROGRAM, hub_id=cast.elsewhere.id)
    await as_(client, cast, "coordinator")
    found = await Operator.filter(id__in=[cast.hub.operator_id, cast.elsewhere.operator_id])
    return {one.code: one for one in found}


async def test_course_when_one_coordinates_at_two_then_copied_for_either(client: AsyncClient, cast: Cast) -> None:
    course = await make.make_course("Ruta de protección")
    own = await both(client, cast)
    path = f"/panel/cursos/{course.id}/copiar"

    listed = (await client.get("/panel/cursos")).text
    unsaid = await post(client, path, {})
    made = [await post(client, path, {"operator": str(one.id)}) for one in own.values()]
    relisted = (await client.get("/panel/cursos")).text

    assert [f"Copiar para {one.name}" in listed for one in own.values()] == [True, True]
    assert [answer.status_code for answer in (unsaid, *made)] == [409, 303, 303]
    copies = await Course.filter(title=course.title).values_list("operator_id", flat=True)
    assert set(copies) == {None, *(one.id for one in own.values())}
    assert "/copiar" not in relisted


async def test_new_course_when_one_coordinates_at_two_then_asked_whose_it_is(client: AsyncClient, cast: Cast) -> None:
    own = await both(client, cast)
    form = {"kind": "taller", "topic_name": "Trata", "title": "Trata: denuncia", "hours": "2", "completion_share": "80"}
    stranger = await make.make_operator("0101")

    asked = (await client.get("/panel/cursos/nuevo")).text
    unsaid = await post(client, "/panel/cursos/nuevo", form)
    others = await post(client, "/panel/cursos/nuevo", form | {"operator": str(stranger.id)})
    said = await post(client, "/panel/cursos/nuevo", form | {"operator": str(own["1207"].id)})

    assert [f">{one.name}</option>" in asked for one in own.values()] == [True, True]
    assert [answer.status_code for answer in (unsaid, others, said)] == [409, 409, 303]
    assert 'value="Trata: denuncia"' in unsaid.text
    assert (await Course.get(title="Trata: denuncia")).operator_id == own["1207"].id


async def test_new_course_when_one_coordinates_at_one_then_nothing_is_asked(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    assert 'name="operator"' not in (await client.get("/panel/cursos/nuevo")).text
