"""Each request is decided in a batch with others of the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import batch, is_in_transaction, keyring, sql, transaction
from trainings.db.group_commit import GroupCommit
from trainings.errors import Busy, NotFound, Refusal
from trainings.lib import tokens
from trainings.lib.tokens import uuid7
from trainings.limits.actions import Watch
from trainings.outbox.actions import STAFF_DELAY
from trainings.people.actions import PHONE_KEYS, correct_name, key_phone, name_key
from trainings.people.consents import locked_with_permission
from trainings.people.models import Participant
from trainings.registrations.commands import (
    Approve,
    Command,
    Done,
    Enter,
    FewerChildren,
    Leave,
    Move,
    MoveOut,
    Outcome,
    Reject,
    Resize,
    SignedUp,
    SignUp,
    StepBack,
    author_of,
)
from trainings.registrations.eligibility import check_ahead, is_over
from trainings.registrations.links import check_in_reach, locked_registration, replace_link
from trainings.registrations.messages import announce
from trainings.registrations.models import (
    Card,
    CardState,
    Farewell,
    HoldReason,
    LinkScope,
    NeedState,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
    ReplacedTicket,
    asking_for,
    read_needs,
    write_needs,
)
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats.deciding import decide
from trainings.registrations.seats.gathering import gather_situation
from trainings.registrations.seats.writing import write_changes
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.queries import InPractice
from trainings.web import i18n
from trainings.web.i18n import N_


class UnknownGroup(NotFound):
    sentence = N_("No encontramos esa inscripción.")


class Crowded(Busy):
    sentence = N_("Hay mucha gente inscribiéndose en este momento. Espere unos segundos y vuelva a intentarlo.")


class NameOfBefore(Refusal):
    sentence = N_("Con este nombre ya participó antes. Llame a la ventanilla para cambiarlo.")


class NoTicketAnyMore(Refusal):
    sentence = N_("Esta inscripción está cancelada o ya terminó: no hay boleto que cambiar.")


class MinorStays(Refusal):
    sentence = N_("Quien es menor de edad no se separa de la persona que le inscribió. Inscríbale de nuevo con otra.")


class ComesAlone(Refusal):
    sentence = N_("Esta persona no viene con nadie más: se inscribió sola, o ya está separada.")


class NeedGone(Refusal):
    sentence = N_("La persona ya no pide ese apoyo, o canceló. Vuelva a abrir la lista.")


async def serve(commands: Sequence[Command]) -> list[Outcome | Exception]:
    """One batch in one transaction."""
    async with batch():
        situation = await gather_situation(commands)
        outcomes, changes = decide(commands, situation)
        await write_changes(changes, situation)
        return outcomes


counter: GroupCommit[Command, Outcome] = GroupCommit(serve, busy=Crowded)


async def ask(command: Command) -> Outcome:
    """Returns once it is on disk. Inside a caller's transaction it is part of that."""
    if not is_in_transaction():
        return await counter.submit(command)
    [outcome] = await serve([command])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def ask_of(group_id: UUID, command: type[Move], *, actor: Actor, **fields: Any) -> Outcome:
    return await ask(command(training_id=await training_of(group_id), group_ids=(group_id,), actor=actor, **fields))


async def training_of(group_id: UUID) -> UUID:
    return await _training("SELECT training_id FROM registration_group WHERE id = ?", group_id, UnknownGroup)


async def _training(text: str, key: UUID, unknown: type[NotFound]) -> UUID:
    """A registration's training never changes, so it is read without a lock."""
    where = await sql.row_by_key(text, key)
    if where is None:
        raise unknown
    return sql.as_uuid(where["training_id"])


def stoppable(actor: Actor) -> dict[str, Any]:
    """Staff can stop the messages that they cause for ten minutes; others leave at once."""
    return {"run_at": clock.now() + STAFF_DELAY, "batch_id": uuid7()} if actor.id is not None else {}


