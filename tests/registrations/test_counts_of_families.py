"""What a family takes stays right when somebody of it is taken out, or comes back after cancelling."""

from __future__ import annotations

import pytest

from tests import make
from tests.registrations.families import make_family
from tests.registrations.wishes import places_of, state_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.registrations import actions, desk_actions
from trainings.registrations.group_actions import NoPlaceAgain, rejoin_member
from trainings.registrations.models import Registration
from trainings.settings import Settings

PHONE = "+50255551234"


async def detach(registration: Registration) -> None:
    await desk_actions.detach(registration.id, phone=None, email=None, actor=PROGRAM)


async def come_back(registration: Registration) -> None:
    await actions.cancel(registration.id, actor=HOLDER_OF_LINK)
    await rejoin_member(registration.id, actor=HOLDER_OF_LINK)


async def first_of(registration: Registration) -> object:
    return (await Registration.get(id=registration.id)).duplicate_of_id


async def test_waiting_family_moves_up_where_it_fits_without_who_was_taken_out(db: Settings) -> None:
    training = await make.make_training(capacity=2)
    await make.make_registration(training)
    cruz, dora = await make_family(training, "Cruz", "Dora")

    await detach(dora)

    assert [await state_of(one) for one in (cruz, dora)] == ["confirmed", "waitlisted"]
    assert await places_of(training) == (2, 0)


async def test_who_is_taken_out_of_a_family_that_waits_for_childcare_has_a_free_place(db: Settings) -> None:
    training = await make.make_training(capacity=9, childcare_capacity=1)
    await make_family(training, "Ana", childcare_places=1)
    cruz, dora = await make_family(training, "Cruz", "Dora", childcare_places=1)

    await detach(dora)

    assert [await state_of(one) for one in (cruz, dora)] == ["waitlisted", "confirmed"]
    assert await places_of(training) == (2, 1)


async def test_last_one_of_a_family_that_waits_for_childcare_too(db: Settings) -> None:
    training = await make.make_training(capacity=9, childcare_capacity=1)
    await make_family(training, "Ana", childcare_places=1)
    cruz, dora = await make_family(training, "Cruz", "Dora", childcare_places=1)
    await actions.cancel(cruz.id, actor=HOLDER_OF_LINK)

    await detach(dora)

    assert [await state_of(one) for one in (cruz, dora)] == ["cancelled", "confirmed"]


async def test_childcare_is_taken_again_with_who_comes_back_to_look_alikes(db: Settings) -> None:
    training = await make.make_training(capacity=9, childcare_capacity=2)
    await make_family(training, "Rosa", phone=PHONE)
    ana, _rosa = await make_family(training, "Ana", "Rosa", phone=PHONE, childcare_places=2)
    assert await places_of(training) == (2, 2)

    await come_back(ana)

    assert await places_of(training) == (2, 2)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (1, 0)


async def test_who_comes_back_to_look_alikes_needs_room_for_the_children_too(db: Settings) -> None:
    training = await make.make_training(capacity=9, childcare_capacity=2)
    await make_family(training, "Rosa", phone=PHONE)
    ana, _rosa = await make_family(training, "Ana", "Rosa", phone=PHONE, childcare_places=2)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await make_family(training, "Cruz", childcare_places=1)

    with pytest.raises(NoPlaceAgain):
        await rejoin_member(ana.id, actor=HOLDER_OF_LINK)

    assert await places_of(training) == (2, 1)


async def test_father_and_son_of_one_name_are_two_also_after_coming_back(db: Settings) -> None:
    training = await make.make_training(capacity=9)
    _father, son = await make_family(training, "Juan", "Juan", phone=PHONE)

    await come_back(son)

    assert await first_of(son) is None
    assert await places_of(training) == (2, 0)


async def test_look_alikes_of_who_comes_back_as_a_look_alike_look_like_the_same_one(db: Settings) -> None:
    training = await make.make_training(capacity=9, childcare_capacity=2)
    [first] = await make_family(training, "Rosa", phone=PHONE)
    [left_over] = await make_family(training, "Rosa", phone=PHONE, childcare_places=2)
    await make_family(training, "Dora", childcare_places=1)
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)
    assert await first_of(left_over) == first.id
    [newer] = await make_family(training, "Rosa", phone=PHONE)

    await rejoin_member(first.id, actor=HOLDER_OF_LINK)

    assert [await first_of(one) for one in (first, left_over, newer)] == [newer.id, newer.id, None]
