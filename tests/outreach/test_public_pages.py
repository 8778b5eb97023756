"""An activity for everybody: on its page, in its municipality, in a chat; nothing of the ventanilla's own is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.feeds.readers import with_icalendar
from tests.outreach.make_activity import make_activity, make_draft, plan_of
from tests.web.pages import Page
from trainings.audit.actor import PROGRAM
from trainings.lib.dates import NBSP
from trainings.outreach.actions import (
    TimeAndPlace,
    cancel_activity,
    edit_activity,
    move_activity,
    publish_activity,
    reopen_activity,
)
from trainings.outreach.models import OutreachActivity
from trainings.outreach.queries import listed_activities
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
DAY = timedelta(days=1)
NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
STARTS = datetime(2027, 3, 8, 14, 0, tzinfo=UTC)
PARK = TimeAndPlace(STARTS, STARTS + timedelta(hours=4), make.LA_LIBERTAD, None, "Parque central")
TOWN, EMBED = "/municipios/la-libertad-peten", "/incrustar/municipio/la-libertad-peten"


@pytest.fixture(autouse=True)
def _now(freeze: Freeze) -> None:
    freeze(NOW)


def meta(page: Page, name: str) -> str | None:
    return page.one("meta", property=name)["content"]


async def test_page_says_when_where_what_and_that_nobody_signs_up(client: AsyncClient) -> None:
    activity = await make_activity(when=PARK, summary="Mesas y juegos.", rain_plan="Pasa al salón.", materials="Toldo")

    answer = await client.get(f"/actividades/{activity.slug}")

    page = Page(answer.text)
    words = " ".join(page.text.split())
    assert answer.status_code == 200
    for told in (
        "Feria informativa",
        "lunes, 8 de marzo de 2027",
        "de 8:00 a. m. a 12:00 p. m.",
        "Parque central. La Libertad, Petén.",
        "No hace falta inscribirse ni cuesta nada.",
        "Pasa al salón.",
        "Ventanilla de La Libertad",
        "Llamar al 7900 1234",
    ):
        assert told in words, told
    assert "Toldo" not in answer.text
    assert "Rosa Xol" not in answer.text
    assert page.all("form") == []


async def test_hub_below_the_map_of_another_municipality_says_where_it_is(client: AsyncClient) -> None:
    hub = await make.make_hub()
    await make.make_municipality("1710")
    activity = await make_activity(hub, when=replace(PARK, municipality="1710"))

    source = (await client.get(f"/actividades/{activity.slug}")).text

    marked, heading, address = (source.index(words) for words in ("Sayaxché marcado", "<h2>Ventanilla", hub.address))
    assert marked < heading < address
    assert f"{hub.address}, La Libertad, Petén<br>" in source


async def test_shared_link_has_a_face(client: AsyncClient) -> None:
    activity = await make_activity(when=PARK)

    page = Page((await client.get(f"/actividades/{activity.slug}")).text)
    picture = await client.get(f"/actividades/{activity.slug}/imagen.png")

    description = "Feria. Lunes 8 de marzo, 8:00 a. m. Parque central, La Libertad, Petén."
    assert meta(page, "og:description") == description
    assert (meta(page, "og:image") or "").endswith(f"/actividades/{activity.slug}/imagen.png?v=1")
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")


async def test_entry_for_ones_own_calendar_is_that_of_the_feeds(client: AsyncClient, freeze: Freeze) -> None:
    activity = await make_activity(when=PARK)

    entry = await client.get(f"/actividades/{activity.slug}/evento.ics")
    freeze(PARK.ends_at)
    over = await client.get(f"/actividades/{activity.slug}/evento.ics")

    [read] = with_icalendar(entry.text)
    assert (read.uid.partition("@")[0], read.starts_at) == (f"actividad-{activity.id}", STARTS)
    assert (entry.headers["content-type"], over.status_code) == ("text/calendar; charset=utf-8", 404)


@pytest.mark.parametrize("slug", ["nada", "Nada", "%00", "a" * 200])
async def test_what_does_not_exist_is_not_found(client: AsyncClient, slug: str) -> None:
    await make_draft(when=PARK)

    assert (await client.get(f"/actividades/{slug}")).status_code == 404


async def test_drafts_are_nowhere_also_after_they_were_cancelled(client: AsyncClient) -> None:
    draft = await make_draft(when=PARK)
    before = await client.get(f"/actividades/{draft.slug}")
    await cancel_activity(draft.id, "Lluvia", actor=PROGRAM)

    after = await client.get(f"/actividades/{draft.slug}")
    town = await client.get(TOWN)

    assert (before.status_code, after.status_code) == (404, 404)
    assert draft.title not in town.text


async def test_cancelled_one_says_so_and_why_and_offers_nothing_more(client: AsyncClient) -> None:
    activity = await make_activity(when=PARK, rain_plan="Pasa al salón.")
    await cancel_activity(activity.id, "El camino está cerrado.", actor=PROGRAM)

    answer = await client.get(f"/actividades/{activity.slug}")

    words = " ".join(Page(answer.text).text.split())
    assert "Esta actividad está cancelada. Motivo: El camino está cerrado." in words
    assert "Cancelada: Feria informativa" in answer.text
    assert not any(gone in answer.text for gone in ("evento.ics", "Invitar a alguien", "Pasa al salón"))


async def test_markup_in_what_staff_write_stays_text(client: AsyncClient) -> None:
    nasty = "<script>alert(1)</script>"
    activity = await make_activity(
        when=replace(PARK, place=nasty), title=f"Feria {nasty}", summary=nasty, rain_plan=nasty
    )
    await cancel_activity(activity.id, nasty, actor=PROGRAM)

    for path in (f"/actividades/{activity.slug}", TOWN):
        assert nasty not in (await client.get(path)).text


# -- lists


async def titles(first: date, last: date, **wanted: object) -> list[str]:
    return [one.title for one in await listed_activities(first, last, **wanted)]  # type: ignore[arg-type]  # as asked


async def test_list_holds_both_ends_of_local_days_in_order(db: Settings) -> None:
    day = timedelta(days=1)
    midnight = datetime(2027, 3, 8, 6, tzinfo=UTC)
    for number, starts_at in enumerate([midnight + day, midnight, midnight + 2 * day, midnight - timedelta(seconds=1)]):
        at = replace(PARK, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
        await make_activity(when=at, title=f"Feria {number}")

    assert await titles(date(2027, 3, 8), date(2027, 3, 9)) == ["Feria 1", "Feria 0"]


async def test_list_of_a_municipality_is_that_of_its_feed(db: Settings) -> None:
    hub = await make.make_hub()
    elsewhere = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await make_activity(hub, when=replace(PARK, municipality=make.TACANA), title="De La Libertad en Tacaná")
    await make_activity(elsewhere, when=replace(PARK, municipality=make.TACANA), title="De Tacaná")
    day = date(2027, 3, 8)

    here = await titles(day, day, municipality=make.LA_LIBERTAD)
    there = await titles(day, day, municipality=make.TACANA)
    of_hub = await titles(day, day, hub_ids=[elsewhere.id])

    assert (here, sorted(there), of_hub) == (
        ["De La Libertad en Tacaná"],
        ["De La Libertad en Tacaná", "De Tacaná"],
        ["De Tacaná"],
    )


async def test_drafts_are_listed_for_staff_only(db: Settings) -> None:
    await make_draft(when=PARK, title="Borrador")
    day = date(2027, 3, 8)

    assert await titles(day, day) == []
    assert await titles(day, day, with_drafts=True) == ["Borrador"]


async def test_municipality_shows_what_comes_and_for_a_week_what_was_cancelled(
    client: AsyncClient, freeze: Freeze
) -> None:
    later = replace(PARK, starts_at=STARTS + timedelta(days=30), ends_at=STARTS + timedelta(days=30, hours=2))
    activity = await make_activity(when=PARK)
    off = await make_activity(when=later, title="Diálogo sobre estafas")
    await cancel_activity(off.id, "Lluvia", actor=PROGRAM)

    shown = " ".join(Page((await client.get(TOWN)).text).text.split())
    freeze(NOW + timedelta(days=7))
    a_week_later = (await client.get(TOWN)).text
    freeze(PARK.ends_at)
    over = (await client.get(TOWN)).text

    assert "Actividades abiertas, sin inscripción" in shown
    assert f"{activity.title} 8:00 a. m. a 12:00 p. m.Parque central, La Libertad, Petén" in shown
    told = shown[shown.index("Diálogo sobre estafas") :]
    assert told.startswith("Diálogo sobre estafas 8:00 a. m. a 10:00 a. m.Parque central, La Libertad, PeténSe canceló")
    assert "Cancelada" in told
    assert activity.title in a_week_later
    assert "Diálogo sobre estafas" not in a_week_later
    assert activity.title not in over
    assert await OutreachActivity.all().count() == 2


async def test_changed_one_says_for_a_week_what_it_was(client: AsyncClient, freeze: Freeze) -> None:
    activity = await make_activity(when=PARK)
    path = f"/actividades/{activity.slug}"
    market = replace(PARK, starts_at=STARTS + DAY, ends_at=PARK.ends_at + DAY, place="Mercado")

    async def told() -> list[str]:
        """On its page, in its municipality, in the list of all."""
        pages = [(await client.get(where)).text for where in (path, TOWN, "/capacitaciones")]
        return [" ".join(re.findall(r"(Cambió[^<]*|Se canceló:[^<]*)<", one)).replace(NBSP, " ") for one in pages]

    await move_activity(activity.id, market, actor=PROGRAM)
    moved = await told()
    on_other_sites = [(await client.get(one)).text.replace(NBSP, " ") for one in (EMBED, f"{EMBED}/fragmento")]
    await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)
    called_off = await told()
    await reopen_activity(activity.id, actor=PROGRAM)
    await move_activity(activity.id, replace(market, starts_at=STARTS, ends_at=PARK.ends_at), actor=PROGRAM)
    only_elsewhere = await told()
    await move_activity(activity.id, market, actor=PROGRAM)
    freeze(NOW + timedelta(days=7, seconds=1))
    after = await told()

    assert moved == ["Cambió: antes lunes 8 de marzo, 8:00 a. m."] * 3
    assert all("Sin inscripción. Cambió: antes lunes 8 de marzo, 8:00 a. m." in one for one in on_other_sites)
    assert called_off == ["Se canceló: era el lunes 8 de marzo, 8:00 a. m."] * 3
    assert only_elsewhere == ["Cambió de lugar"] * 3
    assert after == [""] * 3


async def test_place_in_the_open_written_anew_in_the_form_then_it_says_that_the_place_is_another(
    client: AsyncClient,
) -> None:
    activity = await make_activity(when=PARK)

    await edit_activity(activity.id, await plan_of(when=replace(PARK, place="Mercado")), actor=PROGRAM)

    assert "Cambió de lugar" in (await client.get(f"/actividades/{activity.slug}")).text


async def test_called_off_and_held_after_all_says_so_for_a_week(client: AsyncClient, freeze: Freeze) -> None:
    activity = await make_activity(when=PARK)
    path = f"/actividades/{activity.slug}"
    await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)
    freeze(NOW + timedelta(hours=1))

    await reopen_activity(activity.id, actor=PROGRAM)

    held = (await client.get(path)).text
    await cancel_activity(activity.id, "Más lluvia", actor=PROGRAM)
    off = (await client.get(path)).text.replace(NBSP, " ")
    assert "Se había cancelado, pero sí se realiza." in held
    assert "Se canceló: era el lunes 8 de marzo, 8:00 a. m." in off


async def test_called_off_and_held_again_before_anybody_was_told_says_nothing_of_it(
    client: AsyncClient, freeze: Freeze
) -> None:
    activity = await make_activity(when=PARK)
    path = f"/actividades/{activity.slug}"
    await move_activity(activity.id, replace(PARK, starts_at=STARTS + DAY, ends_at=PARK.ends_at + DAY), actor=PROGRAM)
    freeze(NOW + timedelta(hours=1))
    await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)
    freeze(NOW + timedelta(hours=1, minutes=9))

    await reopen_activity(activity.id, actor=PROGRAM)

    page = (await client.get(path)).text.replace(NBSP, " ")
    assert "sí se realiza" not in page
    assert "Cambió: antes lunes 8 de marzo, 8:00 a. m." in page


async def test_draft_that_is_moved_was_never_another(client: AsyncClient) -> None:
    draft = await make_draft(when=PARK)

    await move_activity(draft.id, replace(PARK, starts_at=STARTS + DAY, ends_at=PARK.ends_at + DAY), actor=PROGRAM)
    await publish_activity(draft.id, actor=PROGRAM)

    assert "Cambió" not in (await client.get(f"/actividades/{draft.slug}")).text
