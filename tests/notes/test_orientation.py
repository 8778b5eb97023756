"""Five situations: whom to call, what to do, notes, trainings and hub; and that nothing of it stays anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.counting import statements
from tests.notes.conftest import NOW
from tests.notes.make_notes import make_contact, make_note
from tests.web.pages import Page
from trainings import clock
from trainings.audit.models import AuditLine
from trainings.notes.models import Situation
from trainings.notes.orientation import is_about
from trainings.notes.words import TILES
from trainings.schedule.models import PlaceShown
from trainings.seed.catalogue import COURSES

CHILD, WORK = "/orientacion/ninez-sin-su-familia", "/orientacion/trabajar-en-otro-pais"

Freeze = Callable[[datetime], None]


async def page_of(client: AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def test_five_tiles_each_with_a_drawing_and_words_lead_on(cast: Cast, client: AsyncClient) -> None:
    page = await page_of(client, "/orientacion")

    assert [tile.situation for tile in TILES] == [*Situation]
    for tile in TILES:
        assert page.all("a", href=f"/orientacion/{tile.slug}")
        assert tile.title in page.text
        shown = await page_of(client, f"/orientacion/{tile.slug}")
        assert all(words in shown.text for words in (tile.title, tile.lead, *tile.steps))
    assert len({tile.icon for tile in TILES}) == 5
    assert (await client.get("/orientacion/otra")).status_code == 404


async def test_home_and_every_foot_lead_there(cast: Cast, client: AsyncClient) -> None:
    home, elsewhere = await page_of(client, "/"), await page_of(client, "/privacidad")

    assert len(home.all("a", href="/orientacion")) == 2
    assert len(elsewhere.all("a", href="/orientacion")) == 1


async def test_emergency_numbers_come_first_and_say_where_and_when_they_were_checked(
    cast: Cast, client: AsyncClient
) -> None:
    await make_contact(name="Derechos Humanos", phone="1555", position=1)
    await make_contact(name="Policía", is_emergency=True, position=9, source_url="https://pgn.gob.gt/x")
    await make_contact(name="Consulado", phone="+529621234567", country="MX", position=2)
    await make_contact(name="Otra cosa", phone="119", situations=(Situation.RETURNED,))

    page = await page_of(client, CHILD)

    calls = [str(link["href"]) for link in page.all("a") if str(link.get("href")).startswith("tel:")]
    assert calls == ["tel:110", "tel:1555", "tel:+529621234567"]
    assert "Número revisado el 03/03/2027." in page.text
    assert "Llamar al +52 962 123 4567" in page.text
    assert "(México)" in page.text
    assert page.one("a", href="https://pgn.gob.gt/x")["rel"] == "nofollow noopener noreferrer"
    assert [link["class"] for link in page.all("a", href="tel:110")] == ["button"]


async def test_number_unreviewed_for_a_year_is_no_emergency_number_but_stays_and_says_so(
    cast: Cast, client: AsyncClient, freeze: Freeze
) -> None:
    await make_contact(name="Policía", is_emergency=True)
    seen = []
    for moment in (datetime(2028, 3, 3, 12, tzinfo=clock.GUATEMALA), datetime(2028, 3, 4, tzinfo=clock.GUATEMALA)):
        freeze(moment)
        index, page = await page_of(client, "/orientacion"), await page_of(client, CHILD)
        seen.append(
            (
                "tel:110" in index.source,
                "tel:110" in page.source,
                "Llame ahora" in page.text.replace("Llame ahora a uno", ""),
                "Hace más de un año que no se revisa" in page.text,
            )
        )

    assert seen == [(True, True, True, False), (False, True, False, True)]


async def test_contact_that_is_switched_off_is_nowhere(cast: Cast, client: AsyncClient) -> None:
    contact = await make_contact(is_emergency=True)
    contact.is_active = False
    await contact.save(update_fields=["is_active"])

    for path in ("/orientacion", CHILD):
        assert "tel:110" not in (await page_of(client, path)).source


async def test_without_contacts_the_hub_is_whom_to_call(cast: Cast, client: AsyncClient) -> None:
    bare = await page_of(client, CHILD)
    here = await page_of(client, f"{CHILD}?municipio=la-libertad-peten")
    near = await page_of(client, f"{CHILD}?municipio=flores-peten")

    assert "Llame a la ventanilla: le dice a quién acudir" in bare.text
    assert "tel:" not in bare.source
    assert f"tel:{cast.hub.phone}" in here.source
    assert "Todavía no hay ventanilla en Flores, Petén." in near.text
    assert f"tel:{cast.hub.phone}" in near.source


async def test_notes_of_the_situation_are_listed_those_of_ones_own_hub_first(cast: Cast, client: AsyncClient) -> None:
    await make_note(cast.hub, title="De aquí")
    await make_note(cast.elsewhere, title="De Tacaná")
    await make_note(cast.hub, title="De otra cosa", situations=(Situation.RETURNED,))
    await make_note(cast.hub, title="Borrador", publish=False)

    page = (await page_of(client, f"{WORK}?municipio=la-libertad-peten")).text
    there = (await page_of(client, f"{WORK}?municipio=tacana-san-marcos")).text

    assert page.index("De aquí") < page.index("De Tacaná")
    assert there.index("De Tacaná") < there.index("De aquí")
    assert ("De otra cosa" in page, "Borrador" in page) == (False, False)


async def test_trainings_of_the_subject_come_nearest_first_without_what_is_protected(
    cast: Cast, client: AsyncClient
) -> None:
    work = await make.make_course(topic=await make.make_topic("trabajo", "Trabajo en el extranjero"))
    other = await make.make_course("Primeros auxilios", topic=await make.make_topic("salud", "Salud y apoyo"))
    far = [(make.tomorrow_at(8), make.tomorrow_at(12))]
    near = [(make.tomorrow_at(8, days=9), make.tomorrow_at(12, days=9))]
    hidden = PlaceShown.AFTER_CONFIRMATION
    await make.make_training(hub=cast.elsewhere, venue=cast.venue_elsewhere, course=work, title="Lejos", sessions=far)
    await make.make_training(hub=cast.hub, course=work, title="Cerca", sessions=near, place_shown=hidden)
    await make.make_training(hub=cast.hub, course=other, title="De otro tema")

    page = await page_of(client, f"{WORK}?municipio=la-libertad-peten")

    assert page.text.index("Cerca") < page.text.index("Lejos")
    assert "De otro tema" not in page.text
    assert cast.venue.name not in page.text


def test_every_topic_of_the_demo_is_told_where_it_belongs() -> None:
    found = {
        situation.value: sorted({course.topic for course in COURSES if is_about(course.topic, situation)})
        for situation in Situation
    }

    assert found == {
        "work_abroad": ["Trabajo en el extranjero"],
        "relative_travelling": ["Riesgos de la migración irregular", "Trata y tráfico de personas"],
        "returned": ["Retorno"],
        "from_abroad": ["Leyes y derechos", "Protección"],
        "child_alone": ["Protección"],
    }


# -- nothing stays


async def test_nothing_of_who_looked_is_set_kept_or_counted(cast: Cast, client: AsyncClient) -> None:
    await make_contact(is_emergency=True)
    n_lines = await AuditLine.all().count()

    for path in ("/orientacion", CHILD, f"{WORK}?municipio=la-libertad-peten", f"{CHILD}?idioma=en"):
        answer = await client.get(path, headers={"cookie": "idioma=es-GT", "referer": "https://buscador.example/"})
        assert "set-cookie" not in answer.headers, path
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["referrer-policy"] == "same-origin", path
    assert await AuditLine.all().count() == n_lines


async def test_language_is_carried_by_links_since_no_cookie_does(cast: Cast, client: AsyncClient) -> None:
    index = await page_of(client, "/orientacion?idioma=en")
    page = await page_of(client, f"{CHILD}?idioma=en")
    odd = await page_of(client, "/orientacion?idioma=%22%3E%3Cscript%3E")

    assert index.one("html")["lang"] == "en"
    assert index.all("a", href=f"{CHILD}?idioma=en")
    assert page.all("a", href="/orientacion?idioma=en")
    assert page.one("input", name="idioma")["value"] == "en"
    assert odd.all("a", href=CHILD)


async def test_words_of_a_contact_are_spanish_on_an_english_page_too(cast: Cast, client: AsyncClient) -> None:
    await make_contact(name="Policía", about="Si hay peligro.", hours="Día y noche", source_name="La guía")

    page = await page_of(client, f"{CHILD}?idioma=en")

    for words in ("Policía", "Si hay peligro.", "Día y noche", "La guía"):
        assert f' lang="es">{words}</' in page.source


async def test_way_out_stands_on_top_leads_away_and_works_without_script(cast: Cast, client: AsyncClient) -> None:
    for path in ("/orientacion", CHILD):
        page = await page_of(client, path)
        way_out = page.one("a", href="https://www.google.com/")
        assert (way_out["rel"], "data-exit" in way_out) == ("noopener noreferrer", True)
        assert page.source.index("data-exit") < page.source.index("<h1>")


async def test_outgoing_links_tell_nobody_whence(cast: Cast, client: AsyncClient) -> None:
    await make_contact(source_url="https://pgn.gob.gt/")

    page = await page_of(client, CHILD)

    far = [link for link in page.all("a") if str(link["href"]).startswith("http")]
    assert len(far) == 2
    assert all("noreferrer" in str(link.get("rel")) for link in far)


NO_MUNICIPALITIES: list[str] = ["", "nada", "%00", "%ff", "a" * 3000, "../etc"]


async def test_municipality_that_is_none_is_no_choice(cast: Cast, client: AsyncClient) -> None:
    for town in NO_MUNICIPALITIES:
        page = await page_of(client, f"{CHILD}?municipio={town}")

        assert page.one("select")["id"] == "municipio", town
        assert page.all("option", selected="") == [], town


async def test_page_costs_the_same_however_much_there_is(cast: Cast, client: AsyncClient, freeze: Freeze) -> None:
    course = await make.make_course(topic=await make.make_topic("trabajo", "Trabajo en el extranjero"))

    async def furnish() -> None:
        await make_note(cast.hub)
        await make_contact()
        await make.make_training(hub=cast.hub, course=course)

    await furnish()
    await client.get(f"{WORK}?municipio=la-libertad-peten")
    with statements() as for_one:
        await client.get(f"{WORK}?municipio=la-libertad-peten")
    for number in range(2):
        freeze(NOW + timedelta(minutes=number))
        await furnish()
    with statements() as for_many:
        await client.get(f"{WORK}?municipio=la-libertad-peten")

    assert len(for_one) == len(for_many) <= 7
