"""What people are told: no name, no title, no own link; a protected place only to who has theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import make
from tests.cast import make_cast
from tests.registrations.call_pages import INDEX, NewClient, at_desk
from tests.registrations.call_world import (
    MONDAY,
    SATURDAY,
    Freeze,
    a_list,
    a_training,
    households,
    only_call,
    said_to_all,
)
from tests.registrations.families import make_family
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, Actor
from trainings.outbox.models import CallList, CallReason, CallResult, CallVia
from trainings.people.actions import GuardianContact
from trainings.people.consents import TEXT_VERSION, text_of
from trainings.people.models import Consent, ConsentHow, ConsentPurpose, Participant, Relation
from trainings.places.models import Venue
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import WhyClosed, open_for_offers
from trainings.registrations.calls.queries import list_in_scope
from trainings.registrations.calls.texts import text_for, told_by
from trainings.registrations.calls.words import title_of
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.schedule.actions import unlist
from trainings.schedule.models import PlaceShown, Training, TrainingSession, TrainingState
from trainings.schedule.session_actions import move_session
from trainings.web.i18n import speaking

HUB, PHONE = "Ventanilla de La Libertad", "7900 1234"
PLACE = "Salón municipal, Barrio El Centro, La Libertad, Petén"


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def session_of(training: Training) -> TrainingSession:
    return await TrainingSession.get(training_id=training.id)


async def moved(training: Training, *, by: timedelta = timedelta(days=3)) -> CallList:
    """Saturday's session is on another day."""
    session = await session_of(training)
    await rescheduling.move(
        session.id, session.starts_at + by, session.ends_at + by, session.venue_id, actor=PROGRAM, override_reason="x"
    )
    return await CallList.get(training_id=training.id)


async def said(call_list: CallList) -> str:
    return text_for(await only_call(call_list), await told_by(call_list))


async def test_moved_session_is_told_with_the_old_day_the_new_one_and_the_place(db: object) -> None:
    training = await a_training()
    await make.make_registration(training, phone="5555 1234")

    text = await said(await moved(training))

    assert text == (
        f"{HUB}: hay un cambio en su actividad. La del sábado 6 de marzo, 8:30 a. m. pasa al martes 9 de marzo, "
        f"8:30 a. m. Lugar: {PLACE}. Si no puede venir, avísenos al {PHONE}."
    )


async def test_text_tells_what_is_true_when_it_is_read(db: object, freeze: Freeze) -> None:
    training = await a_training()
    await make.make_registration(training)
    first = await moved(training)
    freeze(MONDAY + timedelta(hours=1))

    await rescheduling.call_off(training.id, "Por la lluvia.", actor=PROGRAM)

    [newest] = await CallList.filter(reason=CallReason.CANCELLED)
    assert await said(newest) == (
        f"{HUB}: se canceló su actividad del sábado 6 de marzo, 8:30 a. m. (había pasado al martes 9 de marzo, "
        f"8:30 a. m.). Si tiene preguntas, llame al {PHONE}."
    ), "nobody called them about the move"
    assert await said_to_all(first) == (
        f"Aviso de {HUB} para personas inscritas: se canceló su actividad del sábado 6 de marzo, 8:30 a. m. "
        f"(había pasado al martes 9 de marzo, 8:30 a. m.). Más información al {PHONE}."
    ), "whoever the list of the move did not reach yet knows the day before it"


async def test_first_of_several_that_is_called_off_is_the_first_that_people_know(db: object, freeze: Freeze) -> None:
    days = [SATURDAY, SATURDAY + timedelta(days=5)]
    training = await make.make_training(sessions=[(day, day + timedelta(hours=4)) for day in days])
    await make.make_registration(training, phone="5555 1234")
    first = await TrainingSession.filter(training_id=training.id).order_by("starts_at").first()
    assert first is not None
    later = SATURDAY + timedelta(days=15)
    await rescheduling.move(first.id, later, later + timedelta(hours=4), None, actor=PROGRAM)
    freeze(MONDAY + timedelta(days=2))

    await rescheduling.call_off(training.id, "Por la lluvia.", actor=PROGRAM)

    call_list = await CallList.get(training_id=training.id, reason=CallReason.CANCELLED)
    for text in (await said(call_list), await said_to_all(call_list)):
        assert (
            "se canceló su actividad del sábado 6 de marzo, 8:30 a. m. (había pasado al domingo 21 de marzo, "
            "8:30 a. m.), y las fechas que seguían."
        ) in text


