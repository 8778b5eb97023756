from __future__ import annotations

from datetime import timedelta

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList, CallResult, CallVia
from trainings.people.actions import GuardianContact
from trainings.people.models import AgeGroup, Relation
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.households import Household, to_call
from trainings.registrations.calls.people import audience_of
from trainings.schedule.models import Training, TrainingSession
from trainings.seed.families import ask, member
from trainings.seed.world import DOMAIN, World, publish_training

TITLE = "Estafas en ofertas de trabajo en el extranjero"
IN_DAYS, LATER, AT_HOUR, LONG = 4, timedelta(days=2), 9, timedelta(hours=2)
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
    training = await _training(world)
    with clock.frozen(clock.now() - timedelta(days=3)):
        for given_names, surnames, community, phone, language in NEIGHBOURS:
            who = member(world, given_names, surnames, community=community, phone=phone, language=language)
            await ask(training, who)
        await ask(training, member(world, "Leonardo", "Xol Caal", email="leonardo.xol@correo.example"))
        mother = member(world, "Josefa", "Cucul Coc", phone="5555 0220", language="kek")
        child = member(world, "Kevin", "Coc Cucul", age_group=AgeGroup.A14_17)
        guardian = GuardianContact("Josefa Cucul Coc", Relation.MADRE, "+50255550220")
        await ask(training, mother, child, guardian=guardian)
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


async def _training(world: World) -> Training:
    starts_at = clock.midnight(clock.today() + timedelta(days=IN_DAYS)) + timedelta(hours=AT_HOUR)
    return await publish_training(
        world,
        TITLE,
        [starts_at],
        LONG,
        at=clock.now() - timedelta(days=10),
        capacity=25,
        admits_minors=True,
        minimum_age=14,
        interpreter_languages=("kek",),
        offers=("snack",),
    )
