"""Monday's summary and the note of the day before: numbers and links, never a name; and off when somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outreach.make_activity import make_activity, make_draft
from tests.registrations.families import make_family
from trainings import clock, jobs
from trainings.accounts.models import RoleGrant, User
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob
from trainings.outreach.actions import TimeAndPlace
from trainings.places.models import Venue
from trainings.registrations.desk.digests import DIGEST, write_digests
from trainings.registrations.models import Registration
from trainings.registrations.telling.eve_notes import EVE, write_eve_notes
from trainings.registrations.telling.facilitator_notes import CHANGED
from trainings.schedule import session_actions
from trainings.schedule.models import SessionFacilitator, Training, TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
NewClient = Callable[[], AsyncClient]
MONDAY, TUESDAY = date(2027, 3, 8), date(2027, 3, 9)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return clock.at(day, time(hour, minute))


async def a_training(cast: Cast, *days: date, **columns: object) -> Training:
    """Sessions from 8:30 to 12:30, held by the cast's facilitator."""
    sessions = [(at(day, 8, 30), at(day, 12, 30)) for day in days or (TUESDAY,)]
    venue: Venue = cast.venue
    return await make.make_training(
        hub=cast.hub,
        venue=venue,
        sessions=sessions,
        facilitators=[cast.facilitator],
        **columns,  # type: ignore[arg-type]  # a test's own columns
    )


async def mail_to(user: User, kind: str) -> Mail | None:
    """The last message of this kind to this person, as it would be sent now."""
    found = [job for job in await OutboxJob.filter(kind=kind).order_by("id") if job.payload["user_id"] == str(user.id)]
    return await jobs.COMPOSERS[kind](found[-1]) if found else None


async def readers(kind: str) -> set[str]:
    ids = [job.payload["user_id"] for job in await OutboxJob.filter(kind=kind)]
    return {user.email for user in await User.filter(id__in=ids)}


@pytest.fixture
def sunday(freeze: Freeze) -> None:
    freeze(at(MONDAY - timedelta(days=1), 12))


# -- the week


async def test_who_coordinates_gets_one_summary_on_monday_at_seven(db: Settings, freeze: Freeze, sunday: None) -> None:
    cast = await make_cast()
    await a_training(cast)
    written = []

    for moment in (
        at(MONDAY, 6, 59),
        at(MONDAY, 7),
        at(MONDAY, 7, 1),
        at(TUESDAY, 15),
        at(TUESDAY, 15) + timedelta(days=1),
    ):
        freeze(moment)
        written.append(await write_digests())
    freeze(at(MONDAY + timedelta(days=7), 7))
    written.append(await write_digests())

    assert written == [0, 3, 0, 0, 0, 3]
    assert await readers(DIGEST) == {cast.coordinator.email, cast.admin.email, cast.coordinator_elsewhere.email}


async def test_several_processes_write_each_summary_once(db: Settings, freeze: Freeze, sunday: None) -> None:
    await make_cast()
    freeze(at(MONDAY, 7))

    await asyncio.gather(*(write_digests() for _ in range(4)))

    assert await OutboxJob.filter(kind=DIGEST).count() == 3


async def test_summary_names_trainings_and_places_counts_the_week_and_what_waits_and_names_nobody(
    db: Settings, freeze: Freeze, sunday: None
) -> None:
    cast = await make_cast()
    full = await a_training(cast, capacity=1, title="Lleno")
    await make.make_registration(full, email="ana@x.example", given_names="Anastasia", surnames="Quej")
    await a_training(cast, MONDAY + timedelta(days=2), title="Vacío", neutral_title="Reunión")
    held = await a_training(cast, MONDAY + timedelta(days=20), approval_required=True, title="Después")
    await make.make_registration(held, given_names="Bartola", surnames="Icó", needs=["food"])
    freeze(at(MONDAY, 7))
    await OutboxJob.all().update(failed_at=clock.now(), outcome="refused", last_error="550", hub_id=cast.hub.id)
    await write_digests()

    mail = await mail_to(cast.coordinator, DIGEST)

    assert mail is not None
    assert mail.to == cast.coordinator.email
    assert mail.subject == "Su semana en números"
    assert "Esta semana hay 2 sesiones. 1 está llena. 1 está sin nadie." in mail.text
    text = mail.text.replace("\xa0", " ")
    assert "martes 9 de marzo, 8:30 a. m.: Lleno · Salón municipal · 1 de 1 lugar · lleno" in text
    assert "miércoles 10 de marzo, 8:30 a. m.: Reunión · Salón municipal · 0 de 20 lugares · sin nadie" in text
    assert "1 inscripción por responder" in mail.text
    assert "1 mensaje que no llegó" in mail.text
    for path in (f"/panel/capacitaciones/{full.id}", "/panel/revisar", "/panel/mensajes?ver=fallidos", "/panel/cuenta"):
        assert f"http://localhost:8000{path}" in mail.text
        assert f"http://localhost:8000{path}" in mail.html
    told = mail.text + mail.html + mail.subject
    for name in ("Anastasia", "Quej", "Bartola", "Icó", "x.example", "A. Q.", "Vacío"):
        assert name not in told