async def test_one_session_that_is_not_held_is_told_with_the_next(db: object) -> None:
    days = [SATURDAY, SATURDAY + timedelta(days=7)]
    training = await make.make_training(sessions=[(day, day + timedelta(hours=4)) for day in days])
    await make.make_registration(training)
    first = await TrainingSession.filter(training_id=training.id).order_by("starts_at").first()
    assert first is not None

    await rescheduling.cancel(first.id, actor=PROGRAM)

    [call_list] = await CallList.all()
    assert await said(call_list) == (
        f"{HUB}: hay un cambio en su actividad. La del sábado 6 de marzo, 8:30 a. m. no se realiza. "
        f"La siguiente es el sábado 13 de marzo, 8:30 a. m. Si tiene preguntas, llame al {PHONE}."
    )


async def test_reminder_says_when_and_where(db: object) -> None:
    training = await a_training()
    await make.make_registration(training)
    session = await session_of(training)

    call_list = await a_list(training, CallReason.REMINDER, session_id=session.id)

    assert await said(call_list) == (
        f"{HUB}: le recordamos su actividad: sábado 6 de marzo, 8:30 a. m. Lugar: {PLACE}. "
        f"Si no puede venir, avísenos al {PHONE}."
    )


async def test_reminder_of_a_day_with_two_sessions_names_both_while_they_are_held(db: object) -> None:
    afternoon = SATURDAY + timedelta(hours=6)
    spans = [(one, one + timedelta(hours=2)) for one in (SATURDAY, afternoon, SATURDAY + timedelta(days=7))]
    training = await make.make_training(sessions=spans)
    await make.make_registration(training)
    first, second, _other_day = sorted(training.sessions, key=lambda session: session.starts_at)
    call_list = await a_list(training, CallReason.REMINDER, session_id=first.id)

    both = await said(call_list)
    await rescheduling.cancel(first.id, actor=PROGRAM)
    change = await CallList.get(training_id=training.id, reason=CallReason.CHANGED)
    await call_actions.close(change.id, WhyClosed.NO_ANSWER, actor=PROGRAM)
    one = await said(call_list)
    await rescheduling.cancel(second.id, actor=PROGRAM)

    assert "le recordamos su actividad: sábado 6 de marzo, 8:30 a. m. y sábado 6 de marzo, 2:30 p. m. Lugar" in both
    assert "le recordamos su actividad: sábado 6 de marzo, 2:30 p. m. Lugar" in one
    assert await households(call_list) == []


async def test_moves_of_one_act_are_one_list_that_names_each(db: object, freeze: Freeze) -> None:
    training = await make.make_training(
        sessions=[(SATURDAY + timedelta(days=n), SATURDAY + timedelta(days=n, hours=2)) for n in range(5)]
    )
    await make.make_registration(training)
    sessions = sorted(training.sessions, key=lambda session: session.starts_at)

    async def an_hour_later() -> None:
        for session in sessions:
            hour = timedelta(hours=1)
            times = (session.starts_at + hour, session.ends_at + hour)
            await move_session(session.id, *times, session.venue_id, actor=PROGRAM)

    await rescheduling.change_sessions(training.id, an_hour_later, actor=PROGRAM)
    [call_list] = await CallList.filter(training_id=training.id)
    text = await said(call_list)
    freeze(MONDAY + timedelta(hours=1))
    await rescheduling.move(
        sessions[0].id, SATURDAY, SATURDAY + timedelta(hours=2), sessions[0].venue_id, actor=PROGRAM
    )

    days = ["sábado 6", "domingo 7", "lunes 8", "martes 9", "miércoles 10"]
    for day in days:
        assert f"La del {day} de marzo, 8:30 a. m. pasa al {day} de marzo, 9:30 a. m." in text
    second = await CallList.filter(training_id=training.id).order_by("-created_at").first()
    assert second is not None
    assert second.id != call_list.id
    assert await households(call_list) == []
    assert len(await households(second)) == 1, "who is left is told what holds now from the newest list"
    assert "sábado" not in await said(second)


