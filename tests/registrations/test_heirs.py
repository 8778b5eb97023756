"""When somebody leaves, who looks like them comes in their stead: nobody is let in on a place that went to others."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from tortoise.connection import get_connection

from tests import make
from tests.oracle import faults_of
from tests.registrations.families import make_family
from tests.registrations.waiting_world import MONDAY, Freeze, a_training, acts
from tests.registrations.wishes import ROSA, link_of, places_of, state_of, wish
from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.registrations import actions, desk_actions, waiting
from trainings.registrations.commands import Command, Enter, Leave
from trainings.registrations.group_actions import rejoin_member
from trainings.registrations.models import HoldReason, OwnLink, Registration, RegistrationGroup
from trainings.registrations.sign_up import serve
from trainings.schedule.models import Training
from trainings.settings import Settings


async def rosa(training: Training, **fields: Any) -> Registration:
    """Rosa from La Libertad with her telephone; another one each time, and the same to whoever compares."""
    await make.make_municipality()
    return await make.make_registration(training, **(ROSA | fields))


async def first_of(registration: Registration) -> object:
    return (await Registration.get(id=registration.id)).duplicate_of_id


async def test_look_alike_takes_the_place_of_the_first_and_who_waits_goes_on_waiting(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    first = await rosa(training)
    second, third = [await rosa(training) for _time in range(2)]
    waits = await make.make_registration(training, given_names="Berta")
    assert [await state_of(one) for one in (second, third, waits)] == ["waitlisted"] * 3

    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    # She waited like anybody, and it is her turn: nobody learns that her place was hers all along.
    assert [await state_of(one) for one in (second, third, waits)] == ["confirmed", "waitlisted", "waitlisted"]
    assert (await first_of(second), await first_of(third)) == (None, second.id)
    assert await places_of(training) == (1, 0)
    assert await faults_of(training.id) == []


async def test_look_alike_with_a_ticket_keeps_its_place(db: Settings) -> None:
    training = await make.make_training(capacity=2)
    first, second = await rosa(training), await rosa(training)
    other = await make.make_registration(training, given_names="Berta")
    waits = await make.make_registration(training, given_names="Cruz")

    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in (second, other, waits)] == ["confirmed", "confirmed", "waitlisted"]
    assert await places_of(training) == (2, 0)
    assert (await acts())[-2:] == ["cancel", "come_instead"]


async def test_one_who_is_in_comes_before_an_older_one_who_waits(db: Settings) -> None:
    training = await make.make_training(capacity=3)
    [first] = await make_family_of_rosa(training, 1)
    family = await make_family_of_rosa(training, 2)
    [alone] = await make_family_of_rosa(training, 1)
    assert [await state_of(one) for one in (family[0], alone)] == ["confirmed", "confirmed"]
    await Registration.filter(group_id=family[0].group_id).update(state="waitlisted")
    await RegistrationGroup.filter(id=family[0].group_id).update(state="waitlisted", wait_number=1)
    await Training.filter(id=training.id).update(taken=1, next_wait_number=2)

    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    assert (await first_of(alone), await first_of(family[0])) == (None, alone.id)


async def make_family_of_rosa(training: Training, n_people: int, children: int = 0) -> list[Registration]:
    """Rosa with others, as a stranger may sign them up."""
    names = ("Rosa Amalia", "Beto", "Carlos")[:n_people]
    return await make_family(training, *names, phone=ROSA["phone"], childcare_places=children)


async def test_family_of_a_look_alike_gets_the_childcare_it_was_promised_where_it_fits(db: Settings) -> None:
    training = await make.make_training(capacity=4, childcare_capacity=2)
    first = await make_family_of_rosa(training, 1)
    [same] = await make_family_of_rosa(training, 1, children=2)
    assert await places_of(training) == (1, 0)

    await actions.cancel(first[0].id, actor=HOLDER_OF_LINK)

    assert await first_of(same) is None
    assert await places_of(training) == (1, 2)


async def test_who_was_promised_more_childcare_than_is_left_goes_on_taking_nothing(db: Settings) -> None:
    training = await make.make_training(capacity=4, childcare_capacity=2)
    [first] = await make_family_of_rosa(training, 1)
    [same] = await make_family_of_rosa(training, 1, children=2)
    await make_family(training, "Dora", childcare_places=1)

    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    assert await first_of(same) == first.id
    assert await places_of(training) == (1, 1)
    await actions.cancel(same.id, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (1, 1)


async def test_heir_of_an_heir(db: Settings) -> None:
    training = await make.make_training(capacity=5)
    people = [await rosa(training) for _time in range(3)]

    for gone in people[:2]:
        await actions.cancel(gone.id, actor=HOLDER_OF_LINK)

    assert await first_of(people[2]) is None
    assert await places_of(training) == (1, 0)
    await actions.cancel(people[2].id, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (0, 0)


async def test_who_comes_back_after_an_heir_looks_like_that_one(db: Settings) -> None:
    training = await make.make_training(capacity=5)
    first, second = await rosa(training), await rosa(training)
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    await rejoin_member(first.id, actor=HOLDER_OF_LINK)

    assert (await first_of(first), await first_of(second)) == (second.id, None)
    assert await places_of(training) == (1, 0)


async def test_look_alike_that_comes_back_when_the_first_is_gone_takes_a_place(db: Settings) -> None:
    training = await make.make_training(capacity=5)
    first, second = await rosa(training), await rosa(training)
    for gone in (second, first):
        await actions.cancel(gone.id, actor=HOLDER_OF_LINK)

    await rejoin_member(second.id, actor=HOLDER_OF_LINK)

    assert await first_of(second) is None
    assert await places_of(training) == (1, 0)


async def test_first_who_leaves_in_the_batch_in_which_another_comes(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    first = await rosa(training)
    again = [wish(body_hash=str(number), **ROSA) for number in range(2)]
    commands: list[Command] = [
        Enter(training.id, again[0], PROGRAM, "es-GT"),
        Leave(training.id, (first.id,), HOLDER_OF_LINK),
        Enter(training.id, again[1], PROGRAM, "es-GT"),
    ]

    entered, _left, last = await serve(commands)

    found = {one.id: one for one in await Registration.filter(training_id=training.id)}
    heir, newest = (found[one.registration_id] for one in (entered, last))  # type: ignore[union-attr]  # nobody was refused
    assert (heir.state, heir.duplicate_of_id) == ("confirmed", None)
    assert newest.duplicate_of_id == heir.id
    assert await places_of(training) == (1, 0)
    assert await faults_of(training.id) == []


@pytest.mark.parametrize("how", ["declined", "expired", "closed", "rejected"])
async def test_heir_of_who_left_another_way(db: Settings, freeze: Freeze, how: str) -> None:
    freeze(MONDAY)
    training = await a_training(capacity=0 if how == "closed" else 3, approval_required=how == "rejected")
    first, second = await rosa(training), await rosa(training)
    if how in ("declined", "expired"):
        just_now = clock.now() - timedelta(seconds=1)
        await RegistrationGroup.filter(id=first.group_id).update(
            state="offered", reached_at=just_now, offered_until=just_now
        )
        await Registration.filter(id=first.id).update(state="offered")
    if how == "declined":
        await waiting.decline_offer(first.group_id, actor=HOLDER_OF_LINK)
    elif how == "expired":
        assert await waiting.expire_offers() == 1
    elif how == "closed":
        await waiting.close_waiting_list(training.id, actor=PROGRAM)
    else:
        await desk_actions.reject(first.group_id, actor=PROGRAM)

    assert await state_of(first) == "cancelled"
    is_gone = how == "closed"
    assert (await state_of(second) == "cancelled") is is_gone
    assert (await first_of(second) is None) is not is_gone
    if how == "rejected":
        await desk_actions.approve_group(second.group_id, actor=PROGRAM)
    assert await places_of(training) == ((0, 0) if is_gone else (1, 0))


# -- out of a family


async def test_detached_adult_and_family_answer_an_offer_each_for_themselves(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training(capacity=2)
    first = await make_family(training, "Ana", "Beto")
    family = await make_family(training, "Cruz", "Dora")
    await desk_actions.detach(family[1].id, phone=None, email=None, actor=PROGRAM)
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in family] == ["offered", "offered"]

    await waiting.accept_offer(family[0].group_id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in family] == ["confirmed", "offered"]
    alone = await Registration.get(id=family[1].id)
    await waiting.decline_offer(alone.group_id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in family] == ["confirmed", "cancelled"]
    assert await places_of(training) == (1, 0)


async def test_waiting_adult_keeps_the_point_of_the_list_where_the_family_stands(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    first = await make.make_registration(training)
    family = await make_family(training, "Cruz", "Dora")
    behind = await make.make_registration(training, given_names="Elmer")

    await desk_actions.detach(family[1].id, phone=None, email=None, actor=PROGRAM)
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in (*family, behind)] == ["confirmed", "waitlisted", "waitlisted"]


async def test_childcare_is_free_once_all_but_a_detached_adult_have_left(db: Settings) -> None:
    training = await make.make_training(childcare_capacity=2)
    ana, beto = await make_family(training, "Ana", "Beto", childcare_places=2)
    await desk_actions.detach(beto.id, phone=None, email=None, actor=PROGRAM)
    assert await places_of(training) == (2, 2)

    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)

    assert await places_of(training) == (1, 0)


async def test_childcare_goes_to_who_waits_when_the_last_of_a_family_is_detached(db: Settings) -> None:
    training = await make.make_training(childcare_capacity=2)
    ana, beto = await make_family(training, "Ana", "Beto", childcare_places=2)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    [waits] = await make_family(training, "Cruz", childcare_places=1)
    assert await state_of(waits) == "waitlisted"

    await desk_actions.detach(beto.id, phone=None, email=None, actor=PROGRAM)

    assert [await state_of(one) for one in (beto, waits)] == ["confirmed", "confirmed"]
    assert await places_of(training) == (2, 1)


async def test_who_was_detached_before_becomes_a_group_of_one_when_the_program_is_updated(db: Settings) -> None:
    training = await make.make_training(childcare_capacity=4)
    ana, beto = await make_family(training, "Ana", "Beto", childcare_places=1)
    cruz, dora = await make_family(training, "Cruz", "Dora", childcare_places=2)
    await actions.cancel(cruz.id, actor=HOLDER_OF_LINK)
    await Registration.filter(id__in=[beto.id, dora.id]).update(detached_at=clock.now())

    before = import_module("trainings.migrations.0004_own_groups_and_heirs")
    await before.move_out(None, SimpleNamespace(client=get_connection("default")))

    groups = {one.id: one for one in await RegistrationGroup.filter(training_id=training.id)}
    people = [await Registration.get(id=one.id) for one in (ana, beto, cruz, dora)]
    told = [(groups[one.group_id].state.value, groups[one.group_id].n_people, one.state.value) for one in people]
    assert told == [
        ("confirmed", 1, "confirmed"),
        ("confirmed", 1, "confirmed"),
        ("cancelled", 1, "cancelled"),
        ("confirmed", 1, "confirmed"),
    ]
    assert len({one.group_id for one in people}) == 4
    assert await places_of(training) == (3, 1)
    assert (await OwnLink.get(registration_id=beto.id)).group_id == people[1].group_id
    assert "/i/" in await link_of(people[1])


async def test_one_who_waits_comes_before_an_older_one_who_is_held(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    first = await rosa(training)
    held = await rosa(training, hold_reason=HoldReason.REVIEW)
    second = await rosa(training)
    waits = await make.make_registration(training, given_names="Berta")

    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in (held, second, waits)] == ["held", "confirmed", "waitlisted"]
    assert (await first_of(second), await first_of(held)) == (None, second.id)
    assert await places_of(training) == (1, 0)


async def test_held_look_alike_is_still_for_staff(db: Settings) -> None:
    training = await make.make_training(capacity=3)
    first = await rosa(training)
    second = await rosa(training, hold_reason=HoldReason.REVIEW)

    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    assert (await state_of(second), await first_of(second)) == ("held", None)
    assert await places_of(training) == (0, 0)
    await desk_actions.approve_group(second.group_id, actor=PROGRAM)
    assert await places_of(training) == (1, 0)


async def test_who_is_let_in_while_the_first_is_held_counts_and_the_held_one_then_takes_nothing(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    held = await rosa(training, hold_reason=HoldReason.REVIEW)
    same = await rosa(training)
    other = await make.make_registration(training, given_names="Cruz")

    assert (await first_of(same), await state_of(same), await state_of(other)) == (None, "confirmed", "waitlisted")
    await Training.filter(id=training.id).update(capacity=2)
    await desk_actions.approve_group(held.group_id, actor=PROGRAM)

    assert (await first_of(held), await state_of(held)) == (same.id, "confirmed")
    assert await places_of(training) == (1, 0)


async def test_second_of_two_held_ones_who_is_let_in_first_counts(db: Settings) -> None:
    training = await make.make_training(capacity=2, approval_required=True)
    first, second = await rosa(training), await rosa(training)
    assert await first_of(second) == first.id

    await desk_actions.approve_group(second.group_id, actor=PROGRAM)
    assert (await first_of(second), await places_of(training)) == (None, (1, 0))
    await desk_actions.reject(first.group_id, actor=PROGRAM)

    assert await places_of(training) == (1, 0)
