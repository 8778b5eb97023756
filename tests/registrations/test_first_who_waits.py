"""Of two who look alike, who is let in while the other waits takes a place: nobody is told to be in on none."""

from __future__ import annotations

from typing import Any

import pytest

from tests import make
from tests.oracle import faults_of
from tests.registrations.card_world import card_of, make_block, make_spare_cards
from tests.registrations.families import make_family
from tests.registrations.wishes import ROSA, link_of, places_of, state_of, wish
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.outbox.models import OutboxJob
from trainings.registrations import actions, desk_actions, waiting
from trainings.registrations.card_use import name_card, use_spare
from trainings.registrations.commands import Command, Enter, Leave
from trainings.registrations.group_actions import rejoin_member
from trainings.registrations.models import HoldReason, Registration, Source
from trainings.registrations.sign_up import serve
from trainings.schedule.models import Training
from trainings.settings import Settings

SAME = ROSA | {"municipality": "0000"}


async def rosa(training: Training, **fields: Any) -> Registration:
    await make.make_municipality()
    return await make.make_registration(training, **(SAME | fields))


async def rosas_family(training: Training, *others: str, children: int = 0) -> list[Registration]:
    return await make_family(training, "Rosa Amalia", *others, phone=ROSA["phone"], childcare_places=children)


async def first_of(registration: Registration) -> object:
    return (await Registration.get(id=registration.id)).duplicate_of_id


async def full_but_one(capacity: int = 2) -> tuple[Training, Registration, list[Registration]]:
    """One place is left, and Rosa's family of two waits for more."""
    training = await make.make_training(capacity=capacity)
    first = await make.make_registration(training, given_names="Ana")
    for number in range(capacity - 2):
        await make.make_registration(training, given_names=f"Otra {number}")
    return training, first, await rosas_family(training, "Beto")


async def test_who_is_let_in_while_the_first_waits_takes_a_place_and_is_the_first(db: Settings) -> None:
    training, ana, family = await full_but_one()

    alone = await rosa(training)
    again = await rosa(training)

    assert [await state_of(one) for one in (family[0], alone, again)] == ["waitlisted", "confirmed", "waitlisted"]
    assert [await first_of(one) for one in (*family, alone, again)] == [alone.id, None, None, alone.id]
    assert await places_of(training) == (2, 0)
    await actions.cancel_group(family[0].group_id, actor=HOLDER_OF_LINK)
    assert (await state_of(alone), await places_of(training)) == ("confirmed", (2, 0))
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (1, 0)
    assert await faults_of(training.id) == []


async def test_family_of_who_is_in_already_takes_one_place_less(db: Settings) -> None:
    training, ana, family = await full_but_one(3)
    alone = await rosa(training)
    assert await places_of(training) == (3, 0)

    for one in (ana, *await Registration.filter(participant__given_names="Otra 0")):
        await actions.cancel(one.id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in (*family, alone)] == ["confirmed"] * 3
    assert await places_of(training) == (2, 0)
    await actions.cancel(alone.id, actor=HOLDER_OF_LINK)
    assert (await first_of(family[0]), await places_of(training)) == (None, (2, 0))
    assert await faults_of(training.id) == []


async def one_behind(capacity: int = 1) -> tuple[Training, Registration, list[Registration], Registration]:
    """Rosa's family of three waits, and behind it Rosa alone."""
    training = await make.make_training(capacity=capacity)
    ana = await make.make_registration(training, given_names="Ana")
    family = await rosas_family(training, "Beto", "Carlos")
    alone = await rosa(training)
    assert (await state_of(alone), await first_of(alone)) == ("waitlisted", family[0].id)
    return training, ana, family, alone


@pytest.mark.parametrize("how", ["cancelled", "resized", "by hand"])
async def test_who_moves_up_before_the_first_takes_a_place(db: Settings, how: str) -> None:
    training, ana, family, alone = await one_behind()
    third = await rosa(training)

    if how == "cancelled":
        await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    elif how == "resized":
        await actions.resize(training.id, 2, 0, actor=PROGRAM)
    else:
        await Training.filter(id=training.id).update(capacity=2)
        await waiting.promote_by_hand(alone.group_id, waiting.HandReason.DISTANCE, actor=PROGRAM)

    assert [await state_of(one) for one in (family[0], alone, third)] == ["waitlisted", "confirmed", "waitlisted"]
    assert [await first_of(one) for one in (*family, alone, third)] == [alone.id, None, None, None, alone.id]
    is_free = how == "cancelled"
    assert await places_of(training) == (1 if is_free else 2, 0)
    await actions.resize(training.id, 8, 0, actor=PROGRAM)
    assert await places_of(training) == (3 if is_free else 4, 0)


async def test_two_who_look_alike_move_up_at_once_on_one_place(db: Settings) -> None:
    training, _ana, family, alone = await one_behind()

    await actions.resize(training.id, 5, 0, actor=PROGRAM)

    assert [await state_of(one) for one in (*family, alone)] == ["confirmed"] * 4
    assert (await first_of(alone), await places_of(training)) == (family[0].id, (4, 0))


