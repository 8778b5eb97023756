"""How many sign-ups there may be: a limit refuses, a lower one leaves it to staff, and the desk knows neither."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.forms import post
from tests.registrations.wishes import ROSA, wish
from trainings.db import transaction
from trainings.lib import tokens
from trainings.limits.actions import TooManyTries, count_here
from trainings.people.actions import Sameness
from trainings.registrations.guarding import Suspicion, check_rate, suspicion, watches
from trainings.registrations.models import HoldReason, Registration, RegistrationState
from trainings.settings import Settings
from trainings.web.forms import Typed

HERE, ELSEWHERE = "10.1.2.3", "10.1.2.4"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def is_to_review(address: str, keys: Sequence[Sameness], odd: Suspicion | None = None) -> bool:
    """Whether staff look first at one more sign-up, which is counted."""
    async with transaction():
        [counted] = await count_here([watches(address, keys, odd)])
    return any(one.is_beyond for one in counted if not one.watch.refuses)


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


# -- who fills a form as no person does


def filled(**answers: str) -> tuple[Typed, datetime]:
    """A form of our page, and when its key was made."""
    key = tokens.idempotency_key()
    made_at = tokens.made_at(key)
    assert made_at is not None
    return Typed.of({"idempotency_key": key, "from_page": "yes", "website": ""} | answers), made_at


@pytest.mark.parametrize(
    ("seconds", "found"), [(-1, Suspicion.FAST), (0, Suspicion.FAST), (2.9, Suspicion.FAST), (3, None), (600, None)]
)
def test_form_that_comes_back_before_anybody_could_read_it_is_odd(seconds: float, found: Suspicion | None) -> None:
    typed, made_at = filled()

    assert suspicion(typed, made_at + timedelta(seconds=seconds)) is found


def test_field_that_nobody_sees_gives_away_who_fills_it_at_any_time() -> None:
    typed, made_at = filled(website="https://example.org")

    assert suspicion(typed, made_at + timedelta(hours=1)) is Suspicion.BAITED


@pytest.mark.parametrize("answers", [{"from_page": ""}, {"idempotency_key": "k" * 26}, {"idempotency_key": ""}])
def test_client_with_a_key_of_its_own_may_be_fast(answers: dict[str, str]) -> None:
    typed, made_at = filled(**answers)

    assert suspicion(typed, made_at) is None


async def test_fast_forms_from_one_address_are_held_once_they_are_many(sqlite_db: Settings) -> None:
    nobody = wish().keys

    held = [await is_to_review(HERE, nobody, Suspicion.FAST) for _ in range(11)]

    assert held == [False] * 10 + [True]
    assert not await is_to_review(HERE, nobody)
    assert not await is_to_review(ELSEWHERE, nobody, Suspicion.FAST)


async def test_form_that_took_the_bait_is_kept_for_staff_and_answered_like_any_other(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await post(client, training, website="https://example.org")

    assert answer.status_code == 303
    registration = await Registration.get().prefetch_related("group")
    assert (registration.state, registration.group.hold_reason) == (RegistrationState.HELD, HoldReason.REVIEW)


async def test_many_fast_forms_of_the_page_are_kept_for_staff(client: AsyncClient) -> None:
    training = await make.make_training(capacity=30)

    for number in range(11):
        # The key is made in this moment.
        assert (await post(client, training, given_names=f"Ana {number}", from_page="yes")).status_code == 303

    held = await Registration.filter(state=RegistrationState.HELD).prefetch_related("participant")
    assert [one.participant.given_names for one in held] == ["Ana 10"]


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
