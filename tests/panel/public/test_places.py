"""The home page, the search, and a municipality's page, as visitors get them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from httpx2 import AsyncClient
from PIL import Image

from tests import make
from tests.counting import statements
from tests.web.pages import Page
from trainings import clock
from trainings.schedule.models import PlaceShown, TrainingState

SAYAXCHE = "1710"


@pytest.fixture(autouse=True)
async def municipalities(db: object) -> None:
    await make.make_municipalities()


def days_from_now(days: int, hour: int = 8) -> tuple[datetime, datetime]:
    start = make.tomorrow_at(hour, 30, days=days)
    return start, start + timedelta(hours=4)


async def get(client: AsyncClient, path: str, status: int = 200) -> Page:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def hrefs(page: Page) -> set[str]:
    return {str(link["href"]) for link in page.all("a")}


# -- home


async def test_home_lists_the_next_six_and_says_how_many_there_are(client: AsyncClient) -> None:
    trainings = [await make.make_training(title=f"Taller {n}", sessions=[days_from_now(n)]) for n in range(1, 9)]

    page = await get(client, "/")

    links = [link["href"] for link in page.all("a") if str(link["href"]).startswith("/capacitaciones/")]
    assert links == [f"/capacitaciones/{training.slug}" for training in trainings[:6]]
    assert "Ver las 8 capacitaciones" in page.text
    assert page.text.count("Quedan 20 de 20 lugares") == 6


async def test_home_shows_no_draft_unlisted_cancelled_or_held_training(client: AsyncClient) -> None:
    for state in (TrainingState.DRAFT, TrainingState.UNLISTED, TrainingState.CANCELLED):
        await make.make_training(title="Secreto", state=state)
    await make.make_training(title="Secreto", sessions=[days_from_now(-3)])

    page = await get(client, "/")

    assert "Secreto" not in page.text
    assert "No hay capacitaciones por ahora" in page.text


async def test_home_marks_municipalities_on_the_map_and_in_the_list(client: AsyncClient) -> None:
    hub = await make.make_hub()
    await make.make_training(hub=hub)
    away = await make.make_venue(hub, "Salón comunal", municipality=SAYAXCHE)
    await make.make_training(hub=hub, venue=away)
    await make.make_training(hub=hub, venue=away, sessions=[days_from_now(3)])

    page = await get(client, "/")

    assert [link["href"] for link in page.all("a")].count("/municipios/sayaxche-peten") == 2
    assert "Sayaxché, Petén: 2 capacitaciones" in page.text
    assert "La Libertad, Petén: 1 capacitación" in page.text
    assert "Límites: CONRED / OCHA" in page.text


async def test_home_band_lights_the_next_thirty_days(client: AsyncClient, freeze: object) -> None:
    freeze(datetime(2027, 3, 20, 15, tzinfo=clock.GUATEMALA))  # type: ignore[operator]
    for days in (3, 29, 30):
        await make.make_training(sessions=[days_from_now(days)])

    page = await get(client, "/")

    assert "Los próximos 30 días: 20 de marzo a 18 de abril de 2027." in page.text
    (figure,) = page.source.split('<figure class="month">')[1:]
    assert re.findall(r'<text x="(\d+)" y="23">(\d+)</text>', figure) == [("42", "23"), ("354", "18")]


@pytest.mark.parametrize("path", ["/", "/municipios/la-libertad-peten"])
async def test_list_of_three_costs_no_more_statements_than_of_one(client: AsyncClient, path: str) -> None:
    await make.make_training(sessions=[days_from_now(1), days_from_now(2)])
    with statements() as for_one:
        await get(client, path)
    await make.make_training(sessions=[days_from_now(3)])
    await make.make_training(sessions=[days_from_now(-3)])

    with statements() as for_three:
        await get(client, path)

    assert len(for_one) == len(for_three) <= 4


# -- search


async def test_search_with_several_finds_shows_each_with_its_department(client: AsyncClient) -> None:
    page = await get(client, "/?q=la+libertad")

    assert {"/municipios/la-libertad-peten", "/municipios/la-libertad-huehuetenango"} <= hrefs(page)
    assert "La Libertad, Huehuetenango" in page.text
    assert page.one("input", name="q")["value"] == "la libertad"


ONE_FIND: list[tuple[str, str]] = [
    ("salcaja", "salcaja-quetzaltenango"),
    ("La Libertad, Petén", "la-libertad-peten"),
    ("  sayaxche ", "sayaxche-peten"),
    ("san marcos, san marcos", "san-marcos-san-marcos"),
    ("Xela", "quetzaltenango-quetzaltenango"),
]


async def test_search_with_one_find_leads_straight_to_it(client: AsyncClient) -> None:
    for typed, slug in ONE_FIND:
        answer = await client.get("/", params={"q": typed})

        assert (answer.status_code, answer.headers["location"]) == (303, f"/municipios/{slug}"), typed


async def test_search_without_finds_asks_for_what_is_alike_and_offers_departments(client: AsyncClient) -> None:
    page = await get(client, "/?q=Sivilia")

    assert "No encontramos «Sivilia»" in page.text
    assert {"/municipios/sibilia-quetzaltenango", "/?q=Pet%C3%A9n", "/?q=Totonicap%C3%A1n"} <= hrefs(page)


async def test_search_for_a_department_shows_its_map_and_municipalities(client: AsyncClient) -> None:
    await make.make_training()

    page = await get(client, "/?q=peten")

    assert "Municipios de Petén" in page.text
    assert len([href for href in hrefs(page) if href.endswith("-peten")]) == 14
    assert page.one("svg", role="group")["aria-label"] == ("Mapa de Petén con los municipios que tienen capacitaciones")


WHATEVER: list[str] = [
    "a" * 10_000,
    "\0",
    "%00",
    "\ud800",
    "<script>alert(1)</script>",
    "'--",
    "ꞌ’ʼ",
    "%",
]


async def test_search_answers_whatever_is_typed(client: AsyncClient) -> None:
    for typed in WHATEVER:
        answer = await client.get("/", params={"q": typed.encode("utf-8", "surrogatepass")})

        assert answer.status_code == 200, typed
        assert "<script>alert" not in answer.text, typed
        assert "Por departamento" in answer.text, typed


async def test_search_with_nothing_typed_is_the_home_page(client: AsyncClient) -> None:
    page = await get(client, "/?q=+")

    assert "Dónde hay capacitaciones" in page.text


# -- a municipality


async def test_municipality_shows_its_hub_with_phone_languages_and_access(client: AsyncClient) -> None:
    await make.make_hub(serves=[SAYAXCHE], access=("ramp",))

    here = await get(client, "/municipios/la-libertad-peten")
    there = await get(client, "/municipios/sayaxche-peten")

    for page in (here, there):
        assert page.one("a", href="tel:+50279001234")
        assert "1ra calle 2-15 zona 1, frente al parque" in page.text
        assert "lunes a viernes, de 8:00 a 16:00" in page.text
        assert "Atiende en español y q’eqchi’." in page.text
        assert "Rampa." in page.text
    assert "Tiene su sede en" not in here.text
    assert "Tiene su sede en La Libertad, Petén y atiende también a Sayaxché." in there.text


async def test_municipality_is_named_with_its_department(client: AsyncClient) -> None:
    page = await get(client, "/municipios/la-libertad-huehuetenango")

    assert "<h1>La Libertad, Huehuetenango</h1>" in page.source
    assert "<title>Capacitaciones en La Libertad, Huehuetenango</title>" in page.source


async def test_municipality_lists_what_is_there_and_what_its_hub_does_nearby(client: AsyncClient) -> None:
    hub = await make.make_hub()
    here = await make.make_training(hub=hub)
    away = await make.make_venue(hub, "Salón comunal", municipality=SAYAXCHE)
    nearby = await make.make_training(hub=hub, venue=away)
    held = await make.make_training(hub=hub, sessions=[days_from_now(-10)])
    await make.make_training(hub=hub, sessions=[days_from_now(-100)], title="De hace mucho")

    la_libertad = await get(client, "/municipios/la-libertad-peten")
    sayaxche = await get(client, "/municipios/sayaxche-peten")

    links = [link["href"] for link in la_libertad.all("a") if str(link["href"]).startswith("/capacitaciones/")]
    assert links == [f"/capacitaciones/{training.slug}" for training in (here, nearby, held)]
    assert "La ventanilla también llega cerca" in la_libertad.text
    assert "Ya se dieron" in la_libertad.text
    assert f"/capacitaciones/{nearby.slug}" in hrefs(sayaxche)
    assert f"/capacitaciones/{here.slug}" not in hrefs(sayaxche)


async def test_municipality_tells_of_a_cancelled_training_but_of_no_unlisted_or_draft_one(client: AsyncClient) -> None:
    cancelled = await make.make_training(state=TrainingState.CANCELLED)
    for state in (TrainingState.DRAFT, TrainingState.UNLISTED):
        await make.make_training(title="Secreto", state=state)

    page = await get(client, "/municipios/la-libertad-peten")

    assert f"/capacitaciones/{cancelled.slug}" in hrefs(page)
    assert "Cancelada" in page.text
    assert "Secreto" not in page.text


async def test_municipality_without_hub_or_trainings_says_so_and_names_the_nearest(client: AsyncClient) -> None:
    await make.make_hub()
    await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await make.make_training()

    page = await get(client, "/municipios/flores-peten")

    assert "No hay capacitaciones en Flores por ahora" in page.text
    assert "Ver las de La Libertad" in page.text
    assert "Todavía no hay ventanilla aquí" in page.text
    assert "Ventanilla de La Libertad" in page.text
    assert "Tacaná" not in page.text


async def test_municipality_in_a_department_without_hubs_names_the_nearest_of_all(client: AsyncClient) -> None:
    await make.make_hub()
    await make.make_hub("tacana-san-marcos", municipality=make.TACANA)

    page = await get(client, "/municipios/retalhuleu-retalhuleu")

    assert "Ventanilla de Tacaná" in page.text
    assert "Ventanilla de La Libertad" not in page.text


async def test_municipality_of_an_empty_database_is_an_honest_page(client: AsyncClient) -> None:
    page = await get(client, "/municipios/sibilia-quetzaltenango")

    assert "No hay capacitaciones en Sibilia por ahora" in page.text
    assert "Todavía no hay ventanilla aquí" not in page.text


async def test_municipality_has_every_way_to_follow_its_calendar(client: AsyncClient) -> None:
    page = await get(client, "/municipios/la-libertad-peten")

    address = "http://localhost:8000/cal/municipio/la-libertad-peten.ics"
    assert page.one("a", href="webcal://localhost:8000/cal/municipio/la-libertad-peten.ics")
    assert page.one("input", id="enlace")["value"] == address
    assert "readonly" in page.one("input", id="enlace")
    assert page.one("button", type="button")["data-copy"] == address
    assert page.one("a", href="/suscribirse/municipio/la-libertad-peten")
    assert "a veces en un día entero" in page.text


async def test_municipality_offers_the_calendar_of_each_hub_that_serves_it(client: AsyncClient) -> None:
    await make.make_hub("otra", name="Otra ventanilla", municipality="1711", serves=["1705"])
    await make.make_hub()

    page = await get(client, "/municipios/la-libertad-peten")

    calendars = {href for href in hrefs(page) if "/cal/ventanilla/" in href}
    beginning = "webcal://localhost:8000/cal/ventanilla/"
    assert calendars == {f"{beginning}la-libertad-peten.ics", f"{beginning}otra.ics"}


async def test_municipality_page_follows_a_taken_place_at_once(client: AsyncClient) -> None:
    training = await make.make_training(capacity=2)
    before = await get(client, "/municipios/la-libertad-peten")

    await make.make_registration(training)

    after = await get(client, "/municipios/la-libertad-peten")
    assert "Quedan 2 de 2 lugares" in before.text
    assert "Queda 1 de 2 lugares" in after.text


UNKNOWN: list[str] = ["no-existe", "LA-LIBERTAD-PETEN", "%00", "1705", "a" * 3000]


async def test_unknown_municipality_is_the_same_404(client: AsyncClient) -> None:
    for slug in UNKNOWN:
        page = await get(client, f"/municipios/{slug}", status=404)

        assert "No encontramos esta página" in page.text, slug


async def test_pages_are_told_to_no_cache_and_show_no_protected_place(client: AsyncClient) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(hub, "Casa segura", address="Callejón 3", lat=16.78, lon=-90.11)
    await make.make_training(hub=hub, venue=venue, place_shown=PlaceShown.AFTER_CONFIRMATION)

    for path in ("/", "/municipios/la-libertad-peten", "/capacitaciones"):
        answer = await client.get(path)

        assert answer.headers["cache-control"] == "no-cache"
        assert "Casa segura" not in answer.text
        assert "Callejón 3" not in answer.text
        assert "16.78" not in answer.text


# -- for chats, and in English


async def test_municipality_has_a_picture_for_chats(client: AsyncClient) -> None:
    page = await get(client, "/municipios/la-libertad-peten")
    picture = await client.get("/municipios/la-libertad-peten/imagen.png")

    assert page.one("meta", property="og:image")["content"] == (
        "http://localhost:8000/municipios/la-libertad-peten/imagen.png"
    )
    assert page.one("meta", property="og:title")["content"] == "Capacitaciones en La Libertad, Petén"
    assert Image.open(BytesIO(picture.content)).size == (1200, 630)
    assert picture.headers["content-type"] == "image/png"
    assert (await client.get("/municipios/no-existe/imagen.png")).status_code == 404


@pytest.mark.parametrize("path", ["/?q=libertad", "/municipios/la-libertad-peten"])
async def test_page_switches_to_english_and_back_with_its_address(client: AsyncClient, path: str) -> None:
    joint = "&" if "?" in path else "?"
    english = await get(client, f"{path}{joint}idioma=en")
    kept = await get(client, path)
    spanish = await get(client, f"{path}{joint}idioma=es-GT")

    assert english.one("html")["lang"] == "en"
    assert kept.one("html")["lang"] == "en"
    assert spanish.one("html")["lang"] == "es-GT"
    query = path.partition("?")[2]
    assert english.one("a", hreflang="es")["href"] == "?" + "&".join(filter(None, [query, "idioma=es-GT"]))
