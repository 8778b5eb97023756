"""Following a calendar, and showing it inside another site's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product

from httpx2 import AsyncClient
from icalendar import Calendar

from tests import make
from tests.feeds.test_posters import in_the_park
from tests.outreach.make_activity import make_activity
from tests.web.pages import Page
from trainings import clock
from trainings.schedule.models import Topic, TrainingState

Freeze = Callable[[datetime], None]
TODAY = datetime(2027, 2, 15, 16, tzinfo=clock.GUATEMALA)
SATURDAY = datetime(2027, 3, 6, 8, 30, tzinfo=clock.GUATEMALA)
FOUR_HOURS = timedelta(hours=4)
SCOPES = ("guatemala", "municipio/la-libertad-peten", "ventanilla/la-libertad-peten", "tema/riesgos")


async def test_page_of_each_scope_leads_to_its_feed_by_every_way(client: AsyncClient) -> None:
    training = await make.make_training()
    for scope in SCOPES:
        feed = f"/cal/{scope}.ics"
        page = Page((await client.get(f"/suscribirse/{scope}")).text)

        links = [str(one["href"]) for one in page.all("a")]
        assert [link for link in links if link.startswith("webcal://") and link.endswith(feed)]
        assert [link for link in links if link.startswith("https://outlook.live.com/") and "cal%2F" in link]
        assert str(page.one("input", id="enlace")["value"]).endswith(feed)
        assert (await client.get(feed)).status_code == 200
        google = page.one("a", href="https://calendar.google.com/calendar/u/0/r/settings/addbyurl")
        assert "button" in str(google["class"])
        assert "Google hasta 24 horas después" in page.text
        assert training.title in page.text


async def test_page_of_choices_leads_to_pages_that_are_there(client: AsyncClient) -> None:
    await make.make_training()

    page = Page((await client.get("/suscribirse")).text)

    links = [str(one["href"]) for one in page.all("a") if str(one["href"]).startswith("/suscribirse/")]
    assert len(links) > 340
    for link in ("/suscribirse/guatemala", "/suscribirse/ventanilla/la-libertad-peten", "/suscribirse/tema/riesgos"):
        assert link in links
        assert (await client.get(link)).status_code == 200


async def test_unknown_calendar_is_not_found(client: AsyncClient) -> None:
    await make.make_hub()
    unknown = ["municipio/nada", "facilitador/x", "tema/%00", "otro/la-libertad-peten"]
    narrower = ["idioma/klingon", "para/nadie", "color/rojo", "idioma/%00"]

    for path in (
        *(f"/{page}/{tail}" for page in ("suscribirse", "incrustar") for tail in unknown),
        *(f"/suscribirse/{scope}/{tail}" for scope in SCOPES[:2] for tail in narrower),
    ):
        assert (await client.get(path)).status_code == 404, path


async def test_embedded_list_may_be_shown_by_any_site_and_knows_nobody(client: AsyncClient, freeze: Freeze) -> None:
    freeze(TODAY)
    training = await make.make_training(sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)])

    for scope in SCOPES:
        answer = await client.get(f"/incrustar/{scope}")
        page = Page(answer.text)

        assert "frame-ancestors *" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
        assert not page.all("form")
        assert not page.all("script")
        # Else a browser asks for /favicon.ico, which is not there.
        assert page.one("link", rel="icon")
        [link] = [one for one in page.all("a") if str(one["href"]).endswith(f"/capacitaciones/{training.slug}")]
        assert (link["target"], link["rel"]) == ("_blank", "noopener")
        assert "sábado, 6 de marzo de 2027" in page.text


async def test_code_for_another_site_holds_a_name_as_text(client: AsyncClient) -> None:
    await make.make_training()
    await Topic.filter(slug="riesgos").update(name='Redes "seguras" onload="alert(1)" <b>')

    page = Page((await client.get("/suscribirse/tema/riesgos")).text)

    [code] = [one["data-copy"] for one in page.all("button") if "iframe" in (one.get("data-copy") or "")]
    [(tag, frame)] = Page(str(code)).elements
    assert (tag, set(frame)) == ("iframe", {"src", "title", "width", "height", "loading"})
    assert str(frame["title"]).endswith('Redes "seguras" onload="alert(1)" <b>')


async def test_embedded_list_kept_on_the_way_is_kept_by_language(client: AsyncClient) -> None:
    for path in ("/incrustar/guatemala", "/incrustar/guatemala/fragmento"):
        answer = await client.get(path)
        assert answer.headers["cache-control"] == "public, max-age=600"
        assert {"Accept-Language", "Cookie"} <= set(answer.headers["vary"].split(", "))
        asked = await client.get(f"{path}?idioma=en")
        # Caches keep these answers for everybody: none may bring somebody's cookie to others.
        assert ('lang="en"' in asked.text, "set-cookie" in asked.headers) == (True, False)


async def test_no_other_page_may_be_shown_inside_another_site(client: AsyncClient) -> None:
    for path in ("/", "/suscribirse", "/capacitaciones"):
        assert "frame-ancestors 'none'" in (await client.get(path)).headers["content-security-policy"]


async def test_fragment_is_dated_and_plain(client: AsyncClient, freeze: Freeze) -> None:
    freeze(TODAY)
    await make.make_training(title="A & B <i>", sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)])

    text = (await client.get("/incrustar/guatemala/fragmento")).text

    assert "Al lunes, 15 de febrero de 2027." in text
    assert "A &amp; B &lt;i&gt;" in text
    assert re.findall(r"<(\w+)", text.replace("<!--", "")) == ["section", "h2", "p", "ul", "li", "a", "p", "a"]
    assert not re.search(r"class=|style=|<script", text)


async def test_lists_hold_activities_and_only_what_is_public_and_to_come(client: AsyncClient, freeze: Freeze) -> None:
    freeze(TODAY)
    hub = await make.make_hub()
    for title, state in {"Borrador": "draft", "Escondida": "unlisted", "Cancelada": "cancelled"}.items():
        day = [(SATURDAY, SATURDAY + FOUR_HOURS)]
        await make.make_training(hub=hub, title=title, sessions=day, state=TrainingState(state))
    await make_activity(hub, title="Feria en el parque", when=in_the_park(hub, SATURDAY))
    freeze(TODAY - timedelta(days=9))
    await make.make_training(hub=hub, title="Pasada", sessions=[(TODAY - FOUR_HOURS * 20, TODAY - FOUR_HOURS * 19)])
    freeze(TODAY)

    text = (await client.get("/incrustar/ventanilla/la-libertad-peten")).text

    assert "Feria en el parque" in text
    assert "Sin inscripción" in text
    assert not any(title in text for title in ("Borrador", "Escondida", "Cancelada", "Pasada"))


async def test_page_of_a_calendar_offers_those_by_language_and_audience_that_hold_something(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(TODAY)
    hub = await make.make_hub()
    days = [[(SATURDAY + timedelta(days=n), SATURDAY + timedelta(days=n) + FOUR_HOURS)] for n in range(4)]
    await make.make_training(hub=hub, title="En dos", sessions=days[0], languages=("spa", "kek"))
    await make.make_training(hub=hub, title="Con intérprete", sessions=days[1], interpreter_languages=("mam",))
    await make.make_training(hub=hub, title="Para maestros", sessions=days[2], audience=("docente",))
    await make.make_training(hub=hub, title="Callada", sessions=days[3], languages=("quc",), state=TrainingState.DRAFT)

    for scope in ("guatemala", "municipio/la-libertad-peten", "ventanilla/la-libertad-peten", "tema/riesgos"):
        page = Page((await client.get(f"/suscribirse/{scope}")).text)
        offered = {str(one["href"]).removeprefix(f"/suscribirse/{scope}/") for one in page.all("a")}
        assert {one for one in offered if one.startswith(("idioma/", "para/"))} == {
            *("idioma/spa", "idioma/kek", "idioma/mam"),
            "para/docente",
        }
    everywhere = Page((await client.get("/suscribirse")).text)
    assert everywhere.one("a", href="/suscribirse/guatemala/idioma/kek")


NARROWER = (
    ("idioma/kek", {"En dos"}, "en q’eqchi’"),
    ("idioma/mam", {"Con intérprete"}, "en mam"),
    ("para/docente", {"En dos", "Para maestros", "Con intérprete", "Feria en el parque"}, "para docentes"),
    ("para/juventud", {"En dos", "Con intérprete", "Feria en el parque"}, "para jóvenes"),
)


async def test_page_of_a_narrower_calendar_leads_to_a_feed_that_holds_what_it_says(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(TODAY)
    hub = await make.make_hub()
    day = [(SATURDAY, SATURDAY + FOUR_HOURS)]
    await make.make_training(hub=hub, title="En dos", sessions=day, languages=("spa", "kek"))
    await make.make_training(hub=hub, title="Con intérprete", sessions=day, interpreter_languages=("mam",))
    await make.make_training(hub=hub, title="Para maestros", sessions=day, audience=("docente",))
    await make_activity(hub, title="Feria en el parque", when=in_the_park(hub, SATURDAY))

    for scope, (tail, held, words) in product(("guatemala", "municipio/la-libertad-peten"), NARROWER):
        page = Page((await client.get(f"/suscribirse/{scope}/{tail}")).text)

        address = str(page.one("input", id="enlace")["value"])
        assert address.endswith(f"/cal/{scope}/{tail}.ics")
        feed = Calendar.from_ical((await client.get(address)).content)
        assert {str(event["SUMMARY"]) for event in feed.events} == held
        assert page.one("a", href=f"webcal://localhost:8000/cal/{scope}/{tail}.ics")
        assert words in page.source.partition("<h1>")[2].partition("</h1>")[0]
        assert page.one("a", href=f"/suscribirse/{scope}")
        shown = page.source.partition('id="siguen"')[2]
        titles = ("En dos", "Con intérprete", "Para maestros", "Feria en el parque")
        assert {title for title in titles if title in shown} <= held
