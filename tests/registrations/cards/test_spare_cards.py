"""Spare cards of a hub, and cards used at the door: who gets a place, and who is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.registrations.card_world import (
    card_of,
    make_block,
    make_spare_cards,
    places_of,
    registration_of,
)
from tests.registrations.wishes import wish
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.registrations.cards.use import CardClosed, CardOfAnotherTraining, use_at_door, use_spare
from trainings.registrations.eligibility import TrainingFull
from trainings.registrations.models import Card, CardState, RegistrationGroup, Source
from trainings.registrations.seats import cards
from trainings.registrations.telling import changes
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
OPEN, USED, RELEASED, VOID = CardState.OPEN, CardState.USED, CardState.RELEASED, CardState.VOID


async def test_make_spares_then_cards_of_the_hub_that_take_no_place(db: Settings) -> None:
    training = await make.make_training()

    made = await make_spare_cards(training, 8)

    assert [(card.number, card.hub_id, card.block_id, card.state) for card in made] == [
        (number, training.hub_id, None, OPEN) for number in range(1, 9)
    ]
    assert len({card.short_code for card in made}) == 8
    assert await places_of(training) == (0, 0)


@pytest.mark.parametrize(
    ("capacity", "approval", "state"), [(1, False, "confirmed"), (0, False, "waitlisted"), (1, True, "held")]
)
async def test_use_spare_at_the_desk_then_as_any_sign_up_with_the_card_as_ticket(
    db: Settings, capacity: int, approval: bool, state: str
) -> None:
    training = await make.make_training(capacity=capacity, approval_required=approval)
    [card] = await make_spare_cards(training)

    used = await use_spare(card.id, training.id, wish(body_hash="rosa"), actor=PROGRAM)

    registration = await registration_of(used)
    assert (registration.state, registration.source) == (state, Source.CARD)
    assert (registration.short_code, registration.qr_token) == (card.short_code, card.qr_token)
    assert await places_of(training) == (int(state == "confirmed"), 0)


async def test_use_spare_when_full_without_a_waiting_list_then_refused_and_the_card_stays(db: Settings) -> None:
    training = await make.make_training(capacity=0, has_waiting_list=False)
    [card] = await make_spare_cards(training)

    with pytest.raises(TrainingFull):
        await use_spare(card.id, training.id, wish(), actor=PROGRAM)

    assert (await Card.get(id=card.id)).state is OPEN


async def test_use_at_door_of_a_spare_card_then_walk_in_without_a_place(db: Settings) -> None:
    training = await make.make_training(capacity=0)
    [card] = await make_spare_cards(training)

    used = await use_at_door(card.id, training.id, wish(body_hash="rosa"), actor=PROGRAM)

    registration = await registration_of(used)
    assert (registration.state, registration.source, registration.qr_hash) == (
        "confirmed",
        Source.WALK_IN,
        card.qr_hash,
    )
    assert await places_of(training) == (0, 0)


@pytest.mark.parametrize("is_off", [False, True], ids=["over", "called off"])
async def test_use_at_door_of_a_reserved_card_then_its_place_also_after_the_end_or_where_it_was_called_off(
    db: Settings, freeze: Freeze, *, is_off: bool
) -> None:
    """Whoever stands there is written down, with a card as without one: it may be held all the same."""
    training = await make.make_training(capacity=3)
    block = await make_block(training, 3, release_at=make.tomorrow_at(8, 30))
    if is_off:
        await changes.call_off_training(training.id, "No hay paso.", actor=PROGRAM)
    else:
        freeze(clock.now() + timedelta(days=2))

    used = await use_at_door((await card_of(block)).id, training.id, wish(), actor=PROGRAM)

    assert (await registration_of(used)).source is Source.CARD
    assert await places_of(training) == (1, 2)


async def test_use_at_door_of_a_card_for_another_training_then_refused(db: Settings) -> None:
    here, there = await make.make_training(), await make.make_training()
    card = await card_of(await make_block(there))

    with pytest.raises(CardOfAnotherTraining):
        await use_at_door(card.id, here.id, wish(), actor=PROGRAM)


async def test_use_spare_after_it_was_voided_then_refused(db: Settings) -> None:
    training = await make.make_training()
    [card] = await make_spare_cards(training)
    await cards.void(card.id, actor=PROGRAM)

    with pytest.raises(CardClosed):
        await use_spare(card.id, training.id, wish(), actor=PROGRAM)


async def test_use_spare_then_group_of_one_with_the_card_as_key(db: Settings) -> None:
    training = await make.make_training()
    [card] = await make_spare_cards(training)

    await use_spare(card.id, training.id, wish(body_hash="rosa"), actor=PROGRAM)

    group = await RegistrationGroup.get(training_id=training.id)
    assert (group.idempotency_key, group.body_hash, group.n_people) == (f"card-{card.id}", "rosa", 1)