async def moved_to(command: MoveOut) -> UUID:
    outcome = await ask(command)
    assert isinstance(outcome, Done)
    assert outcome.group_id is not None
    return outcome.group_id


# -- coming in and leaving


async def sign_up(training_id: UUID, wish: SignUp, *, actor: Actor, watched: tuple[Watch, ...] = ()) -> SignedUp:
    """Register people together: all confirmed, all waiting, or all held.

    The same sign-up again returns the registration that stands. Refuses by window, state, audience, age and places, and
    with Crowded a queue that is too long. Too frequent sign-ups (`watched`) are refused or held.
    """
    outcome = await ask(Enter(training_id, wish, actor, i18n.language(), watched))
    assert isinstance(outcome, SignedUp)
    return outcome


async def sign_up_all(training_id: UUID, wishes: Sequence[SignUp], *, actor: Actor) -> list[SignedUp | Refusal]:
    """Register people who come apart, in as few transactions as they fit into; answers in order, refusals among them.
    Raises Busy, after which some may be registered: each wish has its key.
    """
    entering = [ask(Enter(training_id, wish, actor, i18n.language())) for wish in wishes]
    answers: list[SignedUp | Refusal] = []
    for answer in await asyncio.gather(*entering, return_exceptions=True):
        if isinstance(answer, Busy) or not isinstance(answer, SignedUp | Refusal):
            assert isinstance(answer, BaseException)
            raise answer
        answers.append(answer)
    return answers


async def register_walk_in(training_id: UUID, wish: SignUp, *, actor: Actor) -> SignedUp:
    """Takes none of the counted places. Refuses a minor without a named guardian."""
    return await sign_up(training_id, wish, actor=actor)


async def approve(group_id: UUID, *, actor: Actor) -> None:
    """Let a held group in: a place, or the waiting list when none is left.

    A named card keeps its reserved place, whatever is left. Refuses with TrainingFull or ChildcareFull without place
    and waiting list, with NotHeld an answered group, and a training over or called off.
    """
    await ask_of(group_id, Approve, actor=actor)


async def reject(group_id: UUID, *, actor: Actor, batch_id: UUID | None = None) -> None:
    """Cancel a held group. It held no place; one reserved by a named card goes to the waiting list.

    Told after ten minutes, in which it can be stopped (`batch_id`), unless it was held because too many came at once:
    that address was never written to, and may be somebody else's. Refuses (NotHeld) an answered group.
    """
    await ask_of(
        group_id,
        Reject,
        actor=actor,
        run_at=clock.now() + STAFF_DELAY,
        batch_id=batch_id or tokens.uuid7(),
        farewell=Farewell.REJECTED,
    )


async def cancel(registration_id: UUID, *, actor: Actor) -> None:
    """Cancel one person; the place goes to the waiting list in the same transaction.

    Twice is once. Refuses a training over or called off, and (HasOwnLink) the filler of the form after another claimed
    their link. A cancellation by staff is told after ten minutes, in which it can be stopped; a held person who cancels
    gets no message.
    """
    training_id = await _training(
        "SELECT training_id FROM registration WHERE id = ?", registration_id, UnknownRegistration
    )
    leave = Leave(training_id=training_id, registration_ids=(registration_id,), actor=actor, **stoppable(actor))
    await ask(leave)


async def cancel_group(group_id: UUID, *, actor: Actor) -> None:
    """Cancel a whole group. Refuses and tells as `cancel`. The filler of the form leaves out adults with a claimed
    link: they decide alone.
    """
    await ask_of(group_id, Leave, actor=actor, **stoppable(actor))


async def step_back(group_id: UUID, *, actor: Actor) -> None:
    """A confirmed group waits at the end of the list, and its places go to the list in the same transaction.

    Twice is once. Refuses with NothingToStepBackFrom a group without places and a training without list, with
    NobodyWaits where nobody else would get the places, and a training over or called off. Told as by `cancel`.
    """
    await ask_of(group_id, StepBack, actor=actor, **stoppable(actor))


