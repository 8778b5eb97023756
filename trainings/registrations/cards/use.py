"""A card becomes a registration: its tokens pass over, so that the card in the hand is the ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.people.actions import UnknownMunicipality
from trainings.places.models import Municipality
from trainings.registrations.commands import Enter
from trainings.registrations.eligibility import check_people, check_phase
from trainings.registrations.messages import announce_group
from trainings.registrations.models import (
    HAS_NAME,
    TAKES_PLACE,
    Card,
    CardState,
    HoldReason,
    Registration,
    RegistrationGroup,
    RegistrationState,
    ReservedBlock,
    Source,
)
from trainings.registrations.seats import counts
from trainings.registrations.seats.allocation import Party
from trainings.registrations.seats.cards import UnknownCard, locked_card
from trainings.registrations.seats.changes import Changes, Entrant, Entry
from trainings.registrations.seats.situation import Draft, Situation, Ticket
from trainings.registrations.seats.writing import keep
from trainings.registrations.wishes import SignUp
from trainings.schedule.locks import locked_training
from trainings.schedule.models import Training, TrainingSession
from trainings.web import i18n
from trainings.web.i18n import N_


class CardTaken(Refusal):
    code = "card_taken"
    sentence = N_("Esta tarjeta ya es de otra persona. Use otra, o inscriba a la persona sin tarjeta.")


class CardClosed(Refusal):
    code = "card_closed"
    sentence = N_("Esta tarjeta ya no vale: se soltó su lugar o se anuló. Inscriba a la persona sin tarjeta.")


class CardOfAnotherTraining(Refusal):
    code = "card_of_another_training"
    sentence = N_("Esta tarjeta es de otra capacitación. Anote a la persona sin tarjeta.")


class CodeTwice(Refusal):
    code = "code_twice"
    sentence = N_("El código de esta tarjeta ya está en esta capacitación. Use otra tarjeta.")


@dataclass(frozen=True, slots=True)
class CardUsed:
    """The registration that a card became; not new where the same form had come before.

    `is_held`: it waits for staff.
    """

    registration_id: UUID
    is_new: bool
    is_held: bool = False


async def name_card(card_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Give a reserved card to one person, who has its place at once, whatever the waiting list.

    Where an earlier course is asked for, staff decide first, and the place stays reserved until they do.
    Refuses a card that is used, given up or void, ages and guardians as any sign-up does, and what was called off or is
    over.
    """
    async with transaction():
        card, training = await locked_card(card_id)
        if training is None:
            raise UnknownCard
        standing = await _standing(card, wish)
        if standing is not None:
            return standing
        await _check_ahead(training)
        is_held = bool(training.required_courses)
        return await _use_reserved(training, card, wish, actor, is_held=is_held)


