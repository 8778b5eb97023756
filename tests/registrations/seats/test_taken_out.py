"""Who is taken out of a family is a group of one that stands where the family stands."""

from __future__ import annotations

from tests import make
from tests.registrations.families import make_family
from tests.registrations.waiting_world import MONDAY, Freeze, a_training
from tests.registrations.wishes import places_of, state_of
from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, PROGRAM
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions, waiting
from trainings.settings import Settings


async def test_detached_adult_and_family_answer_an_offer_each_for_themselves(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training(capacity=2)
    first = await make_family(training, "Ana", "Beto")
    family = await make_family(training, "Cruz", "Dora")
    await actions.detach(family[1].id, phone=None, email=None, actor=PROGRAM)
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in family] == ["offered", "offered"]

    await waiting.accept_offer(family[0].group_id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in family] == ["confirmed", "offered"]
    alone = await Registration.get(id=family[1].id)
    await waiting.decline_offer(alone.group_id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in family] == ["confirmed", "cancelled"]
    assert await places_of(training) == (1, 0)


async def test_form_of_which_everybody_was_taken_out_is_cancelled_without_touching_anybody(db: Settings) -> None:
    training = await make.make_training()
    family = await make_family(training, "Ana", "Beto")
    for one in family:
        await actions.detach(one.id, phone=None, email=None, actor=PROGRAM)

    await actions.cancel_group(family[0].group_id, actor=FILLER_OF_FORM)

    assert [await state_of(one) for one in family] == ["confirmed", "confirmed"]
    assert await places_of(training) == (2, 0)