async def test_text_is_in_english_also_for_who_left_no_address(db: object) -> None:
    training = await a_training()
    with speaking("en"):
        await make.make_registration(training, phone="5555 1234")
    await make.make_registration(training, phone="5555 1235")

    english, spanish = sorted(await households(await a_list(training)), key=lambda one: one.phone or "")

    assert (english.speaks_english, spanish.speaks_english) == (True, False)
    [consent, other] = await Consent.all().order_by("id")
    assert (consent.text_version, other.text_version) == (f"{TEXT_VERSION}-en", TEXT_VERSION)
    assert text_of(consent.text_version, ConsentPurpose.DATA).startswith("Yes, ")
    assert text_of(other.text_version, ConsentPurpose.DATA).startswith("Sí, ")


async def test_text_is_in_spanish_for_whom_the_desk_signed_up_on_english_pages(db: object) -> None:
    training = await a_training()
    with speaking("en"):
        await make.make_registration(
            training, email="ana@x.example", phone="5555 1234", consent_how=ConsentHow.READ_ALOUD
        )
    await Participant.all().update(email_refused_at=clock.now())

    assert not (await only_call(await a_list(training))).speaks_english


async def test_text_is_in_english_for_the_guardian_who_read_it_so(db: object) -> None:
    training = await a_training(admits_minors=True)
    guardian = GuardianContact("Marta Coc", Relation.MADRE, phone="+50255550000")
    with speaking("en"):
        await make_family(training, children=["Luz"], guardian=guardian)

    household = await only_call(await a_list(training))

    assert household.speaks_english


async def test_list_that_nobody_opened_was_told_to_nobody(db: object, freeze: Freeze) -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    training = await a_training(sessions=[(SATURDAY, SATURDAY + hour), (SATURDAY + day, SATURDAY + day + hour)])
    await make.make_registration(training, given_names="Ana")
    session_id = max(training.sessions, key=lambda one: one.starts_at).id
    await rescheduling.cancel(session_id, actor=PROGRAM)
    freeze(clock.now() + hour)

    await rescheduling.restore(session_id, actor=PROGRAM)
    freeze(clock.now() + hour)

    left = {one.phone for found in await CallList.filter(closed_at=None) for one in await households(found)}
    assert left == set(), "to Ana it was on all the time"


@pytest.mark.parametrize("reason", [one for one in CallReason if one is not CallReason.OWN])
async def test_no_text_has_name_title_or_own_link(sqlite_db: object, reason: CallReason) -> None:
    training = await a_training(title="Trata de personas")
    await make.make_registration(training, given_names="Ana", surnames="Caal", phone="5555 1234", community="Las Pozas")
    state = TrainingState.CANCELLED if reason is CallReason.CANCELLED else TrainingState.PUBLISHED
    await Training.filter(id=training.id).update(state=state)
    call_list = await a_list(training, reason)

    texts = [await said_to_all(call_list), await said_to_all(call_list, "Las Pozas")]
    texts += [text_for(one, await told_by(call_list)) for one in await households(call_list)]

    for text in texts:
        assert text
        assert not [word for word in ("Ana", "Caal", "Trata", "/i/", "http", "5555") if word in text]


async def test_protected_place_is_told_only_to_who_has_theirs(db: object) -> None:
    training = await a_training(place_shown=PlaceShown.AFTER_CONFIRMATION, capacity=1)
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    await make.make_registration(training, given_names="Berta", phone="5555 4321")
    call_list = await moved(training)
    told = await told_by(call_list)

    texts = {one.members[0].person.given_names: text_for(one, told) for one in await households(call_list)}

    assert f"Lugar: {PLACE}." in texts["Ana"]
    assert "Lugar: La Libertad, Petén. Sigue en la lista de espera." in texts["Berta"]
    assert "Salón" not in texts["Berta"]