async def test_summary_tells_of_activities_of_the_week_too(db: Settings, freeze: Freeze, sunday: None) -> None:
    cast = await make_cast()
    this_week, later = [
        TimeAndPlace(at(day, 9), at(day, 12), cast.hub.seat_id, None, "Parque central")
        for day in (TUESDAY, TUESDAY + timedelta(days=7))
    ]
    fair = await make_activity(cast.hub, when=this_week, responsible=cast.coordinator)
    other = await make_activity(cast.hub, when=later, responsible=cast.coordinator)
    await make_draft(cast.hub, when=this_week, responsible=cast.coordinator)
    freeze(at(MONDAY, 7))
    await write_digests()

    mail = await mail_to(cast.coordinator, DIGEST)

    assert mail is not None
    assert "Esta semana no hay sesiones. También hay 1 actividad." in mail.text
    assert "martes 9 de marzo, 9:00 a. m.: Feria · Parque central" in mail.text.replace("\xa0", " ")
    assert f"/panel/actividades/{fair.id}" in mail.text
    assert str(other.id) not in mail.text + mail.html
    assert fair.title not in mail.text + mail.html


async def test_summary_is_of_one_s_own_hubs(db: Settings, freeze: Freeze, sunday: None) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    freeze(at(MONDAY, 7))
    await write_digests()

    assert await mail_to(cast.coordinator_elsewhere, DIGEST) is None
    mail = await mail_to(cast.admin, DIGEST)
    assert mail is not None
    assert str(training.id) in mail.text


async def test_summary_that_waited_past_its_week_is_not_sent(db: Settings, freeze: Freeze, sunday: None) -> None:
    cast = await make_cast()
    held = await a_training(cast, MONDAY + timedelta(days=20), approval_required=True)
    await make.make_registration(held)
    freeze(at(MONDAY, 7))
    await write_digests()
    freeze(at(MONDAY + timedelta(days=7), 7))

    mail = await mail_to(cast.coordinator, DIGEST)

    assert mail is not None
    assert mail.is_overtaken


# -- the day before


async def test_who_holds_a_session_is_told_the_day_before_at_four(db: Settings, freeze: Freeze, sunday: None) -> None:
    cast = await make_cast()
    await a_training(cast)
    written = []

    for moment in (at(MONDAY, 15, 59), at(MONDAY, 16), at(MONDAY, 16, 1), at(TUESDAY, 7), at(TUESDAY, 9)):
        freeze(moment)
        written.append(await write_eve_notes())

    assert written == [0, 1, 0, 0, 0]
    assert await readers(EVE) == {cast.facilitator.email}


@pytest.mark.parametrize(("moment", "n"), [(at(TUESDAY, 5), 0), (at(TUESDAY, 6), 1), (at(TUESDAY, 8, 30), 0)])
async def test_evening_that_was_missed_is_made_up_for_before_the_session(
    db: Settings, freeze: Freeze, sunday: None, moment: datetime, n: int
) -> None:
    await a_training(await make_cast())
    freeze(moment)

    assert await write_eve_notes() == n


