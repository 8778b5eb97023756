"""What a phone takes to be the time: with a clock that lies, and at the door of a session that begins later."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Route, expect

from tests.browser.marcar import Phone, Village, of_store, shifted
from tests.browser.scanner import wait_until
from trainings import clock
from trainings.lib import dates, tokens

MINUTE = timedelta(minutes=1)
LISTS = of_store("rosters", "count()")
# Whoever looks at the page again asks the server.
LISTS_ARE = f"""async (n) => {{
    document.dispatchEvent(new Event('visibilitychange'));
    return (await ({LISTS})()) === n;
}}"""
LACKING, OVER = "A este teléfono le falta la lista de la sesión", "Ya pasó el tiempo de la lista de esta sesión"


def test_door_says_which_session_is_on_and_a_clock_that_lies_takes_nothing_away(phone: Phone, village: Village) -> None:
    lead_to_the_session_that_is_on(phone, village)
    end_the_time_of_a_list(phone)
    overrule_a_week(phone)
    choose_an_hour(phone, village)
    fall_back(phone, village)


def fall_back(phone: Phone, village: Village) -> None:
    phone.context.set_offline(True)
    phone.page.add_init_script(shifted(timedelta(days=-4_000)))
    phone.page.goto(f"{village.origin}/marcar/")

    phone.follow("Feria informativa", "conteo")
    expect(phone.page.locator("[data-cell]:disabled")).to_have_count(0)
    expect(phone.page.locator("[data-early]")).to_be_hidden()
    phone.visit("cierre", village.made["session"])
    expect(phone.page.get_by_role("button", name="Sí, cerrar la sesión ahora")).to_be_visible()


def overrule_a_week(phone: Phone) -> None:
    """As where it fell back to a day on which the phone was not heard of. Only who stands there can know that."""
    phone.context.route("**/marcar/api/**", lambda route: route.abort())
    phone.page.goto(f"{phone.village.origin}/marcar/")
    phone.follow("Feria de la otra semana", "conteo")
    expect(phone.page.locator("[data-cell]:enabled")).to_have_count(0)

    phone.page.get_by_role("button", name="Es hoy: el reloj de este teléfono está mal").click()

    expect(phone.page.locator("[data-cell]:disabled")).to_have_count(0)
    expect(phone.page.locator("[data-early]")).to_be_hidden()


def choose_an_hour(phone: Phone, village: Village) -> None:
    """The clock is two hours ahead. Whoever says when somebody left looks at a watch."""
    [ana] = village.people(1)
    phone.context.unroute("**/marcar/api/**")
    phone.page.add_init_script(shifted(timedelta(hours=2)))
    phone.visit("salida", village.made["session"])
    phone.reload()
    now = clock.local(clock.now())
    times = [dates.time_of_day(now + n * MINUTE, "es") for n in range(3)]

    expect(phone.page.locator("[data-time]")).to_have_text(re.compile("|".join(map(re.escape, times))))
    phone.page.get_by_role("button", name="15 minutos antes").click()
    phone.page.get_by_label("Número de fila, o código del boleto").fill(ana.short_code)
    phone.page.keyboard.press("Enter")

    quarter = [dates.time_of_day(now + (n - 15) * MINUTE, "es") for n in range(3)]
    expect(phone.page.locator("[data-time]")).to_have_text(re.compile("|".join(map(re.escape, quarter))))
    expect(phone.page.locator(".answer")).to_contain_text("Este teléfono no tiene su llegada")


def end_the_time_of_a_list(phone: Phone) -> None:
    """By the server: a list leaves, and rows promise none. Nothing that was marked is lost by it (`wire.test.mjs`)."""

    def weeks_later(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        past = (clock.now() - MINUTE).isoformat()
        body["sessions"] = [{**one, "ends": past, "roster_until": past, "version": ""} for one in body["sessions"]]
        route.fulfill(response=answer, json=body)

    phone.context.route("**/marcar/api/estado", weeks_later)
    phone.follow("Sesiones", "inicio")
    wait_until(phone.page, LISTS_ARE, arg=0)
    expect(phone.page.locator("[data-sessions] .state")).to_have_text("Terminó")
    phone.to_door()
    phone.follow("Por fila", "filas")
    expect(phone.page.get_by_text(OVER)).to_be_visible()
    expect(phone.page.get_by_text(LACKING)).to_be_hidden()
    expect(phone.page.get_by_text("Todavía no hay hoja impresa")).to_be_hidden()
    phone.context.unroute_all(behavior="wait")
    wait_until(phone.page, LISTS_ARE, arg=1)


def lead_to_the_session_that_is_on(phone: Phone, village: Village) -> None:
    """From the door of the session of the afternoon."""
    now, another_id = clock.now(), str(tokens.uuid7())

    def afternoon(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        [one] = body["sessions"]
        times = {"starts": (now + timedelta(minutes=50)).isoformat(), "ends": (now + timedelta(hours=5)).isoformat()}
        another = {**one, "id": another_id, "title": "La de ahora", "version": ""}
        body["sessions"] = [{**one, **times}, another]
        route.fulfill(response=answer, json=body)

    hint = phone.page.locator("[data-not-yet]")
    expect(hint).to_be_hidden()
    phone.context.route("**/marcar/api/estado", afternoon)
    phone.look_until("[data-not-yet]:not([hidden])")

    expect(hint).to_contain_text("Todavía no empieza. Su hora:")
    hint.get_by_role("link", name="Ir a la de ahora: La de ahora").click()
    expect(phone.page.get_by_role("heading", name="La de ahora")).to_be_visible()
    expect(hint).to_be_hidden()

    phone.follow("Sesiones", "inicio")
    moved = phone.page.locator(f"[data-session='{village.made['session']}']")
    told = moved.locator("[data-when]").inner_text()
    moved.get_by_role("link").click()
    expect(phone.page.get_by_role("heading", name=village.made["title"])).to_be_visible()
    phone.expect_screen("marcar")
    expect(phone.page.locator("[data-when]"), "the door says the hour that home says").to_have_text(told)
    phone.context.unroute_all(behavior="wait")
