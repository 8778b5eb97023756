"""What only the desk does: a new ticket, an adult out of their family, an answer to a need or to who is held."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import keyring, transaction
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.outbox.actions import STAFF_DELAY
from trainings.people.consent_actions import locked_with_permission
from trainings.people.models import Participant
from trainings.registrations.commands import MoveOut, Reject
from trainings.registrations.fresh_links import replace_link
from trainings.registrations.messages import announce
from trainings.registrations.models import (
    Card,
    CardState,
    Farewell,
    HoldReason,
    LinkScope,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
    ReplacedTicket,
)
from trainings.registrations.needs import NeedState, read_needs, write_needs
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats.sign_up import ask_of, moved_to
from trainings.schedule.locks import locked_training
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.phase import last_end
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
    """Give a registration a new QR, short code and own link; from then on the old link and code open nothing.

    Whoever still comes with the old QR is known, and looked at: it is kept as replaced. Only this person's are new: the
    link of their family stays. Who left an e-mail address gets the new link by mail; the printed card that was the
    ticket is void. Refuses (NoTicketAnyMore) what is cancelled or over.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        if registration.state is RegistrationState.CANCELLED or await _is_over(training):
            raise NoTicketAnyMore
        await _rotate(registration, training)
        await record("registrations.replace_ticket", actor=actor, object_id=registration.id, hub_id=training.hub_id)


async def detach(registration_id: UUID, *, phone: str | None, email: str | None, actor: Actor) -> None:
    """Take an adult out of sight of who filled in the form: ticket and link are replaced, the family's contact too.

    `phone` and `email` are the person's own, or none: the family's are removed all the same. From then on they are a
    group of their own, with their place or at their point of the waiting list; childcare stays with the family. Who
    waits, and asks for less now, moves up where it fits. Refuses minors (MinorStays), who signed up alone (ComesAlone)
    and (PermissionGone) who took back the permission for their data.
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
    """Say no to a group that waits for staff: it is cancelled as a whole. It held no place; one that is reserved by a
    named card goes to who waits.

    Told after ten minutes, in which it can be stopped (`batch_id`), except what was held because too much came at once:
    that address was never written to, and may be somebody else's. Refuses (NotHeld) what has its answer.
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
    """Say what came of one support need; the person is told, where it is an answer and a new one.

    Refuses (NeedGone) what is not asked for any more, of who cancelled, or once the training is over or called off.
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
        # Which need it was is forgotten with the need itself; this line stays.
        await record(
            "registrations.answer_need",
            actor=actor,
            object_id=registration.id,
            hub_id=training.hub_id,
            state=state.value,
        )


# -- parts


async def _is_seen_by_others(registration: Registration) -> bool:
    """Whether somebody came along, or a family's link still opens although nobody else of it is left."""
    others = Registration.filter(group_id=registration.group_id).exclude(id=registration.id)
    links = OwnLink.filter(group_id=registration.group_id, scope=LinkScope.GROUP, revoked_at=None)
    return await others.exists() or await links.exists()


async def _locked(registration_id: UUID) -> tuple[Registration, Training]:
    """The registration with its person, read under its training's lock."""
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
    """New tokens for one person; a minor has no link of their own."""
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
    """Write to the person, unless they wait because too many came at once: such an address may be somebody else's."""
    held = RegistrationGroup.filter(id=registration.group_id, state=RegistrationState.HELD)
    if await held.filter(hold_reason=HoldReason.REVIEW).exists():
        return
    await announce(registration, registration.participant, training, kind)


async def _free_short_code(training: Training) -> str:
    """A code that no ticket of this training has, or had."""
    while True:
        code = tokens.short_code()
        has = await Registration.exists(training_id=training.id, short_code=code)
        had = has or await ReplacedTicket.exists(registration__training_id=training.id, short_code=code)
        if not had:
            return code
