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
from trainings.people.actions import Sameness, add_consents, add_guardian, add_participant
from trainings.people.models import Participant
from trainings.registrations import places
from trainings.registrations.allocation import Party
from trainings.registrations.cards import UnknownCard, free_places, locked_card
from trainings.registrations.eligibility import check_people, check_phase
from trainings.registrations.messages import announce, announce_group
from trainings.registrations.models import (
    TAKES_PLACE,
    Card,
    CardState,
    HoldReason,
    LinkScope,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
    ReservedBlock,
    Source,
)
from trainings.registrations.sameness import has_completed, look_alike
from trainings.registrations.sign_up import locked_training
from trainings.registrations.wishes import SignUp
from trainings.schedule.models import Training, TrainingSession
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
    """The registration that a card became; not new where the same form had come before."""

    registration_id: UUID
    is_new: bool


async def name_card(card_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Give a reserved card to one person, who has its place at once, whatever the waiting list.

    A look-alike of somebody registered takes no place: it goes to the waiting list. Refuses a card that is used, given
    up or void, ages and guardians as any sign-up does, and what was called off or is over.
    """
    async with transaction():
        card, training = await locked_card(card_id)
        if training is None:
            raise UnknownCard
        standing = await _standing(card, wish)
        if standing is not None:
            return standing
        await _check_ahead(training)
        return await _use_reserved(training, card, wish, actor)


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
        first = await look_alike(training.id, wish.keys[0])
        is_course_missing = not await has_completed(training.course_id, None, 1)
        party = Party("card", 1, 0, int(first is not None))
        state = places.state_for(training, party, hold=is_course_missing)
        if state in TAKES_PLACE:
            await places.keep(training, places.room_of(training).taking(party))
        reason = HoldReason.PREREQUISITE if is_course_missing else HoldReason.APPROVAL
        entry = _Entry(replace(wish, source=Source.CARD), state, first, reason)
        return await _enter(training, card, entry, actor)


async def use_at_door(card_id: UUID, training_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Register who stands at the door with a nameless card: with its reserved place, or (spare) as a walk-in.

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
        first = await look_alike(training.id, wish.keys[0])
        walk_in = replace(wish, source=Source.WALK_IN)
        return await _enter(training, card, _Entry(walk_in, RegistrationState.CONFIRMED, first), actor)


async def _use_reserved(training: Training, card: Card, wish: SignUp, actor: Actor) -> CardUsed:
    """The card's place becomes the person's; a look-alike's is free again."""
    await _check_card(training, card)
    wish = replace(wish, source=Source.CARD)
    first = await look_alike(training.id, wish.keys[0])
    used = await _enter(training, card, _Entry(wish, RegistrationState.CONFIRMED, first), actor)
    if first is not None:
        await free_places(training, 1)
    else:
        room = places.room_of(training)
        await places.keep(training, replace(room, reserved=room.reserved - 1, taken=room.taken + 1))
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
    if card.state is not CardState.USED or card.registration_id is None:
        return None
    group = await RegistrationGroup.get(registrations__id=card.registration_id)
    if group.idempotency_key != _key_of(card) or not tokens.same(group.body_hash, wish.body_hash):
        raise CardTaken
    return CardUsed(card.registration_id, is_new=False)


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
    """One person's rows to be: `first` is the registration that they look like."""

    wish: SignUp
    state: RegistrationState
    first: Registration | None
    hold_reason: HoldReason = HoldReason.APPROVAL


async def _enter(training: Training, card: Card, entry: _Entry, actor: Actor) -> CardUsed:
    """Person, group of one, registration with the card's tokens, own link; the mail, and the line in the log."""
    assert entry.wish.n_people == 1
    await training.fetch_related("hub")
    check_people(training, training.hub.phone, entry.wish)
    participant = await _add_person(entry.wish, entry.wish.keys[0], actor)
    group = await _add_group(training, card, entry)
    registration = await _add_registration(training, card, group, participant, entry)
    await _add_link(group, registration, is_minor=entry.wish.first.is_minor)
    card.state, card.registration_id, card.used_at = CardState.USED, registration.id, clock.now()
    await card.save(update_fields=["state", "registration_id", "used_at"])
    if entry.first is not None:
        await announce(entry.first, entry.first.participant, training, "own_link_again")
    await announce_group(group, training, f"registration_{group.state.value}")
    await record(
        "registrations.use_card",
        actor=actor,
        object_id=registration.id,
        hub_id=training.hub_id,
        card=str(card.id),
        state=group.state.value,
        source=registration.source.value,
        duplicate=entry.first is not None,
    )
    return CardUsed(registration.id, is_new=True)


async def _add_person(wish: SignUp, keys: Sameness, actor: Actor) -> Participant:
    """The person with what they, or a minor's guardian, agreed to; a minor is given no contact."""
    person, how = wish.first.person, wish.consent_how
    if not wish.first.is_minor:
        participant = await add_participant(person, keys, phone=wish.contact_phone, email=wish.contact_email)
        await add_consents(participant, wish.purposes, how=how, recorded_by=actor.id)
        return participant
    participant = await add_participant(person, keys, phone=None, email=None)
    await add_guardian(participant, wish.guardian_contact, how=how, recorded_by=actor.id)
    return participant


async def _add_group(training: Training, card: Card, entry: _Entry) -> RegistrationGroup:
    is_waiting = entry.state is RegistrationState.WAITLISTED
    return await RegistrationGroup.create(
        training_id=training.id,
        state=entry.state,
        n_people=1,
        wait_number=await places.next_wait_number(training) if is_waiting else None,
        hold_reason=entry.hold_reason if entry.state is RegistrationState.HELD else None,
        idempotency_key=_key_of(card),
        body_hash=entry.wish.body_hash,
        changed_at=clock.now(),
    )


async def _add_registration(
    training: Training, card: Card, group: RegistrationGroup, participant: Participant, entry: _Entry
) -> Registration:
    return await Registration.create(
        training_id=training.id,
        group=group,
        participant=participant,
        duplicate_of=entry.first,
        state=entry.state,
        source=entry.wish.source,
        short_code=card.short_code,
        qr_hash=card.qr_hash,
        qr_token=card.qr_token,
        needs=",".join(entry.wish.first.needs) or None,
        confirmed_at=clock.now() if entry.state is RegistrationState.CONFIRMED else None,
    )


async def _add_link(group: RegistrationGroup, registration: Registration, *, is_minor: bool) -> None:
    """An adult's own link; a minor's is the one of their group, which shows names and tickets only."""
    token = tokens.own_link()
    await OwnLink.create(
        token_hash=tokens.digest(token, "own"),
        token=token,
        scope=LinkScope.GROUP if is_minor else LinkScope.PERSON,
        group=group,
        registration=None if is_minor else registration,
    )
