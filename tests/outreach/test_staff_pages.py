"""The panel's pages of activities and of the desk, as staff use them, without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outreach.make_activity import make_activity, make_draft
from tests.queries import counted_queries
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings.audit.actor import PROGRAM
from trainings.outreach.actions import TimeAndPlace, cancel_activity, move_activity, reopen_activity
from trainings.outreach.heads import counts_of, total
from trainings.outreach.models import ActivityState, OrientationTally, OutreachActivity
from trainings.outreach.tallies import tally
from trainings.places.models import FeastDay
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
STARTS = datetime(2027, 3, 8, 14, 0, tzinfo=UTC)
PARK = TimeAndPlace(STARTS, STARTS + timedelta(hours=4), make.LA_LIBERTAD, None, "Parque central")
INDEX = "/panel/actividades"


@pytest.fixture(autouse=True)
def _now(freeze: Freeze) -> None:
    freeze(NOW)


def filled(cast: Cast, **changes: object) -> dict[str, object]:
    return {
        "hub": cast.hub.id,
        "kind": "fair",
        "title": "Feria en el mercado",
        "day": "2027-03-08",
        "starts": "08:00",
        "ends": "12:00",
        "place": "Mercado municipal",
        "municipality": cast.hub.seat_id,
        "responsible": cast.assistant.id,
        "materials": "Toldo\nMesas",
        "rain_plan": "Al salón",
        **changes,
    }


def words_of(source: str) -> str:
    return " ".join(Page(source).text.split())


# -- planning


async def test_form_makes_a_draft_that_a_button_publishes(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    created = await post(client, f"{INDEX}/nueva", filled(cast))
    path = created.headers["location"]
    draft = words_of((await client.get(path)).text)
    published = await post(client, f"{path}/publicar")
    shown = words_of((await client.get(path)).text)

    [activity] = await OutreachActivity.all()
    assert (created.status_code, published.status_code) == (303, 303)
    assert "Listo: el borrador está guardado." in draft
    assert "Publicada" in shown
    assert all(told in shown for told in ("Toldo", "Mesas", "Al salón", "Luis Ba", "Mercado municipal"))
    assert (activity.starts_at, activity.state) == (STARTS, ActivityState.PUBLISHED)


WRONG: list[tuple[dict[str, object], str, str]] = [
    ({"ends": "07:00"}, "ends", "La actividad termina antes de empezar. Corrija la hora."),
    ({"day": "2027-02-31"}, "day", "«2027-02-31» no es un día del calendario"),
    ({"title": "  "}, "title", "Falta este dato."),
    ({"title": "x" * 181}, "title", "Es demasiado largo: escriba hasta 180 letras."),
    ({"place": ""}, "place", "Diga dónde es: escoja un lugar o escríbalo."),
    ({"responsible": UUID(int=1)}, "responsible", "Esa persona no trabaja en la ventanilla. Escoja a otra."),
    ({"kind": "party"}, "kind", "Escoja una de las opciones."),
    ({"place": "\ufffd"}, "place", "Hay una letra que no se puede leer. Escríbalo otra vez."),
]


async def test_form_says_at_the_field_what_is_wrong_and_keeps_the_rest(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    for changes, field, sentence in WRONG:
        answer = await post(client, f"{INDEX}/nueva", filled(cast, **changes))

        page = Page(answer.text)
        assert answer.status_code in (409, 422), changes
        assert sentence in page.text, changes
        assert page.all("a", href=f"#{field}") != [], changes
        assert "Al salón" in answer.text, changes
        assert not await OutreachActivity.exists(), changes


async def test_who_is_taken_is_told_and_a_reason_lets_it_stand(client: AsyncClient, cast: Cast) -> None:
    await make_activity(cast.hub, when=replace(PARK, venue_id=cast.venue.id), responsible=cast.assistant)
    await as_(client, cast, "coordinator")
    form = filled(cast, venue=cast.venue.id)

    refused = await post(client, f"{INDEX}/nueva", form)
    done = await post(client, f"{INDEX}/nueva", form | {"override_reason": "Son dos en la mesa"})

    assert refused.status_code == 409
    assert "Luis Ba ya está en «Feria informativa»" in refused.text
    assert "Salón municipal ya está ocupado por «Feria informativa»" in refused.text
    assert Page(refused.text).all("a", href="#day") != []
    assert Page(refused.text).all("input", name="override_reason") != []
    assert done.status_code == 303


async def test_holiday_and_feast_of_the_municipality_warn_and_stand(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    await FeastDay.create(municipality_id=cast.hub.seat_id, name="Fiesta titular", month=5, day=3, n_days=2)

    created = await post(client, f"{INDEX}/nueva", filled(cast, day="2027-05-01"))
    shown = await client.get(created.headers["location"])
    moved = await post(client, f"{created.headers['location']}/editar", filled(cast, day="2027-05-04"))
    feast = await client.get(moved.headers["location"])

    assert "Tome en cuenta que ese día es: Día del Trabajo." in words_of(shown.text)
    assert "Tome en cuenta que ese día es: Fiesta titular (La Libertad, Petén)." in words_of(feast.text)


async def test_move_cancel_and_reopen_by_their_forms(client: AsyncClient, cast: Cast) -> None:
    activity = await make_activity(cast.hub, when=PARK)
    path = f"{INDEX}/{activity.id}"
    await as_(client, cast, "coordinator")

    form = {"day": "2027-03-09", "starts": "09:00", "ends": "11:00", "venue": cast.venue.id}
    moved = await post(client, f"{path}/mover", form)
    silent = await post(client, f"{path}/cancelar", {"reason": " "})
    cancelled = await post(client, f"{path}/cancelar", {"reason": "Lluvia"})
    page = words_of((await client.get(path)).text)
    edit = await client.get(f"{path}/editar")
    reopened = await post(client, f"{path}/reabrir")

    row = await OutreachActivity.get(id=activity.id)
    assert [one.status_code for one in (moved, silent, cancelled, edit, reopened)] == [303, 422, 303, 409, 303]
    assert "Motivo: Lluvia" in page
    assert (row.starts_at, row.venue_id, row.state) == (
        datetime(2027, 3, 9, 15, tzinfo=UTC),
        cast.venue.id,
        ActivityState.PUBLISHED,
    )


async def test_draft_called_off_and_held_after_all_says_nothing_of_calendars(client: AsyncClient, cast: Cast) -> None:
    draft = await make_draft(cast.hub, when=PARK)
    path = f"{INDEX}/{draft.id}"
    await as_(client, cast, "coordinator")

    await post(client, f"{path}/cancelar", {"reason": "Lluvia"})
    off = await client.get(path)
    await post(client, f"{path}/reabrir")
    again = await client.get(path)

    assert "Listo: la actividad está cancelada. Nadie más la había visto." in words_of(off.text)
    assert "Listo: es un borrador otra vez." in words_of(again.text)
    assert f'href="/actividades/{draft.slug}"' not in off.text + again.text


async def test_reopening_what_is_taken_by_now_asks_why(client: AsyncClient, cast: Cast) -> None:
    activity = await make_activity(cast.hub, when=PARK)
    await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)
    await make_activity(cast.hub, when=PARK, title="Otra feria")
    await as_(client, cast, "coordinator")

    refused = await post(client, f"{INDEX}/{activity.id}/reabrir")
    done = await post(client, f"{INDEX}/{activity.id}/reabrir", {"override_reason": "Van dos personas"})

    assert (refused.status_code, done.status_code) == (409, 303)
    assert Page(refused.text).all("input", name="override_reason") != []


async def test_list_tells_what_comes_what_was_and_how_many_came(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    await make_activity(cast.hub, when=PARK, title="Feria de marzo")
    later = replace(PARK, starts_at=STARTS + timedelta(days=9), ends_at=STARTS + timedelta(days=9, hours=1))
    await make_draft(cast.hub, when=later, title="Feria de abril")
    await make_activity(cast.elsewhere, when=later, title="Feria de Tacaná")
    freeze(PARK.ends_at)
    await as_(client, cast, "coordinator")

    coming = (await client.get(INDEX)).text
    past = words_of((await client.get(f"{INDEX}?cuando=pasadas")).text)
    none = (await client.get(f"{INDEX}?tipo=dialogue&pagina=99999999")).text

    assert "Feria de abril" in coming
    assert not any(hidden in coming for hidden in ("Feria de marzo", "Feria de Tacaná"))
    assert "Feria de marzo" in past
    assert "Falta el conteo" in past
    assert "Ninguna actividad es así" in none


async def test_lists_ask_the_database_as_often_for_many_as_for_one(client: AsyncClient, cast: Cast) -> None:
    await make_activity(cast.hub, when=PARK)
    await as_(client, cast, "coordinator")

    paths = (INDEX, f"{INDEX}?cuando=pasadas", "/municipios/la-libertad-peten")
    await client.get(INDEX)  # the first page of a session writes down that it was seen
    asked: list[list[int]] = []
    for _times in range(2):
        numbers = []
        for path in paths:
            with counted_queries() as statements:
                await client.get(path)
            numbers.append(len(statements))
        asked.append(numbers)
        for hour in range(3):
            starts_at = STARTS + timedelta(days=2, hours=hour)
            await make_activity(
                cast.hub, when=replace(PARK, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
            )

    assert asked[0] == asked[1]


async def test_drafts_are_for_the_desk_and_for_who_answers_for_them(client: AsyncClient, cast: Cast) -> None:
    others = await make_draft(cast.hub, when=PARK, responsible=cast.coordinator)
    own = await make_draft(cast.hub, when=PARK, responsible=cast.facilitator)
    await as_(client, cast, "facilitator")

    answers = [(await client.get(f"{INDEX}/{one.id}")).status_code for one in (others, own)]

    assert answers == [404, 200]


# -- counting


@pytest.fixture
async def fair(cast: Cast, freeze: Freeze) -> OutreachActivity:
    activity = await make_activity(cast.hub, when=PARK)
    freeze(STARTS)
    return activity


async def test_a_button_counts_and_undo_takes_it_back(
    client: AsyncClient, cast: Cast, fair: OutreachActivity, freeze: Freeze
) -> None:
    path = f"{INDEX}/{fair.id}/conteo"
    await as_(client, cast, "facilitator")

    key = Page((await client.get(path)).text).all("input", name="key")[0]["value"]
    once = await post(client, path, {"key": key, "cell": "mujer:18-59"})
    await post(client, path, {"key": key, "cell": "mujer:18-59"})
    freeze(STARTS + timedelta(minutes=1))
    await post(client, path, {"key": key, "cell": "hombre:0-11"})
    counted = words_of((await client.get(path)).text)
    for minute in (2, 3):
        freeze(STARTS + timedelta(minutes=minute))
        await post(client, f"{path}/deshacer", {"key": uuid4()})
    nothing = await post(client, f"{path}/deshacer", {"key": uuid4()})
    after = words_of((await client.get(nothing.headers["location"])).text)

    assert once.status_code == 303
    assert "2 personas Mujeres 1 · Hombres 1 · Sin decir 0" in counted
    assert "0 personas" in after
    assert "No hay nada suyo que deshacer." in after


async def test_the_same_touch_of_a_phone_counts_once(client: AsyncClient, cast: Cast, fair: OutreachActivity) -> None:
    path = f"{INDEX}/{fair.id}/toques"
    await as_(client, cast, "assistant")
    one = {"id": str(uuid4()), "sex": "nd", "age_band": "60+"}
    below = {"id": str(uuid4()), "sex": "mujer", "age_band": "0-11", "number": -1}

    first = await client.post(path, json={"events": [one]})
    again = await client.post(path, json={"events": [one, below]})

    assert first.status_code == again.status_code == 200
    assert [(one["id"], one["state"]) for one in again.json()["results"]] == [
        (one["id"], "stored"),
        (below["id"], "refused"),
    ]
    assert {cell: n for cell, n in again.json()["counts"].items() if n} == {"nd:60+": 1}
    assert again.headers["cache-control"] == "no-store"


async def test_touches_that_waited_while_the_activity_was_cancelled_are_kept_and_count_once_it_is_reopened(
    client: AsyncClient, cast: Cast, fair: OutreachActivity
) -> None:
    path = f"{INDEX}/{fair.id}"
    await as_(client, cast, "assistant")
    waited = [{"id": str(uuid4()), "sex": "nd", "age_band": "60+"} for _touch in range(2)]
    before = await client.post(f"{path}/toques", json={"events": waited[:1]})
    await cancel_activity(fair.id, "Lluvia", actor=PROGRAM)

    late = await client.post(f"{path}/toques", json={"events": waited})
    await reopen_activity(fair.id, actor=PROGRAM)

    assert (before.status_code, before.json()["told"]) == (200, "")
    assert (late.status_code, [one["state"] for one in late.json()["results"]]) == (200, ["stored", "stored"])
    assert "esta actividad se canceló" in late.json()["told"]
    assert "2 personas" in words_of((await client.get(f"{path}/conteo")).text)


ID = "018bcfe5-861c-7000-a2d7-41605bca5d50"
UNREADABLE: list[str] = [
    "",
    "[]",
    '{"events": []}',
    '{"events": [{"id": "no", "sex": "mujer", "age_band": "18-59"}]}',
    f'{{"events": [{{"id": "{ID}", "sex": "mujer", "age_band": "18-24"}}]}}',
    f'{{"events": [{{"id": "{ID}", "sex": "mujer", "age_band": "18-59", "number": 1000}}]}}',
    f'{{"events": [{", ".join([f"""{{"id": "{ID}", "sex": "nd", "age_band": "60+"}}"""] * 101)}]}}',
]


async def test_touches_that_cannot_be_read_are_refused_in_words(
    client: AsyncClient, cast: Cast, fair: OutreachActivity
) -> None:
    await as_(client, cast, "assistant")

    for body in UNREADABLE:
        answer = await client.post(
            f"{INDEX}/{fair.id}/toques",
            content=body,
            headers={"content-type": "application/json", "accept": "application/json"},
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_touches"), body
        assert total(await counts_of(fair.id)) == 0, body


async def test_before_the_day_there_is_nothing_to_touch(client: AsyncClient, cast: Cast) -> None:
    activity = await make_activity(cast.hub, when=PARK)
    await as_(client, cast, "facilitator")

    page = Page((await client.get(f"{INDEX}/{activity.id}/conteo")).text)
    forced = await post(client, f"{INDEX}/{activity.id}/conteo", {"key": uuid4(), "cell": "mujer:18-59"})

    assert page.all("button", name="cell") == []
    assert "Todavía no se puede contar" in page.text
    assert (forced.status_code, total(await counts_of(activity.id))) == (409, 0)


async def test_totals_of_a_sheet_stand_and_wrong_numbers_are_told_at_their_field(
    client: AsyncClient, cast: Cast, fair: OutreachActivity
) -> None:
    path = f"{INDEX}/{fair.id}/totales"
    await as_(client, cast, "assistant")
    form = {"n-mujer:18-59": "31", "n-hombre:nd": "12", "n-nd:60+": ""}

    wrong = await post(client, path, form | {"n-mujer:0-11": "-1", "n-hombre:0-11": "1.5", "n-nd:0-11": "100001"})
    done = await post(client, path, form)
    shown = words_of((await client.get(f"{INDEX}/{fair.id}/conteo")).text)

    page = Page(wrong.text)
    assert (wrong.status_code, done.status_code) == (422, 303)
    assert len(page.all("input", **{"aria-invalid": "true"})) == 3
    assert page.one("input", id="n-mujer:18-59")["value"] == "31"
    assert "43 personas Mujeres 31 · Hombres 12 · Sin decir 012 sin edad anotada" in shown


async def test_totals_that_others_overtook_are_shown_again(
    client: AsyncClient, cast: Cast, fair: OutreachActivity
) -> None:
    path = f"{INDEX}/{fair.id}/totales"
    await as_(client, cast, "assistant")
    await post(client, f"{INDEX}/{fair.id}/conteo", {"key": uuid4(), "cell": "mujer:18-59"})
    assert "1 persona Mujeres 1" in words_of((await client.get(f"{INDEX}/{fair.id}/conteo")).text)

    refused = await post(client, path, {"n-mujer:18-59": "31", "antes-mujer:18-59": "0"})
    seen = Page(refused.text).one("input", name="antes-mujer:18-59")["value"]
    done = await post(client, path, {"n-mujer:18-59": "31", "antes-mujer:18-59": str(seen)})

    assert (refused.status_code, seen, done.status_code) == (409, "1", 303)
    assert total(await counts_of(fair.id)) == 31


async def test_poster_of_a_month_is_wrong_paper_until_it_is_printed_anew(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    activity, other = await make_activity(cast.hub, when=PARK), await make_activity(cast.hub, when=PARK)
    await as_(client, cast, "assistant")
    page, poster = f"{INDEX}/{activity.id}", "/panel/difundir/cartel.pdf?mes=2027-03"

    async def papers(path: str = page) -> list[str]:
        return re.findall(r"Cartel de [^:]*", (await client.get(path)).text)

    assert (await client.get(poster)).status_code == 200
    unchanged = await papers()
    freeze(NOW + timedelta(hours=1))
    away = replace(PARK, starts_at=STARTS + timedelta(days=30), ends_at=PARK.ends_at + timedelta(days=30))
    await move_activity(activity.id, away, actor=PROGRAM)
    moved = await papers()
    await move_activity(activity.id, PARK, actor=PROGRAM, override_reason="Prueba")
    moved_back = await papers()
    await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)
    called_off = await papers()
    freeze(NOW + timedelta(hours=2))
    await client.get(poster)
    printed_anew = await papers()
    await reopen_activity(activity.id, actor=PROGRAM, override_reason="Prueba")

    assert (unchanged, moved_back, printed_anew, await papers()) == ([], [], [], [])
    assert called_off == moved
    assert moved == ["Cartel de marzo 2027"]
    assert await papers(f"{INDEX}/{other.id}") == []


async def test_moving_what_another_person_moved_meanwhile_shows_that_first(
    client: AsyncClient, db: Settings, freeze: object
) -> None:
    freeze(STARTS - timedelta(days=7))  # type: ignore[operator]
    cast = await make_cast()
    activity = await make_activity(cast.hub, when=PARK)
    path = f"/panel/actividades/{activity.id}/mover"
    await as_(client, cast, "coordinator")
    shown = Page((await client.get(path)).text).one("input", name="revision")["value"]
    form = {"day": "2027-03-08", "starts": "08:00", "ends": "11:30", "municipality": PARK.municipality}
    form |= {"place": "Parque central", "revision": str(shown)}
    await move_activity(activity.id, replace(PARK, place="Cancha"), actor=PROGRAM)

    refused = await post(client, path, form)
    untouched = await OutreachActivity.get(id=activity.id)
    again = form | {"revision": str(Page(refused.text).one("input", name="revision")["value"])}
    done = await post(client, path, again)

    assert refused.status_code == 409
    assert "Otra persona cambió esta actividad mientras usted escribía" in refused.text
    assert "Cancha" in refused.text
    assert Page(refused.text).one("input", name="ends")["value"] == "11:30"
    assert (untouched.place, untouched.ends_at) == ("Cancha", PARK.ends_at)
    assert done.status_code == 303
    assert (await OutreachActivity.get(id=activity.id)).place == "Parque central"


async def test_desk_counts_orientations_by_a_touch(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "assistant")
    form = {"hub": cast.hub.id, "subject": "returned", "step": "mas"}

    for step in ("mas", "mas", "menos"):
        answer = await post(client, "/panel/orientaciones", form | {"step": step})
    shown = words_of((await client.get("/panel/orientaciones")).text)

    assert answer.headers["location"] == f"/panel/orientaciones?ventanilla={cast.hub.slug}#returned"
    assert "Regresó al país 1 hoy1 este mes" in shown
    [row] = await OrientationTally.all()
    assert (row.day, row.subject, row.number) == (date(2027, 3, 1), "returned", 1)


async def test_less_than_none_is_said_and_not_kept(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    answer = await post(client, "/panel/orientaciones", {"hub": cast.hub.id, "subject": "returned", "step": "menos"})
    shown = words_of((await client.get(answer.headers["location"])).text)

    assert "Hoy no hay menos que cero." in shown
    assert not await OrientationTally.exists()


@pytest.mark.parametrize("changes", [{"subject": "otra"}, {"step": "5"}, {"hub": "no"}])
async def test_forged_touch_is_refused(client: AsyncClient, cast: Cast, changes: dict[str, object]) -> None:
    await as_(client, cast, "assistant")
    form = {"hub": cast.hub.id, "subject": "returned", "step": "mas"}

    assert (await post(client, "/panel/orientaciones", form | changes)).status_code == 422
    assert not await OrientationTally.exists()


async def test_numbers_of_another_hub_are_not_shown(client: AsyncClient, cast: Cast) -> None:
    await tally(cast.elsewhere.id, "returned", 1)
    await as_(client, cast, "assistant")

    shown = words_of((await client.get(f"/panel/orientaciones?ventanilla={cast.elsewhere.slug}")).text)

    assert "Regresó al país 0 hoy0 este mes" in shown