async def use_spare(card_id: UUID, training_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Sign somebody up at the desk with a spare card of the hub: a place, the waiting list, or held, as without it.

    Refuses like `name_card`, where neither a place nor a waiting list is left, and another hub's card.
    """
    async with transaction():
        training, card = await _locked_at(training_id, card_id)
        if card.block_id is not None:
            raise UnknownCard
        standing = await _standing(card, wish)
        if standing is not None:
            return standing
        await _check_ahead(training)
        await _check_card(training, card)
        is_course_missing = bool(training.required_courses)
        party = Party("card")
        state = counts.state_for(training, party, hold=is_course_missing)
        if state in TAKES_PLACE:
            await counts.keep(training, counts.room_of(training).taking(party))
        reason = HoldReason.PREREQUISITE if is_course_missing else HoldReason.APPROVAL
        entry = _Entry(replace(wish, source=Source.CARD), state, reason)
        return await _enter(training, card, entry, actor)


async def use_at_door(card_id: UUID, training_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Register who stands at the door with a nameless card: with its reserved place, or (spare) as a walk-in. Nobody
    stands and waits there for an answer about an earlier course.

    Refuses another training's or hub's card, and like `name_card`, but never by time.
    """
    async with transaction():
        training, card = await _locked_at(training_id, card_id)
        standing = await _standing(card, wish)
        if standing is not None:
            return standing
        if card.block_id is not None:
            return await _use_reserved(training, card, wish, actor)
        await _check_card(training, card)
        walk_in = replace(wish, source=Source.WALK_IN)
        return await _enter(training, card, _Entry(walk_in, RegistrationState.CONFIRMED), actor)


async def _use_reserved(
    training: Training, card: Card, wish: SignUp, actor: Actor, *, is_held: bool = False
) -> CardUsed:
    """The card's place becomes the person's. For who is held it stays as it is."""
    await _check_card(training, card)
    wish = replace(wish, source=Source.CARD)
    state = RegistrationState.HELD if is_held else RegistrationState.CONFIRMED
    used = await _enter(training, card, _Entry(wish, state, HoldReason.PREREQUISITE), actor)
    if not is_held:
        room = counts.room_of(training)
        await counts.keep(training, room._replace(reserved=room.reserved - 1, taken=room.taken + 1))
    return used


# -- what is checked


async def _locked_at(training_id: UUID, card_id: UUID) -> tuple[Training, Card]:
    """A training and a card that may be used there, both rows held; the training first, as everywhere."""
    training = await locked_training(training_id)
    found = await lock(Card, [card_id])
    if not found or found[0].hub_id != training.hub_id:
        raise UnknownCard
    card = found[0]
    if card.block_id is not None and not await ReservedBlock.exists(id=card.block_id, training_id=training.id):
        raise CardOfAnotherTraining
    return training, card


async def _standing(card: Card, wish: SignUp) -> CardUsed | None:
    """What the same form made of this card before: sending it twice is one person."""
    if card.state not in HAS_NAME or card.registration_id is None:
        return None
    group = await RegistrationGroup.get(registrations__id=card.registration_id)
    if group.idempotency_key != _key_of(card) or not tokens.same(group.body_hash, wish.body_hash):
        raise CardTaken
    return CardUsed(card.registration_id, is_new=False, is_held=group.state is RegistrationState.HELD)


def _key_of(card: Card) -> str:
    """A card is used once, so that it is the key of what it was used for."""
    return f"card-{card.id}"


async def _check_ahead(training: Training) -> None:
    check_phase(training, await TrainingSession.filter(training_id=training.id), Source.CARD, clock.now())


async def _check_card(training: Training, card: Card) -> None:
    if card.state is not CardState.OPEN:
        raise CardClosed
    if await Registration.exists(training_id=training.id, short_code=card.short_code):
        raise CodeTwice


# -- what is written


@dataclass(frozen=True, slots=True)
class _Entry:
    """One person's rows to be."""

    wish: SignUp
    state: RegistrationState
    hold_reason: HoldReason = HoldReason.APPROVAL


async def _enter(training: Training, card: Card, entry: _Entry, actor: Actor) -> CardUsed:
    """Person, group of one, registration with the card's tokens, own link; the mail, and the line in the log."""
    assert entry.wish.n_people == 1
    await training.fetch_related("hub")
    check_people(training, training.hub.phone, entry.wish)
    municipality = entry.wish.keys[0].municipality
    if municipality is not None and not await Municipality.exists(ine_code=municipality):
        raise UnknownMunicipality(field="municipality")
    # A card is one seat: childcare is asked for with a sign-up.
    wish = replace(entry.wish, idempotency_key=_key_of(card), childcare_places=0)
    registration_id = tokens.uuid7()
    ticket = _ticket(card, registration_id)
    is_waiting, is_held = entry.state is RegistrationState.WAITLISTED, entry.state is RegistrationState.HELD
    new = Entry(
        command=Enter(training.id, wish, actor, i18n.language()),
        draft=Draft(str(tokens.uuid7()), tokens.own_link(), (ticket,)),
        state=entry.state,
        hold_reason=entry.hold_reason if is_held else None,
        wait_number=await counts.next_wait_number(training) if is_waiting else None,
        entrants=(Entrant(None, wish.purposes),),
        has_group_link=wish.first.is_minor,
    )
    await keep(Changes(entries=[new]), Situation(clock.now(), {}, {}, frozenset()))
    group = await RegistrationGroup.get(id=new.draft.group_id)
    await announce_group(group, training, f"registration_{new.state.value}")
    # A spare card reserves nothing that would have to wait with the person.
    card.state = CardState.HELD if is_held and card.block_id is not None else CardState.USED
    card.registration_id, card.used_at = registration_id, clock.now()
    await card.save(update_fields=["state", "registration_id", "used_at"])
    await record(
        "registrations.use_card",
        actor=actor,
        object_id=registration_id,
        hub_id=training.hub_id,
        card=str(card.id),
        state=entry.state.value,
        source=wish.source.value,
    )
    return CardUsed(registration_id, is_new=True, is_held=is_held)


def _ticket(card: Card, registration_id: UUID) -> Ticket:
    """The card's own tokens: what is in the hand is the ticket."""
    assert card.qr_token is not None
    return Ticket(str(registration_id), card.short_code, card.qr_token, tokens.own_link())
