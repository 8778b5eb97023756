"""The warning that a family is signed up for two things at once, told to the telephone that both came from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.forms import post
from tests.web.pages import Page
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import detach
from trainings.schedule.models import Training

WARNING = "Ojo: a esa hora alguien de ustedes también está en otra capacitación."


async def at(hour: int, title: str) -> Training:
    """A training for families tomorrow, for two hours."""
    sessions = [(make.tomorrow_at(hour), make.tomorrow_at(hour + 2))]
    return await make.make_training(title=title, sessions=sessions, admits_minors=True)


def person(number: int, name: str, age: str = "18+") -> dict[str, str]:
    prefix = f"members-{number}-"
    about = {"given_names": name, "surnames": "Coc", "age_group": age, "assent": "yes"}
    return {prefix + field: value for field, value in about.items()}


PHONE = "5555 1234"
DIEGO = person(1, "Diego", "14-17") | {"guardian_relation": "madre", "guardian_consent": "yes"}


async def family(client: AsyncClient, training: Training, **fields: str) -> str:
    """Signs them up; the address of their page."""
    return str((await post(client, training, **fields)).headers["location"])


async def shown(client: AsyncClient, address: str) -> str:
    return Page((await client.get(address)).text).text


async def test_family_is_warned_of_another_training_at_the_same_time(client: AsyncClient) -> None:
    await family(client, await at(8, "La primera"), **DIEGO)
    await family(client, await at(12, "Más tarde"), **DIEGO)

    page = await shown(client, await family(client, await at(9, "La segunda"), **DIEGO))

    assert WARNING in page
    assert "La primera" in page
    assert "Más tarde" not in page
    assert "suelte un lugar" in page


@pytest.mark.parametrize(("phone", "is_told"), [(PHONE, True), ("5555 9999", False), ("", False)])
async def test_minor_who_comes_with_somebody_else_is_warned_of_where_the_telephone_is_the_same(
    client: AsyncClient, phone: str, is_told: bool
) -> None:
    """Else whoever borrows the telephone reads by a name where somebody's child goes."""
    await family(client, await at(8, "Con la tía"), given_names="Elvira", phone=PHONE, **DIEGO)

    page = await shown(client, await family(client, await at(9, "La segunda"), phone=phone, **DIEGO))

    assert ("Con la tía" in page) is is_told


async def test_minor_of_whom_no_telephone_is_known_is_warned_of_to_nobody_else(client: AsyncClient) -> None:
    await family(client, await at(8, "Con la tía"), given_names="Elvira", **DIEGO)

    assert "Con la tía" not in await shown(client, await family(client, await at(9, "La segunda"), **DIEGO))


async def test_clash_of_a_family_is_told_to_no_other_telephone(
    client: AsyncClient, new_client: Callable[[], AsyncClient]
) -> None:
    await family(client, await at(8, "La primera"), **DIEGO)
    address = await family(client, await at(9, "La segunda"), **DIEGO)

    assert WARNING not in await shown(new_client(), address)


async def test_what_another_adult_goes_to_is_told_by_their_own_link_only(client: AsyncClient) -> None:
    await family(client, await at(8, "Solo de Elvira"), given_names="Elvira", surnames="Coc")

    address = await family(client, await at(9, "De todos"), **person(1, "Elvira"))

    assert WARNING not in await shown(client, address)


async def test_other_adult_is_not_taken_for_who_filled_in_the_form_once_these_left_it(client: AsyncClient) -> None:
    await family(client, await at(8, "Solo de Elvira"), given_names="Elvira", surnames="Coc")
    second = await at(9, "De todos")
    address = await family(client, second, **person(1, "Elvira"), **person(2, "Berta"))
    filler = await Registration.filter(training_id=second.id).order_by("id").first()
    assert filler is not None

    await detach(filler.id, phone=None, email=None, actor=PROGRAM)

    assert WARNING not in await shown(client, address)


@pytest.mark.parametrize("others", [{}, DIEGO])
async def test_what_is_called_off_clashes_with_nothing(client: AsyncClient, others: dict[str, str]) -> None:
    await family(client, await at(8, "La primera"), **others)
    second = await at(9, "La segunda")
    address = await family(client, second, **others)
    assert "suelte un lugar" in await shown(client, address)

    await rescheduling.call_off(second.id, "No hay paso.", actor=PROGRAM)

    assert "suelte un lugar" not in await shown(client, address)


async def test_who_cancelled_clashes_with_nothing(client: AsyncClient) -> None:
    first = await at(8, "La primera")
    await family(client, first, **DIEGO)
    address = await family(client, await at(9, "La segunda"), **DIEGO)

    for one in await Registration.filter(training_id=first.id):
        await actions.cancel(one.id, actor=HOLDER_OF_LINK)

    assert WARNING not in await shown(client, address)
