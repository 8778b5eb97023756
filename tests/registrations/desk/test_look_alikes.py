"""A look-alike is an ordinary sign-up with a mark for staff; nobody else learns by typing whether somebody is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.families import make_family
from tests.registrations.wishes import ROSA, places_of, state_of
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.clock import now
from trainings.outbox.models import OutboxJob
from trainings.people.models import Merge, MergeReason
from trainings.registrations.desk.look_alikes import look_alikes_in
from trainings.registrations.models import HoldReason, Registration
from trainings.registrations.seats import actions
from trainings.schedule.models import Training
from trainings.settings import Settings

NewClient = Callable[[], AsyncClient]


async def sign_up_rosa(training: Training, **fields: Any) -> Registration:
    """Rosa from La Libertad with her telephone, as the public form makes it; other fields replace hers."""
    await make.make_municipality()
    return await make.make_registration(training, **(ROSA | fields))


async def marked(training: Training) -> set[object]:
    return {*await look_alikes_in([training.id])}


@pytest.mark.parametrize(
    "typed", [{}, {"given_names": "ROSA  Amália", "surnames": "coc xol"}, {"email": "otra@example.org"}]
)
async def test_look_alike_takes_a_place_and_bears_the_mark(db: Settings, typed: dict[str, str]) -> None:
    training = await make.make_training(capacity=2)
    await sign_up_rosa(training)

    second = await sign_up_rosa(training, **typed)
    third = await make.make_registration(training, given_names="Ana")

    assert await marked(training) == {second.id}
    assert [await state_of(one) for one in (second, third)] == ["confirmed", "waitlisted"]
    assert await places_of(training) == (2, 0)


async def test_look_alike_by_address_alone_is_one_too(db: Settings) -> None:
    training = await make.make_training()
    await sign_up_rosa(training, phone="", email="rosa@example.org")

    second = await sign_up_rosa(training, phone="+50244440000", email="Rosa@Example.org")

    assert await marked(training) == {second.id}


async def test_one_who_waits_or_is_held_bears_it_like_who_is_in(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    await sign_up_rosa(training)

    others = [await sign_up_rosa(training), await sign_up_rosa(training, hold_reason=HoldReason.REVIEW)]

    assert await marked(training) == {one.id for one in others}


@pytest.mark.parametrize(
    "typed", [{"phone": ""}, {"phone": "+50244440000"}, {"municipality": "0000"}, {"surnames": "Coc Tiul"}]
)
async def test_whoever_differs_in_name_municipality_or_contact_bears_none(db: Settings, typed: dict[str, str]) -> None:
    training = await make.make_training()
    await sign_up_rosa(training)

    await sign_up_rosa(training, **typed)

    assert await marked(training) == set()


async def test_who_cancelled_another_training_and_another_of_the_form_make_nobody_a_look_alike(db: Settings) -> None:
    training, other = await make.make_training(), await make.make_training()
    first = await sign_up_rosa(training)
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)
    await sign_up_rosa(training)
    await sign_up_rosa(other)
    await make_family(training, "Juan", "Juan", phone="+50255550000")

    assert await look_alikes_in([training.id, other.id]) == set()


async def test_those_whom_staff_told_apart_bear_none(db: Settings) -> None:
    training = await make.make_training()
    first, second = await sign_up_rosa(training), await sign_up_rosa(training)
    at, who = now(), (await make.make_user()).id
    await Merge.create(
        kept_id=first.participant_id,
        merged_id=second.participant_id,
        reason=MergeReason.KNOWN_IN_PERSON,
        merged_by_id=who,
        created_at=at,
        undone_at=at,
        undone_by_id=who,
    )

    assert await marked(training) == set()


async def test_look_alike_is_written_to_like_anybody_and_the_first_is_not(db: Settings) -> None:
    training = await make.make_training()
    await sign_up_rosa(training, email="rosa@example.org")
    await OutboxJob.all().delete()

    second = await sign_up_rosa(training, email="curioso@example.org")

    assert await OutboxJob.all().values_list("kind", "subject_id") == [("registration_confirmed", second.id)]


# -- what staff see


async def test_list_and_waiting_list_show_the_mark(new_client: NewClient) -> None:
    cast, client = await make_cast(), new_client()
    await make.sign_in(client, cast.coordinator)
    training = await make.make_training(hub=cast.hub, capacity=1)
    await sign_up_rosa(training)
    await sign_up_rosa(training)

    pages = [await client.get(f"/panel/capacitaciones/{training.id}{path}") for path in ("", "/espera")]

    assert [page.text.count("Quizá la misma persona que otra inscripción") for page in pages] == [1, 1]


async def test_list_leads_to_joining_from_each_of_its_pages(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainings.panel.trainings.people_list.PAGE", 2)
    cast, client = await make_cast(), new_client()
    await make.sign_in(client, cast.coordinator)
    training = await make.make_training(hub=cast.hub)
    for given_names in ("Ana", "Berta"):
        await make.make_registration(training, given_names=given_names, surnames="Ba")
    page = f"/panel/capacitaciones/{training.id}"
    first, join = await sign_up_rosa(training), "/panel/personas/repetidas?capacitacion="

    alone = [join in (await client.get(page + asked)).text for asked in ("", "?pagina=2")]
    second = await sign_up_rosa(training)
    twice = [join in (await client.get(page + asked)).text for asked in ("", "?pagina=2", "?letra=b")]

    assert first.id != second.id
    assert (alone, twice) == ([False, False], [True, True, True])


async def test_desk_is_told_at_once_and_only_then(new_client: NewClient) -> None:
    cast, client = await make_cast(), new_client()
    await make.sign_in(client, cast.assistant)
    training = await make.make_training(hub=cast.hub)
    first = await sign_up_rosa(training)
    typed = ROSA | {"actor_type": "cocode", "consent_data": "yes", "source": "call"}

    answer = await client.post(f"/panel/capacitaciones/{training.id}/inscribir", data=typed)
    at_once = Page((await client.get(answer.headers["location"])).text)
    later = Page((await client.get(answer.headers["location"].partition("?")[0])).text)

    assert "Quizá es la misma persona" in at_once.text
    assert at_once.one("a", href=f"/panel/inscripciones/{first.id}")
    assert "se parece a" not in later.text


@pytest.mark.parametrize(("capacity", "is_said"), [(2, True), (10, False)])
async def test_panel_says_how_many_scarce_places_may_be_taken_twice(
    new_client: NewClient, capacity: int, *, is_said: bool
) -> None:
    cast, client = await make_cast(), new_client()
    await make.sign_in(client, cast.coordinator)
    training = await make.make_training(hub=cast.hub, capacity=capacity, title="Refugio")
    await sign_up_rosa(training)
    await sign_up_rosa(training)

    page = Page((await client.get("/panel")).text)

    words = "«Refugio»: hasta 1 lugar puede ser de personas repetidas."
    assert (words in " ".join(page.text.split())) is is_said
