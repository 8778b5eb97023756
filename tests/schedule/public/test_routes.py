"""The list of trainings and the page of one, as visitors get them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.parse import quote

from httpx2 import AsyncClient
from icalendar import Calendar
from PIL import Image

from tests import make
from tests.schedule.public_pages import WEDNESDAY, Freeze, get, links, on, page_of, rows
from tests.web.pages import Page
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.schedule import actions as schedule
from trainings.schedule.models import CourseKind, PlaceShown, Training, TrainingState

FACTS = (
    "Taller · 4 horas · La Libertad, Petén",
    "Aprenda a reconocer engaños.",
    "Sábado, 6 de marzo de 2027",
    "de 8:30 a. m. a 12:30 p. m.",
    "Salón municipal",
    "Integrantes del COCODE, jóvenes e instituciones públicas. Desde 12 años.",
    "Español, con intérprete de q’eqchi’.",
    "Rampa y baño accesible.",
    "Sí, quedan 4 lugares. Pídalo al inscribirse.",
    "Refacción y pasaje.",
    "Cuaderno",
    "Diploma de la municipalidad, si está al menos el 80 % del tiempo.",
    "Mitos y realidades",
    "Puede inscribirse hasta el viernes 5 de marzo, 4:00 p. m.",
)


def event_in(page: Page) -> dict[str, Any]:
    told = page.source.partition('<script type="application/ld+json">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(told)
    return found


# -- one training: what it says


async def test_training_tells_when_where_for_whom_and_what_it_offers(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    hub = await make.make_hub()
    venue = await make.make_venue(
        hub, lat=Decimal("16.787"), lon=Decimal("-90.116"), access=("ramp", "accessible_toilet")
    )
    training = await make.make_training(
        hub=hub,
        venue=venue,
        sessions=[on(6)],
        summary="Aprenda a reconocer engaños.",
        audience=("cocode", "juventud", "institucion"),
        languages=("spa",),
        interpreter_languages=("kek",),
        offers=("snack", "fare"),
        childcare_capacity=4,
        bring="Cuaderno",
        admits_minors=True,
        minimum_age=12,
        closes_at=on(5, 15)[0] + timedelta(minutes=30),
    )

    page = await page_of(client, training)

    for words in FACTS:
        assert words in page.text.replace("\N{NO-BREAK SPACE}", " "), words
    assert "p. m.." not in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "https://www.openstreetmap.org/?mlat=16.787&mlon=-90.116#map=17/16.787/-90.116" in links(page)
    assert "tel:+50279001234" in links(page)


async def test_training_of_several_sessions_tells_each_day_and_strikes_the_cancelled_one(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(WEDNESDAY)
    course = await make.make_course("Radio", kind=CourseKind.CURSO, minutes=720, completion_share=100)
    training = await make.make_training(course=course, sessions=[on(16), on(17), on(18)])
    second = next(session for session in training.sessions if session.position == 2)
    await schedule.cancel_session(second.id, actor=PROGRAM)

    page = await page_of(client, training)
    listed = await get(client, "/capacitaciones")

    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Martes, 16 de marzo de 2027" in text
    assert "<s>Miércoles, 17 de marzo de 2027" in page.source
    assert "Jueves, 18 de marzo de 2027" in text
    assert "si está todo el tiempo" in text
    assert "2 sesiones: 16 y 18 de marzo de 2027" in listed.text


async def test_training_of_an_association_names_it(client: AsyncClient) -> None:
    operator = await make.make_operator("0901", code="0901A", name="Asociación ACD")
    hub = await make.make_hub("acd", municipality="0901", operator=operator)
    course = await make.make_course("Con prueba", pass_mark=60)
    training = await make.make_training(hub=hub, course=course)

    page = await page_of(client, training)

    assert "Certificado de Asociación ACD, si está al menos el 80 % del tiempo y gana la prueba con 60 puntos." in (
        page.text.replace("\N{NO-BREAK SPACE}", " ")
    )


async def test_training_for_adults_online_says_so_and_shows_no_address(client: AsyncClient) -> None:
    training = await make.make_training(online_url="https://reunion.example/secreto")
    async with transaction():
        await Training.filter(id=training.id).update(venue_id=None)
        await training.sessions[0].update_from_dict({"venue_id": None}).save(update_fields=["venue_id"])

    page = await page_of(client, training)

    assert "En línea. El enlace le llega al inscribirse." in page.text
    assert "Toda persona interesada. Desde 18 años." in page.text
    assert "secreto" not in page.source


async def test_titles_and_markup_are_shown_exactly_and_escaped(client: AsyncClient) -> None:
    title = "<b>Q’eqchi’ ʼ ꞌ & ñ</b> 🌽"
    training = await make.make_training(title=title)

    page = await page_of(client, training)

    assert "<b>Q’eqchi’" not in page.source
    assert f"<h1>{'&lt;b&gt;Q’eqchi’ ʼ ꞌ &amp; ñ&lt;/b&gt; 🌽'}</h1>" in page.source


# -- one training: what may be done


async def test_open_training_asks_to_sign_up_and_is_shared_by_its_public_page(
    client: AsyncClient, freeze: Freeze
) -> None:
    """One with a telephone of its own, at a place without a point, where the hub looks at each sign-up."""
    freeze(WEDNESDAY)
    training = await make.make_training(
        title="Mitos & realidades", sessions=[on(6)], capacity=30, contact_phone="+50255550123", approval_required=True
    )

    page = await page_of(client, training)

    assert page.one("a", href=f"/capacitaciones/{training.slug}/inscripcion")
    assert "Inscribirme" in page.text
    assert "Quedan 30 de 30 lugares" in page.text
    assert "La ventanilla revisa cada inscripción y le responde." in page.text
    assert not any("openstreetmap" in href for href in links(page))
    assert "tel:+50255550123" in links(page)
    assert "tel:+50279001234" not in links(page)
    address = f"http://localhost:8000/capacitaciones/{training.slug}"
    (link,) = (link for link in page.all("a") if "data-share" in link)
    assert link["data-share"] == address
    assert str(link["href"]).startswith("https://wa.me/?text=Mitos%20%26%20realidades")
    assert str(link["href"]).endswith(quote(address, safe=""))
    assert page.one("button", type="button")["data-copy"] == address


async def test_full_training_with_waiting_list_asks_to_wait(client: AsyncClient) -> None:
    training = await make.make_training(capacity=0)

    page = await page_of(client, training)

    assert page.one("a", href=f"/capacitaciones/{training.slug}/inscripcion")
    assert "Apuntarme en la lista de espera" in page.text
    assert "Si alguien suelta su lugar, le avisamos." in page.text


TAKES_NOBODY: list[tuple[dict[str, Any], str]] = [
    ({"capacity": 0, "has_waiting_list": False}, "Está lleno y no hay lista de espera."),
    ({"closes_at": WEDNESDAY - timedelta(hours=1)}, "La inscripción cerró. Puede llegar sin inscribirse"),
    ({"closes_at": WEDNESDAY - timedelta(hours=1), "walk_ins": False}, "La inscripción cerró. Vea otras fechas"),
    ({"opens_at": WEDNESDAY + timedelta(hours=47)}, "La inscripción abre el viernes 5 de marzo, 8:00 a. m."),
    ({"sessions": [on(2)]}, "Esta capacitación ya se realizó."),
    ({"state": TrainingState.CANCELLED}, "Esta capacitación se canceló. No hay quien facilite ese día."),
]


async def test_training_that_takes_nobody_says_why_and_where_to_look(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)

    for plan, words in TAKES_NOBODY:
        training = await make.make_training(**({"sessions": [on(6)]} | plan))

        page = await page_of(client, training)

        assert words in page.text.replace("\N{NO-BREAK SPACE}", " "), plan
        assert not any("/inscripcion" in href for href in links(page)), plan
        assert page.one("a", href="/capacitaciones?tema=riesgos"), plan


async def test_running_training_says_so_and_still_takes_people(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    training = await make.make_training(sessions=[(WEDNESDAY - timedelta(hours=1), WEDNESDAY + timedelta(hours=3))])

    page = await page_of(client, training)

    assert "Está en curso. Termina: 12:00 p. m." in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert page.one("a", href=f"/capacitaciones/{training.slug}/inscripcion")


# -- who may see it


async def test_protected_place_is_told_by_its_municipality_only(client: AsyncClient) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(
        hub, "Casa segura", address="Callejón 3", lat=Decimal("16.787"), lon=Decimal("-90.116"), access=("ramp",)
    )
    training = await make.make_training(hub=hub, venue=venue, place_shown=PlaceShown.AFTER_CONFIRMATION)

    page = await page_of(client, training)
    entry = await client.get(f"/capacitaciones/{training.slug}/evento.ics")
    place = event_in(page)["location"]

    assert place["name"] == "La Libertad, Petén"
    assert "streetAddress" not in place["address"]
    for text in (page.source, entry.text):
        for secret in ("Casa segura", "Callejón 3", "16.787", "openstreetmap", "Rampa"):
            assert secret not in text
    assert "El lugar exacto se le dice al inscribirse." in page.text
    assert "La Libertad, Petén" in page.text


async def test_search_engines_read_what_the_page_shows(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    venue = await make.make_venue(await make.make_hub(), "Salón </script> & más", address="2.a calle")
    training = await make.make_training(venue=venue, title="Derechos <b>", sessions=[on(6), on(13)])

    page = await page_of(client, training)
    event = event_in(page)

    assert (event["@type"], event["name"]) == ("Event", "Derechos <b>")
    assert (event["startDate"], event["endDate"]) == ("2027-03-06T08:30-06:00", "2027-03-13T12:30-06:00")
    assert event["location"]["name"] == "Salón </script> & más"
    assert event["location"]["address"]["streetAddress"] == "2.a calle"
    assert [one["startDate"] for one in event["subEvent"]] == ["2027-03-06T08:30-06:00", "2027-03-13T08:30-06:00"]
    assert "</script> &" not in page.source


async def test_sitemap_names_neither_protected_nor_unlisted_trainings(client: AsyncClient) -> None:
    shown = await make.make_training(title="A la vista")
    await make.make_training(place_shown=PlaceShown.AFTER_CONFIRMATION)
    for state in (TrainingState.UNLISTED, TrainingState.DRAFT, TrainingState.CANCELLED):
        await make.make_training(state=state)

    answer = await client.get("/sitemap.xml")
    told = re.findall(r"<url><loc>(.+?)</loc></url>", answer.text)

    assert answer.headers["content-type"].startswith("application/xml")
    assert [one for one in told if "/capacitaciones/" in one] == [f"http://localhost:8000/capacitaciones/{shown.slug}"]
    assert {f"http://localhost:8000{path}" for path in ("/", "/municipios/la-libertad-peten")} <= set(told)
    assert [(await client.get(one)).status_code for one in told] == [200] * len(told)
    assert "Sitemap: http://localhost:8000/sitemap.xml" in (await client.get("/robots.txt")).text


async def test_unlisted_training_is_reached_by_its_address_only_and_not_indexed(client: AsyncClient) -> None:
    unlisted = await make.make_training(state=TrainingState.UNLISTED)
    published = await make.make_training()

    page = await page_of(client, unlisted)
    listed = await get(client, "/capacitaciones")

    assert not page.all("script", type="application/ld+json")
    assert page.one("meta", name="robots")["content"] == "noindex"
    assert page.one("a", href=f"/capacitaciones/{unlisted.slug}/inscripcion")
    assert not any(href.endswith("evento.ics") for href in links(page))
    assert rows(listed) == [published.slug]
    assert not (await page_of(client, published)).all("meta", name="robots")
    assert (await client.get(f"/capacitaciones/{unlisted.slug}/evento.ics")).status_code == 404


async def test_hidden_training_stays_hidden_when_it_is_called_off(client: AsyncClient) -> None:
    hidden = await make.make_training()
    await schedule.unlist(hidden.id, actor=PROGRAM)
    async with transaction():
        await schedule.cancel_training(await Training.get(id=hidden.id), "Prueba", actor=PROGRAM)
    month, seat = f"{clock.local(hidden.sessions[0].starts_at):%Y-%m}", await (await hidden.hub).seat

    pages = [
        await get(client, path) for path in ("/capacitaciones", f"/calendario?mes={month}", f"/municipios/{seat.slug}")
    ]

    assert [f"/capacitaciones/{hidden.slug}" in page.source for page in pages] == [False] * 3
    assert (await page_of(client, hidden)).one("meta", name="robots")["content"] == "noindex"


async def test_draft_is_the_same_404_as_what_never_was(client: AsyncClient) -> None:
    draft = await make.make_training(state=TrainingState.DRAFT)
    called_off = await make.make_training(state=TrainingState.DRAFT)
    async with transaction():
        await schedule.cancel_training(await Training.get(id=called_off.id), "Prueba", actor=PROGRAM)

    answers = set()
    for slug in (draft.slug, called_off.slug, "no-existe-abc123"):
        for path in (
            f"/capacitaciones/{slug}",
            f"/capacitaciones/{slug}/evento.ics",
            f"/capacitaciones/{slug}/imagen.png",
        ):
            answer = await client.get(path)
            answers.add((answer.status_code, answer.text.replace(path, "")))
    for code in (draft.short_code, called_off.short_code, "ZZZZZZ"):
        answers.add(((await client.get(f"/c/{code}")).status_code, ""))

    assert len({text for _, text in answers if text}) == 1
    assert {status for status, _ in answers} == {404}


# -- calendar entry, short address, picture


async def test_entry_holds_every_session_as_the_feed_has_it(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    training = await make.make_training(sessions=[on(16), on(17)], summary="Una plática.")

    answer = await client.get(f"/capacitaciones/{training.slug}/evento.ics")
    feed = await client.get("/cal/municipio/la-libertad-peten.ics")

    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{training.slug}.ics"'
    calendar = Calendar.from_ical(answer.content)
    assert calendar["METHOD"] == "PUBLISH"
    assert len(calendar.timezones) == 1
    assert [event.start for event in calendar.events] == [start for start, _ in (on(16), on(17))]
    assert [event.to_ical() for event in calendar.events] == [
        event.to_ical() for event in Calendar.from_ical(feed.content).events
    ]


async def test_entry_with_a_neutral_title_tells_nothing_else(client: AsyncClient) -> None:
    training = await make.make_training(title="Retorno", neutral_title="Reunión", summary="Sobre el retorno.")

    answer = await client.get(f"/capacitaciones/{training.slug}/evento.ics")

    (event,) = Calendar.from_ical(answer.content).events
    assert event["SUMMARY"] == "Reunión"
    assert "etorno" not in answer.text.replace("\r\n ", "")
    assert "riesgos" not in answer.text.lower()
    assert training.slug not in answer.headers["content-disposition"]


async def test_entry_of_what_is_called_off_is_404(client: AsyncClient) -> None:
    training = await make.make_training(state=TrainingState.CANCELLED)

    page = await page_of(client, training)

    assert (await client.get(f"/capacitaciones/{training.slug}/evento.ics")).status_code == 404
    assert not any(href.endswith("evento.ics") for href in links(page))


async def test_short_address_leads_to_the_training_and_forgives(client: AsyncClient) -> None:
    training = await make.make_training()
    await Training.filter(id=training.id).update(short_code="A0B1C2")

    for typed in ("A0B1C2", "a0b1c2", "aob-lc2"):
        answer = await client.get(f"/c/{typed}")
        assert (answer.status_code, answer.headers["location"]) == (308, f"/capacitaciones/{training.slug}")


async def test_training_has_a_face_in_chats(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    training = await make.make_training(title="Mitos y realidades", sessions=[on(6)])

    page = await page_of(client, training)
    picture = await client.get(f"/capacitaciones/{training.slug}/imagen.png")

    shown = {str(meta.get("property")): str(meta["content"]) for meta in page.all("meta") if "property" in meta}
    assert shown["og:title"].replace("\N{NO-BREAK SPACE}", " ") == (
        "Mitos y realidades — sábado 6 de marzo, 8:30 a. m., La Libertad, Petén"
    )
    assert shown["og:description"].replace("\N{NO-BREAK SPACE}", " ") == (
        "Taller, 4 horas. Sábado, 6 de marzo de 2027, 8:30 a. m. Salón municipal, La Libertad, Petén."
    )
    assert shown["og:image"].startswith(f"http://localhost:8000/capacitaciones/{training.slug}/imagen.png?v=")
    assert Image.open(BytesIO(picture.content)).size == (1200, 630)
    assert picture.headers["cache-control"] == "public, max-age=3600"