@pytest.mark.both_engines
async def test_who_moves_up_and_leaves_in_one_batch_is_followed_by_who_waits(db: Settings) -> None:
    training, ana, family, alone = await one_behind()
    commands: list[Command] = [
        Leave(training.id, (ana.id,), HOLDER_OF_LINK),
        Leave(training.id, (alone.id,), HOLDER_OF_LINK),
    ]

    await serve(commands)

    assert [await state_of(one) for one in (*family, alone)] == [*["waitlisted"] * 3, "cancelled"]
    assert (await first_of(family[0]), await places_of(training)) == (None, (0, 0))
    assert await faults_of(training.id) == []


async def test_who_enters_before_the_first_leaves_in_one_batch(db: Settings) -> None:
    training, _ana, family = await full_but_one()
    again = [wish(body_hash=str(number), **SAME) for number in range(2)]
    commands: list[Command] = [
        Enter(training.id, again[0], PROGRAM, "es-GT"),
        Enter(training.id, again[1], PROGRAM, "es-GT"),
        Leave(training.id, (family[0].id,), HOLDER_OF_LINK),
    ]

    entered, second, _left = await serve(commands)

    found = {one.id: one for one in await Registration.filter(training_id=training.id)}
    alone, other = (found[one.registration_id] for one in (entered, second))  # type: ignore[union-attr]  # nobody was refused
    assert (alone.state, alone.duplicate_of_id, other.state, other.duplicate_of_id) == (
        "confirmed",
        None,
        "waitlisted",
        alone.id,
    )
    assert await places_of(training) == (2, 0)
    assert await faults_of(training.id) == []


async def test_who_enters_and_moves_up_before_the_first_in_one_batch(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    ana = await make.make_registration(training, given_names="Ana")
    family = await rosas_family(training, "Beto", "Carlos")
    commands: list[Command] = [
        Enter(training.id, wish(**SAME), PROGRAM, "es-GT"),
        Leave(training.id, (ana.id,), HOLDER_OF_LINK),
        Enter(training.id, wish(**SAME, body_hash="again"), PROGRAM, "es-GT"),
    ]

    entered, _left, again = await serve(commands)

    found = {one.id: one for one in await Registration.filter(training_id=training.id)}
    alone, other = (found[one.registration_id] for one in (entered, again))  # type: ignore[union-attr]  # nobody was refused
    assert (alone.state, alone.duplicate_of_id) == ("confirmed", None)
    assert (other.state, other.duplicate_of_id, await first_of(family[0])) == ("waitlisted", alone.id, alone.id)
    assert await places_of(training) == (1, 0)
    assert await faults_of(training.id) == []


@pytest.mark.parametrize("kind", ["reserved", "spare"])
async def test_card_of_who_waits_with_a_family_takes_a_place(db: Settings, kind: str) -> None:
    training = await make.make_training(capacity=3)
    family = await rosas_family(training, "Beto", "Carlos", "Dora")
    about = wish(**SAME, source=Source.DESK, body_hash="rosa")

    if kind == "reserved":
        used = await name_card((await card_of(await make_block(training, 1))).id, about, actor=HOLDER_OF_LINK)
    else:
        [card] = await make_spare_cards(training)
        used = await use_spare(card.id, training.id, about, actor=PROGRAM)

    card_holder = await Registration.get(id=used.registration_id)
    assert (card_holder.state, card_holder.duplicate_of_id) == ("confirmed", None)
    assert await first_of(family[0]) == used.registration_id
    assert await places_of(training) == (1, 0)
    assert (await Training.get(id=training.id)).reserved == 0


async def test_who_comes_with_an_earlier_code_while_the_first_waits_takes_a_place(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    family = await rosas_family(training, "Beto")
    link = await link_of(family[0])

    alone = await rosa(training, phone="", earlier_code=link)

    assert (await state_of(alone), alone.participant_id) == ("confirmed", family[0].participant_id)
    assert [await first_of(one) for one in (alone, family[0])] == [None, alone.id]
    assert await places_of(training) == (1, 0)


async def test_held_one_who_is_approved_while_another_waits_takes_a_place(db: Settings) -> None:
    training, _ana, family = await full_but_one()
    held = await rosa(training, hold_reason=HoldReason.REVIEW)

    await desk_actions.approve_group(held.group_id, actor=PROGRAM)

    assert [await first_of(one) for one in (held, family[0])] == [None, held.id]
    assert await places_of(training) == (2, 0)


async def test_who_comes_back_while_another_waits_takes_a_place(db: Settings) -> None:
    training = await make.make_training(capacity=2)
    await make.make_registration(training, given_names="Ana")
    alone = await rosa(training)
    await actions.cancel(alone.id, actor=HOLDER_OF_LINK)
    family = await rosas_family(training, "Beto")

    await rejoin_member(alone.id, actor=HOLDER_OF_LINK)

    assert (await state_of(alone), await first_of(alone), await first_of(family[0])) == ("confirmed", None, alone.id)
    assert await places_of(training) == (2, 0)


async def test_contact_of_who_waits_hears_of_it_and_who_got_in_is_told(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    family = await make_family(training, "Rosa Amalia", "Beto", phone=ROSA["phone"], email="rosa@example.org")
    await OutboxJob.all().delete()

    alone = await rosa(training, email="otra@example.org")

    jobs = await OutboxJob.all().order_by("id").values_list("kind", "subject_id")
    assert jobs == [("own_link_again", family[0].id), ("registration_confirmed", alone.id)]
