"""A series in the training's form, without script: its dates as rows, and what is to be known before saving."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.queries import counted_queries
from tests.schedule.panel import NEW, as_, filled, one, post, posted, rows_of
from trainings import clock
from trainings.audit.models import AuditLine
from trainings.places.models import FeastDay, Venue
from trainings.schedule.models import Training, TrainingSession, TrainingState, Unavailability

Freeze = Callable[[datetime], None]

MARCH_11 = {"sessions-0-day": "2027-03-11"}


@pytest.fixture(autouse=True)
def _in_february(freeze: Freeze) -> None:
    freeze(clock.at(date(2027, 2, 1), time(9)))


def days_in(page: str) -> list[str]:
    return re.findall(r'name="sessions-\d+-day"[^>]*value="([^"]*)"', page)


def notes_of(page: str, number: int) -> str:
    """What stands in one session's part of the form."""
    part = page[page.index(f'id="sessions-{number}"') :]
    return part.partition('class="day-row')[0]


async def test_series_is_shown_as_rows_and_saved_as_changed(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, **MARCH_11, **{"sessions-0-facilitators": [cast.facilitator.id]})

    shown = await post(
        client, NEW, {**form, "repeat_pattern": "monthly", "repeat_until": "2027-06-30", "repeat": "yes"}
    )
    typed = {**posted(shown.text), "sessions-1-day": "2027-04-09"}
    less = await post(client, NEW, {**typed, "remove": "2"})
    saved = await post(client, NEW, posted(less.text))

    assert (shown.status_code, days_in(shown.text)) == (
        200,
        ["2027-03-11", "2027-04-08", "2027-05-13", "2027-06-10"],
    )
    assert "el segundo jueves" in shown.text
    assert days_in(less.text) == ["2027-03-11", "2027-04-09", "2027-06-10"]
    assert saved.status_code == 303
    sessions = await TrainingSession.all().order_by("starts_at").prefetch_related("facilitators")
    assert [clock.local(session.starts_at).isoformat()[:16] for session in sessions] == [
        "2027-03-11T08:30",
        "2027-04-09T08:30",
        "2027-06-10T08:30",
    ]
    assert {who.user_id for session in sessions for who in session.facilitators} == {cast.facilitator.id}
    assert [len(session.facilitators) for session in sessions] == [1, 1, 1]


async def test_another_rule_takes_the_place_of_the_first_and_leaves_rows_made_by_hand(
    client: AsyncClient, cast: Cast
) -> None:
    await as_(client, cast, "coordinator")
    form = {**await filled(cast, **MARCH_11), "repeat_times": "3", "repeat": "yes"}

    weekly = await post(client, NEW, {**form, "repeat_pattern": "weekly"})
    by_hand = await post(client, NEW, {**posted(weekly.text), "add": "yes"})
    monthly = await post(client, NEW, {**posted(by_hand.text), "repeat_pattern": "monthly", "repeat": "yes"})

    assert days_in(weekly.text) == ["2027-03-11", "2027-03-18", "2027-03-25"]
    assert days_in(by_hand.text)[-1] == "2027-04-01"
    assert days_in(monthly.text) == ["2027-03-11", "2027-04-01", "2027-04-08", "2027-05-13"]


async def test_picked_days_are_typed_as_people_write_them(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, **MARCH_11, repeat_pattern="picked", repeat_days="20/3/2027\n2027-04-02, 11/03/2027")

    shown = await post(client, NEW, {**form, "repeat": "yes"})

    assert days_in(shown.text) == ["2027-03-11", "2027-03-20", "2027-04-02"]


NO_SERIES: list[tuple[dict[str, object], str, str]] = [
    ({"repeat_times": "10000"}, "repeat_times", "tendría 10,000"),
    ({"repeat_times": "99999999999999999999"}, "repeat_times", "tendría 99,999,999,999,999,999,999"),
    ({"repeat_until": "2099-01-01"}, "repeat_until", "hasta 24 sesiones"),
    ({"repeat_until": "2027-02-31"}, "repeat_until", "no es un día del calendario"),
    ({"repeat_until": "2027-03-01"}, "repeat_until", "antes de la primera"),
    ({}, "repeat_times", "cuántas sesiones"),
    ({"repeat_pattern": "daily", "repeat_times": "3"}, "repeat_pattern", "Escoja una"),
    ({"repeat_pattern": "", "repeat_times": "3"}, "repeat_pattern", "Falta este dato"),
    ({"repeat_pattern": "picked"}, "repeat_days", "una en cada línea"),
    ({"repeat_pattern": "picked", "repeat_days": "31/02/2027"}, "repeat_days", "«31/02/2027» no es un día"),
    ({"repeat_pattern": "picked", "repeat_days": "<b>ayer</b>"}, "repeat_days", "«&lt;b&gt;ayer&lt;/b&gt;»"),
    ({"repeat_times": "3", "sessions-0-day": "2027-02-31"}, "sessions-0-day", "no es un día del calendario"),
    ({"repeat_times": "3", "sessions-0-ends": "00:30"}, "sessions-0-ends", "pasa de medianoche"),
    ({"repeat_times": "3", "sessions-0-ends": "08:00"}, "sessions-0-ends", "Termina antes de empezar"),
]


