"""The head of the panel: its places for each role, what waits there, and that every page is led to from them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.access_table import IN, PANEL, as_at
from tests.cast import Cast
from tests.counting import statements
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings import clock
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration, RegistrationGroup

BROWSER = {"accept": "text/html,application/xhtml+xml"}
PLACES = {
    "facilitator": "Semana Capacitaciones Ajustes Ayuda",
    "assistant": "Semana Capacitaciones Personas Llamadas Diplomas Ajustes Ayuda",
    "coordinator": "Semana Capacitaciones Personas Llamadas Diplomas Mensajes Ajustes Ayuda",
    "admin": "Semana Capacitaciones Personas Llamadas Diplomas Mensajes Cuentas Ajustes Ayuda",
    "monitor": "Semana Capacitaciones Ajustes Ayuda",
    "platform": "Semana Capacitaciones Cuentas Ajustes Ayuda",
}
VIEWS = {"/panel/semana", "/panel/mes", "/panel/lista", "/panel/sin-actividad"}
"""Tabs of the first page."""
LEADS_BACK = {"/panel/guardado"}
"""What was typed into a session that ended: signing in leads there."""
OF_ITS_FORM = {
    "/panel/importaciones/modelo.xlsx": "the form that takes a list",
    "/panel/buscar": "the search in the head",
}


async def ways(client: AsyncClient, path: str) -> set[str]:
    page = Page((await client.get(path)).text)
    return {str(link["href"]).partition("?")[0].partition("#")[0] for link in page.all("a")}


async def places(client: AsyncClient) -> dict[str, str]:
    """Name and number, by address."""
    text = (await client.get("/panel/cuenta", headers=BROWSER)).text
    head = text.partition('<nav class="nav ways"')[2].partition("</nav>")[0]
    links = [one.partition("</a>")[0] for one in head.split("<a ")[1:]]
    return {one.partition('href="')[2].partition('"')[0]: Page("<a " + one).text.strip() for one in links}


@pytest.mark.parametrize("who", PLACES)
async def test_every_page_is_led_to_from_a_place_of_the_head_or_from_the_page_above_it(
    client: AsyncClient, cast: Cast, who: str
) -> None:
    await as_(client, cast, who)
    named = await places(client)
    led_to = set(named) | {"/panel/cuenta", "/panel/guia"}
    for path in sorted(led_to | VIEWS):
        led_to |= await ways(client, path)

    open_pages = {
        name.removeprefix("GET ")
        for name, rule in PANEL.items()
        if name.startswith("GET ") and "{" not in name and rule.verdict(*as_at(who)) == IN
    }
    lost = {
        path
        for path in open_pages - LEADS_BACK - set(OF_ITS_FORM)
        if path not in led_to and not {str(one) for one in PurePosixPath(path).parents} - {"/", "/panel"} & led_to
    }
    assert " ".join(named.values()) == PLACES[who]
    assert lost == set()


async def test_places_say_how_much_waits_there_and_one_act_shows_at_once(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, approval_required=True)
    held = await make.make_registration(training)
    done = await make.make_registration(training)
    await Registration.filter(id=done.id).update(completed_at=clock.now())
    await OutboxJob.create(kind="own_link_again", payload={}, dedup="a", run_at=clock.now(), hub_id=cast.hub.id)
    await OutboxJob.create(kind="own_link_again", payload={}, dedup="b", run_at=clock.now(), hub_id=cast.elsewhere.id)
    elsewhere = await make.make_training(hub=cast.elsewhere, approval_required=True)
    await make.make_registration(elsewhere)

    await as_(client, cast, "coordinator")
    before = await places(client)
    await RegistrationGroup.filter(id=held.group_id).update(created_at=clock.now() - timedelta(days=1))
    answer = await post(client, f"/panel/inscripciones/{held.id}/aprobar")
    assert answer.status_code == 303, answer.text

    assert before["/panel/personas"] == "Personas 2 esperan"
    assert before["/panel/diplomas"] == "Diplomas 1 espera"
    assert before["/panel/mensajes"] == "Mensajes 1 espera"
    assert before["/panel/llamadas"] == "Llamadas"
    assert (await places(client))["/panel/personas"] == "Personas 1 espera"


async def test_numbers_of_the_head_are_counted_once_for_many_pages(client: AsyncClient, cast: Cast) -> None:
    await make.make_registration(await make.make_training(hub=cast.hub, approval_required=True))
    await as_(client, cast, "coordinator")
    with statements() as plain:
        await client.get("/panel/ajustes")
    with statements() as first:
        await client.get("/panel/ajustes", headers=BROWSER)
    with statements() as later:
        await client.get("/panel/ajustes", headers=BROWSER)

    assert len(first) - len(plain) <= 6
    assert len(later) == len(plain)
