"""Moving one session: what is in the way is shown before, all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.places.models import FeastDay
from trainings.schedule.models import Training, TrainingSession, Unavailability
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


async def a_session(client: AsyncClient, cast: Cast, freeze: Freeze) -> TrainingSession:
    """The only one of a training of the coordinator's hub, a month before."""
    freeze(clock.at(date(2027, 2, 1), time(9)))
    training = await make.make_training(hub=cast.hub)
    await as_(client, cast, "coordinator")
    return training.sessions[0]


async def test_what_is_in_the_way_of_a_moved_session_is_told_before_and_all_at_once(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(clock.at(date(2027, 2, 1), time(9)))
    day = date(2027, 3, 11)
    hours = [(clock.at(day, time(9)), clock.at(day, time(10)))]
    other = await make.make_venue(cast.hub, "Escuela")
    await make.make_training(hub=cast.hub, title="Uno", sessions=hours, venue=other, facilitators=[cast.facilitator])
    await make.make_training(hub=cast.hub, title="Dos", sessions=hours)
    await Unavailability.create(
        user=cast.facilitator, starts_at=clock.midnight(day), ends_at=clock.midnight(date(2027, 3, 12))
    )
    await FeastDay.create(municipality_id="1705", month=3, day=11, name="Feria titular")
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    path = f"/panel/sesiones/{training.sessions[0].id}/mover"
    form = {"day": day.isoformat(), "starts": "08:00", "ends": "12:00", "venue": ""}
    await as_(client, cast, "coordinator")

    proposed = await client.get(f"{path}?dia={day}")
    looked = await post(client, path, {**form, "look": "yes"})
    malformed = await post(client, path, {**form, "day": "x"})
    reversed_ = await post(client, path, {**form, "ends": "07:00"})
    refused = await post(client, path, form)
    unseen = await post(client, path, {**form, "override_reason": "Ya hablamos."})
    moved = await post(client, path, {**form, "override_reason": "Ya hablamos.", "feast_seen": day.isoformat()})

    assert (malformed.status_code, reversed_.status_code, 'href="#ends"' in reversed_.text) == (422, 422, True)
    assert (proposed.status_code, looked.status_code, refused.status_code) == (200, 200, 409)
    assert (unseen.status_code, moved.status_code) == (409, 303)
    assert "Guarde otra vez si así lo quiere" in unseen.text
    assert f'name="feast_seen" value="{day}"' in unseen.text
    for page in (proposed.text, looked.text, refused.text):
        assert "Ana Coc ya está en «Uno»" in page
        assert "Salón municipal ya está ocupado por «Dos»" in page
        assert "Ana Coc avisó que no puede el 11 de marzo de 2027" in page
        assert "Feria titular (La Libertad, Petén)" in page
        assert 'name="override_reason"' in page


async def test_only_session_is_not_asked_to_be_cancelled_and_the_page_says_what_to_do_instead(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    session = await a_session(client, cast, freeze)
    path = f"/panel/sesiones/{session.id}/cancelar"

    asked = await client.get(path)
    refused = await post(client, path, {})

    assert (asked.status_code, refused.status_code) == (200, 409)
    for answer in (asked, refused):
        page = Page(answer.text)
        assert "Es la única sesión que queda" in page.text
        assert not page.all("form", action=path), "no button that is then refused"
        assert page.one("a", href=f"/panel/capacitaciones/{session.training_id}/cancelar")


async def test_day_on_which_sign_up_closes_is_told_to_stay_when_a_session_moves(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    session = await a_session(client, cast, freeze)
    path = f"/panel/sesiones/{session.id}/mover"

    open_end = await client.get(path)
    await Training.filter(id=session.training_id).update(closes_at=clock.at(date(2027, 3, 2), time(17)))
    with_end = await client.get(path)

    assert "Ese día no se mueve con la sesión" not in open_end.text
    assert "La inscripción se cierra el martes 2 de marzo" in with_end.text
    assert Page(with_end.text).one("a", href=f"/panel/capacitaciones/{session.training_id}/editar#closes_on")


async def test_moving_what_another_person_moved_meanwhile_shows_that_first(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    session = await a_session(client, cast, freeze)
    starts_at, ends_at, day = session.starts_at, session.ends_at, clock.local(session.starts_at).date()
    path = f"/panel/sesiones/{session.id}/mover"
    shown = Page((await client.get(path)).text).one("input", name="known_as")["value"]
    form = {"day": day.isoformat(), "starts": "08:30", "ends": "13:00", "known_as": str(shown)}
    later = timedelta(days=2)
    await rescheduling.move(session.id, starts_at + later, ends_at + later, None, actor=PROGRAM)

    refused = await post(client, path, form)
    untouched = await TrainingSession.get(id=session.id)
    again = form | {"known_as": str(Page(refused.text).one("input", name="known_as")["value"])}
    done = await post(client, path, again)

    assert refused.status_code == 409
    assert "Otra persona cambió esta sesión mientras usted escribía" in refused.text
    assert Page(refused.text).one("input", name="ends")["value"] == "13:00"
    assert untouched.starts_at == starts_at + later
    assert done.status_code == 303
    assert (await TrainingSession.get(id=session.id)).starts_at == starts_at


async def test_moving_to_where_it_is_says_that_nothing_changed_also_on_a_feast_day(
    client: AsyncClient, db: Settings
) -> None:
    cast = await make_cast()
    new_year = date(clock.today().year + 1, 1, 1)
    sessions = [(clock.at(new_year, time(8)), clock.at(new_year, time(12)))]
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=sessions)
    [session] = training.sessions
    path = f"/panel/sesiones/{session.id}/mover"
    await as_(client, cast, "coordinator")
    page = Page((await client.get(path)).text)
    form = {name: str(page.one("input", name=name)["value"]) for name in ("day", "starts", "ends", "known_as")}

    sent = await post(client, path, form)
    answer = (await client.get(sent.headers["location"])).text

    assert "Nada cambió: la sesión sigue el mismo día" in answer
    assert "la sesión cambió." not in answer


async def test_moving_to_a_town_in_its_feast_is_warned_of_on_the_same_day_too(
    client: AsyncClient, db: Settings
) -> None:
    cast = await make_cast()
    day = date(clock.today().year + 1, 3, 11)
    sessions = [(clock.at(day, time(8)), clock.at(day, time(12)))]
    [session] = (await make.make_training(hub=cast.hub, venue=cast.venue, sessions=sessions)).sessions
    there = await make.make_venue(cast.hub, "Escuela", municipality="1701")
    await FeastDay.create(municipality_id="1701", month=3, day=11, name="Feria titular")
    await as_(client, cast, "coordinator")
    form = {"day": day.isoformat(), "starts": "08:00", "ends": "12:00", "venue": str(there.id)}

    warned = await post(client, f"/panel/sesiones/{session.id}/mover", form)

    assert (warned.status_code, "Ese día es feriado: Feria titular" in warned.text) == (409, True)
