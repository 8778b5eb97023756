"""Whoever looks at a municipality sees the day, hour and place of the meeting there, in every list of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.schedule.going_round import SAYAXCHE, TODAY, going_round
from tests.schedule.public_pages import Freeze, get, on, rows
from tests.schedule.test_going_round import plain
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.feeds.site import export_site
from trainings.schedule.models import PlaceShown

PARISH = "Parroquia de Las Pozas, Sayaxché, Petén"
ALSO = (
    "Además: 2 de marzo de 2027 en Salón municipal, La Libertad, Petén; "
    "9 de marzo de 2027 en Escuela oficial, Las Cruces"
)


@pytest.mark.parametrize("path", ["/capacitaciones?municipio=sayaxche-peten", "/municipios/sayaxche-peten"])
async def test_list_of_a_municipality_shows_the_meeting_there(client: AsyncClient, freeze: Freeze, path: str) -> None:
    freeze(TODAY)
    await going_round()

    page = await get(client, path)

    text = plain(page.text)
    assert f"8:30 a. m. a 12:30 p. m. · sesión 3 de 3{PARISH}{ALSO}, Petén" in text
    assert 'datetime="2027-03-16' in page.source
    assert 'datetime="2027-03-02' not in page.source


async def test_list_from_a_day_on_shows_the_meeting_after_it(client: AsyncClient, freeze: Freeze) -> None:
    freeze(TODAY)
    await going_round()

    page = await get(client, "/capacitaciones?desde=2027-03-05")

    assert 'datetime="2027-03-09' in page.source
    assert "sesión 2 de 3Escuela oficial, Las Cruces, Petén" in plain(page.text)


async def test_municipality_lists_by_its_own_meetings_and_no_more_once_they_are_over(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(TODAY)
    found = await going_round()
    other = await make.make_training(
        venue=await make.make_venue(name="Salón comunal", municipality=SAYAXCHE), sessions=[on(12)]
    )
    assert rows(await get(client, "/municipios/sayaxche-peten"))[:2] == [other.slug, found.training.slug]

    freeze(on(3)[0])
    page = await get(client, "/municipios/la-libertad-peten")
    here, _heading, there = page.source.partition("Escuela oficial")

    assert found.training.slug in here
    assert 'datetime="2027-03-09' in here + there
    assert 'datetime="2027-03-02' not in page.source


@pytest.mark.parametrize("tail", ["", "/fragmento"])
async def test_embedded_list_names_each_meeting_with_its_hour_and_place(
    client: AsyncClient, freeze: Freeze, tail: str
) -> None:
    freeze(TODAY)
    found = await going_round()
    for session, place in zip(found.training.sessions, (found.hall, found.school, found.parish), strict=True):
        day, end = session.starts_at.replace(hour=15), session.ends_at.replace(hour=19)
        await rescheduling.move(session.id, day, end, place.id, actor=PROGRAM)

    there = plain((await client.get(f"/incrustar/municipio/sayaxche-peten{tail}")).text)
    seat = plain((await client.get(f"/incrustar/municipio/la-libertad-peten{tail}")).text)

    assert "Coma, sesión 3 de 3" in there
    assert "sesión 1 de 3" not in there
    assert all(f"Coma, sesión {n} de 3" in seat for n in (1, 2, 3))
    for words in ("martes, 16 de marzo de 2027", "9:30 a. m. a 1:30 p. m.", PARISH, "Cambió: antes martes 16 de marzo"):
        assert words in there
    assert ".." not in there.replace("../", "")


async def test_exported_town_lists_its_meetings_and_the_index_counts_them(
    db: object, freeze: Freeze, tmp_path: Path
) -> None:
    freeze(TODAY)
    await going_round()

    await export_site(tmp_path)

    town = plain((tmp_path / "municipios" / "sayaxche-peten.html").read_text(encoding="utf-8"))
    assert "<p>martes, 16 de marzo de 2027, 8:30 a. m. a 12:30 p. m.</p>" in town
    assert f"<p>{PARISH}</p>" in town
    assert "2 de marzo" not in town
    index = plain((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert 'La Libertad, Petén</a> <p class="soft">3 fechas</p>' in index
    assert 'Sayaxché, Petén</a> <p class="soft">1 fecha</p>' in index


async def test_protected_places_are_in_no_list(client: AsyncClient, freeze: Freeze) -> None:
    freeze(TODAY)
    await going_round(place_shown=PlaceShown.AFTER_CONFIRMATION)

    for path in ("/capacitaciones", "/municipios/sayaxche-peten", "/incrustar/guatemala", "/", "/temas/riesgos"):
        text = (await client.get(path)).text
        assert "Coma" in text
        assert not any(secret in text for secret in ("Parroquia", "Escuela oficial", "Salón municipal"))
    assert "16 de marzo de 2027 en Sayaxché, Petén" in (await client.get("/capacitaciones")).text


async def test_filter_by_access_takes_only_what_is_without_steps_at_every_meeting_to_come(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(TODAY)
    found = await going_round(extra=(23,))
    hall = await make.make_training(venue=found.hall, sessions=[on(5), on(6)])

    now = rows(await get(client, "/capacitaciones?acceso=si"))
    there = rows(await get(client, "/capacitaciones?acceso=si&municipio=la-libertad-peten"))
    freeze(on(17)[0])
    later = rows(await get(client, "/capacitaciones?acceso=si"))

    assert now == there == [hall.slug]
    assert later == [found.training.slug]


async def test_sign_up_names_each_day_to_come_with_its_place(client: AsyncClient, freeze: Freeze) -> None:
    freeze(TODAY)
    found = await going_round()
    path = f"/capacitaciones/{found.training.slug}/inscripcion"
    days = (
        "martes 2 de marzo, 8:30 a. m.: Salón municipal, La Libertad, Petén",
        "martes 9 de marzo, 8:30 a. m.: Escuela oficial, Las Cruces, Petén",
        f"martes 16 de marzo, 8:30 a. m.: {PARISH}",
    )

    before = plain((await get(client, path)).text)
    freeze(on(3)[0])
    later = plain((await get(client, path)).text)

    assert all(day in before for day in days)
    assert [day in later for day in days] == [False, True, True]


async def test_municipality_says_of_what_is_over_when_it_was_there(client: AsyncClient, freeze: Freeze) -> None:
    freeze(TODAY)
    await going_round()
    freeze(on(20)[0])

    past = (await get(client, "/municipios/sayaxche-peten")).text.partition("Ya se dieron")[2]

    assert "martes, 16 de marzo de 2027" in past
    assert "2 de marzo" not in past.replace("16 de marzo", "")
