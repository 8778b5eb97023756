"""The panel's pages about phones: one button for this one, a code for another, and who sees which."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.prepared_phones import APP, make_phone
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.models import User
from trainings.attendance.device_access import COOKIE
from trainings.attendance.models import Device, DeviceActivity, DeviceSession
from trainings.lib import dates, tokens
from trainings.schedule.models import TrainingState

NewClient = Callable[[], AsyncClient]
FORM = {"content-type": "application/x-www-form-urlencoded"}
THIS, ANOTHER = "/panel/telefonos/este", "/panel/telefonos/otro"


async def send(browser: AsyncClient, path: str, **fields: object) -> Response:
    return await browser.post(path, content=urlencode(fields, doseq=True), headers=FORM)


async def prepared(browser: AsyncClient, user: User, **fields: object) -> set[UUID]:
    """The sessions that the button puts onto the phone of this browser."""
    await make.sign_in(browser, user)
    answer = await send(browser, THIS, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/marcar/#/preparado")
    told = await browser.get("/marcar/api/estado", headers=APP)
    return {UUID(one["id"]) for one in told.json()["sessions"]}


async def test_one_button_prepares_this_phone_and_again_adds_to_the_same(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    await make.sign_in(client, cast.facilitator)
    page = Page((await client.get(f"{THIS}?sesion={training.sessions[0].id}")).text)

    assert page.one("input", name="name")["value"] == "Teléfono de Ana"
    hidden = {one["name"] or "": one["value"] for one in page.all("input", type="hidden")}
    assert hidden.keys() == {"key", "sesion"}
    first = await prepared(client, cast.facilitator, **hidden)
    more = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    second = await prepared(client, cast.facilitator, name="El mío")

    assert first == {training.sessions[0].id}
    assert second == first | {more.sessions[0].id}
    device = await Device.get()
    assert (device.name, device.hub_id, device.prepared_by_id) == ("El mío", cast.hub.id, cast.facilitator.id)


async def test_button_of_an_english_page_leads_to_the_english_program(client: AsyncClient, cast: Cast) -> None:
    await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    await make.sign_in(client, cast.facilitator)

    for language, program in (("en", "/marcar/en/"), ("es-GT", "/marcar/")):
        client.headers["accept-language"] = language

        assert (await send(client, THIS)).headers["location"] == f"{program}#/preparado"
        led = await client.get("/marcar")
        assert (led.status_code, led.headers["location"], led.headers["cache-control"]) == (307, program, "no-store")


async def test_phone_prepared_again_keeps_its_name_unless_somebody_writes_another(
    client: AsyncClient, cast: Cast
) -> None:
    async def suggested() -> str | None:
        return Page((await client.get(THIS)).text).one("input", name="name")["value"]

    await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    await make.make_training(hub=cast.elsewhere)
    await prepared(client, cast.facilitator, name="El Samsung rojo")

    assert await suggested() == "El Samsung rojo"
    await prepared(client, cast.facilitator, name=await suggested())
    await prepared(client, cast.facilitator, name="")
    await prepared(client, cast.coordinator)

    assert [one.name for one in await Device.all()] == ["El Samsung rojo"]
    await make.sign_in(client, cast.coordinator_elsewhere)
    assert await suggested() == "Teléfono de Elsa", "theirs would be another phone"


async def test_each_role_puts_on_what_it_may_mark(new_client: NewClient, cast: Cast) -> None:
    soon, later = make.tomorrow_at(8, days=3), make.tomorrow_at(8, days=20)
    both = [(soon, soon + timedelta(hours=4)), (later, later + timedelta(hours=4))]
    near = [both[0]]
    own = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], sessions=both)
    other = await make.make_training(hub=cast.hub, sessions=near)
    await make.make_training(hub=cast.hub, sessions=[both[1]])
    await make.make_training(hub=cast.hub, sessions=near, state=TrainingState.DRAFT)
    await make.make_training(hub=cast.hub, sessions=near, state=TrainingState.CANCELLED)
    abroad = await make.make_training(hub=cast.elsewhere, sessions=near)
    [first, second], [of_other], [of_abroad] = [
        [one.id for one in sorted(training.sessions, key=lambda one: one.starts_at)]
        for training in (own, other, abroad)
    ]

    assert await prepared(new_client(), cast.facilitator) == {first, second}
    assert await prepared(new_client(), cast.facilitator, sesion=first) == {first, second}
    assert await prepared(new_client(), cast.coordinator) == {first, of_other}
    assert await prepared(new_client(), cast.coordinator, sesion=first) == {first, second}
    assert await prepared(new_client(), cast.coordinator_elsewhere) == {of_abroad}
    refused = new_client()
    await make.sign_in(refused, cast.facilitator)
    for key in (of_other, of_abroad, tokens.uuid7(), "x"):
        assert (await send(refused, THIS, sesion=key)).status_code == 404
    nothing = new_client()
    await make.sign_in(nothing, cast.facilitator_elsewhere)
    assert (await send(nothing, THIS)).status_code == 409
    assert COOKIE not in nothing.cookies


async def test_code_for_another_phone_is_shown_once_and_binds_what_was_chosen(
    new_client: NewClient, cast: Cast
) -> None:
    staff, phone = new_client(), new_client()
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    theirs = await make.make_training(hub=cast.elsewhere)
    activity = await make_activity(cast.hub)
    await make.sign_in(staff, cast.facilitator)
    page = Page((await staff.get(ANOTHER)).text)
    assert {one["value"] for one in page.all("input", name="para")} == {str(training.sessions[0].id), str(activity.id)}

    chosen = [training.sessions[0].id, theirs.sessions[0].id, activity.id]
    shown = await send(staff, ANOTHER, name="Teléfono de Luis", para=chosen)

    device = await Device.get()
    [code] = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", Page(shown.text).text)
    assert device.enrol_hash == tokens.digest(code.replace("-", ""), "phone_code")
    assert shown.headers["cache-control"] == "no-store"
    claimed = await phone.post("/marcar/api/alta", json={"code": code}, headers=APP)
    assert claimed.json()["device"]["name"] == "Teléfono de Luis"
    assert [key for (key,) in await DeviceSession.all().values_list("session_id")] == [training.sessions[0].id]
    assert [key for (key,) in await DeviceActivity.all().values_list("activity_id")] == [activity.id]
    assert code not in (await staff.get("/panel/telefonos")).text


async def test_code_needs_a_name_and_something_to_mark(client: AsyncClient, cast: Cast) -> None:
    await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    await make.sign_in(client, cast.facilitator)

    answers = [
        await send(client, ANOTHER, name="Luis"),
        await send(client, ANOTHER, name=" ", para=[tokens.uuid7()]),
        await send(client, ANOTHER, name="Luis", para=[tokens.uuid7()]),
        await send(client, ANOTHER, name="Luis", para=["x"]),
    ]

    assert [one.status_code for one in answers] == [422, 422, 409, 422]
    assert await Device.all().count() == 0


async def test_each_sees_the_phones_of_their_hub_or_sessions(new_client: NewClient, cast: Cast) -> None:
    mine = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    other = await make.make_training(hub=cast.hub)
    abroad = await make.make_training(hub=cast.elsewhere)
    await make_phone(new_client(), mine, cast.coordinator, name="De mi sesión")
    await make_phone(new_client(), other, cast.coordinator, name="De otra sesión")
    await make_phone(new_client(), other, cast.facilitator, name="Preparado por mí")
    await make_phone(new_client(), abroad, cast.coordinator_elsewhere, name="De Tacaná")
    names = ("De mi sesión", "De otra sesión", "Preparado por mí", "De Tacaná")

    seen = {}
    for who in ("facilitator", "coordinator", "coordinator_elsewhere"):
        browser = new_client()
        await make.sign_in(browser, getattr(cast, who))
        text = (await browser.get("/panel/telefonos")).text
        seen[who] = [name for name in names if name in text]

    assert seen == {
        "facilitator": ["De mi sesión", "Preparado por mí"],
        "coordinator": ["De mi sesión", "De otra sesión", "Preparado por mí"],
        "coordinator_elsewhere": ["De Tacaná"],
    }


async def test_list_says_what_each_phone_lacks_and_forgets_codes_that_are_over(
    new_client: NewClient, cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub)
    ready, unsent, gone = [
        (await make_phone(new_client(), training, cast.coordinator, name=name)).device
        for name in ("Listo ya", "Con marcas", "Retirado")
    ]
    now = clock.now() + timedelta(minutes=1)
    await Device.filter(id=ready.id).update(ready_at=now)
    await Device.filter(id=unsent.id).update(n_unsent=3)
    await Device.filter(id=gone.id).update(revoked_at=now)
    for name, left in (("Espera", 5), ("Vencido", -5)):
        until = clock.now() + timedelta(minutes=left)
        await Device.create(hub=cast.hub, name=name, enrol_hash=name, enrol_until=until)
    browser = new_client()
    await make.sign_in(browser, cast.coordinator)

    text = " ".join(Page((await browser.get("/panel/telefonos")).text).text.split())

    assert "Con marcas" in text.partition("Listo ya")[0]
    assert "Le falta enviar 3 marcas" in text
    assert text.count("Listo para usar sin señal") == 1
    assert text.count("Falta terminar") == 1
    assert "Espera que lean su código" in text
    assert "Retirado el" in text
    assert "Vencido" not in text
    gone = await Device.get(name="Retirado")
    page = Page((await browser.get(f"/panel/telefonos/{gone.id}")).text).text
    assert "Si se prepara otra vez en ese mismo teléfono, vuelve a marcar solo en las sesiones" in page
    assert "Para agregar sesiones" not in page


async def test_session_added_after_a_phone_was_prepared_is_said_to_be_missing_on_it(
    client: AsyncClient, cast: Cast
) -> None:
    async def lacks() -> int:
        page = Page((await client.get("/panel/telefonos")).text)
        return page.text.count("que se agregó después: le llega sola cuando se abra con señal.")

    soon, later, last = (make.tomorrow_at(8, days=n) for n in (3, 5, 7))
    hours = timedelta(hours=4)
    training = await make.make_training(hub=cast.hub, sessions=[(soon, soon + hours), (later, later + hours)])
    first = min(training.sessions, key=lambda one: one.starts_at)
    phone = await make_phone(client, training, cast.coordinator, sessions=[first.id])
    await make.sign_in(client, cast.coordinator)
    assert await lacks() == 0, "the second session was there and not meant for it"

    await make.make_session(training, last, last + hours)

    assert await lacks() == 1
    page = Page((await client.get(f"/panel/telefonos/{phone.device.id}")).text).text
    assert f"Le falta la sesión del {dates.day_and_time(last, 'es')}" in page
    await phone.get("estado")
    assert await lacks() == 0


async def test_phone_is_named_and_taken_out_of_use_after_a_question(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    phone = await make_phone(client, training, cast.coordinator)
    page = f"/panel/telefonos/{phone.device.id}"
    await make.sign_in(client, cast.coordinator)

    empty = await send(client, page, name="")
    named = await send(client, page, name="El de la escuela")
    asked = await client.get(f"{page}/retirar")
    assert (await Device.get(id=phone.device.id)).revoked_at is None
    done = await send(client, f"{page}/retirar")

    assert [one.status_code for one in (empty, named, asked, done)] == [422, 303, 200, 303]
    device = await Device.get(id=phone.device.id)
    assert (device.name, device.revoked_by_id) == ("El de la escuela", cast.coordinator.id)
    assert "El de la escuela" in (await client.get("/panel/telefonos")).text
