"""Moving one session: what is in the way is shown before, all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings import clock
from trainings.places.models import FeastDay
from trainings.schedule.models import Training, TrainingSession, Unavailability

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
    refused = await post(client, path, form)
    moved = await post(client, path, {**form, "override_reason": "Ya hablamos."})

    assert (proposed.status_code, looked.status_code, refused.status_code, moved.status_code) == (200, 200, 409, 303)
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
