"""A card becomes a registration's ticket and keeps its tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.registrations.commands import Draft, SignUp, Ticket, UseCard
from trainings.registrations.models import (
    HAS_NAME,
    Card,
    CardState,
    Registration,
    RegistrationGroup,
    RegistrationState,
    ReservedBlock,
    Source,
)
from trainings.registrations.seats.actions import ask
from trainings.registrations.seats.cards import UnknownCard, locked_card
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.session_actions import locked_training
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
    """`is_held`: it waits for staff."""

    registration_id: UUID
    is_new: bool
    is_held: bool = False


async def name_card(card_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Give a reserved card to one person, with its place at once.

    Where an earlier course is missing staff decide first and the place stays reserved. Refuses a card used, released or
    void, a training called off or over, and ages and guardians as any sign-up.
    """
    async with transaction():
        card, training = await locked_card(card_id)
        if training is None:
            raise UnknownCard
        return await _use(training, card, replace(wish, source=Source.CARD), actor)


async def use_spare(card_id: UUID, training_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Sign somebody up with a spare card of the hub: confirmed, waiting or held as without it.

    Refuses as `name_card`, another hub's card, and a training without place and waiting list.
    """
    async with transaction():
        training, card = await _locked_at(training_id, card_id)
        if card.block_id is not None:
            raise UnknownCard
        return await _use(training, card, replace(wish, source=Source.CARD), actor)


async def use_at_door(card_id: UUID, training_id: UUID, wish: SignUp, *, actor: Actor) -> CardUsed:
    """Register somebody at the door, not held for an earlier course: with the reserved place, or (spare) as a walk-in.

    Refuses another training's or hub's card, and as `name_card`; but never because the training is called off or over:
    it may be held all the same.
    """
    async with transaction():
        training, card = await _locked_at(training_id, card_id)
        source = Source.WALK_IN if card.block_id is None else Source.CARD
        return await _use(training, card, replace(wish, source=source), actor, at_door=True)


# -- what is checked


async def _locked_at(training_id: UUID, card_id: UUID) -> tuple[Training, Card]:
    training = await locked_training(training_id)
    found = await lock(Card, [card_id])
    if not found or found[0].hub_id != training.hub_id:
        raise UnknownCard
    card = found[0]
    of_practice = Card.filter(id=card.id, sheet_rows__sheet__session__training__state=TrainingState.PRACTICE)
    if await of_practice.exists() is not (training.state is TrainingState.PRACTICE):
        raise CardOfAnotherTraining
    if card.block_id is not None and not await ReservedBlock.exists(id=card.block_id, training_id=training.id):
        raise CardOfAnotherTraining
    return training, card


async def _standing(card: Card, wish: SignUp) -> CardUsed | None:
    if card.state not in HAS_NAME or card.registration_id is None:
        return None
    group = await RegistrationGroup.get(registrations__id=card.registration_id)
    if group.idempotency_key != _key_of(card) or not tokens.same(group.body_hash, wish.body_hash):
        raise CardTaken
    return CardUsed(card.registration_id, is_new=False, is_held=group.state is RegistrationState.HELD)


def _key_of(card: Card) -> str:
    """The idempotency key: a card is used once."""
    return f"card-{card.id}"


async def _check_card(training: Training, card: Card) -> None:
    if card.state is not CardState.OPEN:
        raise CardClosed
    if await Registration.exists(training_id=training.id, short_code=card.short_code):
        raise CodeTwice


async def _use(training: Training, card: Card, wish: SignUp, actor: Actor, *, at_door: bool = False) -> CardUsed:
    assert wish.n_people == 1
    standing = await _standing(card, wish)
    if standing is not None:
        return standing
    await _check_card(training, card)
    registration_id = tokens.uuid7()
    command = UseCard(
        training_id=training.id,
        actor=actor,
        # A card is one seat: childcare is asked for with a sign-up.
        wish=replace(wish, idempotency_key=_key_of(card), childcare_places=0),
        lang=i18n.language(),
        card_id=card.id,
        draft=Draft(str(tokens.uuid7()), tokens.own_link(), (_ticket(card, registration_id),)),
        is_reserved=card.block_id is not None,
        at_door=at_door,
    )
    await ask(command)
    held = Registration.filter(id=registration_id, state=RegistrationState.HELD)
    return CardUsed(registration_id, is_new=True, is_held=await held.exists())


def _ticket(card: Card, registration_id: UUID) -> Ticket:
    assert card.qr_token is not None
    return Ticket(str(registration_id), card.short_code, card.qr_token, tokens.own_link())
