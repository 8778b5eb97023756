"""Nobody learns by typing a name and a contact whether somebody is registered; a look-alike takes no place."""

from __future__ import annotations

import re
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import make_cast
from tests.counting import statements
from tests.registrations.families import make_family
from tests.registrations.forms import of_page
from tests.registrations.wishes import ROSA, link_of, places_of, state_of, wish
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, VISITOR
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.registrations import actions
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.queries import position_on_waiting_list
from trainings.registrations.sign_up import sign_up
from trainings.schedule.models import Training
from trainings.settings import Settings

NewClient = Any


async def sign_up_rosa(training: Training, **fields: Any) -> Registration:
    """Rosa from La Libertad with her telephone, as the public form makes it; other fields replace hers."""
    await make.make_municipality()
    return await make.make_registration(training, **(ROSA | fields))


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"given_names": "ROSA  Amália", "surnames": "coc xol"},
        {"email": "otra@example.org"},
    ],
)
async def test_look_alike_is_stored_as_a_duplicate_that_takes_no_place(db: Settings, typed: dict[str, str]) -> None:
    training = await make.make_training(capacity=2)
    first = await sign_up_rosa(training)

    second = await sign_up_rosa(training, **typed)

    assert second.duplicate_of_id == first.id
    assert (second.state, second.holds_place) == ("confirmed", False)
    assert second.participant_id != first.participant_id
    assert await places_of(training) == (1, 0)


