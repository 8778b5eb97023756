from __future__ import annotations

from datetime import timedelta

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM, VISITOR
from trainings.outbox.models import CallList, CallResult, CallVia
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import AgeGroup, ConsentPurpose, Relation
from trainings.places.models import Hub, Venue
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.households import Household, to_call
from trainings.registrations.calls.people import audience_of
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.seats.actions import sign_up
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.models import Training, TrainingSession
from trainings.seed.world import DOMAIN, World

TITLE = "Estafas en ofertas de trabajo en el extranjero"
IN_DAYS, LATER, AT_HOUR, LONG = 4, timedelta(days=2), 9, timedelta(hours=2)
DATA = frozenset({ConsentPurpose.DATA})
NEIGHBOURS: tuple[tuple[str, str, str, str, str], ...] = (
    ("Aura Estela", "Ical Pop", "Las Pozas", "5555 0210", "kek"),
    ("Benedicta", "Choc Tzib", "Las Pozas", "5555 0211", "kek"),
    ("Carmelina", "Sacul Che", "Las Pozas", "", "kek"),
    ("Delfino", "Tut Ba", "El Subín", "5555 0213", "spa"),
    ("Estéfana", "Morales Zum", "El Subín", "7900 0214", ""),
    ("Fidel", "Ochaeta Chan", "El Subín", "+52 963 110 0215", ""),
    ("Genaro", "Méndez López", "Nueva Libertad", "5555 0216", "mop"),
    ("Hortensia", "Pérez García", "Nueva Libertad", "5555 0217", ""),
    ("Isidra", "Velásquez Pu’", "", "5555 0218", ""),
)
TOLD: dict[str, tuple[tuple[CallResult, CallVia], ...]] = {
    "Aura Estela": ((CallResult.NOT_REACHED, CallVia.CALL), (CallResult.REACHED, CallVia.WHATSAPP)),
    "Benedicta": ((CallResult.REACHED, CallVia.CALL),),
    "Delfino": ((CallResult.NOT_REACHED, CallVia.CALL),),
    "Josefa": ((CallResult.REACHED, CallVia.CALL),),
    "Hortensia": ((CallResult.REACHED, CallVia.LEADER),),
}


async def build_calls(world: World) -> None:
    hub = world.hubs[0]
    training = await _training(world, hub)
    with clock.frozen(clock.now() - timedelta(days=3)):
        for given_names, surnames, community, phone, language in NEIGHBOURS:
            await _ask(training, _member(hub, given_names, surnames, community, phone=phone, language=language))
        await _ask(training, _member(hub, "Leonardo", "Xol Caal", "Las Pozas", email="leonardo.xol@correo.example"))
        mother = _member(hub, "Josefa", "Cucul Coc", "Las Pozas", phone="5555 0220", language="kek")
        child = _member(hub, "Kevin", "Coc Cucul", "Las Pozas", age_group=AgeGroup.A14_17)
        guardian = GuardianContact("Josefa Cucul Coc", Relation.MADRE, "+50255550220")
        await _ask(training, mother, child, guardian=guardian)
    with clock.frozen(clock.now() - timedelta(hours=3)):
        session = await TrainingSession.get(training_id=training.id)
        await rescheduling.move(
            session.id,
            session.starts_at + LATER,
            session.ends_at + LATER,
            session.venue_id,
            actor=PROGRAM,
            override_reason="Calendario de demostración",
        )
    await _tell(training)


async def _tell(training: Training) -> None:
    assistant = await actor_of(await User.get(email=f"asistente@{DOMAIN}"))
    [call_list] = await CallList.filter(training_id=training.id)
    start = clock.now() - timedelta(hours=1)
    for called in await to_call(await audience_of(call_list)):
        assert isinstance(called, Household)
        tries = TOLD.get(called.members[0].person.given_names, ())
        for number, (result, via) in enumerate(tries):
            with clock.frozen(start + timedelta(minutes=4 * number)):
                await call_actions.mark(call_list.id, called.id, result, via, actor=assistant)


async def _training(world: World, hub: Hub) -> Training:
    venue = await Venue.filter(hub_id=hub.id, municipality_id=hub.seat_id).order_by("created_at").first()
    assert venue is not None
    course = world.courses[TITLE]
    plan = TrainingPlan(
        course_id=course.id,
        hub_id=hub.id,
        title=course.title,
        summary=course.summary,
        capacity=25,
        venue_id=venue.id,
        admits_minors=True,
        minimum_age=14,
        languages=("spa",),
        interpreter_languages=("kek",),
        offers=("snack",),
    )
    starts_at = clock.midnight(clock.today() + timedelta(days=IN_DAYS)) + timedelta(hours=AT_HOUR)
    session = SessionPlan(starts_at, starts_at + LONG, facilitator_ids=(world.facilitators[0].id,))
    with clock.frozen(clock.now() - timedelta(days=10)):
        made = await schedule.create_training(
            plan, (session,), actor=PROGRAM, override_reason="Calendario de demostración"
        )
        return await schedule.publish(made.id, actor=PROGRAM)


def _member(
    hub: Hub,
    given_names: str,
    surnames: str,
    community: str,
    *,
    phone: str = "",
    email: str = "",
    language: str = "",
    age_group: AgeGroup | None = None,
) -> Member:
    person = PersonForm(
        given_names=given_names,
        surnames=surnames,
        municipality=hub.seat_id,
        community=community,
        actor_type="familia",  # type: ignore[arg-type]  # the code, as a form sends it
        age_group=age_group,
        phone=phone or None,
        email=email or None,
        language=language or None,
    )
    return Member(person, has_assented=age_group is not None)


async def _ask(training: Training, *members: Member, guardian: GuardianContact | None = None) -> None:
    await sign_up(training.id, SignUp(members, DATA, guardian=guardian), actor=VISITOR)