@pytest.mark.parametrize("is_unlisted", [False, True])
async def test_nothing_of_a_protected_training_is_said_in_public(db: object, is_unlisted: bool) -> None:
    training = await a_training(place_shown=PlaceShown.PUBLIC if is_unlisted else PlaceShown.AFTER_CONFIRMATION)
    await make.make_registration(training, community="Las Pozas")
    if is_unlisted:
        await unlist(training.id, actor=PROGRAM)
    told = await moved(training)
    await rescheduling.call_off(training.id, "Lluvia", actor=PROGRAM)
    off = await CallList.get(reason=CallReason.CANCELLED)

    texts = {await said_to_all(one, where) for one in (told, off) for where in ("", "Las Pozas")}

    discreet = f"Aviso de {HUB}: si se inscribió en una actividad nuestra, tenemos algo que decirle."
    assert texts == {f"{discreet} Más información al {PHONE}."}


async def test_family_of_which_one_waits_is_not_told_the_protected_place(db: object) -> None:
    training = await a_training(place_shown=PlaceShown.AFTER_CONFIRMATION, capacity=1)
    for name in ("Ana", "Berta"):
        await make.make_registration(training, given_names=name, phone="5555 1234")

    text = await said(await moved(training))

    assert "Salón" not in text


async def test_offered_place_is_told_with_the_time_to_answer(db: object) -> None:
    training = await a_training(capacity=1, offer_hours=24)
    first = await make.make_registration(training, given_names="Ana")
    await make.make_registration(training, given_names="Berta", phone="5555 1234")
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)
    assert await open_for_offers() == 1

    text = await said(await CallList.get(reason=CallReason.OFFERED))

    assert text == (
        f"{HUB}: hay 1 lugar: sábado 6 de marzo, 8:30 a. m. Díganos sí o no antes del martes 2 de marzo, 9:00 a. m. "
        f"Lugar: {PLACE}. Si no puede venir, avísenos al {PHONE}."
    )


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def move(session: TrainingSession, by: timedelta, venue: Venue | None = None) -> None:
    now = await TrainingSession.get(id=session.id)
    where = venue.id if venue else now.venue_id
    await rescheduling.move(now.id, now.starts_at + by, now.ends_at + by, where, actor=PROGRAM, override_reason="x")


async def name_of_newest(actor: Actor, person: Registration, freeze: Freeze) -> str:
    """What the newest list is called; half an hour later the person is reached."""
    newest = await CallList.filter(closed_at=None).order_by("-created_at").first()
    assert newest is not None
    one = await list_in_scope(newest.id, actor)
    freeze(clock.now() + HOUR / 2)
    await call_actions.mark(newest.id, person.id, CallResult.REACHED, CallVia.CALL, actor=actor)
    return title_of(newest, one.changed)


async def test_list_of_changes_is_called_by_what_became_of_the_sessions(new_client: NewClient, freeze: Freeze) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    days = [(SATURDAY + n * DAY, SATURDAY + n * DAY + 4 * HOUR) for n in range(3)]
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=days)
    person = await make.make_registration(training, phone="5555 1234")
    hall = await make.make_venue(cast.hub, "Salón nuevo")
    one, two, three = sorted(training.sessions, key=lambda session: session.starts_at)
    actor = await make.actor_of(cast.assistant)
    acts = (
        ("Sesión cancelada", [rescheduling.cancel(one.id, actor=PROGRAM)]),
        ("Sesión que sí se realiza", [rescheduling.restore(one.id, actor=PROGRAM)]),
        ("Cambio de hora", [move(one, HOUR)]),
        ("Cambio de fecha", [move(three, DAY)]),
        ("Cambio de lugar", [move(two, 0 * DAY, hall)]),
        ("Cambio de fecha o lugar", [move(one, -HOUR, hall)]),
        ("Sesiones canceladas", [rescheduling.cancel(session.id, actor=PROGRAM) for session in (one, two)]),
        ("Varios cambios", [rescheduling.restore(two.id, actor=PROGRAM), move(three, DAY)]),
        ("Cancelación", [rescheduling.call_off(training.id, "Por la lluvia.", actor=PROGRAM)]),
        ("Sesiones que sí se realizan", [rescheduling.reopen(training.id, actor=PROGRAM)]),
    )

    for name, at_once in acts:
        for act in at_once:
            await act

        assert await name_of_newest(actor, person, freeze) == name
    newest = await CallList.all().order_by("-created_at").first()
    assert newest is not None
    page = await (await at_desk(new_client, cast)).get(f"{INDEX}/{newest.id}")
    assert f"<h1>{name}:" in page.text
