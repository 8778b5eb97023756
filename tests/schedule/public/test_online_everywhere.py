"""Where a training is online, no public list, page, picture or paper says the municipality as if it was the place."""

from __future__ import annotations

import re
from urllib.parse import unquote

from httpx2 import AsyncClient

from tests.cast import Cast
from tests.registrations.call_world import MONDAY, Freeze, a_training
from tests.registrations.calls.test_online_changes import FIRST, OTHER, put, shared
from tests.schedule.panel import as_
from trainings.audit.actor import PROGRAM
from trainings.feeds import posters
from trainings.lib.dates import NBSP
from trainings.places.models import Hub
from trainings.schedule.actions import publish
from trainings.schedule.models import ChangeKind, DatedChange, PlaceShown, Training, TrainingState
from trainings.schedule.public.facts import facts_of, invitation
from trainings.schedule.public.pictures import training_card
from trainings.schedule.public.queries import public_training

LISTS = (
    "/capacitaciones?municipio=la-libertad-peten",
    "/incrustar/municipio/la-libertad-peten",
    "/incrustar/municipio/la-libertad-peten/fragmento",
    "/calendario?mes=2027-03",
    "/municipios/la-libertad-peten",
)
STAFF_VIEWS = ("/panel/mes?mes=2027-03", "/panel/semana?desde=2027-03-01", "/panel/lista?mes=2027-03", "/panel")
SEAT = "La Libertad, Petén"


async def line_of(client: AsyncClient, path: str, training: Training) -> str:
    """What a list says behind the title of the training."""
    answer = await client.get(path)
    assert answer.status_code == 200, path
    told = answer.text.split(training.title)[-1]
    return " ".join(re.sub("<[^>]+>", " ", told.partition("</li>")[0]).replace(NBSP, " ").split())


async def on_paper(training: Training, cast: Cast) -> list[str]:
    hub = await Hub.get(id=cast.hub.id).prefetch_related("seat", "operator")
    month = await posters.month_data(hub, MONDAY.date().replace(day=1))
    one = await posters.training_data(await Training.get(id=training.id))
    posted = await public_training(training.slug)
    facts = facts_of(posted)
    return [
        month["pages"][0][0]["place"],
        posters.text_of_month(month).splitlines()[2],
        one["about"],
        posters.text_of_training(one),
        training_card(posted).place,
        facts.about,
        facts.description,
        invitation(posted, "x"),
    ]


async def test_online_is_said_where_the_municipality_would_be(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training(cast, title="Charla de prueba")
    house = cast.venue.name

    await put(training, online_url=FIRST)

    for path in LISTS:
        line = await line_of(client, path, training)
        assert "En línea" in line, path
        assert SEAT not in line.replace(f"{house}, {SEAT}", ""), path
        assert FIRST not in line, path
    assert f"Cambió: antes {house}, {SEAT}" in await line_of(client, LISTS[0], training)
    page = (await client.get(f"/capacitaciones/{training.slug}")).text
    assert "<title>Charla de prueba — " in page
    assert f", {SEAT}</title>" not in page
    assert "En línea. El enlace le llega al inscribirse." in page
    for told in await on_paper(training, cast):
        assert "n línea" in unquote(told)
        assert SEAT not in told

    await as_(client, cast, "coordinator")
    staff = await client.get(f"/panel/capacitaciones/{training.id}")
    assert "<td>En línea" in staff.text
    assert "Sin lugar todavía" not in staff.text
    for path in STAFF_VIEWS:
        assert "En línea" in (await client.get(path)).text, path

    freeze(MONDAY.replace(hour=20))
    await put(training, venue_id=cast.venue.id)

    assert "Cambió" not in await line_of(client, LISTS[0], training), "it is where it was"


async def test_another_link_is_shown_as_a_change_and_never_the_link(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MONDAY)
    training = await a_training(cast, title="Charla de prueba", state=TrainingState.DRAFT)
    await put(training, online_url=FIRST)
    await publish(training.id, actor=PROGRAM)

    await put(training, online_url=OTHER)

    for path in (*LISTS[:4], f"/capacitaciones/{training.slug}"):
        page = (await client.get(path)).text
        assert "Cambió el enlace para entrar" in page, path
        assert FIRST not in page
        assert OTHER not in page
    await DatedChange.all().update(kind=ChangeKind.MOVED)
    assert "Cambió el enlace para entrar" in await line_of(client, LISTS[0], training), "moved and back in between"
    await put(training, online_url=FIRST)
    for path in (LISTS[0], LISTS[3]):
        assert "Cambió" not in await line_of(client, path, training), "it is what it was"


async def test_protected_training_does_not_say_that_it_is_online(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MONDAY)
    protected = {"place_shown": PlaceShown.AFTER_CONFIRMATION, "state": TrainingState.DRAFT}
    training = await a_training(cast, title="Charla de prueba", **protected)
    await put(training, online_url=FIRST)
    await publish(training.id, actor=PROGRAM)

    await put(training, online_url=OTHER)

    for path in LISTS:
        line = await line_of(client, path, training)
        assert SEAT in line, path
        assert not re.search("línea|Cambió", line), path
    assert "Cambió el enlace" not in (await client.get(f"/capacitaciones/{training.slug}")).text
    assert not re.search("(?i)enlace|línea", await shared(training, cast))
    await as_(client, cast, "coordinator")
    staff = (await client.get(f"/panel/capacitaciones/{training.id}/cambios")).text
    assert not re.search("Cambió el enlace|En línea", staff)
    assert "línea" not in (await client.get(f"/capacitaciones/{training.slug}/inscripcion")).text
    assert "En línea" not in await shared(training, cast)
