"""How many sign-ups there may be: a limit refuses, a lower one leaves it to staff, and the desk knows neither."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.wishes import ROSA, wish
from trainings.limits.actions import TooManyTries
from trainings.registrations.guarding import check_rate, is_to_review
from trainings.registrations.models import Registration
from trainings.settings import Settings

HERE, ELSEWHERE = "10.1.2.3", "10.1.2.4"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_sign_up_above_three_hundred_a_minute_from_one_address_is_refused(sqlite_db: Settings) -> None:
    for _ in range(300):
        await check_rate(HERE)

    with pytest.raises(TooManyTries) as refused:
        await check_rate(HERE)
    await check_rate(ELSEWHERE)
    assert (refused.value.status, 0 < refused.value.retry_after <= 60) == (429, True)


async def test_sign_up_above_three_hundred_an_hour_from_one_address_is_held(sqlite_db: Settings) -> None:
    nobody = wish().keys

    held = [await is_to_review(HERE, nobody) for _ in range(301)]

    assert held == [False] * 300 + [True]
    assert not await is_to_review(ELSEWHERE, nobody)


@pytest.mark.parametrize("contact", [{"phone": ROSA["phone"]}, {"email": "rosa@correo.example"}])
async def test_sign_up_above_ten_a_day_with_one_contact_is_held_from_wherever(
    sqlite_db: Settings, contact: dict[str, str]
) -> None:
    keys = wish(**contact).keys

    held = [await is_to_review(f"10.0.0.{number}", keys) for number in range(11)]

    assert held == [False] * 10 + [True]


async def test_desk_signs_up_a_village_with_one_telephone(client: AsyncClient) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, capacity=30)
    await make.sign_in(client, cast.assistant)
    person = {"surnames": "Coc", "municipality": "0000", "actor_type": "otro", "consent_data": "yes"}

    for number in range(15):
        typed = person | {"given_names": f"Ana {number}", "phone": ROSA["phone"]}
        path = f"/panel/capacitaciones/{training.id}/inscribir"
        assert (await client.post(path, content=urlencode(typed), headers=FORM)).status_code == 303

    assert await Registration.filter(state="confirmed").count() == 15