async def resize(training_id: UUID, capacity: int, childcare_capacity: int, *, actor: Actor) -> None:
    """More places promote the waiting list. Refuses below `taken`, with the number."""
    await ask(Resize(training_id=training_id, capacity=capacity, childcare_capacity=childcare_capacity, actor=actor))


async def fewer_places(group_id: UUID, n: int, *, actor: Actor) -> None:
    """Keep `n` of a group's childcare places. Not fewer than before changes nothing: more is a new sign-up.

    The places go to the waiting list in the same transaction; the group itself, if waiting, may fit now. Refuses
    (CannotChange) once nothing is ahead.
    """
    await ask_of(group_id, FewerChildren, actor=actor, n=n)


# -- one person


async def rename(registration_id: UUID, given_names: str, surnames: str, *, actor: Actor) -> None:
    """Correct the name to print. Printed papers keep the old name.

    A person who came back with an earlier code may only correct the spelling (NameOfBefore): such codes stand on
    diplomas and lists. Refuses (PermissionGone) after consent for data was withdrawn: that name is deleted or is
    evidence; and the filler of the form as `cancel` does.
    """
    async with transaction():
        registration, training = await locked_registration(registration_id)
        await check_in_reach(registration, actor)
        person = await locked_with_permission(registration.participant_id)
        is_another = name_key(given_names, surnames) != person.name_key
        if actor.id is None and is_another and await _came_back(registration):
            raise NameOfBefore(field="given_names")
        await correct_name(person, given_names, surnames)
        registration.renamed_at, registration.renamed_by = clock.now(), author_of(actor)
        await registration.save(update_fields=["renamed_at", "renamed_by"])
        await record("registrations.rename", actor=actor, object_id=registration.id, hub_id=training.hub_id)


async def _came_back(registration: Registration) -> bool:
    earlier = Registration.filter(participant_id=registration.participant_id, created_at__lt=registration.created_at)
    return await earlier.exists()


async def change_needs(registration_id: UUID, needs: Sequence[str], *, actor: Actor) -> None:
    """Needs that stay keep their answers.

    Refuses a training that is over, since needs are deleted soon after, and a withdrawn consent for data.
    """
    async with transaction():
        registration, training = await locked_registration(registration_id)
        await _check_ahead(training)
        await locked_with_permission(registration.participant_id)
        registration.needs = asking_for(registration.needs, needs)
        await registration.save(update_fields=["needs"])
        await record(
            "registrations.change_needs", actor=actor, object_id=registration.id, hub_id=training.hub_id, n=len(needs)
        )


async def answer_need(registration_id: UUID, code: str, state: NeedState, *, actor: Actor) -> None:
    """A new answer is told to the person. Refuses (NeedGone) a need no longer asked for, a cancelled registration, and
    a training over or called off.
    """
    async with transaction():
        registration, training = await locked_registration(registration_id)
        needs = read_needs(registration.needs)
        is_gone = registration.state is RegistrationState.CANCELLED or code not in needs
        if is_gone or training.state is TrainingState.CANCELLED or await _is_over(training):
            raise NeedGone
        if needs[code] is state:
            return
        registration.needs = write_needs(needs | {code: state})
        await registration.save(update_fields=["needs"])
        if state is not NeedState.ASKED:
            await _tell(registration, training, "need_answered")
        # The line outlives the need, so it does not name it.
        await record(
            "registrations.answer_need",
            actor=actor,
            object_id=registration.id,
            hub_id=training.hub_id,
            state=state.value,
        )


async def replace_ticket(registration_id: UUID, *, actor: Actor) -> None:
    """New QR, short code and own link for one person, mailed where there is an address; the old link opens nothing. The
    family's link stays.

    The old QR is still known at the door, and looked at; a printed card that was the ticket is void. Refuses
    (NoTicketAnyMore) a cancelled registration or a training that is over.
    """
    async with transaction():
        registration, training = await locked_registration(registration_id)
        if registration.state is RegistrationState.CANCELLED or await _is_over(training):
            raise NoTicketAnyMore
        await _rotate(registration, training)
        await record("registrations.replace_ticket", actor=actor, object_id=registration.id, hub_id=training.hub_id)


