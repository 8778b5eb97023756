"""Donors' projects: who plans adds one, the platform corrects it."""

from __future__ import annotations

from datetime import date

from httpx2 import AsyncClient

from tests.cast import Cast
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings.schedule.models import Project

INDEX = "/panel/proyectos"
TYPED = {
    "name": "Comunidades informadas",
    "donor": "Una donante",
    "starts_on": "2026-10-01",
    "ends_on": "2028-09-30",
    "fiscal_year_month": "10",
}


async def test_project_is_added_by_who_plans_and_corrected_by_the_platform_only(
    client: AsyncClient, cast: Cast
) -> None:
    await as_(client, cast, "coordinator")
    assert (await post(client, f"{INDEX}/nuevo", TYPED)).status_code == 303
    project = await Project.get()
    assert (project.name, project.ends_on, project.fiscal_year_month) == (TYPED["name"], date(2028, 9, 30), 10)
    one = f"{INDEX}/{project.id}/editar"
    assert one not in (await client.get(INDEX)).text
    assert (await post(client, one, TYPED | {"name": "Otro"})).status_code == 403

    await as_(client, cast, "platform")
    assert one in (await client.get(INDEX)).text
    assert (await post(client, one, TYPED | {"name": "Comunidades que saben"})).status_code == 303

    assert (await Project.get()).name == "Comunidades que saben"


async def test_project_that_exists_or_ends_before_it_starts_is_refused_and_what_was_typed_stays(
    client: AsyncClient, cast: Cast
) -> None:
    await as_(client, cast, "coordinator")
    await post(client, f"{INDEX}/nuevo", TYPED)

    for wrong, sentence in (
        ({"name": "comunidades INFORMADAS"}, "Ya hay un proyecto que se llama comunidades INFORMADAS."),
        ({"name": "Otro", "ends_on": "2026-09-30"}, "El proyecto termina antes de empezar."),
        ({"name": ""}, "Nombre del proyecto"),
        ({"starts_on": "ayer"}, "Primer día"),
    ):
        answer = await post(client, f"{INDEX}/nuevo", TYPED | wrong)
        page = Page(answer.text)

        assert answer.status_code == 422
        assert sentence in page.text
        assert page.one("input", name="donor")["value"] == "Una donante"
    assert await Project.all().count() == 1
