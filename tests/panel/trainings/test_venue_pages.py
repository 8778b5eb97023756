"""The venues of a hub in the panel: added, corrected, retired, and kept from other hubs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.schedule.panel import as_, filled, one, post, posted
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList, OutboxJob
from trainings.outreach.actions import TimeAndPlace
from trainings.outreach.models import OutreachActivity
from trainings.places.models import Venue
from trainings.schedule.models import (
    ChangeKind,
    DatedChange,
    PrintKind,
    SessionText,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.staff.printouts import note_printed


async def a_training(cast: Cast, *, hours: int = 24, state: TrainingState = TrainingState.PUBLISHED) -> Training:
    start = clock.now().replace(microsecond=0) + timedelta(hours=hours)
    span = (start, start + timedelta(hours=4))
    return await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[span], state=state)


async def at_venue(cast: Cast) -> TimeAndPlace:
    start = clock.now().replace(microsecond=0) + timedelta(days=3)
    return TimeAndPlace(start, start + timedelta(hours=4), cast.hub.seat_id, cast.venue.id, "El patio")


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

    path, said = f"/panel/lugares/{cast.venue.id}/editar", {**typed, "address": "Barrio Nuevo"}
    asked = await post(client, path, said)
    again = await post(client, path, {**said, "asked": "yes"})
    saved = await post(client, path, {**said, "asked": "yes", "meaning": "correccion"})

    assert (asked.status_code, again.status_code, saved.status_code) == (200, 422, 303)
    assert "¿Es el mismo lugar?" in asked.text
    assert "Barrio Nuevo" in asked.text, "what was typed is kept"
    assert "Diga si es el mismo lugar u otro." in again.text
    assert "Barrio Nuevo" in (await SessionText.get()).body
    assert (await TrainingSession.get()).sequence == 1
    assert not await DatedChange.exists(), "nobody is told of a better word"


async def test_venue_that_is_another_place_is_told_as_a_change_of_place(client: AsyncClient, cast: Cast) -> None:
    coming, over = await a_training(cast), await a_training(cast, hours=-20)
    draft = await a_training(cast, state=TrainingState.DRAFT)
    await make.make_registration(coming, given_names="Ana", email="ana@x.example")
    await make.make_registration(coming, given_names="Beto")
    await note_printed(coming.id, PrintKind.POSTER, actor=PROGRAM)
    fair = await make_activity(cast.hub, when=await at_venue(cast))
    await as_(client, cast, "coordinator")
    path = f"/panel/lugares/{cast.venue.id}/editar"
    await make.make_municipality(make.TACANA)
    said = {**posted((await client.get(path)).text), "name": "Escuela de El Arroyo", "municipality": make.TACANA}

    asked = await post(client, path, said)
    same_name = await post(
        client, path, {**said, "name": cast.venue.name, "municipality": "1705", "address": "Otra", "meaning": "otro"}
    )
    moved = await post(client, path, {**posted(asked.text), "meaning": "otro"})

    assert f"{coming.title}</a>" in asked.text
    assert "2 personas" in asked.text
    assert fair.title in asked.text
    assert (same_name.status_code, moved.status_code) == (409, 303), moved.text
    new, old = await Venue.get(name="Escuela de El Arroyo"), await Venue.get(id=cast.venue.id)
    assert (old.name, old.municipality_id, old.is_active) == (cast.venue.name, "1705", False)
    assert moved.headers["location"] == f"/panel/lugares/{new.id}/editar"
    change = await DatedChange.get(session_id__not_isnull=True)
    assert (change.kind, change.left_venue_id) == (ChangeKind.PLACE, cast.venue.id)
    places = dict(await TrainingSession.all().values_list("training_id", "venue_id"))
    assert places == {coming.id: new.id, over.id: cast.venue.id, draft.id: new.id}
    assert (await Training.get(id=coming.id)).venue_id == new.id
    assert (await OutreachActivity.get(id=fair.id)).municipality_id == make.TACANA
    assert await OutboxJob.exists(kind="training_changed", batch_id=change.batch_id)
    assert await CallList.exists(batch_id=change.batch_id)
    assert f'href="{one(coming, "/cambios")}"' in (await client.get(moved.headers["location"])).text
    told = (await client.get(one(coming, "/cambios"))).text
    assert "Papel con la fecha de antes" in told
    assert f"({cast.venue.name}, La Libertad, Petén)" in told
    public = (await client.get("/capacitaciones")).text
    assert "Escuela de El Arroyo" in public
    assert f"Cambió: antes {cast.venue.name}" in public


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


WRONG: list[tuple[dict[str, str], int]] = [
    ({"name": ""}, 422),
    ({"municipality": "9999"}, 422),
    ({"municipality": "0000"}, 422),
    ({"position": "aquí"}, 422),
    ({"position": "-90.116, 16.787"}, 422),
    ({"position": "16.787"}, 422),
    ({"access": "elevator"}, 422),
    ({"capacity": "-3"}, 422),
    ({"name": "SALÓN municipal"}, 409),
]


async def test_wrong_venues_are_shown_again(client: AsyncClient, cast: Cast) -> None:
    await Venue.filter(id=cast.venue.id).update(name="Salón municipal")
    await as_(client, cast, "coordinator")

    for fields, status in WRONG:
        answer = await post(client, "/panel/lugares/nuevo", {**FORM, "hub": cast.hub.id, **fields})

        assert answer.status_code == status, fields
        assert "Frente al parque" in answer.text, fields
        assert await Venue.all().count() == 2, fields


async def test_venues_of_another_hub_are_not_listed(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    assert cast.venue_elsewhere.name not in (await client.get("/panel/lugares")).text


async def test_place_may_be_retired_in_a_browser_too(client: AsyncClient, cast: Cast) -> None:
    """A browser does not send a form whose required box is not ticked."""
    await as_(client, cast, "coordinator")

    page = (await client.get(f"/panel/lugares/{cast.venue.id}/editar")).text

    box = page[page.index('id="is_active"') :].partition(">")[0]
    assert " required" not in box