async def test_what_is_no_series_is_refused_at_its_field(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, **MARCH_11)

    for fields, field, words in NO_SERIES:
        answer = await post(client, NEW, {**form, "repeat_pattern": "weekly", **fields, "repeat": "yes"})

        assert answer.status_code in (409, 422), fields
        assert f'href="#{field}"' in answer.text, fields
        assert words in answer.text, fields
        assert rows_of(answer.text) == [0], fields
        assert await Training.all().count() == 0, fields


async def test_holiday_feast_clash_and_seats_stand_beside_each_row_before_saving(
    client: AsyncClient, cast: Cast
) -> None:
    await FeastDay.create(municipality_id="1705", month=3, day=17, n_days=3, name="Feria titular")
    await FeastDay.create(municipality_id="1207", month=3, day=11, n_days=31, name="Feria de otro lugar")
    await Venue.filter(id=cast.venue.id).update(capacity=20)
    other = await make.make_venue(cast.hub, "Escuela")
    april = [(clock.at(date(2027, 4, 1), time(9)), clock.at(date(2027, 4, 1), time(10)))]
    await make.make_training(hub=cast.hub, title="Uno", sessions=april, venue=other, facilitators=[cast.facilitator])
    await make.make_training(hub=cast.hub, title="Dos", sessions=april)
    await Unavailability.create(
        user=cast.facilitator, starts_at=clock.midnight(date(2027, 4, 8)), ends_at=clock.midnight(date(2027, 4, 10))
    )
    await as_(client, cast, "coordinator")
    form = await filled(cast, **MARCH_11, **{"sessions-0-facilitators": [cast.facilitator.id]})

    shown = await post(client, NEW, {**form, "repeat_pattern": "weekly", "repeat_times": "5", "repeat": "yes"})

    notes = [notes_of(shown.text, number) for number in range(5)]
    assert ["es feriado" in note for note in notes] == [False, True, True, False, False]
    assert "Feria titular (La Libertad, Petén)" in notes[1]
    assert "Jueves Santo" in notes[2]
    assert "Ana Coc ya está en «Uno»" in notes[3]
    assert "Salón municipal ya está ocupado por «Dos»" in notes[3]
    assert "Ana Coc avisó que no puede los días 8 y 9 de abril de 2027" in notes[4]
    assert ["caben 20 personas y el cupo es de 25" in note for note in notes] == [True, False, False, False, False]
    assert "Feria de otro lugar" not in shown.text
    assert 'name="override_reason"' in shown.text
    assert await Training.filter(state=TrainingState.DRAFT).count() == 0


async def test_one_reason_lets_all_clashes_stand_and_is_kept_once(client: AsyncClient, cast: Cast) -> None:
    days = [date(2027, 3, 11), date(2027, 3, 18)]
    taken = await make.make_training(
        hub=cast.hub, title="Uno", sessions=[(clock.at(day, time(9)), clock.at(day, time(10))) for day in days]
    )
    await as_(client, cast, "coordinator")
    form = await filled(cast, **MARCH_11)
    shown = await post(client, NEW, {**form, "repeat_pattern": "weekly", "repeat_times": "2", "repeat": "yes"})
    typed = posted(shown.text)

    refused = await post(client, NEW, typed)
    saved = await post(client, NEW, {**typed, "override_reason": "El salón tiene dos aulas."})

    assert refused.status_code == 409
    assert all(f'href="#sessions-{number}"' in refused.text for number in (0, 1))
    assert saved.status_code == 303
    kept = await AuditLine.get(act="schedule.override_booking")
    assert kept.detail["reason"] == "El salón tiene dos aulas."
    assert kept.detail["session_ids"] == sorted(str(session.id) for session in taken.sessions)


async def test_people_and_places_of_another_hub_are_told_nothing_of(client: AsyncClient, cast: Cast) -> None:
    hours = [(clock.at(date(2027, 3, 11), time(9)), clock.at(date(2027, 3, 11), time(10)))]
    await make.make_training(
        hub=cast.elsewhere, venue=cast.venue_elsewhere, sessions=hours, facilitators=[cast.facilitator_elsewhere]
    )
    await as_(client, cast, "coordinator")
    row = {"sessions-0-facilitators": [cast.facilitator_elsewhere.id], "sessions-0-venue": cast.venue_elsewhere.id}

    shown = await post(client, NEW, {**await filled(cast, **MARCH_11), **row, "look": "yes"})

    assert shown.status_code == 200
    assert cast.facilitator_elsewhere.name not in shown.text
    assert cast.venue_elsewhere.name not in shown.text
    assert cast.elsewhere.name not in shown.text


