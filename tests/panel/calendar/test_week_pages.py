"""The week with what requires attention, and the list of trainings."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.queries import counted_queries
from tests.schedule.panel import LIST, as_
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.models import Role, RoleGrant
from trainings.lib import dates
from trainings.outreach.actions import TimeAndPlace
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingState


async def test_week_shows_todays_sessions_and_what_requires_attention(client: AsyncClient, cast: Cast) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    running = await make.make_training(
        hub=cast.hub, title="La que va", sessions=[(now - hour, now + hour)], approval_required=True
    )
    await make.make_registration(running)
    yesterday = now - timedelta(days=1)
    with clock.frozen(yesterday - 2 * hour):
        over = await make.make_training(hub=cast.hub, title="La que fue", sessions=[(yesterday - hour, yesterday)])
        done = await make.make_registration(over)
    await Registration.filter(id=done.id).update(completed_at=now)
    await make.make_training(hub=cast.hub, title="Sin publicar", state=TrainingState.DRAFT)

    page = (await (await as_(client, cast, "coordinator")).get("/panel")).text

    concerns = re.findall(r'<a href="([^"]+)">([^<]+)</a> <span>([^<]+)', page)
    said = {
        (title, path.replace(str(running.id), "RUNNING").replace(str(over.id), "OVER")) for path, title, _ in concerns
    }
    assert said >= {
        ("Pasar asistencia", f"/panel/sesiones/{running.sessions[0].id}/asistencia"),
        ("Cerrar una sesión", f"/panel/sesiones/{over.sessions[0].id}/asistencia/cerrar"),
        ("Responder a 1 inscripción", "/panel/revisar"),
        ("Emitir 1 diploma", f"{LIST}/OVER/diplomas"),
    }
    assert "Publicar un borrador" in {title for title, _ in said}
    assert "Requiere atención 5" in page
    assert concerns[0][1] == "Cerrar una sesión"


@pytest.mark.parametrize("more", [Role.MONITORING_OFFICER, Role.PLATFORM_ADMIN])
async def test_who_sees_more_than_they_hold_is_led_to_take_attendance_of_the_own_session_only(
    client: AsyncClient, cast: Cast, more: Role
) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    going_on = {"sessions": [(now - hour, now + hour)]}
    own = await make.make_training(hub=cast.hub, title="La mía", facilitators=[cast.facilitator], **going_on)  # type: ignore[arg-type]
    await make.make_training(hub=await make.make_hub(), title="La de otro municipio", **going_on)  # type: ignore[arg-type]
    await RoleGrant.create(user=cast.facilitator, role=more)

    page = Page((await (await as_(client, cast, "facilitator")).get("/panel")).text)

    doors = re.compile("/panel/sesiones/[^/]+/asistencia")
    led_to = [str(link["href"]) for link in page.all("a") if doors.fullmatch(str(link["href"]))]
    assert set(led_to) == {f"/panel/sesiones/{own.sessions[0].id}/asistencia"}
    assert [(await client.get(path)).status_code for path in led_to] == [200] * len(led_to)


async def test_box_of_the_week_says_which_half_of_the_day(client: AsyncClient, cast: Cast) -> None:
    two = datetime(2027, 3, 3, 14, tzinfo=clock.GUATEMALA)
    await make.make_training(hub=cast.hub, title="Por la tarde", sessions=[(two, two + timedelta(hours=2))])

    page = Page((await (await as_(client, cast, "coordinator")).get("/panel/semana?desde=2027-03-03")).text)

    assert "2:00 p. m. Por la tarde" in page.text.replace(dates.NBSP, " ")


THIRD = datetime(2027, 3, 3, tzinfo=clock.GUATEMALA)


def at(hours: float, until: float) -> tuple[datetime, datetime]:
    return THIRD + timedelta(hours=hours), THIRD + timedelta(hours=until)


def columns(page: str) -> dict[str, str]:
    """The days of the week, by date."""
    return {one[:10]: one for one in page.split('data-day="')[1:]}


async def test_what_lasts_all_day_stands_above_the_hours(client: AsyncClient, cast: Cast) -> None:
    await make.make_training(hub=cast.hub, title="Taller", sessions=[at(9, 11)])
    for title, hours in (("Feria", (6, 18)), ("Charla", (14, 15.5))):
        await make_activity(cast.hub, title=title, when=TimeAndPlace(*at(*hours), cast.hub.seat_id, None, "Parque"))

    days = columns((await (await as_(client, cast, "coordinator")).get("/panel/semana?desde=2027-03-03")).text)

    whole, _, timed = days["2027-03-03"].partition('<ol class="timed">')
    assert re.findall(r"</b> (\w+)</a>", whole) == ["Feria"]
    assert re.findall(r"</b> (\w+)</a>", timed) == ["Taller", "Charla"]
    assert "6:00 a. m. a 6:00 p. m." in whole.replace(dates.NBSP, " ")
    assert 'class="box f3 s4' in timed, "the hours begin at eight, whenever the fair does"


async def test_sessions_at_once_share_one_place_with_their_titles(client: AsyncClient, cast: Cast) -> None:
    for title, hours in (("Una", (8, 10)), ("Otra", (9.5, 11)), ("Breve", (11, 11.5)), ("Sola", (14, 16))):
        await make.make_training(hub=cast.hub, title=title, sessions=[at(*hours)])

    days = columns((await (await as_(client, cast, "coordinator")).get("/panel/semana?desde=2027-03-03")).text)

    piles = re.findall(r'<li class="pile ([^"]+)"><ol>(.*?)</ol>', days["2027-03-03"], re.DOTALL)
    assert [(slot, re.findall(r"</b> (\w+)</a>", boxes)) for slot, boxes in piles] == [("f1 s6", ["Una", "Otra"])]
    assert re.findall(r'<li class="box (f\w+ s\w+)', days["2027-03-03"]) == ["f7 s2", "f13 s4"]


WHATEVER: list[str] = ["", "ayer", "2027-02-30", "0001-01-01", "9999-12-31", "2027-03-04T10:00", "١٢"]


async def test_week_of_march_is_headed_by_its_days(client: AsyncClient, cast: Cast) -> None:
    page = (await (await as_(client, cast, "coordinator")).get("/panel/semana?desde=2027-03-03")).text

    assert "<h1>28 de febrero a 6 de marzo de 2027</h1>" in page
    assert 'href="/panel/semana?desde=2027-02-21"' in page
    assert 'href="/panel/semana?desde=2027-03-07"' in page


@pytest.mark.parametrize("path", ["/panel", LIST])
async def test_pages_with_three_rows_ask_as_much_as_with_one(client: AsyncClient, cast: Cast, path: str) -> None:
    await as_(client, cast, "coordinator")
    await client.get(path)

    async def n_queries() -> int:
        with counted_queries() as statements:
            assert (await client.get(path)).status_code == 200
        return len(statements)

    await make.make_registration(await make.make_training(hub=cast.hub))
    at_one = await n_queries()
    for n in (2, 3):
        await make.make_registration(await make.make_training(hub=cast.hub, title=f"Número {n}"))

    assert await n_queries() == at_one


async def test_list_keeps_what_was_asked_and_says_when_nothing_is_so(client: AsyncClient, cast: Cast) -> None:
    await make.make_training(hub=cast.hub, title="Vías regulares")
    await as_(client, cast, "coordinator")

    found = await client.get(LIST, params={"q": "vias", "estado": "published"})
    none = await client.get(LIST, params={"q": "<script>", "estado": "draft"})

    assert "Vías regulares" in found.text
    assert 'value="vias"' in found.text
    assert "Ninguna capacitación es así" in none.text
    assert "<script>" not in none.text.replace('<script type="module"', "")


WHATEVER_OF_A_LIST: list[dict[str, str]] = [
    {"pagina": "0"},
    {"pagina": "-1"},
    {"pagina": "9" * 400},
    {"estado": "x"},
    {"ventanilla": "x"},
]
