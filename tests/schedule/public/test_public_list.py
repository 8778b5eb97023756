"""The list of trainings to come with its filters, as visitors get it."""

from __future__ import annotations

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.counting import statements
from tests.schedule.public_pages import WEDNESDAY, Freeze, get, links, on, page_of, rows
from trainings.schedule.models import PlaceShown


async def test_list_is_in_order_of_the_next_session(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    later = await make.make_training(sessions=[on(9)])
    begun = await make.make_training(sessions=[on(1), on(8)])
    first = await make.make_training(sessions=[on(4)])

    page = await get(client, "/capacitaciones")

    assert rows(page) == [first.slug, begun.slug, later.slug]
    assert "3 capacitaciones" in page.text


async def test_list_filters_by_municipality_topic_language_date_and_access(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    hub = await make.make_hub()
    ramp = await make.make_venue(hub, "Con rampa", access=("ramp",))
    away = await make.make_venue(hub, "Salón comunal", municipality="1710")
    topic = await make.make_topic("trata", "Trata de personas")
    plain = await make.make_training(hub=hub, sessions=[on(4)])
    moved = await make.make_training(hub=hub, venue=away, sessions=[on(5)])
    other = await make.make_training(hub=hub, course=await make.make_course("Trata", topic=topic), sessions=[on(6)])
    spoken = await make.make_training(hub=hub, languages=("spa", "kek"), sessions=[on(7)])
    heard = await make.make_training(hub=hub, interpreter_languages=("kek",), sessions=[on(8)])
    easy = await make.make_training(hub=hub, venue=ramp, sessions=[on(9)])
    hidden = await make.make_training(hub=hub, venue=ramp, place_shown=PlaceShown.AFTER_CONFIRMATION, sessions=[on(10)])
    everything = [plain, moved, other, spoken, heard, easy, hidden]

    found = {
        query: rows(await get(client, f"/capacitaciones?{query}"))
        for query in (
            "municipio=sayaxche-peten",
            "tema=trata",
            "idioma_cap=kek",
            "desde=2027-03-08",
            "acceso=si",
            "idioma_cap=kek&desde=2027-03-08",
            "desde=2027-01-01",
            "municipio=&tema=&idioma_cap=&desde=",
        )
    }

    assert found == {
        "municipio=sayaxche-peten": [moved.slug],
        "tema=trata": [other.slug],
        "idioma_cap=kek": [spoken.slug, heard.slug],
        "desde=2027-03-08": [heard.slug, easy.slug, hidden.slug],
        "acceso=si": [easy.slug],
        "idioma_cap=kek&desde=2027-03-08": [heard.slug],
        "desde=2027-01-01": [training.slug for training in everything],
        "municipio=&tema=&idioma_cap=&desde=": [training.slug for training in everything],
    }


async def test_list_tells_its_filters_and_how_to_drop_each(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    await make.make_training(sessions=[on(6)], languages=("kek",))

    page = await get(client, "/capacitaciones?municipio=la-libertad-peten&tema=riesgos&idioma_cap=kek&desde=2027-03-05")

    said = (
        "1 capacitación en La Libertad, Petén, sobre «Riesgos de la migración irregular», en q’eqchi’, "
        "desde el 5 de marzo de 2027"
    )
    assert said in page.text
    assert f"<title>{said}" in page.source
    assert "/capacitaciones?municipio=la-libertad-peten&tema=riesgos&desde=2027-03-05" in links(page)
    assert "/capacitaciones?tema=riesgos&idioma_cap=kek&desde=2027-03-05" in links(page)
    assert page.one("input", name="desde")["value"] == "2027-03-05"
    assert {str(option["value"]) for option in page.all("option") if "selected" in option} == {
        "la-libertad-peten",
        "riesgos",
        "kek",
    }


async def test_empty_list_names_the_filters_and_offers_to_drop_them(client: AsyncClient) -> None:
    await make.make_training()

    page = await get(client, "/capacitaciones?municipio=sibilia-quetzaltenango&acceso=si")

    assert "No hay capacitaciones en Sibilia, Quetzaltenango, con entrada sin gradas" in page.text
    assert {"/capacitaciones?acceso=si", "/capacitaciones?municipio=sibilia-quetzaltenango", "/capacitaciones"} <= (
        links(page)
    )


async def test_empty_list_without_filters_leads_to_the_search(client: AsyncClient) -> None:
    page = await get(client, "/capacitaciones")

    assert "No hay capacitaciones por ahora" in page.text
    assert "Buscar mi municipio" in page.text


NOT_UNDERSTOOD: list[tuple[str, str]] = [
    ("desde=ayer", "No entendimos la fecha."),
    ("desde=9999-12-31", "No entendimos la fecha."),
    ("desde=2027-02-30", "No entendimos la fecha."),
    ("desde=%00", "No entendimos la fecha."),
    ("municipio=macondo", "No conocemos ese municipio."),
    ("tema=%27%3B--", "No conocemos ese tema."),
    ("idioma_cap=klingon", "No conocemos ese idioma."),
    ("acceso=ramp", "No entendimos qué acceso busca."),
]


async def test_filter_that_is_not_understood_is_left_out_with_a_note(client: AsyncClient) -> None:
    training = await make.make_training()

    for query, note in NOT_UNDERSTOOD:
        page = await get(client, f"/capacitaciones?{query}")

        assert note in page.text, query
        assert rows(page) == [training.slug], query


NUMBERS: list[str] = ["0", "-1", "x", "9" * 400, "\N{SUPERSCRIPT TWO}", "2.5", ""]


async def test_list_goes_on_after_twenty_and_keeps_the_filters(client: AsyncClient, freeze: Freeze) -> None:
    freeze(WEDNESDAY)
    course = await make.make_course()
    slugs = [(await make.make_training(course=course, sessions=[on(n)])).slug for n in range(4, 26)]

    first = await get(client, "/capacitaciones?tema=riesgos")
    second = await get(client, "/capacitaciones?tema=riesgos&pagina=2")

    assert (rows(first), rows(second)) == (slugs[:20], slugs[20:])
    assert "/capacitaciones?tema=riesgos&pagina=2" in links(first)
    assert first.one("a", rel="next")
    assert second.one("a", rel="prev")["href"] == "/capacitaciones?tema=riesgos"
    assert "21 a 22 de 22" in second.text


@pytest.mark.both_engines
async def test_pages_have_different_titles(client: AsyncClient) -> None:
    await make.make_municipalities()
    training = await make.make_training()
    paths = (
        "/",
        "/?q=libertad",
        "/municipios/la-libertad-peten",
        "/capacitaciones",
        f"/capacitaciones/{training.slug}",
    )

    titles = [(await get(client, path)).source.partition("<title>")[2].partition("</title>")[0] for path in paths]

    assert len(set(titles)) == len(paths)
    assert all(titles)


async def test_list_of_three_and_page_of_three_sessions_cost_no_more_statements(client: AsyncClient) -> None:
    one = await make.make_training(title="Una")
    with statements() as list_of_one:
        await get(client, "/capacitaciones")
    with statements() as page_of_one:
        await page_of(client, one)
    many = await make.make_training(
        sessions=[(make.tomorrow_at(8, days=n), make.tomorrow_at(9, days=n)) for n in (1, 2, 3)]
    )
    await make.make_training(title="Otra más")

    with statements() as list_of_three:
        await get(client, "/capacitaciones")
    with statements() as page_of_three:
        await page_of(client, many)

    assert len(list_of_one) == len(list_of_three) == 5
    assert len(page_of_one) == len(page_of_three) == 2