async def test_look_alike_by_address_alone_is_one_too(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up_rosa(training, phone="", email="rosa@example.org")

    second = await sign_up_rosa(training, phone="+50244440000", email="Rosa@Example.org")

    assert second.duplicate_of_id == first.id


async def test_third_look_alike_is_a_duplicate_of_the_first(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up_rosa(training)
    await sign_up_rosa(training)

    assert (await sign_up_rosa(training)).duplicate_of_id == first.id


@pytest.mark.parametrize(
    "typed",
    [
        {"phone": ""},
        {"phone": "+50244440000"},
        {"municipality": "0000"},
        {"surnames": "Coc Tiul"},
    ],
)
async def test_whoever_differs_in_name_municipality_or_contact_is_an_ordinary_sign_up(
    db: Settings, typed: dict[str, str]
) -> None:
    training = await make.make_training()
    await sign_up_rosa(training)

    second = await sign_up_rosa(training, **typed)

    assert second.duplicate_of_id is None
    assert await places_of(training) == (2, 0)


async def test_look_alike_of_somebody_who_cancelled_or_of_another_training_is_ordinary(db: Settings) -> None:
    training, other = await make.make_training(), await make.make_training()
    first = await sign_up_rosa(training)
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)

    assert (await sign_up_rosa(training)).duplicate_of_id is None
    assert (await sign_up_rosa(other)).duplicate_of_id is None


async def test_stored_contact_gets_the_own_link_again_and_no_address_is_written_to_twice(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up_rosa(training, email="rosa@example.org")
    await OutboxJob.all().delete()

    await sign_up_rosa(training, email="rosa@example.org")

    assert await OutboxJob.all().values_list("kind", "subject_id") == [("own_link_again", first.id)]


async def test_another_address_typed_is_told_like_any_sign_up_and_learns_nothing(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up_rosa(training, email="rosa@example.org")
    await OutboxJob.all().delete()

    second = await sign_up_rosa(training, email="curioso@example.org")

    jobs = await OutboxJob.all().order_by("id").values_list("kind", "subject_id")
    assert jobs == [("own_link_again", first.id), ("registration_confirmed", second.id)]


async def test_cancelling_a_look_alike_frees_nothing_and_leaves_the_first_alone(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    first = await sign_up_rosa(training)
    await OutboxJob.all().delete()
    second = await sign_up_rosa(training)
    other = await make.make_registration(training, given_names="Ana")

    await actions.cancel(second.id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in (first, second, other)] == ["confirmed", "cancelled", "waitlisted"]
    assert await places_of(training) == (1, 0)


async def test_waiting_look_alike_moves_up_in_its_turn_and_takes_no_place(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    first = await sign_up_rosa(training)
    alike = await sign_up_rosa(training, email="curioso@example.org")
    ana = await make.make_registration(training, given_names="Ana")
    berta = await make.make_registration(training, given_names="Berta")
    await OutboxJob.all().delete()

    await actions.resize(training.id, 2, 0, actor=PROGRAM)

    assert [await state_of(one) for one in (first, alike, ana, berta)] == [
        "confirmed",
        "confirmed",
        "confirmed",
        "waitlisted",
    ]
    assert await places_of(training) == (2, 0)
    assert await OutboxJob.all().values_list("kind", "subject_id") == [("registration_promoted", alike.id)]


async def test_look_alike_with_the_same_address_is_not_told_a_second_time(db: Settings) -> None:
    training = await make.make_training(capacity=0)
    first = await sign_up_rosa(training, email="rosa@example.org")
    await sign_up_rosa(training, email="rosa@example.org")
    await OutboxJob.all().delete()

    await actions.resize(training.id, 1, 0, actor=PROGRAM)

    assert await OutboxJob.all().values_list("kind", "subject_id") == [("registration_promoted", first.id)]


async def test_numbers_on_the_list_tell_nothing_of_look_alikes(db: Settings) -> None:
    training = await make.make_training(capacity=0)
    await sign_up_rosa(training)
    before = await make.make_registration(training, given_names="Ana")
    alike = await sign_up_rosa(training)
    after = await make.make_registration(training, given_names="Berta")

    assert [await position_on_waiting_list(one) for one in (before, alike, after)] == [2, 3, 4]


# -- from outside


async def post(client: AsyncClient, training: Training, **fields: str) -> Response:
    answers = ROSA | {"actor_type": "cocode", "consent_data": "yes"} | fields
    answers |= of_page()
    return await client.post(f"/capacitaciones/{training.slug}/inscripcion", data=answers)


def as_anybody_sees_it(text: str, name: str) -> str:
    """A page or header without the secrets that differ for everybody: link, code, drawing, name, short code."""
    text = re.sub(r"/i/[0-9A-Z]{32}", "/i/…", text)
    text = re.sub(r'd="M[^"]+"', "d", text)
    text = re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", "CODE", text)
    return text.replace(name, "NAME")


def headers_of(response: Response) -> dict[str, str]:
    cookie = re.sub(r"aparato=[^;]+", "aparato=…", response.headers.get("set-cookie", ""))
    return {**response.headers, "set-cookie": cookie, "location": as_anybody_sees_it(response.headers["location"], "")}


@pytest.mark.parametrize(("capacity", "n_more"), [(9, 0), (1, 0), (3, 3)], ids=["in", "full", "the first waits"])
async def test_look_alike_cannot_be_told_from_any_other_sign_up(
    new_client: NewClient, db: Settings, capacity: int, n_more: int
) -> None:
    training = await make.make_training(capacity=capacity)
    with_others = ("Beto", "Carlos", "Dora")[:n_more]
    await make_family(training, "Rosa Amalia", *with_others, phone=ROSA["phone"], email="rosa@example.org")
    if capacity == 1:
        await make.make_registration(training, given_names="Otra")
    town = {"municipality": "0000"}
    # The first of all looks up the training's key, which is kept.
    await post(new_client(), training, given_names="Primera", **town, phone="3333 0000")
    stranger, curious = new_client(), new_client()

    with statements() as ordinary:
        known = await post(
            stranger, training, given_names="Dina Elvi", **town, phone="4444 0000", email="d@example.org"
        )
    with statements() as alike:
        typed = await post(curious, training, **town, phone="5555 1234", email="c@example.org")

    assert (known.status_code, typed.status_code) == (303, 303)
    assert headers_of(known) == headers_of(typed)
    assert len(known.content) == len(typed.content)
    # That of two who look alike another is the first now is one more update in the same go.
    assert len(alike) - len(ordinary) == (1 if n_more else 0)
    pages = [await browser.get(answer.headers["location"]) for browser, answer in ((stranger, known), (curious, typed))]
    texts = [
        as_anybody_sees_it(page.text, name) for page, name in zip(pages, ("Dina Elvi", "Rosa Amalia"), strict=True)
    ]
    assert texts[0].replace("lista es 3.", "lista es N.") == texts[1].replace("lista es 4.", "lista es N.")
    stored = await Registration.filter(duplicate_of_id__not_isnull=True).prefetch_related("participant")
    assert [one.participant.given_names for one in stored] == ["Rosa Amalia"]


async def test_look_alike_is_answered_with_a_link_of_its_own(client: AsyncClient, db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up_rosa(training)

    answer = await post(client, training)

    assert answer.headers["location"] != await link_of(first)
    assert await OwnLink.all().count() == 2


async def test_look_alike_by_the_key_of_a_repeat_is_no_look_alike(db: Settings) -> None:
    await make.make_municipality()
    training = await make.make_training()
    key = tokens.idempotency_key()

    for _time in range(2):
        await sign_up(training.id, wish(**ROSA, idempotency_key=key, body_hash="x"), actor=VISITOR)

    assert await Registration.all().count() == 1


@pytest.mark.parametrize("source", ["desk", "call"])
async def test_desk_is_told_at_once_and_only_then(new_client: NewClient, source: str) -> None:
    cast, client = await make_cast(), new_client()
    await make.sign_in(client, cast.assistant)
    training = await make.make_training(hub=cast.hub)
    first = await sign_up_rosa(training)
    typed = ROSA | {"actor_type": "cocode", "consent_data": "yes", "source": source}

    answer = await client.post(f"/panel/capacitaciones/{training.id}/inscribir", data=typed)
    at_once = Page((await client.get(answer.headers["location"])).text)
    later = Page((await client.get(answer.headers["location"].partition("?")[0])).text)

    assert "Se parece a otra inscripción" in at_once.text
    assert at_once.one("a", href=f"/panel/inscripciones/{first.id}")
    assert "Se parece a otra inscripción" not in later.text
