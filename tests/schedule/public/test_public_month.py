"""The public month: what it shows of which day, to whom it tells what, and its links to the list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient
from starlette.responses import HTMLResponse, Response

from tests import make
from tests.counting import statements
from tests.outreach.make_activity import make_activity
from tests.schedule.calendars import entries, remarks, titles
from tests.schedule.public_pages import WEDNESDAY, Freeze, get, links, on, rows
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.lib.dates import NBSP
from trainings.outreach.actions import TimeAndPlace, move_activity
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.models import FeastDay
from trainings.schedule import actions
from trainings.schedule.models import PlaceShown, Training, TrainingSession, TrainingState

MARCH = "/calendario?mes=2027-03"
NOT_AT_ALL = timedelta()


def at(month: int, day: int, hour: int) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=clock.GUATEMALA)


async def source(client: AsyncClient, path: str = MARCH) -> str:
    return (await get(client, path)).source


async def trained(title: str, start: datetime, hours: float = 2, **more: Any) -> Training:
    return await make.make_training(title=title, sessions=[(start, start + timedelta(hours=hours))], **more)


async def activity(title: str, start: datetime, state: ActivityState, **more: Any) -> OutreachActivity:
    made = await make_activity()
    columns = {"title": title, "starts_at": start, "ends_at": start + timedelta(hours=3), "state": state, **more}
    if state is ActivityState.CANCELLED:
        columns |= {"sequence": 1, "published_at": clock.now(), "cancelled_at": clock.now(), "cancel_reason": "Lluvia."}
    await OutreachActivity.filter(id=made.id).update(**columns)
    return made


async def test_month_holds_what_is_on_between_its_local_midnights(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await trained("Febrero", at(2, 28, 21))
    await trained("Primera hora", at(3, 1, 0))
    night = await trained("Última noche", at(3, 31, 20))
    await TrainingSession.filter(training_id=night.id).update(ends_at=at(4, 1, 2))
    await trained("Abril", at(4, 1, 8))

    march = await source(client)
    april = await source(client, "/calendario?mes=2027-04")

    assert titles(march) == [(1, "Primera hora"), (31, "Última noche")]
    assert [(one.day, one.time, one.title) for one in entries(april)] == [
        (1, "sigue", "Última noche"),
        (1, "8:00 a. m.", "Abril"),
    ]


async def test_month_tells_what_was_announced_and_nothing_else(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    two = await make.make_training(title="De dos", sessions=[on(4), on(5)])
    await actions.cancel_session(two.sessions[1].id, actor=PROGRAM)
    off = await make.make_training(title="Suspendida", sessions=[on(1), on(8)])
    await actions.close_session(min(off.sessions, key=lambda one: one.starts_at).id, actor=PROGRAM)
    async with transaction():
        await actions.cancel_training(await Training.get(id=off.id), "Sin salón.", actor=PROGRAM)
    await trained("Pensada", at(3, 9, 8), state=TrainingState.DRAFT)
    await trained("Con enlace", at(3, 10, 8), state=TrainingState.UNLISTED)
    await activity("Feria", at(3, 11, 9), ActivityState.PUBLISHED)
    await activity("Feria con lluvia", at(3, 12, 9), ActivityState.CANCELLED)
    await activity("Feria pensada", at(3, 13, 9), ActivityState.DRAFT, published_at=None)

    page = await source(client)

    assert [(one.day, one.look, one.title, one.state) for one in entries(page)] == [
        (1, "gone", "Suspendida", ""),
        (4, "", "De dos", ""),
        (5, "off", "De dos", "Cancelada"),
        (8, "off", "Suspendida", "Cancelada"),
        (11, "act", "Feria", "Feria"),
        (12, "act off", "Feria con lluvia", "Cancelada"),
    ]
    assert "Pensada" not in page
    assert "Con enlace" not in page
    assert "pensada" not in page


async def move(training: Training, by: timedelta = NOT_AT_ALL, venue_id: UUID | None = None) -> None:
    now = await TrainingSession.get(training_id=training.id)
    where = venue_id or now.venue_id
    await rescheduling.move(now.id, now.starts_at + by, now.ends_at + by, where, actor=PROGRAM)


async def test_month_marks_for_a_week_what_is_another_than_it_was(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    hub = await make.make_hub()
    other = await make.make_venue(hub, "Casa reservada")
    [moved, housed, hidden, back] = [
        await trained(title, at(3, day, 8), place_shown=shown)
        for title, day, shown in (
            ("Movida", 9, PlaceShown.PUBLIC),
            ("En otra casa", 10, PlaceShown.PUBLIC),
            ("Protegida", 11, PlaceShown.AFTER_CONFIRMATION),
            ("Como antes", 12, PlaceShown.PUBLIC),
        )
    ]
    fair = await make_activity(when=TimeAndPlace(at(3, 13, 9), at(3, 13, 12), make.LA_LIBERTAD, None, "Parque"))
    later = timedelta(days=7)

    await move(moved, later)
    for one in (housed, hidden):
        await move(one, venue_id=other.id)
    await move(back, later)
    await move(back, -later)
    there = TimeAndPlace(at(3, 20, 9), at(3, 20, 12), make.LA_LIBERTAD, None, "Parque")
    await move_activity(fair.id, there, actor=PROGRAM)

    page = await source(client)
    freeze(WEDNESDAY + timedelta(days=7, seconds=1))
    after = await source(client)

    assert {(one.title, one.look, one.state.replace(NBSP, " ")) for one in entries(page)} == {
        ("Movida", "changed", "Cambió: antes martes 9 de marzo, 8:00 a. m."),
        ("En otra casa", "changed", "Cambió de lugar"),
        ("Protegida", "", ""),
        ("Como antes", "", ""),
        ("Feria informativa", "act changed", "Feria · Cambió: antes sábado 13 de marzo, 9:00 a. m."),
    }
    assert all("<svg" in one.rest for one in entries(page) if "changed" in one.look), "also without colours"
    assert "Casa reservada" not in page
    assert "Cambió" not in after


async def test_protected_place_is_told_by_its_municipality_alone(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    hub = await make.make_hub()
    venue = await make.make_venue(hub, "Casa reservada", municipality="1710", access=("ramp",), address="Calle callada")
    hidden = await trained("Reservada", at(3, 9, 8), venue=venue, place_shown=PlaceShown.AFTER_CONFIRMATION)

    page = await source(client)
    by_town = await source(client, f"{MARCH}&municipio=sayaxche-peten")
    by_access = await source(client, f"{MARCH}&acceso=si")

    assert "Sayaxché, Petén" in page
    for shown in (page, by_town, by_access):
        assert "Casa reservada" not in shown
        assert "Calle callada" not in shown
    assert [one.href for one in entries(by_town)] == [f"/capacitaciones/{hidden.slug}"]
    assert entries(by_access) == []


async def test_month_filters_as_the_list_does(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    hub = await make.make_hub()
    ramp = await make.make_venue(hub, "Con rampa", access=("ramp",))
    away = await make.make_venue(hub, "Salón comunal", municipality="1710")
    trata = await make.make_course("Trata", topic=await make.make_topic("trata", "Trata de personas"))
    teachers = await make.make_course("Docentes", audience=["docente"])
    await trained("Todas", at(3, 4, 8))
    await trained("Lejos", at(3, 5, 8), venue=away)
    await trained("De trata", at(3, 6, 8), course=trata)
    await trained("En q’eqchi’", at(3, 7, 8), languages=("kek",))
    await trained("Con rampa", at(3, 8, 8), venue=ramp)
    await trained("Para docentes", at(3, 9, 8), course=teachers)
    await trained("Para jóvenes", at(3, 10, 8), audience=("juventud",))
    await activity("Feria", at(3, 11, 9), ActivityState.PUBLISHED)
    await activity("Feria con rampa", at(3, 12, 9), ActivityState.PUBLISHED, venue_id=ramp.id)

    found = {
        query: [title for _, title in titles(await source(client, f"{MARCH}&{query}"))]
        for query in ("municipio=sayaxche-peten", "tema=trata", "idioma_cap=kek", "acceso=si", "para=docente")
    }

    assert found == {
        "municipio=sayaxche-peten": ["Lejos"],
        "tema=trata": ["De trata"],
        "idioma_cap=kek": ["En q’eqchi’"],
        "acceso=si": ["Con rampa", "Feria con rampa"],
        "para=docente": [
            *("Todas", "Lejos", "De trata", "En q’eqchi’", "Con rampa", "Para docentes", "Feria", "Feria con rampa"),
        ],
    }


async def test_list_filters_by_audience(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    everybody = await trained("Todas", at(3, 4, 8))
    own = await trained("Para docentes", at(3, 9, 8), audience=("docente",))
    await trained("Para jóvenes", at(3, 10, 8), audience=("juventud",))

    page = await get(client, "/capacitaciones?para=docente")

    assert rows(page) == [everybody.slug, own.slug]
    assert "2 capacitaciones para docentes" in page.text
    assert "/capacitaciones" in links(page)
    unknown = await get(client, "/capacitaciones?para=nadie")
    assert "No entendimos para quién busca. Mostramos todas." in unknown.text
    assert len(rows(unknown)) == 3


async def test_list_tells_of_activities_to_come_by_the_same_filters(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await make.make_topic()
    await activity("Pasada", at(3, 2, 9), ActivityState.PUBLISHED)
    fair = await activity("Feria", at(3, 11, 9), ActivityState.PUBLISHED)
    await activity("Pensada", at(3, 12, 9), ActivityState.DRAFT, published_at=None)
    await activity("Lejana", at(6, 1, 9), ActivityState.PUBLISHED)

    shown = {
        query: [str(link["href"]) for link in (await get(client, f"/capacitaciones?{query}")).all("a")]
        for query in ("", "municipio=la-libertad-peten", "municipio=tacana-san-marcos", "tema=riesgos", "pagina=2")
    }

    told = {query: [href for href in found if href.startswith("/actividades/")] for query, found in shown.items()}
    assert told == {
        "": [f"/actividades/{fair.slug}"],
        "municipio=la-libertad-peten": [f"/actividades/{fair.slug}"],
        "municipio=tacana-san-marcos": [],
        "tema=riesgos": [],
        "pagina=2": [f"/actividades/{fair.slug}"],
    }


async def test_links_between_list_and_month_keep_the_filters(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await trained("Docentes", at(4, 6, 8), audience=("docente",))
    kept = "municipio=la-libertad-peten&tema=riesgos&para=docente&acceso=si"

    from_list = links(await get(client, f"/capacitaciones?{kept}"))
    dated = links(await get(client, f"/capacitaciones?{kept}&desde=2027-04-10"))
    month = links(await get(client, f"/calendario?{kept}&mes=2027-04"))
    this = links(await get(client, f"/calendario?{kept}"))

    assert f"/calendario?{kept}" in from_list
    assert f"/calendario?{kept}&mes=2027-04" in dated
    assert {
        f"/capacitaciones?{kept}&desde=2027-04-01",
        f"/calendario?{kept}&mes=2027-03",
        f"/calendario?{kept}&mes=2027-05",
        f"/calendario?{kept}",
        "/calendario?municipio=la-libertad-peten&tema=riesgos&para=docente&mes=2027-04",
    } <= month
    assert f"/capacitaciones?{kept}" in this


BAD_MONTHS: list[tuple[str, str]] = [
    ("2027-13", "No entendimos el mes. Mostramos este."),
    ("marzo", "No entendimos el mes. Mostramos este."),
    ("2027-03-04", "No entendimos el mes. Mostramos este."),
    ("%00", "No entendimos el mes. Mostramos este."),
    ("2029-01", "Aquí hay meses desde marzo de 2026 hasta septiembre de 2028. Mostramos este."),
    ("2025-01", "Aquí hay meses desde marzo de 2026 hasta septiembre de 2028. Mostramos este."),
]


async def test_bad_month_is_this_one_and_says_so(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)

    for typed, sentence in BAD_MONTHS:
        page = await get(client, f"/calendario?mes={typed}")

        assert sentence in page.text, typed
        assert "Calendario de marzo de 2027" in page.text, typed


async def test_months_end_where_the_calendars_end(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)

    first, last = [await get(client, f"/calendario?mes={month}") for month in ("2026-03", "2028-09")]

    assert (first.all("a", rel="prev"), len(first.all("a", rel="next"))) == ([], 1)
    assert (len(last.all("a", rel="prev")), last.all("a", rel="next")) == (1, [])


async def test_shared_month_has_a_face(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await trained("Una", at(3, 4, 8))

    page = await get(client, f"{MARCH}&municipio=la-libertad-peten")
    said = {str(meta.get("property")): meta["content"] for meta in page.all("meta") if meta.get("property")}

    assert said["og:title"] == "Calendario de marzo de 2027: en La Libertad, Petén"
    assert str(said["og:url"]).endswith("/calendario?municipio=la-libertad-peten&mes=2027-03")
    assert "/static/icons/og.png" in str(said["og:image"])
    assert "1 capacitación" in str(said["og:description"])


async def test_feast_stands_where_a_municipality_is_chosen(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await make.make_hub()
    await FeastDay.create(municipality_id=make.LA_LIBERTAD, month=3, day=19, n_days=2, name="Feria titular")

    everywhere = remarks(await source(client))
    there = remarks(await source(client, f"{MARCH}&municipio=la-libertad-peten"))

    assert set(everywhere) == {25, 26, 27}
    assert there == everywhere | {day: ["Feria titular, fiesta de La Libertad, Petén"] for day in (19, 20)}


async def test_month_is_made_once_for_each_address_until_it_reads_differently(
    client: AsyncClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trained("Una", at(3, 3, 10))
    freeze(WEDNESDAY)
    addresses = ["/calendario", MARCH, f"{MARCH}&municipio=la-libertad-peten"]  # the last is one of many
    for path in addresses:
        await client.get(path)

    def made_again(*_args: object) -> Response:
        return HTMLResponse("made again", headers={"cache-control": "no-cache"})

    monkeypatch.setattr("trainings.panel.public.calendar_routes._page", made_again)

    assert [(await client.get(path)).text == "made again" for path in addresses] == [False, False, True]
    freeze(at(3, 3, 12))
    assert (await client.get(MARCH)).text == "made again"


async def test_month_follows_a_change_at_once(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    training = await trained("Una", at(3, 9, 8))
    before = titles(await source(client))

    await actions.move_session(training.sessions[0].id, at(3, 16, 8), at(3, 16, 10), None, actor=PROGRAM)

    assert (before, titles(await source(client))) == ([(9, "Una")], [(16, "Una")])


async def test_month_of_many_asks_as_much_as_of_one(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await trained("Una", at(3, 4, 8))
    await client.get(MARCH)
    with statements() as one:
        await client.get(MARCH)
    for day in (5, 6, 7):
        await trained("Otra", at(3, day, 8))

    with statements() as many:
        await client.get(MARCH)

    assert len(many) == len(one)