async def test_series_goes_on_behind_the_sessions_of_a_standing_training(client: AsyncClient, cast: Cast) -> None:
    day = date(2027, 3, 11)
    training = await make.make_training(hub=cast.hub, sessions=[(clock.at(day, time(8)), clock.at(day, time(12)))])
    await as_(client, cast, "coordinator")
    path = one(training, "/editar")
    typed = posted((await client.get(path)).text)

    shown = await post(client, path, {**typed, "repeat_pattern": "biweekly", "repeat_times": "2", "repeat": "yes"})
    saved = await post(client, path, posted(shown.text))

    assert days_in(shown.text) == ["2027-03-11", "2027-03-25"]
    assert "ya está ocupado por" not in shown.text, "its own sessions are in nobody's way"
    assert saved.status_code == 303
    sessions = await TrainingSession.filter(training_id=training.id).order_by("starts_at")
    assert [session.id == training.sessions[0].id for session in sessions] == [True, False]
    assert [session.position for session in sessions] == [1, 2]


async def test_seats_are_told_on_the_page_of_the_training(client: AsyncClient, cast: Cast) -> None:
    await FeastDay.create(municipality_id="1705", month=3, day=11, n_days=1, name="Feria titular")
    await Venue.filter(id=cast.venue.id).update(capacity=20)
    await as_(client, cast, "coordinator")

    saved = await post(client, NEW, await filled(cast, **MARCH_11))
    page = (await client.get(saved.headers["location"])).text

    assert saved.status_code == 303
    assert "Feria titular (La Libertad, Petén)" in page
    assert "caben 20 personas y el cupo es de 25" in page


async def test_many_rows_ask_no_more_of_the_database_than_one(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, **MARCH_11, **{"sessions-0-facilitators": [cast.facilitator.id]})
    await post(client, NEW, {**form, "look": "yes"})

    with counted_queries() as of_one:
        await post(client, NEW, {**form, "look": "yes"})
    with counted_queries() as of_many:
        await post(client, NEW, {**form, "repeat_pattern": "weekly", "repeat_times": "24", "repeat": "yes"})

    assert len(of_many) == len(of_one)


async def test_series_that_was_never_looked_at_is_shown_before_it_is_saved(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, **MARCH_11, repeat_pattern="weekly", repeat_times="3")

    shown = await post(client, NEW, form)
    typed = posted(shown.text)
    changed = await post(client, NEW, {**typed, "repeat_times": "4"})
    saved = await post(client, NEW, typed)

    assert (shown.status_code, changed.status_code, saved.status_code) == (422, 422, 303)
    assert "Aquí están las fechas de la serie" in shown.text
    assert 'href="#sesiones"' in shown.text
    assert [len(days_in(page.text)) for page in (shown, changed)] == [3, 4]
    assert await TrainingSession.all().count() == 3


async def test_part_that_says_no_series_is_left_alone(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    saved = await post(client, NEW, {**await filled(cast, **MARCH_11), "repeat_pattern": "", "repeat_times": ""})
    half = await post(client, NEW, {**await filled(cast, **MARCH_11), "repeat_times": "3"})

    assert (saved.status_code, half.status_code) == (303, 422)
    assert 'href="#repeat_pattern"' in half.text


async def test_past_day_is_told_beside_its_row_and_on_the_draft(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, **{**MARCH_11, "sessions-0-day": "11/03/2020"})

    looked = await post(client, NEW, {**form, "look": "yes"})
    saved = await post(client, NEW, form)
    draft = await client.get(saved.headers["location"])

    assert "Ese día ya pasó" in notes_of(looked.text, 0)
    assert saved.status_code == 303
    assert "Ese día ya pasó: miércoles, 11 de marzo de 2020" in draft.text


async def test_past_day_of_what_people_know_already_is_not_said_to_be_new(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    day = clock.at(date(2020, 3, 11), time(8))
    training = await make.make_training(hub=cast.hub, sessions=[(day, day + timedelta(hours=4))])

    edited = await client.get(f"/panel/capacitaciones/{training.id}/editar")
    moved = await post(
        client,
        f"/panel/sesiones/{training.sessions[0].id}/mover",
        {"day": "2020-03-12", "starts": "08:00", "ends": "12:00", "venue": "", "look": "yes"},
    )

    assert "Ese día ya pasó" not in edited.text + moved.text
