"""What a phone takes to be the time: with a clock that lies, and at the door of a session that begins later."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.marcar import Phone, Village, of_store
from tests.browser.scanner import wait_until
from trainings import clock
from trainings.lib import dates, tokens

MINUTE = timedelta(minutes=1)
LISTS = of_store("rosters", "count()")
# Whoever looks at the page again asks the server.
LISTS_GONE = f"""async () => {{
    document.dispatchEvent(new Event('visibilitychange'));
    return (await ({LISTS})()) === 0;
}}"""
WITHOUT_LISTS = of_store("rosters", "clear()").replace("('rosters').obj", "('rosters', 'readwrite').obj")
LACKING, OVER = "A este teléfono le falta la lista de la sesión", "Ya pasó el tiempo de la lista de esta sesión"


def test_clock_that_fell_back_without_signal_takes_nothing_away(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    pocket.set_offline(True)
    pocket.clock.set_system_time(datetime(2015, 1, 1, tzinfo=UTC))
    phone.page.goto(f"{village.origin}/marcar/")

    phone.follow("Feria informativa", "conteo")
    expect(phone.page.locator("[data-cell]:disabled")).to_have_count(0)
    expect(phone.page.locator("[data-early]")).to_be_hidden()
    phone.visit("cierre", village.made["session"])
    expect(phone.page.get_by_role("button", name="Sí, cerrar la sesión ahora")).to_be_visible()


def test_marks_of_a_clock_that_fell_back_then_at_their_time_by_the_page_that_sends_else_at_the_session(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    """Whom a page marked that is gone, nobody can date; the one that is open counts on whatever the clock does."""
    gone, open_still, right = village.people(3)
    pocket.set_offline(True)
    pocket.clock.set_system_time(datetime(2015, 1, 1, tzinfo=UTC))
    phone.type_code(gone.token)
    phone.expect_answer("present", gone.name)
    phone.page.goto(f"{village.origin}/marcar/")
    phone.to_door()
    before = clock.now()
    phone.type_code(open_still.token)
    phone.expect_answer("present", open_still.name)
    pocket.clock.set_system_time(clock.now())
    phone.type_code(right.token)
    phone.expect_answer("present", right.name)
    after = clock.now()

    pocket.set_offline(False)
    phone.send_now()
    phone.expect_queue("Todo enviado")

    question = "SELECT dated_by, flag, at FROM scan_event WHERE registration_id = ?"
    [first], [second], [third] = (village.ask(question, one.registration_id) for one in (gone, open_still, right))
    [(starts_at,)] = village.ask("SELECT starts_at FROM training_session WHERE id = ?", village.made["session"])
    assert first == ("session", "clock", starts_at)
    assert (second[:2], third[:2]) == (("page", "clock"), ("clock", ""))
    times = [datetime.fromisoformat(one[2]).replace(tzinfo=UTC) for one in (second, third)]
    assert before - MINUTE < times[0] < times[1] < after + MINUTE


def test_clock_that_is_a_week_behind_is_overruled_by_who_stands_there(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    """As where it fell back to a day on which the phone was not heard of: that no phone can know."""
    pocket.route("**/marcar/api/**", lambda route: route.abort())
    phone.page.goto(f"{village.origin}/marcar/")
    phone.follow("Feria de la otra semana", "conteo")
    expect(phone.page.locator("[data-cell]:enabled")).to_have_count(0)

    phone.page.get_by_role("button", name="Es hoy: el reloj de este teléfono está mal").click()

    expect(phone.page.locator("[data-cell]:disabled")).to_have_count(0)
    expect(phone.page.locator("[data-early]")).to_be_hidden()


def test_clock_two_hours_ahead_then_the_hour_of_a_departure_is_chosen_by_the_true_time(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    """Whoever says when somebody left looks at a watch."""
    [ana] = village.people(1)
    pocket.clock.set_system_time(clock.now() + timedelta(hours=2))
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


def test_list_stays_where_the_clock_alone_says_that_it_is_over_and_leaves_a_month_later(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    """It may have jumped ahead, and without signal no list comes back."""
    now = clock.now()
    pocket.set_offline(True)
    lists = []
    for days in (9, 40):
        pocket.clock.set_system_time(now + timedelta(days=days))
        phone.page.goto(f"{village.origin}/marcar/")
        expect(phone.page.locator("[data-sessions] .state")).to_have_text("Terminó")
        lists.append(phone.page.evaluate(LISTS))

    assert lists == [1, 0]
    phone.visit("filas", village.made["session"])
    expect(phone.page.get_by_text(OVER)).to_be_visible()
    expect(phone.page.get_by_text(LACKING)).to_be_hidden()
    expect(phone.page.get_by_text("Todavía no hay hoja impresa")).to_be_hidden()


def test_time_of_the_list_is_over_by_the_server_then_camera_and_rows_say_so_and_promise_none(
    phone: Phone, village: Village
) -> None:
    [ana] = village.people(1)

    def weeks_later(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        past = (clock.now() - MINUTE).isoformat()
        body["sessions"] = [{**one, "roster_until": past, "version": ""} for one in body["sessions"]]
        route.fulfill(response=answer, json=body)

    phone.context.route("**/marcar/api/estado", weeks_later)
    phone.follow("Sesiones", "inicio")
    wait_until(phone.page, LISTS_GONE)

    phone.to_door()
    phone.type_code(ana.token)
    phone.expect_answer("review", OVER, "La marca queda guardada y se envía: avise a quien coordina.")
    phone.expect_queue("Todo enviado")
    phone.follow("Por fila", "filas")
    expect(phone.page.get_by_text(OVER)).to_be_visible()
    expect(phone.page.get_by_text(LACKING)).to_be_hidden()
    assert village.presences_of(ana) == 1


def test_list_that_did_not_come_yet_is_lacking_and_comes_by_itself(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.context.route("**/marcar/api/sesiones/*/lista", lambda route: route.abort())
    phone.page.evaluate(WITHOUT_LISTS)

    phone.visit("filas", village.made["session"])
    phone.reload()
    expect(phone.page.get_by_text(LACKING)).to_be_visible()
    expect(phone.page.get_by_text(OVER)).to_be_hidden()
    phone.visit("marcar", village.made["session"])
    phone.type_code(ana.token)
    phone.expect_answer("review", "Falta la lista de esta sesión. La marca queda guardada.")


def test_door_of_a_session_of_the_afternoon_says_so_and_leads_to_the_one_that_is_on(
    phone: Phone, village: Village
) -> None:
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
