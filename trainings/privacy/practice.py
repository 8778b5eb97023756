"""A training that is not real, for staff to try things out: one a hub, a week long, then gone without a trace."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from tortoise import Model
from tortoise.expressions import F

from trainings import clock
from trainings.accounts.permissions import can_register_at_desk
from trainings.attendance.models import Device, SheetRow
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import lock, reads, transaction
from trainings.errors import Refusal
from trainings.outbox.models import OutboxJob
from trainings.people.forms import PersonForm
from trainings.people.models import ActorType, AgeGroup, ConsentHow, ConsentPurpose, Participant, Sex
from trainings.places.models import Hub
from trainings.registrations.cards.queries import hubs_at_desk
from trainings.registrations.commands import for_one
from trainings.registrations.models import Card, Registration, Source
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.actions import SessionPlan, TrainingPlan, create_training
from trainings.schedule.models import Course, SessionFacilitator, Training, TrainingSession, TrainingState
from trainings.schedule.queries import UnknownTraining, people_who_facilitate
from trainings.web.i18n import N_

DAYS = 7
CAPACITY = 14
"""Two are free: the third person whom somebody signs up waits."""
PEOPLE = (
    ("María Elena", "Caal Tzib", "Las Pozas", Sex.MUJER, AgeGroup.A35_59),
    ("José Antonio", "Coc Xol", "El Subín", Sex.HOMBRE, AgeGroup.A25_34),
    ("Petrona", "Ba Cucul", "Las Palmas", Sex.MUJER, AgeGroup.A60),
    ("Óscar", "Ramírez López", "Barrio El Centro", Sex.HOMBRE, AgeGroup.A18_24),
    ("Candelaria", "Choc Pop", "San Joaquín", Sex.MUJER, AgeGroup.A25_34),
    ("Domingo", "Ical Tut", "El Naranjo", Sex.HOMBRE, AgeGroup.A35_59),
    ("Ana Lucía", "Méndez de León", "La Esperanza", Sex.MUJER, AgeGroup.A18_24),
    ("Mateo", "Che Chub", "Nueva Libertad", Sex.HOMBRE, AgeGroup.A60),
    ("Floridalma", "Ochaeta Chan", "Paxcamán", Sex.MUJER, AgeGroup.A35_59),
    ("Juana", "Sacul Pu’", "Las Pozas", Sex.UNDISCLOSED, AgeGroup.A25_34),
    ("Rosa Amalia", "De La Cruz", "Las Palmas", Sex.MUJER, AgeGroup.A35_59),
    ("Rosa Amelia", "De La Cruz", "Las Palmas", Sex.MUJER, AgeGroup.A35_59),
)
"""Invented. Two have nearly one name, as happens."""


class AlreadyPractising(Refusal):
    sentence = N_("Esta ventanilla ya tiene una práctica. Úsela, o vacíela y empiece otra.")


class NoCourse(Refusal):
    sentence = N_("Falta un curso en el catálogo para practicar con él. Cree uno en «Cursos y temas».")


async def practices_of(actor: Actor) -> list[Training]:
    """At the desks of the actor, and with sessions the actor facilitates. With sessions and hub, by hub."""
    hubs = [hub.id for hub in await hubs_at_desk(actor)]
    held = reads(SessionFacilitator).filter(user_id=actor.id, session__training__state=TrainingState.PRACTICE)
    own = {key for (key,) in await held.values_list("session__training_id")}
    found = await reads(Training).filter(state=TrainingState.PRACTICE).prefetch_related("hub", "sessions")
    seen = [one for one in found if one.hub_id in hubs or one.id in own]
    return sorted(seen, key=lambda one: (one.hub.name, one.id))


async def start(hub_id: UUID, *, actor: Actor) -> Training:
    """With a session today and on each day of the week, and twelve invented people.

    Refuses (UnknownTraining) a hub where the actor is not at the desk, AlreadyPractising, and NoCourse.
    """
    if not can_register_at_desk(actor, hub_id):
        raise UnknownTraining
    async with transaction():
        [hub] = await lock(Hub, [hub_id])
        if await Training.exists(hub_id=hub_id, state=TrainingState.PRACTICE):
            raise AlreadyPractising
        course = await Course.filter(is_active=True).order_by("title", "id").first()
        if course is None:
            raise NoCourse
        training = await _create(hub, course, actor)
        for number, one in enumerate(PEOPLE):
            await _sign_up(training, hub, number, one, actor)
        await record("practice.start", actor=actor, object_id=training.id, hub_id=hub_id)
    return training


async def _create(hub: Hub, course: Course, actor: Actor) -> Training:
    """Never published: nobody is told of it. Everybody of the hub may take attendance at it."""
    title = f"Práctica: {course.title}"[:180]
    plan = TrainingPlan(course_id=course.id, hub_id=hub.id, title=title, capacity=CAPACITY)
    mornings = [clock.midnight(clock.today() + timedelta(days=n)) for n in range(DAYS)]
    sessions = [SessionPlan(at, at + timedelta(hours=23, minutes=59)) for at in mornings]
    training = await create_training(plan, sessions, actor=actor, override_reason=title)
    await Training.filter(id=training.id).update(state=TrainingState.PRACTICE, required_courses=[])
    people = await people_who_facilitate(hub.id, hub.operator_id)
    made = await TrainingSession.filter(training_id=training.id)
    await SessionFacilitator.bulk_create(
        SessionFacilitator(session_id=session.id, user_id=user.id) for session in made for user in people
    )
    return await Training.get(id=training.id)


async def _sign_up(training: Training, hub: Hub, number: int, person: tuple[Any, ...], actor: Actor) -> None:
    given_names, surnames, community, sex, age_group = person
    form = PersonForm(
        given_names=given_names,
        surnames=surnames,
        municipality=hub.seat_id,
        community=community,
        actor_type=ActorType.COCODE,
        sex=sex,
        age_group=age_group,
    )
    how: dict[str, Any] = {"source": Source.DESK, "consent_how": ConsentHow.READ_ALOUD, "body_hash": str(number)}
    wish = for_one(form, frozenset({ConsentPurpose.DATA}), idempotency_key=f"practice-{training.id}-{number}", **how)
    await sign_up(training.id, wish, actor=actor)


async def people_in(training_id: UUID) -> list[Registration]:
    found = reads(Registration).filter(training_id=training_id).prefetch_related("participant")
    return sorted(await found, key=lambda one: (one.participant.sort_key, one.id))


async def empty(hub_id: UUID, *, actor: Actor) -> None:
    """The hub's practice goes for good, with all that anybody did in it. Twice is once; refuses (UnknownTraining) a hub
    where the actor is not at the desk.
    """
    if actor is not PROGRAM and not can_register_at_desk(actor, hub_id):
        raise UnknownTraining
    async with transaction():
        await lock(Hub, [hub_id])
        for (key,) in await Training.filter(hub_id=hub_id, state=TrainingState.PRACTICE).values_list("id"):
            await lock(Training, [key])
            await _forget(key)
            await record("practice.empty", actor=actor, object_id=key, hub_id=hub_id)


async def end_over() -> int:
    """Empty those whose last day is over; returns how many."""
    ahead = await TrainingSession.filter(training__state=TrainingState.PRACTICE, ends_at__gt=clock.now()).values_list(
        "training_id"
    )
    over = await Training.filter(state=TrainingState.PRACTICE).exclude(id__in=[key for (key,) in ahead])
    for training in over:
        await empty(training.hub_id, actor=PROGRAM)
    return len(over)


async def _forget(training_id: UUID) -> None:
    rows = await Registration.filter(training_id=training_id).values_list("id", "participant_id")
    signed_up, people = [key for key, _person in rows], [person for _key, person in rows]
    on_rows = SheetRow.filter(sheet__session__training_id=training_id, card_id__not_isnull=True)
    cards = [key for (key,) in await on_rows.values_list("card_id")]
    # Else the numbers of the marks that go would be missed, and asked of the phones.
    phones = Device.filter(sessions__session__training_id=training_id)
    keys = [key for (key,) in await phones.distinct().values_list("id")]
    await Device.filter(id__in=keys).update(first_seq=F("last_seq") + 1, n_unsent=0)
    await OutboxJob.filter(subject_id__in=signed_up).delete()
    await _delete(Training, [training_id])
    await _delete(Card, cards)
    others = {key for (key,) in await Registration.filter(participant_id__in=people).values_list("participant_id")}
    await _delete(Participant, [key for key in people if key not in others])


async def _delete(model: type[Model], keys: Collection[Any]) -> None:
    """These rows, after all rows that refer to them."""
    if not keys:
        return
    for name in sorted(model._meta.backward_fk_fields | model._meta.backward_o2o_fields):
        relation: Any = model._meta.fields_map[name]
        referring = relation.related_model
        found = referring.filter(**{f"{relation.relation_field}__in": list(keys)})
        await _delete(referring, [key for (key,) in await found.values_list(referring._meta.pk_attr)])
    await model.filter(pk__in=list(keys)).delete()
