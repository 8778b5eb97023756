"""The venues of a hub in the panel: added, corrected, retired, and kept from other hubs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_, filled, one, post, posted
from trainings.places.models import Venue
from trainings.schedule.models import SessionText, Training

pytestmark = pytest.mark.pages

FORM = {
    "name": "Salón de usos múltiples «El Quetzal»",
    "municipality": "1705",
    "address": "Frente al parque",
    "position": "16.787, -90.116",
    "access": ["ramp", "waiting_shade"],
    "capacity": "60",
    "is_active": "yes",
}


async def test_venue_is_added_offered_and_corrected(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    created = await post(client, "/panel/lugares/nuevo", {**FORM, "hub": cast.hub.id})
    venue = await Venue.get(name=FORM["name"])
    listed = await client.get("/panel/lugares")
    offered = await client.get("/panel/capacitaciones/nueva")
    typed = posted((await client.get(f"/panel/lugares/{venue.id}/editar")).text)
    edited = await post(client, f"/panel/lugares/{venue.id}/editar", {**typed, "position": "", "capacity": "80"})

    assert (created.status_code, edited.status_code) == (303, 303)
    assert (venue.hub_id, venue.municipality_id, venue.access) == (cast.hub.id, "1705", ["ramp", "waiting_shade"])
    assert (venue.lat, venue.lon, venue.capacity) == (Decimal("16.787"), Decimal("-90.116"), 60)
    assert "El Quetzal" in listed.text
    assert "El Quetzal" in offered.text
    kept = await Venue.get(id=venue.id)
    assert (kept.name, kept.lat, kept.lon, kept.capacity, kept.access) == (FORM["name"], None, None, 80, venue.access)


async def test_corrected_venue_is_corrected_in_calendars(client: AsyncClient, cast: Cast) -> None:
    start = make.tomorrow_at(8, 30)
    await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[(start, start + timedelta(hours=4))])
    await as_(client, cast, "coordinator")
    typed = posted((await client.get(f"/panel/lugares/{cast.venue.id}/editar")).text)

    await post(client, f"/panel/lugares/{cast.venue.id}/editar", {**typed, "address": "Barrio Nuevo"})

    assert "Barrio Nuevo" in (await SessionText.get()).body


async def test_retired_venue_is_offered_no_more_and_keeps_its_trainings(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    await post(client, "/panel/capacitaciones/nueva", await filled(cast))
    training = await Training.get()
    typed = posted((await client.get(f"/panel/lugares/{cast.venue.id}/editar")).text)

    await post(client, f"/panel/lugares/{cast.venue.id}/editar", {**typed, "is_active": ""})
    fresh = await client.get("/panel/capacitaciones/nueva")
    saved = await post(client, one(training, "/editar"), posted((await client.get(one(training, "/editar"))).text))

    assert cast.venue.name not in fresh.text
    assert saved.status_code == 303
    assert (await Training.get(id=training.id)).venue_id == cast.venue.id


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": ""}, 422),
        ({"municipality": "9999"}, 422),
        ({"municipality": "0000"}, 422),
        ({"position": "aquí"}, 422),
        ({"position": "-90.116, 16.787"}, 422),
        ({"position": "16.787"}, 422),
        ({"access": "elevator"}, 422),
        ({"capacity": "-3"}, 422),
        ({"name": "SALÓN municipal"}, 409),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else "",
)
async def test_wrong_venues_are_shown_again(
    client: AsyncClient, cast: Cast, fields: dict[str, str], status: int
) -> None:
    await Venue.filter(id=cast.venue.id).update(name="Salón municipal")
    await as_(client, cast, "coordinator")

    answer = await post(client, "/panel/lugares/nuevo", {**FORM, "hub": cast.hub.id, **fields})

    assert answer.status_code == status
    assert "Frente al parque" in answer.text
    assert await Venue.all().count() == 2


async def test_venues_of_another_hub_are_not_found(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    there = f"/panel/lugares/{cast.venue_elsewhere.id}/editar"

    answers = [
        await client.get(there),
        await post(client, there, FORM),
        await post(client, "/panel/lugares/nuevo", {**FORM, "hub": cast.elsewhere.id}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert cast.venue_elsewhere.name not in (await client.get("/panel/lugares")).text
    assert await Venue.all().count() == 2


async def test_place_may_be_retired_in_a_browser_too(client: AsyncClient, cast: Cast) -> None:
    """A browser does not send a form whose required box is not ticked."""
    await as_(client, cast, "coordinator")

    page = (await client.get(f"/panel/lugares/{cast.venue.id}/editar")).text

    box = page[page.index('id="is_active"') :].partition(">")[0]
    assert " required" not in box
