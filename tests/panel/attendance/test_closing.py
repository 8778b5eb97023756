"""At the door's page: people without a ticket, closing the session."""

from __future__ import annotations

from tests import make
from tests.attendance.browsers import (
    ROSA,
    Freeze,
    NewClient,
    open_held_door,
    path_of,
    signed_in,
)
from tests.attendance.doors import hours, qr_of, scan, stay, take
from tests.attendance.uploading import event, h, make_device, send
from tests.cast import make_cast
from tests.web.pages import Page
from trainings.attendance.models import Device, ScanEvent
from trainings.lib import tokens
from trainings.people.models import Consent
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession

# -- without a ticket


async def test_walk_in_is_written_down_with_consent_read_aloud_and_present(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    form = Page((await client.get(f"{path_of(door)}/sin-boleto")).text)
    key = str(form.one("input", name="id")["value"])
    assert not [one for one in form.all("option") if one["value"] in ("12-13", "14-17")]

    answer = await client.post(f"{path_of(door)}/sin-boleto", data=ROSA | {"id": key, "sex": "mujer"})
    again = await client.post(f"{path_of(door)}/sin-boleto", data=ROSA | {"id": key, "sex": "mujer"})

    assert again.headers["location"] == answer.headers["location"]
    rosa = await Registration.get(source="walk_in")
    assert (await stay(door, rosa)).is_present is True
    [consent] = await Consent.filter(how="read_aloud")
    assert consent.recorded_by_id == cast.facilitator.id
    page = Page((await client.get(answer.headers["location"])).text)
    assert "Rosa Amalia C. X." in page.text
    assert await ScanEvent.all().count() == 1


async def test_walk_in_without_consent_or_name_or_too_young_is_refused_and_kept(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    path, key = f"{path_of(door)}/sin-boleto", str(tokens.uuid7())

    silent = await client.post(path, data=ROSA | {"id": key, "consent_data": ""})
    nameless = await client.post(path, data=ROSA | {"id": key, "given_names": " "})
    minor = await client.post(path, data=ROSA | {"id": key, "age_group": "14-17"})
    tampered = await client.post(path, data=ROSA | {"id": "x"})

    assert [one.status_code for one in (silent, nameless, minor, tampered)] == [422, 422, 409, 422]
    for answer in (silent, nameless, minor):
        page = Page(answer.text)
        assert page.one("input", name="surnames")["value"] == "Coc Xol"
        assert page.one("input", name="id")["value"] == key
    assert await Registration.all().count() == 1


# -- closing


async def test_closing_says_what_it_means_then_counts_hours_and_may_be_taken_back(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    await make.make_registration(door.training, given_names="Berta")
    await take(door, scan(qr_of(door.ana), door.starts_at))
    freeze(door.ends_at)
    client = await signed_in(new_client, cast, "facilitator")
    hers, told = await make_device(door, n_unsent=2), await make_device(door, last_seen_at=door.ends_at)
    await Device.filter(id=told.id).update(name="Teléfono de Luis")
    await Device.filter(id=hers.id).update(last_seen_at=door.starts_at)
    asked = await client.get(f"{path_of(door)}/cerrar")
    words = Page(asked.text).text
    held, absent = words.index("Teléfono de Ana guarda 2 marcas sin enviar"), words.index("Falta 1 persona inscrita")
    assert held < absent, "what may still come is told before who is absent"
    assert "Teléfono de Ana no se ha comunicado desde" in words
    assert "Teléfono de Luis" not in words, "it was heard of since, with nothing left on it"
    await Device.all().update(last_seen_at=door.ends_at, n_unsent=0)
    assert "sin esperar" not in (await client.get(f"{path_of(door)}/cerrar")).text
    assert (await TrainingSession.get(id=door.key)).closed_at is None

    answer = await client.post(f"{path_of(door)}/cerrar")

    assert answer.headers["location"] == path_of(door)
    session = await TrainingSession.get(id=door.key)
    assert (session.closed_at, session.closed_by_id) == (door.ends_at, cast.facilitator.id)
    assert await hours(door.ana) == (240, True)
    page = Page((await client.get(path_of(door))).text)
    assert "La sesión está cerrada" in page.text
    assert page.one("form", action=f"{path_of(door)}/reabrir")
    assert not page.all("input", name="registration", value=str(door.ana.id)), "nobody is marked any more"
    assert (await client.get(f"{path_of(door)}/cerrar")).headers["location"] == path_of(door)
    await client.post(f"{path_of(door)}/reabrir")
    assert (await TrainingSession.get(id=door.key)).closed_at is None


async def test_closing_says_that_who_is_absent_may_be_among_what_waits_for_an_answer(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.ends_at)
    client = await signed_in(new_client, cast, "facilitator")
    gone = await make_device(door, revoked_at=door.starts_at)
    await send(gone, event(door, h=h(door.ana)), event(door, kind="consent", how="button"))

    page = Page((await client.get(f"{path_of(door)}/cerrar")).text)

    assert "Hay 1 marca que no cuenta hasta que la coordinación decida: quien falta puede estar ahí." in page.text
    assert page.one("a", href=f"/panel/sesiones/{door.key}/revisar")


async def test_session_that_has_not_begun_is_not_closed(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await client.post(f"{path_of(door)}/cerrar")

    assert answer.status_code == 409
    assert "La sesión todavía no empieza." in answer.text
