"""How many sign-ups there may be: a limit refuses, a lower one leaves it to staff, and the desk knows neither."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response
from tortoise.exceptions import OperationalError

from tests import make
from tests.cast import make_cast
from tests.registrations.forms import ROSA as ANSWERS
from tests.registrations.forms import path_of, post
from tests.registrations.wishes import ROSA, wish
from tests.web.pages import Page
from trainings.db import transaction
from trainings.lib import tokens
from trainings.limits.actions import TooManyTries, count_here
from trainings.outbox.models import OutboxJob
from trainings.people.actions import Sameness
from trainings.registrations.models import HoldReason, Registration, RegistrationState
from trainings.registrations.signup import routes as sign_up_routes
from trainings.registrations.signup.limits import check_rate, is_odd, page_mark, watches
from trainings.schedule.models import Training
from trainings.settings import Settings, get_settings
from trainings.web.forms import Typed

Freeze = Callable[[datetime], None]
HERE, ELSEWHERE = "10.1.2.3", "10.1.2.4"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def is_to_review(address: str, keys: Sequence[Sameness]) -> bool:
    """Whether staff look first at one more sign-up, which is counted."""
    async with transaction():
        [counted] = await count_here([watches(address, keys)])
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
    return Typed.of({"idempotency_key": key, "from_page": page_mark(key), "website": ""} | answers), made_at


@pytest.mark.parametrize(("seconds", "is_found"), [(-1, True), (0, True), (2.9, True), (3, False), (600, False)])
def test_form_that_comes_back_before_anybody_could_fill_it_is_odd(seconds: float, is_found: bool) -> None:
    typed, made_at = filled()

    assert is_odd(typed, made_at + timedelta(seconds=seconds)) is is_found


def test_field_that_nobody_sees_gives_away_who_fills_it_at_any_time() -> None:
    typed, made_at = filled(website="https://example.org")

    assert is_odd(typed, made_at + timedelta(hours=1))


@pytest.mark.parametrize(
    "answers",
    [{"from_page": ""}, {"from_page": "yes"}, {"idempotency_key": "k" * 26}, {"idempotency_key": ""}],
)
async def test_form_that_is_not_from_our_page_is_odd_at_any_time(sqlite_db: Settings, answers: dict[str, str]) -> None:
    typed, made_at = filled(**answers)

    assert is_odd(typed, made_at + timedelta(hours=1))


def test_time_is_not_judged_where_limits_are_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "rate_limits", False)
    typed, made_at = filled()
    baited, _made_at = filled(website="https://example.org")

    assert not is_odd(typed, made_at)
    assert is_odd(baited, made_at)


async def test_form_that_took_the_bait_is_kept_for_staff_and_answered_like_any_other(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await post(client, training, website="https://example.org")

    assert answer.status_code == 303
    registration = await Registration.get().prefetch_related("group")
    assert (registration.state, registration.group.hold_reason) == (RegistrationState.HELD, HoldReason.REVIEW)


# -- the form that comes back too fast


async def shown(client: AsyncClient, training: Training) -> tuple[dict[str, str], datetime]:
    """What the page sends along unseen, and when it was made."""
    page = Page((await client.get(path_of(training))).text)
    return unseen(page)


def unseen(page: Page) -> tuple[dict[str, str], datetime]:
    hidden = {name: str(page.one("input", name=name)["value"]) for name in ("idempotency_key", "from_page")}
    made_at = tokens.made_at(hidden["idempotency_key"])
    assert made_at is not None
    return hidden, made_at


async def states() -> list[RegistrationState]:
    return [one.state for one in await Registration.all().order_by("id")]


async def test_first_form_that_comes_back_too_fast_is_kept_for_staff_and_answered_like_any_other(
    new_client: Callable[[], AsyncClient], freeze: Freeze
) -> None:
    training = await make.make_training()
    client, other = new_client(), new_client()
    hidden, made_at = await shown(client, training)
    hidden_there, made_there_at = await shown(other, training)

    freeze(made_at + timedelta(seconds=2.9))
    fast = await client.post(path_of(training), data=ANSWERS | hidden)
    freeze(made_there_at + timedelta(seconds=3))
    calm = await other.post(path_of(training), data=ANSWERS | {"given_names": "Elvira"} | hidden_there)

    held, confirmed = await Registration.all().order_by("id").prefetch_related("group")
    assert (held.state, held.group.hold_reason) == (RegistrationState.HELD, HoldReason.REVIEW)
    assert confirmed.state is RegistrationState.CONFIRMED
    assert (fast.status_code, sorted(fast.headers)) == (calm.status_code, sorted(calm.headers))
    await training.refresh_from_db()
    assert training.taken == 1


async def test_flood_of_forms_without_the_page_takes_no_place(client: AsyncClient) -> None:
    trainings = [await make.make_training(capacity=27) for _number in range(2)]
    family = {f"members-{n}-{name}": f"{name} {n}" for n in range(1, 8) for name in ("given_names", "surnames")}
    family |= {f"members-{n}-age_group": "18+" for n in range(1, 8)}

    for number in range(6):
        wanted = ANSWERS | family | {"given_names": f"Rosa {number}"}
        client.cookies.clear()
        assert (await client.post(path_of(trainings[number % 2]), data=wanted)).status_code == 303

    assert await states() == [RegistrationState.HELD] * 48
    assert [one.taken for one in await Training.all()] == [0, 0]
    assert not await OutboxJob.exists()


async def post_again(client: AsyncClient, training: Training, html: str, **fields: str) -> Response:
    """Send the form that was shown again."""
    hidden, _made_at = unseen(Page(html))
    return await client.post(path_of(training), data=ANSWERS | {"given_names": "Elvira"} | hidden | fields)


async def test_form_shown_again_with_what_is_wrong_may_come_back_at_once(client: AsyncClient, freeze: Freeze) -> None:
    training = await make.make_training()
    hidden, made_at = await shown(client, training)
    freeze(made_at + timedelta(seconds=20))
    wrong = await client.post(path_of(training), data=ANSWERS | hidden | {"surnames": ""})
    assert wrong.status_code == 422

    assert (await post_again(client, training, wrong.text)).status_code == 303

    assert await states() == [RegistrationState.CONFIRMED]


async def test_form_that_grew_by_a_person_without_script_may_come_back_at_once(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make.make_training()
    hidden, made_at = await shown(client, training)
    freeze(made_at + timedelta(seconds=20))
    longer = await client.post(path_of(training), data=ANSWERS | hidden | {"do": "add"})
    assert longer.status_code == 200
    brother = {"members-1-given_names": "Mateo", "members-1-surnames": "Coc", "members-1-age_group": "18+"}

    assert (await post_again(client, training, longer.text, **brother)).status_code == 303

    assert await states() == [RegistrationState.CONFIRMED] * 2


async def test_form_taken_back_and_sent_for_another_person_may_come_back_at_once(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make.make_training()
    hidden, made_at = await shown(client, training)
    freeze(made_at + timedelta(seconds=20))
    assert (await client.post(path_of(training), data=ANSWERS | hidden)).status_code == 303
    freeze(made_at + timedelta(seconds=40))
    sent_before = await client.post(path_of(training), data=ANSWERS | hidden | {"given_names": "Elvira"})
    assert sent_before.status_code == 409

    assert (await post_again(client, training, sent_before.text)).status_code == 303

    assert await states() == [RegistrationState.CONFIRMED] * 2


async def test_same_person_who_opens_the_form_again_and_sends_it_at_once_is_led_to_the_registration(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make.make_training()
    hidden, made_at = await shown(client, training)
    freeze(made_at + timedelta(seconds=20))
    first = await client.post(path_of(training), data=ANSWERS | hidden)
    anew, made_again_at = await shown(client, training)
    freeze(made_again_at)

    again = await client.post(path_of(training), data=ANSWERS | anew)

    assert again.headers["location"] == first.headers["location"]
    assert await states() == [RegistrationState.CONFIRMED]


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


async def test_form_with_errors_above_the_limit_is_kept_with_when_to_send_it(client: AsyncClient) -> None:
    training = await make.make_training()
    await asyncio.gather(*(check_rate("127.0.0.1") for _number in range(300)))

    answer = await client.post(path_of(training), data=ANSWERS | {"surnames": ""})

    page = Page(answer.text)
    assert (answer.status_code, 0 < int(answer.headers["retry-after"]) <= 60) == (429, True)
    assert page.one("input", name="given_names")["value"] == ANSWERS["given_names"]
    assert "Escriba los apellidos." in page.text
    assert "Lo que escribió sigue en esta página" in page.text


async def test_form_with_errors_while_nothing_can_be_counted_says_what_is_wrong(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_address: str) -> None:
        raise OperationalError("database is locked")

    training = await make.make_training()
    monkeypatch.setattr(sign_up_routes, "check_rate", fail)

    answer = await client.post(path_of(training), data=ANSWERS | {"surnames": ""})

    assert answer.status_code == 422
    assert "Escriba los apellidos." in answer.text