async def detach(registration_id: UUID, *, phone: str | None, email: str | None, actor: Actor) -> None:
    """Take an adult out of sight of the filler of the form: ticket, link and contact are replaced.

    `phone` and `email`: the person's own; None still removes the family's. They keep their place or point of the
    waiting list; childcare stays with the family. Refuses with MinorStays minors, with ComesAlone people who signed up
    alone, with PermissionGone a withdrawn consent for data, with InPractice a contact.
    """
    async with transaction():
        registration, training = await locked_registration(registration_id)
        person = registration.participant = await locked_with_permission(registration.participant_id)
        if training.state is TrainingState.PRACTICE and (phone or email):
            raise InPractice
        if _is_minor(person):
            raise MinorStays
        if not await _is_seen_by_others(registration):
            raise ComesAlone
        await _set_contact(person, phone, email)
        out = MoveOut(training_id=training.id, registration_ids=(registration.id,), actor=actor)
        registration.group_id = await moved_to(out)
        await _rotate(registration, training)
        await record(
            "registrations.detach",
            actor=actor,
            object_id=registration.id,
            hub_id=training.hub_id,
            phone=phone is not None,
            email=email is not None,
        )


async def _is_seen_by_others(registration: Registration) -> bool:
    others = Registration.filter(group_id=registration.group_id).exclude(id=registration.id)
    links = OwnLink.filter(group_id=registration.group_id, scope=LinkScope.GROUP, revoked_at=None)
    return await others.exists() or await links.exists()


async def _set_contact(person: Participant, phone: str | None, email: str | None) -> None:
    person.phone, person.email, person.email_refused_at = phone, email, None
    person.other_phone = None
    key_phone(person, phone)
    person.email_key = keyring().blind_index(email, "email") if email else None
    await person.save(update_fields=["phone", "other_phone", "email", *PHONE_KEYS, "email_key", "email_refused_at"])


async def _rotate(registration: Registration, training: Training) -> None:
    qr = tokens.qr_token()
    await ReplacedTicket.create(
        registration_id=registration.id, qr_hash=registration.qr_hash, short_code=registration.short_code
    )
    registration.qr_token, registration.qr_hash = qr, tokens.digest(qr, "qr")
    registration.short_code = await _free_short_code(training)
    await registration.save(update_fields=["qr_token", "qr_hash", "short_code"])
    await Card.filter(registration_id=registration.id, state=CardState.USED).update(state=CardState.VOID)
    if _is_minor(registration.participant):
        return
    await replace_link(registration, LinkScope.PERSON)
    await _tell(registration, training, "own_link_again")


async def _free_short_code(training: Training) -> str:
    while True:
        code = tokens.short_code()
        has = await Registration.exists(training_id=training.id, short_code=code)
        had = has or await ReplacedTicket.exists(registration__training_id=training.id, short_code=code)
        if not had:
            return code


# -- parts


async def _check_ahead(training: Training) -> None:
    check_ahead(training, await TrainingSession.filter(training_id=training.id), clock.now())


async def _is_over(training: Training) -> bool:
    return is_over(await TrainingSession.filter(training_id=training.id), clock.now())


def _is_minor(person: Participant) -> bool:
    return person.age_group is not None and person.age_group.is_minor


async def _tell(registration: Registration, training: Training, kind: str) -> None:
    """Tells nobody held because too many came at once: such an address may be somebody else's."""
    held = RegistrationGroup.filter(id=registration.group_id, state=RegistrationState.HELD)
    if await held.filter(hold_reason=HoldReason.REVIEW).exists():
        return
    await announce(registration, registration.participant, training, kind)
