"""What a family takes stays right when somebody of it is taken out, or comes back after cancelling."""

from __future__ import annotations

from tests import make
from tests.registrations.families import make_family
from tests.registrations.wishes import places_of, state_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.settings import Settings

PHONE = "+50255551234"


async def detach(registration: Registration) -> None:
    await actions.detach(registration.id, phone=None, email=None, actor=PROGRAM)


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
