"""The review pages: what a coordinator reads and presses, what the others only see, and what no page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.doors import Opened, hours
from tests.attendance.filled_slips import answers, slip
from tests.attendance.uploading import event, h, make_device, send
from tests.cast import Cast
from tests.registrations.card_world import make_spare_cards
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.models import Decision, Device, ScanEvent, WalkInSlip
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.registrations.models import Registration, Source
from trainings.schedule.models import TrainingSession

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)


@pytest.fixture
async def door(cast: Cast, freeze: Freeze) -> Opened:
    """A session of yesterday that Ana Coc holds, with two people on it."""
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc", community="Las Pozas")
    await make.make_registration(training, given_names="Beto", surnames="Tzul")
    session = training.sessions[0]
    freeze(session.ends_at + HOUR)
    return Opened(training, session, ana)


def text_of(answer: Response) -> str:
    """The words of a page, without tags."""
    words = re.sub(r"<[^>]+>", " ", answer.text.replace("\xa0", " "))
    return re.sub(r"\s+", " ", words)


def path(door: Opened) -> str:
    return f"/panel/sesiones/{door.key}/revisar"


async def decision_of(key: UUID) -> str:
    return (await ScanEvent.get(id=key)).decision.value


async def test_nothing_odd_then_the_pages_say_so(client: AsyncClient, cast: Cast, door: Opened) -> None:
    await send(await make_device(door), event(door, h=h(door.ana)))
    await make.sign_in(client, cast.coordinator)

    assert "Nada por decidir" in text_of(await client.get(path(door)))
    assert "Nada por revisar" in text_of(await client.get("/panel/revisar/asistencia"))
    assert "/revisar" not in (await client.get(f"/panel/sesiones/{door.key}/asistencia")).text
    assert "de asistencia" not in text_of(await client.get("/panel"))


async def test_marks_are_told_in_words_and_decided_one_by_one_and_taken_back(
    client: AsyncClient, cast: Cast, door: Opened
) -> None:
    gone = await make_device(door, revoked_at=door.starts_at)
    token = tokens.qr_token()
    await send(gone, event(door, h=h(door.ana)), event(door, code=token, known=False))
    beto = await Registration.get(participant__given_names="Beto")
    in_use = await make_device(door)
    await send(in_use, event(door, door.starts_at + HOUR, kind="left", h=h(beto), stated_at=0))
    await make.sign_in(client, cast.coordinator)

    page = await client.get(path(door))
    words = text_of(page)

    assert "Se fue antes a las 6:00 p. m. · Cámara · Teléfono de Ana · miércoles 31 de diciembre de 1969" in words

    assert "Vienen de un teléfono que ya no está en uso 2" in words
    assert "Ana Lucía B. C. Las Pozas Llegó a las 8:30 a. m. · Cámara · Teléfono de Ana" in words
    assert f"Código que termina en {token[-4:]}" in words
    assert token not in page.text
    assert "3 marcas por decidir" in text_of(await client.get("/panel/revisar/asistencia"))
    assert "3 marcas por decidir" in text_of(await client.get(f"/panel/sesiones/{door.key}/asistencia"))
    assert "Decidir 3 marcas de asistencia" in text_of(await client.get("/panel"))

    key = (await ScanEvent.get(registration_id=door.ana.id)).id
    done = await client.post(path(door), data={"marca": str(key), "hacer": "cuenta"})
    assert (done.status_code, done.headers["location"]) == (303, path(door))
    assert await hours(door.ana) == (240, True)
    words = text_of(await client.get(path(door)))
    assert "Lo que ya se decidió" in words
    assert "Cuenta Rosa Xol," in words
    await client.post(path(door), data={"marca": str(key), "hacer": "deshacer"})
    assert await hours(door.ana) == (0, False)
    assert (await client.post(path(door), data={"marca": "x", "hacer": "cuenta"})).status_code == 422
    assert (await client.post(path(door), data={"marca": str(key), "hacer": "borrar"})).status_code == 422


async def test_whole_phone_by_its_two_buttons_or_one_where_nobody_has_a_name(
    client: AsyncClient, cast: Cast, door: Opened
) -> None:
    beto = await Registration.get(participant__given_names="Beto")
    gone = await make_device(door, revoked_at=door.starts_at)
    await send(gone, event(door, h=h(door.ana)), event(door, h=h(beto)))
    await make.sign_in(client, cast.coordinator)
    page = (await client.get(path(door))).text
    until = re.search(r'name="hasta" value="([^"]+)"', page)
    assert until is not None

    await client.post(path(door), data={"telefono": str(gone.id), "hasta": until[1], "hacer": "no-cuenta"})

    assert {one.decision for one in await ScanEvent.all()} == {Decision.DISMISSED}
    assert await hours(door.ana) == (0, False)
    cards = [card.qr_hash[:24] for card in await make_spare_cards(door.training, 2)]
    await send(await make_device(door), *(event(door, kind="walkin", h=card) for card in cards))
    words = text_of(await client.get(path(door)))
    assert ("Ninguna cuenta" in words, "Todas cuentan" in words) == (True, False), "nameless cards are asked about"


async def test_whose_it_is_is_chosen_from_the_list(client: AsyncClient, cast: Cast, door: Opened) -> None:
    await send(await make_device(door), event(door, code=tokens.qr_token(), known=False))
    key = (await ScanEvent.get()).id
    await make.sign_in(client, cast.coordinator)

    chosen = f"{path(door)}/persona"
    words = text_of(await client.get(chosen, params={"marca": str(key)}))
    found = text_of(await client.get(chosen, params={"marca": str(key), "q": "ana"}))
    nobody = await client.post(chosen, data={"marca": str(key)})
    await client.post(chosen, data={"marca": str(key), "registration": str(door.ana.id)})
    again = await client.get(chosen, params={"marca": str(key)})

    assert ("Ana Lucía B. C." in words, "Beto T." in words) == (True, True)
    assert ("Ana Lucía B. C." in found, "Beto T." in found) == (True, False)
    assert (nobody.status_code, "Escoja a la persona" in nobody.text) == (422, True)
    assert await hours(door.ana) == (240, True)
    assert again.status_code == 303


async def test_who_does_not_lead_sees_and_does_not_decide(client: AsyncClient, cast: Cast, door: Opened) -> None:
    gone, other = await make_device(door, revoked_at=door.starts_at), await make_device(door)
    await send(gone, event(door, h=h(door.ana)))
    key = (await ScanEvent.get()).id
    for phone in (other, await make_device(door)):
        await send(phone, event(door, kind="heads", how="button", number=1))

    for user in (cast.facilitator, cast.assistant):
        await make.sign_in(client, user)
        page = await client.get(path(door))
        assert "decide quien coordina" in page.text
        assert "Acompañantes de 2 teléfonos" in page.text
        assert 'name="hacer"' not in page.text
        assert (await client.post(path(door), data={"marca": str(key), "hacer": "cuenta"})).status_code == 403
    await make.sign_in(client, cast.coordinator_elsewhere)
    assert (await client.post(path(door), data={"marca": str(key), "hacer": "cuenta"})).status_code == 404
    assert await decision_of(key) == ""


async def test_companions_of_two_phones_are_told_by_phone_and_those_of_one_are_put_aside(
    client: AsyncClient, cast: Cast, door: Opened, freeze: Freeze
) -> None:
    """Two people at one door who count the same children."""
    ana, beto = await make_device(door), await make_device(door)
    await Device.filter(id=beto.id).update(name="Teléfono de Beto")
    attendance = f"/panel/sesiones/{door.key}/asistencia"
    await make.sign_in(client, cast.coordinator)
    await send(ana, event(door, kind="heads", how="button", number=2))
    assert "Teléfono de Ana" not in text_of(await client.get(attendance)), "one phone: nothing to compare"
    first, more = (event(door, kind="heads", how="button", number=1) for _ in range(2))
    await send(beto, first, more, event(door, kind="undo", target=more["id"]))

    said = "3 acompañantes ( Teléfono de Ana: 2 · Teléfono de Beto: 1 )"
    assert said in text_of(await client.get(attendance))
    assert said in text_of(await client.get(f"{attendance}/cerrar"))
    page = await client.get(path(door))
    assert "Acompañantes de 2 teléfonos" in text_of(page)
    [until] = re.findall(rf'value="{beto.id}".*?name="hasta" value="([^"]+)"', page.text)
    freeze(door.ends_at + 2 * HOUR)
    await send(beto, event(door, kind="heads", how="button", number=4))
    answer = {"telefono": str(beto.id), "hasta": until, "que": "acompanantes", "hacer": "no-cuenta"}
    await client.post(path(door), data=answer)

    assert "6 acompañantes ( Teléfono de Ana: 2 · Teléfono de Beto: 4 )" in text_of(await client.get(attendance)), (
        "what nobody had seen yet still counts"
    )
    page = await client.get(path(door))
    assert "Teléfono de Beto No cuenta" in text_of(page)
    key = UUID(first["id"])
    assert await decision_of(key) == "dismissed"
    await client.post(path(door), data={"marca": str(key), "hacer": "deshacer"})
    assert "7 acompañantes" in text_of(await client.get(attendance))
    assert (
        await client.post(path(door), data=answer | {"telefono": str(ana.id), "hasta": "2020-01-01T00:00Z"})
    ).status_code == 422
    await client.post(path(door), data=answer | {"hasta": clock.now().isoformat()})
    await send(beto, event(door, kind="heads", how="button", number=-1))
    said = text_of(await client.get(attendance))
    assert ("2 acompañantes" in said, "Teléfono de Beto" in said) == (True, False), "one back of those put aside"


async def test_pending_close_is_confirmed_with_one_button(client: AsyncClient, cast: Cast, door: Opened) -> None:
    first, second = await make_device(door), await make_device(door)
    ended = door.starts_at + HOUR
    await send(first, event(door, h=h(door.ana)), event(door, ended, kind="close", how="button"))
    await make.sign_in(client, cast.facilitator)

    words = text_of(await client.get(path(door)))
    assert f"Falta que se comunique este teléfono: {second.name}." in words
    assert "las horas cuentan solo hasta las 9:30 a. m." in words
    await client.post(f"{path(door)}/cerrar")

    assert (await TrainingSession.get(id=door.key)).closed_at == ended
    late = await Registration.get(participant__given_names="Beto")
    await send(second, event(door, h=h(late)))
    assert await hours(late) == (60, False)
    assert "La marca llegó después de cerrar la sesión 1" in text_of(await client.get(path(door)))
    assert (await client.post(f"{path(door)}/cerrar")).status_code == 303, "twice is once"
    too_late = await client.post(f"{path(door)}/abierta")
    assert (too_late.status_code, "Mientras tanto se cerró la sesión" in text_of(too_late)) == (409, True)


async def test_pending_close_was_a_mistake_then_the_session_goes_on(
    client: AsyncClient, cast: Cast, door: Opened, freeze: Freeze
) -> None:
    first, second = await make_device(door), await make_device(door)
    await send(first, event(door, door.starts_at + HOUR, kind="close", how="button"))
    await make.sign_in(client, cast.assistant)
    assert (await client.post(f"{path(door)}/abierta")).status_code == 403
    await make.sign_in(client, cast.facilitator)

    said = await client.post(f"{path(door)}/abierta")
    await client.post(f"{path(door)}/abierta")

    words = text_of(await client.get(said.headers["location"]))
    assert ("La sesión sigue abierta" in words, "Cierre pendiente" in words) == (True, False)
    of_before = await client.post(f"{path(door)}/cerrar")
    assert (of_before.status_code, "Ya no hay un cierre pendiente" in text_of(of_before)) == (409, True)
    assert f'href="/panel/sesiones/{door.key}/asistencia"' in of_before.text, "where it says to go"
    await send(second)
    assert (await TrainingSession.get(id=door.key)).closed_at is None
    assert await AuditLine.filter(act="attendance.reopen").count() == 1
    freeze(door.ends_at + 3 * HOUR)
    await send(first, event(door, door.ends_at + 2 * HOUR, kind="close", how="button"))
    assert "Cierre pendiente" in text_of(await client.get(path(door))), "what is said later counts anew"


# -- slips


async def test_closing_that_a_phone_takes_back_once_it_took_effect_then_told_as_that(
    client: AsyncClient, cast: Cast, door: Opened
) -> None:
    device = await make_device(door, prepared_by_id=cast.coordinator.id)
    ended = event(door, door.ends_at, kind="close", how="button")
    heads = event(door, door.ends_at, kind="heads", how="button", number=2)
    await send(device, heads, ended)
    assert (await TrainingSession.get(id=door.key)).closed_at == door.ends_at

    await send(device, *(event(door, door.ends_at, kind="undo", target=one["id"]) for one in (ended, heads)))

    assert (await TrainingSession.get(id=door.key)).closed_at == door.ends_at
    await make.sign_in(client, cast.coordinator)
    said = text_of(await client.get(path(door)))
    assert "Deshizo el cierre de la sesión" in said
    assert said.count("la sesión sigue cerrada. Si fue un error, ábrala otra vez.") == 1


async def test_slip_is_corrected_and_registered(client: AsyncClient, cast: Cast, door: Opened) -> None:
    [card] = await make_spare_cards(door.training)
    await send(await make_device(door), event(door, kind="walkin", h=card.qr_hash[:24]), slip(door, card, consent=None))
    kept = await WalkInSlip.get()
    await make.sign_in(client, cast.coordinator)

    listed = await client.get(path(door))
    opened = await client.get(f"{path(door)}/ficha", params={"ficha": str(kept.id)})
    assert "No dice que la persona aceptó" in text_of(listed)
    assert "Berta" not in listed.text, "what it says is behind one more step, which is logged"
    assert 'value="Berta Luz"' in opened.text
    line = await AuditLine.get(act="attendance.open_slip")
    assert (line.actor_id, line.object_id, line.hub_id) == (cast.coordinator.id, kept.id, cast.hub.id)

    typed = {name: str(value) for name, value in answers(door).items()} | {"ficha": str(kept.id)}
    refused = await client.post(f"{path(door)}/ficha", data=typed)
    wrong = await client.post(f"{path(door)}/ficha", data=typed | {"phone": "12", "consent_data": "yes"})
    done = await client.post(f"{path(door)}/ficha", data=typed | {"consent_data": "yes"})

    assert (refused.status_code, "Sin su permiso no se guardan" in refused.text) == (422, True)
    assert (wrong.status_code, "Escriba los 8 números" in wrong.text) == (422, True)
    assert done.status_code == 303
    berta = await Registration.get(source=Source.WALK_IN)
    assert await hours(berta) == (240, True)
    again = await client.get(f"{path(door)}/ficha", params={"ficha": str(kept.id)})
    assert again.status_code == 303
    assert (await client.post(f"{path(door)}/ficha", data=typed | {"consent_data": "yes"})).status_code == 409


async def test_typing_goes_on_with_the_slip_after_this_one_and_from_the_list_back_to_the_list(
    client: AsyncClient, cast: Cast, door: Opened
) -> None:
    cards = await make_spare_cards(door.training, 4)
    device = await make_device(door)
    await send(device, *(slip(door, card, consent=None) for card in cards))
    first, second, third, fourth = await WalkInSlip.all().order_by("written_at", "id")
    await make.sign_in(client, cast.coordinator)
    where = f"{path(door)}/ficha"

    async def after(one: WalkInSlip, **fields: str) -> str:
        return (await client.post(where, data={"ficha": str(one.id)} | fields)).headers["location"]

    from_list = Page((await client.get(path(door))).text).all("button", name="hacer")[0]["value"]
    assert await after(third, hacer=str(from_list)) == f"{path(door)}#fichas"
    assert await AuditLine.filter(act="attendance.open_slip").count() == 0
    typed = {name: str(value) for name, value in answers(door).items()} | {"consent_data": "yes"}
    assert await after(second, **typed) == f"{where}?ficha={fourth.id}", "the first was passed over"
    assert await after(fourth, **typed) == f"{where}?ficha={first.id}"
    assert await after(first, **typed) == f"{path(door)}#fichas"


async def test_slip_that_was_written_twice_says_who_has_its_card_and_goes_aside(
    client: AsyncClient, cast: Cast, door: Opened
) -> None:
    [card] = await make_spare_cards(door.training)
    device = await make_device(door)
    broken = event(door, kind="slip", how="button", h=card.qr_hash[:24], sealed="AQIDBA")
    await send(device, event(door, kind="walkin", h=card.qr_hash[:24]), slip(door, card), slip(door, card), broken)
    twice, unread = await WalkInSlip.filter(state="waiting").order_by("problem")
    await make.sign_in(client, cast.coordinator)
    listed = await client.get(path(door))
    assert ("No se puede abrir" in listed.text, listed.text.count("/ficha?ficha=")) == (True, 1), (
        "the other is not offered"
    )
    await client.post(f"{path(door)}/ficha", data={"ficha": str(unread.id), "hacer": "dejar"})

    page = Page((await client.get(f"{path(door)}/ficha", params={"ficha": str(twice.id)})).text)

    assert "Con esa tarjeta llegó: Berta Luz T. C., Las Pozas" in page.text
    same = page.one("button", name="hacer", value="misma")
    await client.post(f"{path(door)}/ficha", data={"ficha": str(twice.id), str(same["name"]): str(same["value"])})
    assert sorted([one.state.value for one in await WalkInSlip.all()]) == ["dismissed", "dismissed", "registered"]
    assert "Nada por decidir" in text_of(await client.get(path(door)))
    assert (await client.post(f"{path(door)}/ficha", data={"ficha": str(tokens.uuid7())})).status_code == 404
    assert await Registration.filter(source=Source.WALK_IN).count() == 1
