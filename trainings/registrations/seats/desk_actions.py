from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import keyring, transaction
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.outbox.actions import STAFF_DELAY
from trainings.people.consents import locked_with_permission
from trainings.people.models import Participant
from trainings.registrations.commands import MoveOut, Reject
from trainings.registrations.links import replace_link
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
    read_needs,
    write_needs,
)
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats.sign_up import ask_of, moved_to
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.phase import last_end
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_


class NoTicketAnyMore(Refusal):
    code = "no_ticket_any_more"
    sentence = N_("Esta inscripción está cancelada o ya terminó: no hay boleto que cambiar.")


class MinorStays(Refusal):
    code = "minor_stays"
    sentence = N_("Quien es menor de edad no se separa de la persona que le inscribió. Inscríbale de nuevo con otra.")


class ComesAlone(Refusal):
    code = "comes_alone"
    sentence = N_("Esta persona no viene con nadie más: se inscribió sola, o ya está separada.")


class NeedGone(Refusal):
    code = "need_gone"
    sentence = N_("La persona ya no pide ese apoyo, o canceló. Vuelva a abrir la lista.")


async def replace_ticket(registration_id: UUID, *, actor: Actor) -> None:
    """New QR, short code and own link for one person; the old link and code open nothing. The family's link stays.

    The old QR is kept as replaced: it is known at the door, and looked at. The new link goes out by e-mail, if there is
    an address; a printed card that was the ticket is void. Refuses (NoTicketAnyMore) a cancelled registration or a
    training that is over.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        if registration.state is RegistrationState.CANCELLED or await _is_over(training):
            raise NoTicketAnyMore
        await _rotate(registration, training)
        await record("registrations.replace_ticket", actor=actor, object_id=registration.id, hub_id=training.hub_id)


async def detach(registration_id: UUID, *, phone: str | None, email: str | None, actor: Actor) -> None:
    """Take an adult out of sight of the person who filled in the form: ticket, link and contact are replaced.

    `phone` and `email`: the person's own; None still removes the family's. They become a group of one with their place
    or their point of the waiting list; childcare stays with the family. A waiting family that asks for less now moves
    up where it fits. Refuses with MinorStays minors, with ComesAlone people who signed up alone, with PermissionGone
    after the consent for data was withdrawn.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        person = registration.participant = await locked_with_permission(registration.participant_id)
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


async def answer_need(registration_id: UUID, code: str, state: NeedState, *, actor: Actor) -> None:
    """A new answer is told to the person.

    Refuses (NeedGone) a need no longer asked for, a cancelled registration, and a training that is over or called off.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
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


# -- parts


async def _is_seen_by_others(registration: Registration) -> bool:
    """Somebody came along, or a family's link still opens although nobody else of it is left."""
    others = Registration.filter(group_id=registration.group_id).exclude(id=registration.id)
    links = OwnLink.filter(group_id=registration.group_id, scope=LinkScope.GROUP, revoked_at=None)
    return await others.exists() or await links.exists()


async def _locked(registration_id: UUID) -> tuple[Registration, Training]:
    """With its person, under its training's lock."""
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise UnknownRegistration
    training = await locked_training(where.training_id)
    return await Registration.get(id=registration_id).prefetch_related("participant"), training


async def _is_over(training: Training) -> bool:
    end = last_end(await TrainingSession.filter(training_id=training.id))
    return end is None or clock.now() >= end


def _is_minor(person: Participant) -> bool:
    return person.age_group is not None and person.age_group.is_minor


async def _set_contact(person: Participant, phone: str | None, email: str | None) -> None:
    ring = keyring()
    person.phone, person.email, person.email_refused_at = phone, email, None
    person.phone_key = ring.blind_index(phone, "phone") if phone else None
    person.email_key = ring.blind_index(email, "email") if email else None
    await person.save(update_fields=["phone", "email", "phone_key", "email_key", "email_refused_at"])


async def _rotate(registration: Registration, training: Training) -> None:
    """New tokens; a minor has no link of their own."""
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


async def _tell(registration: Registration, training: Training, kind: str) -> None:
    """Not to people held because too many came at once: such an address may be somebody else's."""
    held = RegistrationGroup.filter(id=registration.group_id, state=RegistrationState.HELD)
    if await held.filter(hold_reason=HoldReason.REVIEW).exists():
        return
    await announce(registration, registration.participant, training, kind)


async def _free_short_code(training: Training) -> str:
    while True:
        code = tokens.short_code()
        has = await Registration.exists(training_id=training.id, short_code=code)
        had = has or await ReplacedTicket.exists(registration__training_id=training.id, short_code=code)
        if not had:
            return code
