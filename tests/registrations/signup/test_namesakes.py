"""Two people of one name sign up on one telephone, a leader's or their own. Neither takes the other's place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import make
from tests.registrations.wishes import wish
from trainings.audit.actor import VISITOR
from trainings.people.actions import GuardianContact
from trainings.people.models import Relation
from trainings.registrations.commands import Enter, SignedUp, SignUp
from trainings.registrations.seats.actions import serve, sign_up
from trainings.settings import Settings

PHONE = "+50255551234"
MOTHER = GuardianContact("Rosa Amalia Coc Xol", Relation.MADRE, PHONE)


def on_one_telephone(**fields: Any) -> SignUp:
    """A sign-up of Rosa Amalia Coc Xol; of a minor of that name, with her mother's yes and their own."""
    typed = wish(**{"browser_key": "b1", "phone": PHONE, "guardian": MOTHER} | fields)
    return replace(typed, members=(replace(typed.first, has_assented=True),))


@pytest.mark.parametrize(
    "differing",
    [{"municipality": "1705"}, {"phone": "+50255559876"}, {"phone": None}, {"age_group": "14-17"}],
    ids=["town", "contact", "no contact", "age"],
)
async def test_same_name_in_the_same_browser_is_somebody_else_where_more_differs(
    db: Settings, differing: dict[str, Any]
) -> None:
    training = await make.make_training(admits_minors=True)
    typed = on_one_telephone(**differing)
    first = await sign_up(training.id, on_one_telephone(), actor=VISITOR)

    namesake = await sign_up(training.id, typed, actor=VISITOR)
    again = await sign_up(training.id, on_one_telephone(email="rosa@example.org"), actor=VISITOR)
    once_more = await sign_up(training.id, typed, actor=VISITOR)

    assert namesake.is_new
    assert (again.token, again.is_new) == (first.token, False)
    assert (once_more.token, once_more.is_new) == (namesake.token, False)


async def test_father_who_comes_back_with_a_son_of_his_name_brings_somebody_new(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    father, son = on_one_telephone(), on_one_telephone(age_group="14-17")
    both = replace(son, members=(father.first, son.first))
    alone = await sign_up(training.id, father, actor=VISITOR)

    together = await sign_up(training.id, both, actor=VISITOR)
    again = await sign_up(training.id, both, actor=VISITOR)

    assert together.group_id != alone.group_id
    assert len(together.registration_ids) == 2
    assert (again.token, again.is_new) == (together.token, False)


async def test_namesakes_of_one_batch_are_told_apart_too(db: Settings) -> None:
    training = await make.make_training()
    typed = [on_one_telephone(), on_one_telephone(municipality="1705"), on_one_telephone()]

    done = await serve([Enter(training.id, one, VISITOR, "es") for one in typed])

    mother, namesake, again = [one for one in done if isinstance(one, SignedUp)]
    assert (mother.is_new, namesake.is_new, again.is_new) == (True, True, False)
    assert again.token == mother.token != namesake.token