async def test_note_tells_training_place_people_children_and_support_and_names_nobody(
    db: Settings, freeze: Freeze, sunday: None
) -> None:
    cast = await make_cast()
    training = await a_training(cast, childcare_capacity=5, capacity=20)
    await make_family(training, "Anastasia", "Bartolo", email="ana@x.example", childcare_places=2)
    await make.make_registration(training, given_names="Crisanta", surnames="Quej", needs=["food", "ramp"])
    await make.make_registration(training, given_names="Domitila", surnames="Icó", needs=["food"])
    one = await Registration.filter(participant__given_names="Domitila").get()
    one.needs = "food=arranged"
    await one.save(update_fields=["needs"])
    freeze(at(MONDAY, 16))
    await write_eve_notes()

    mail = await mail_to(cast.facilitator, EVE)

    assert mail is not None
    session = await TrainingSession.get(training_id=training.id)
    assert mail.subject == "Su sesión: martes 9 de marzo, 8:30 a. m."
    assert training.title in mail.text
    assert "Lugar: Salón municipal, Barrio El Centro, La Libertad, Petén" in mail.text
    assert "Se espera a 4 personas" in mail.text
    assert "2 niñas y niños en cuidado" in mail.text
    assert "Alimentación especial: 2, arreglado para 1" in mail.text
    assert "Entrada sin gradas: 1, arreglado para 0" in mail.text
    assert "Preparar este teléfono" in mail.text
    assert "Mañana marca sin señal y sin contraseña" in mail.text
    for path in (f"telefonos/este?sesion={session.id}", f"sesiones/{session.id}/hojas"):
        assert f"http://localhost:8000/panel/{path}" in mail.text
    for name in ("Anastasia", "Bartolo", "Crisanta", "Quej", "Domitila", "Icó", "x.example"):
        assert name not in mail.text + mail.html


async def test_note_follows_the_session(db: Settings, freeze: Freeze, sunday: None) -> None:
    cast = await make_cast()
    training = await a_training(cast, TUESDAY, TUESDAY + timedelta(days=7))
    session = await TrainingSession.filter(training_id=training.id).first()
    assert session
    freeze(at(MONDAY, 16))
    await write_eve_notes()
    day = TUESDAY + timedelta(days=1)
    await session_actions.move_session(session.id, at(day, 8, 30), at(day, 12, 30), None, actor=PROGRAM)
    moved = await mail_to(cast.facilitator, EVE)
    freeze(at(TUESDAY, 16))
    n_again = await write_eve_notes()
    await session_actions.cancel_session(session.id, actor=PROGRAM)
    cancelled = await mail_to(cast.facilitator, EVE)
    await SessionFacilitator.filter(session_id=session.id).delete()

    assert moved is not None
    assert moved.is_overtaken
    assert n_again == 1
    assert cancelled is not None
    assert cancelled.is_overtaken
    assert await mail_to(cast.facilitator, EVE) is None


# -- switched off


async def test_both_are_switched_off_in_one_s_account(
    db: Settings, new_client: NewClient, freeze: Freeze, sunday: None
) -> None:
    cast = await make_cast()
    await a_training(cast)
    freeze(at(MONDAY, 6))
    for user in (cast.coordinator, cast.facilitator):
        browser = new_client()
        await make.sign_in(browser, user)
        before = await browser.get("/panel/cuenta")
        done = await browser.post("/panel/cuenta/resumenes", data={"digest": "no"})
        after = await browser.get("/panel/cuenta")
        assert "Le llegan a" in before.text
        assert done.status_code == 303
        assert "No le llegan." in after.text
    freeze(at(MONDAY, 16))

    await write_digests()
    await write_eve_notes()

    assert await readers(DIGEST) == {cast.admin.email, cast.coordinator_elsewhere.email}
    assert await readers(EVE) == set()


async def test_who_switches_off_meanwhile_gets_what_waits_no_more(db: Settings, freeze: Freeze, sunday: None) -> None:
    cast = await make_cast()
    await a_training(cast)
    freeze(at(MONDAY, 16))
    await write_digests()
    await write_eve_notes()
    await User.all().update(wants_digest=False)

    assert await mail_to(cast.coordinator, DIGEST) is None
    assert await mail_to(cast.facilitator, EVE) is None


async def test_who_works_at_no_hub_any_more_is_told_no_place(db: Settings, freeze: Freeze, sunday: None) -> None:
    """They are still down for the session: the panel shows them nothing of it, and mail must not either."""
    cast = await make_cast()
    training = await a_training(cast)
    [session] = training.sessions
    freeze(at(MONDAY, 16))
    await write_eve_notes()
    later = at(TUESDAY, 14), at(TUESDAY, 16)
    await rescheduling.move(session.id, *later, session.venue_id, actor=await make.actor_of(cast.coordinator))
    assert await mail_to(cast.facilitator, CHANGED) is not None

    await RoleGrant.filter(user_id=cast.facilitator.id).delete()

    assert await mail_to(cast.facilitator, EVE) is None
    assert await mail_to(cast.facilitator, CHANGED) is None
