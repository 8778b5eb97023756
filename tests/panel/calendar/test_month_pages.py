"""The month and the list of the panel, and the filters that they share with the week."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.queries import counted_queries
from tests.schedule.calendars import entries, remarks, titles
from tests.schedule.panel import as_, post, posted
from tests.schedule.public_pages import on
from trainings import clock
from trainings.accounts.models import Role
from trainings.audit.actor import PROGRAM
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.models import FeastDay
from trainings.schedule import actions
from trainings.schedule.models import SessionFacilitator, TrainingSession, TrainingState, Unavailability

Freeze = Callable[[datetime], None]
FEBRUARY = datetime(2027, 2, 10, 9, tzinfo=clock.GUATEMALA)
MARCH = "/panel/mes?mes=2027-03"


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=clock.GUATEMALA)


async def seen(client: AsyncClient, cast: Cast, who: str, path: str = MARCH) -> str:
    answer = await (await as_(client, cast, who)).get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def trained(cast: Cast, title: str, start: datetime, hours: float = 2, **more: Any) -> TrainingSession:
    times = [(start, start + timedelta(hours=hours))]
    training = await make.make_training(hub=more.pop("hub", cast.hub), title=title, sessions=times, **more)
    return next(iter(training.sessions))


async def activity(cast: Cast, title: str, start: datetime, state: ActivityState, **more: Any) -> OutreachActivity:
    made = await make_activity(more.pop("hub", cast.hub))
    columns = {"title": title, "starts_at": start, "ends_at": start + timedelta(hours=3), "state": state, **more}
    if state is ActivityState.CANCELLED:
        columns |= {"sequence": 1, "cancelled_at": clock.now(), "cancel_reason": "Lluvia."}
    await OutreachActivity.filter(id=made.id).update(**columns)
    return made


async def test_month_holds_what_begins_between_its_local_midnights(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    await trained(cast, "Último día de febrero", at(2, 28, 20))
    await trained(cast, "Primera hora", at(3, 1, 0))
    await trained(cast, "Última noche", at(3, 31, 21))
    await trained(cast, "Abril", at(4, 1, 0))

    page = await seen(client, cast, "coordinator")

    assert titles(page) == [(1, "Primera hora"), (31, "Última noche")]
    assert "Marzo de 2027</h1>" in page
    assert "2 sesiones" in page


async def test_session_over_midnight_stands_in_both_months_and_both_days(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    session = await trained(cast, "Vigilia", at(3, 31, 20))
    await TrainingSession.filter(id=session.id).update(ends_at=at(4, 1, 2))

    march = entries(await seen(client, cast, "coordinator"))
    april = entries(await seen(client, cast, "coordinator", "/panel/mes?mes=2027-04"))
    listed = await seen(client, cast, "coordinator", "/panel/lista?mes=2027-04")

    assert [(one.day, one.time) for one in march] == [(31, "8:00 p. m.")]
    assert [(one.day, one.time) for one in april] == [(1, "sigue")]
    assert "Vigilia" in listed


async def test_month_marks_drafts_and_strikes_what_is_called_off_with_the_word(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    await trained(cast, "Pensada", at(3, 2, 8), state=TrainingState.DRAFT)
    await trained(cast, "Anunciada", at(3, 3, 8))
    two = await make.make_training(hub=cast.hub, title="De dos", sessions=[on(4), on(5)])
    await actions.cancel_session(two.sessions[1].id, actor=PROGRAM)
    await activity(cast, "Feria", at(3, 6, 9), ActivityState.PUBLISHED)
    await activity(cast, "Feria con lluvia", at(3, 7, 9), ActivityState.CANCELLED)
    await activity(cast, "Feria pensada", at(3, 8, 9), ActivityState.DRAFT)

    found = entries(await seen(client, cast, "coordinator"))

    assert [(one.day, one.look, one.state) for one in found] == [
        (2, "draft", "Borrador"),
        (3, "", "0/20"),
        (4, "", "0/20"),
        (5, "off", "Cancelada"),
        (6, "act", "Feria"),
        (7, "act off", "Cancelada"),
        (8, "act draft", "Borrador"),
    ]


IN_SCOPE: list[tuple[str, set[str]]] = [
    ("coordinator", {"De la ventanilla", "Suya", "Feria", "Feria pensada"}),
    ("assistant", {"De la ventanilla", "Suya", "Feria", "Feria pensada"}),
    ("facilitator", {"Suya", "Feria"}),
    ("coordinator_elsewhere", {"De otra"}),
    ("monitor", {"De la ventanilla", "Suya", "De otra", "Feria", "Feria pensada"}),
]


async def test_month_and_list_hold_what_is_in_scope_alone(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await trained(cast, "De la ventanilla", at(3, 2, 8))
    await trained(cast, "Suya", at(3, 2, 14), facilitators=[cast.facilitator])
    await trained(cast, "De otra", at(3, 3, 8), hub=cast.elsewhere, venue=cast.venue_elsewhere)
    await activity(cast, "Feria", at(3, 4, 9), ActivityState.PUBLISHED)
    await activity(cast, "Feria pensada", at(3, 5, 9), ActivityState.DRAFT)

    for who, expected in IN_SCOPE:
        month = await seen(client, cast, who)
        listed = await seen(client, cast, who, "/panel/lista?mes=2027-03")

        assert {title for _, title in titles(month)} == expected, who
        everything = {"De la ventanilla", "Suya", "De otra", "Feria", "Feria pensada"}
        assert {title for title in everything if f">{title}</a>" in listed} == expected, who


async def test_filters_narrow_all_three_and_stay_in_their_links(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    away = await make.make_venue(cast.hub, "Salón comunal")
    await trained(cast, "De Ana", at(3, 2, 8), facilitators=[cast.facilitator], venue=away)
    await trained(cast, "En otro lugar", at(3, 2, 14), facilitators=[cast.facilitator])
    await trained(cast, "De nadie", at(3, 3, 8), venue=away)
    narrowed = f"facilita={cast.facilitator.id}&lugar={away.id}"

    pages = {
        view: await seen(client, cast, "coordinator", f"/panel/{view}?{period}&{narrowed}")
        for view, period in (("mes", "mes=2027-03"), ("semana", "desde=2027-02-28"), ("lista", "mes=2027-03"))
    }

    for page in pages.values():
        assert "De Ana" in page
        assert "En otro lugar" not in page
        assert "De nadie" not in page
        kept = f"facilita={cast.facilitator.id}&amp;lugar={away.id}"
        for view, period in (("mes", "mes=2027-03"), ("semana", "desde=2027-02-28"), ("lista", "mes=2027-03")):
            assert f'href="/panel/{view}?{period}&amp;{kept}"' in page
        assert f'<option value="{cast.facilitator.id}" selected>Ana Coc</option>' in page
        assert "Quitar: Ana Coc" in page
    assert f'rel="next" href="/panel/mes?mes=2027-04&amp;{kept}"' in pages["mes"]
    assert f'rel="prev" href="/panel/semana?desde=2027-02-21&amp;{kept}"' in pages["semana"]


async def test_filter_by_hub_narrows_what_who_works_everywhere_sees(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    await trained(cast, "Aquí", at(3, 2, 8))
    await trained(cast, "Allá", at(3, 3, 8), hub=cast.elsewhere, venue=cast.venue_elsewhere)
    await activity(cast, "Feria", at(3, 4, 9), ActivityState.PUBLISHED)

    page = await seen(client, cast, "monitor", f"{MARCH}&ventanilla={cast.elsewhere.slug}")

    assert titles(page) == [(3, "Allá")]


OUT_OF_SCOPE: list[tuple[str, str]] = [
    ("ventanilla=tacana-san-marcos", "No encontramos esa ventanilla."),
    ("facilita={elsewhere}", "No encontramos a esa persona."),
    ("lugar={venue}", "No encontramos ese lugar."),
    ("facilita=%00&lugar=1", "No encontramos a esa persona."),
    ("mes=2027-13", "No entendimos el mes."),
    ("mes=ayer", "No entendimos el mes."),
]


async def test_filter_out_of_scope_or_sense_is_left_out_and_said(
    client: AsyncClient,
    cast: Cast,
    freeze: Freeze,
) -> None:
    freeze(FEBRUARY)
    await trained(cast, "Aquí", at(2, 12, 8))

    for query, sentence in OUT_OF_SCOPE:
        asked = query.format(elsewhere=cast.facilitator_elsewhere.id, venue=cast.venue_elsewhere.id)

        page = await seen(client, cast, "coordinator", f"/panel/mes?{asked}")

        assert sentence in page, query
        assert titles(page) == [(12, "Aquí")], query
        assert "Mateo" not in page, query
        assert "Salón comunal" not in page, query


async def test_days_tell_of_holidays_feasts_and_of_who_cannot_come(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    await FeastDay.create(municipality_id=make.LA_LIBERTAD, month=2, day=27, n_days=3, name="Feria titular")
    await FeastDay.create(municipality_id=make.TACANA, month=3, day=10, name="Fiesta ajena")
    await Unavailability.create(user=cast.facilitator, starts_at=at(3, 9, 0), ends_at=at(3, 10, 12))
    await Unavailability.create(user=cast.coordinator, starts_at=at(3, 20, 0), ends_at=at(3, 21, 0))

    everybody = remarks(await seen(client, cast, "coordinator"))
    of_ana = remarks(await seen(client, cast, "coordinator", f"{MARCH}&facilita={cast.facilitator.id}"))

    assert everybody == {
        1: ["Feria titular, fiesta de La Libertad, Petén"],
        25: ["Jueves Santo, feriado"],
        26: ["Viernes Santo, feriado"],
        27: ["Sábado de Gloria, feriado"],
    }
    assert of_ana == everybody | {9: ["No disponible"], 10: ["No disponible de 12:00 a. m. a 12:00 p. m."]}


async def test_absences_of_other_hubs_are_not_told(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await Unavailability.create(user=cast.facilitator_elsewhere, starts_at=at(3, 9, 0), ends_at=at(3, 10, 0))

    page = await seen(client, cast, "coordinator", f"{MARCH}&facilita={cast.facilitator_elsewhere.id}")

    assert "No disponible" not in page


async def test_box_leads_to_the_form_that_moves_it_for_who_may(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    coming = await trained(cast, "Viene", at(3, 2, 8))
    over = await trained(cast, "Pasó", at(2, 3, 8), state=TrainingState.PUBLISHED)
    form = f"/panel/sesiones/{coming.id}/mover"

    pages = [
        await seen(client, cast, "coordinator", f"/panel/{path}") for path in ("mes?mes=2027-03", "lista?mes=2027-03")
    ]
    week = await seen(client, cast, "coordinator", "/panel/semana?desde=2027-02-28")
    past = await seen(client, cast, "coordinator", "/panel/mes?mes=2027-02")
    helper = await seen(client, cast, "assistant")

    assert all(f'href="{form}"' in page for page in [*pages, week])
    assert f"/panel/sesiones/{over.id}/mover" not in past
    assert "/mover" not in helper


async def test_day_dropped_on_is_proposed_and_saved_by_the_form_alone(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    session = await trained(cast, "Viene", at(3, 2, 8))
    form = f"/panel/sesiones/{session.id}/mover"
    await as_(client, cast, "coordinator")

    proposed = (await client.get(f"{form}?dia=2027-03-09")).text
    before = await TrainingSession.get(id=session.id)
    answer = await post(client, form, posted(proposed))
    after = await TrainingSession.get(id=session.id)

    assert 'name="day" type="date" value="2027-03-09"' in proposed or 'value="2027-03-09"' in proposed
    assert before.starts_at == at(3, 2, 8)
    assert answer.status_code == 303
    assert after.starts_at == at(3, 9, 8)


async def test_activity_has_its_form_too_with_the_day_it_was_dropped_on(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    fair = await activity(cast, "Feria", at(3, 6, 9), ActivityState.PUBLISHED)
    off = await activity(cast, "Suspendida", at(3, 7, 9), ActivityState.CANCELLED)
    form = f"/panel/actividades/{fair.id}/mover"

    page = await seen(client, cast, "coordinator")
    proposed = (await client.get(f"{form}?dia=2027-03-09")).text
    helper = await seen(client, cast, "assistant")

    assert f'data-move="{form}"' in page
    assert f'<a class="mover" href="{form}">' in page
    assert f"/panel/actividades/{off.id}/mover" not in page
    assert 'value="2027-03-09"' in proposed
    assert "/mover" not in helper


NO_DAYS: list[str] = ["", "ayer", "2027-02-31", "%00", "2027-03-09T08:00"]


async def test_day_that_is_none_leaves_the_form_as_the_session_stands(
    client: AsyncClient,
    cast: Cast,
    freeze: Freeze,
) -> None:
    freeze(FEBRUARY)
    session = await trained(cast, "Viene", at(3, 2, 8))
    await as_(client, cast, "coordinator")

    for day in NO_DAYS:
        answer = await client.get(f"/panel/sesiones/{session.id}/mover?dia={day}")

        assert answer.status_code == 200, day
        assert 'value="2027-03-02"' in answer.text, day


async def test_many_sessions_ask_as_much_as_one(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(FEBRUARY)
    await trained(cast, "Una", at(3, 2, 8), facilitators=[cast.facilitator])
    await activity(cast, "Feria", at(3, 3, 9), ActivityState.PUBLISHED)
    one = [await cost_of(client, cast, path) for path in THREE_PAGES]
    for number in range(3):
        await trained(cast, f"Otra {number}", at(3, 3 + number, 8), facilitators=[cast.facilitator])

    many = [await cost_of(client, cast, path) for path in THREE_PAGES]

    assert many == one


THREE_PAGES = (MARCH, "/panel/lista?mes=2027-03", "/panel/semana?desde=2027-02-28")


async def cost_of(client: AsyncClient, cast: Cast, path: str) -> int:
    """In statements, of a page that was shown before."""
    await seen(client, cast, "coordinator", path)
    with counted_queries() as sent:
        await client.get(path)
    return len(sent)


async def test_month_without_script_has_every_way_as_a_link_or_a_form(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    session = await trained(cast, "Viene", at(3, 2, 8))

    page = await seen(client, cast, "coordinator")

    assert re.search(r'<form class="search" action="/panel/mes">', page)
    assert '<input type="hidden" name="mes" value="2027-03">' in page
    assert '<a class="c1' not in page
    assert 'href="#d2"' in page
    assert f'<a class="mover" href="/panel/sesiones/{session.id}/mover">' in page
    assert "draggable" not in page


async def test_list_names_who_holds_a_session_and_who_answers_for_an_activity(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    other = await make.make_user(Role.FACILITATOR, cast.hub, name="Byron Tut")
    session = await trained(cast, "De dos", at(3, 2, 8), facilitators=[cast.facilitator, other])
    await activity(cast, "Feria", at(3, 4, 9), ActivityState.PUBLISHED)

    page = await seen(client, cast, "coordinator", "/panel/lista?mes=2027-03")
    await SessionFacilitator.filter(session_id=session.id, user_id=other.id).delete()
    after = await seen(client, cast, "coordinator", "/panel/lista?mes=2027-03")

    assert "Ana Coc, Byron Tut" in page
    assert "<td>Rosa Xol</td>" in page
    assert "Sin inscripción" in page
    assert "<td>Ana Coc</td>" in after


async def test_kept_month_is_each_persons_own_and_follows_what_people_do(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(FEBRUARY)
    session = await trained(cast, "Viene", at(3, 2, 8))
    other = await make.make_user(Role.ASSISTANT, cast.hub, name="Otra persona")
    training = await session.training

    first = await seen(client, cast, "coordinator")
    helper = await seen(client, cast, "assistant")
    await make.sign_in(client, other)
    another = (await client.get(MARCH)).text
    await make.make_registration(training)
    after = await seen(client, cast, "coordinator")

    assert ["Rosa Xol ·" in page for page in (first, helper, another)] == [True, False, False]
    assert ["Luis Ba ·" in page for page in (first, helper, another)] == [False, True, False]
    assert ["/mover" in page for page in (first, helper, another)] == [True, False, False]
    assert [entry.state for page in (first, after) for entry in entries(page)] == ["0/20", "1/20"]


async def test_kept_month_marks_what_began_and_what_is_over(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(at(3, 2, 7))
    await trained(cast, "De hoy", at(3, 2, 8))
    looks = []

    for moment in (at(3, 2, 7), at(3, 2, 8), at(3, 2, 10)):
        freeze(moment)
        looks += [entry.look for entry in entries(await seen(client, cast, "coordinator"))]

    assert looks == ["", "open", "gone"]


@pytest.mark.parametrize("view", ["mes", "lista"])
async def test_month_leads_to_its_poster_who_works_at_the_desk(client: AsyncClient, cast: Cast, view: str) -> None:
    path = f"/panel/{view}?mes=2027-03"
    poster = "/panel/difundir?mes=2027-03"

    page = await seen(client, cast, "coordinator", path)
    narrowed = await seen(client, cast, "coordinator", f"{path}&ventanilla={cast.hub.slug}")

    assert f'href="{poster}"' in page
    assert f'href="{poster}&amp;ventanilla={cast.hub.slug}"' in narrowed
    way_back = await client.get(poster)
    assert 'href="/panel/mes?mes=2027-03"' in way_back.text
    assert "/panel/difundir" not in await seen(client, cast, "facilitator", path)


async def test_empty_month_says_so(client: AsyncClient, cast: Cast) -> None:
    for view, words in (("mes", "sesiones ni actividades."), ("lista", "sesiones ni actividades")):
        assert f"Este mes no hay {words}" in await seen(client, cast, "coordinator", f"/panel/{view}?mes=2027-03")
    unknown = await seen(client, cast, "coordinator", f"/panel/lista?mes=2027-03&facilita={uuid4()}")
    assert "No encontramos a esa persona" in unknown
