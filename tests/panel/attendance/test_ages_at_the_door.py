"""Which ages the pages of the door offer: with a card, and for a slip, those that the session's training takes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attendance.browsers import NewClient, open_held_door, path_of, signed_in
from tests.attendance.doors import Opened
from tests.attendance.filled_slips import slip
from tests.attendance.uploading import make_device, send
from tests.cast import Cast
from tests.registrations.card_world import card_of, make_block, make_spare_cards, named
from tests.web.pages import Page
from trainings.attendance.models import WalkInSlip

ADULTS = ["18-24", "25-34", "35-59", "60+"]
OF_SLIP = [*ADULTS, "18+"]
TAKEN = [
    pytest.param({"admits_minors": False}, [], id="adults only"),
    pytest.param({"admits_minors": True}, ["12-13", "14-17"], id="from 12"),
    pytest.param({"admits_minors": True, "minimum_age": 14}, ["14-17"], id="from 14"),
]


def ages(html: str) -> list[str | None]:
    of_age = Page(html.partition('<select id="age_group"')[2].partition("</select>")[0])
    return [one["value"] for one in of_age.all("option")]


async def opened_slip(door: Opened, new_client: NewClient, cast: Cast, **answers: Any) -> str:
    """The page where somebody corrects a slip that says so."""
    [card] = await make_spare_cards(door.training)
    await send(await make_device(door), slip(door, card, consent=False, **answers))
    kept = await WalkInSlip.get(state="waiting")
    client = await signed_in(new_client, cast, "coordinator")
    answer = await client.get(f"/panel/sesiones/{door.key}/revisar/ficha", params={"ficha": str(kept.id)})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(("columns", "minors"), TAKEN)
async def test_walk_in_with_a_card_is_offered_the_ages_that_may_come(
    cast: Cast, new_client: NewClient, columns: dict[str, Any], minors: list[str]
) -> None:
    door = await open_held_door(cast, **columns)
    [card] = await make_spare_cards(door.training)
    client = await signed_in(new_client, cast, "facilitator")

    html = (await client.get(f"{path_of(door)}/sin-boleto?tarjeta={card.id}")).text

    assert ages(html) == ["", *minors, *OF_SLIP]
    assert bool(Page(html).all("input", name="guardian_consent")) is bool(minors)


async def test_walk_in_with_a_card_of_an_age_that_may_not_come_then_it_stays_on_the_form(
    cast: Cast, new_client: NewClient
) -> None:
    door = await open_held_door(cast, admits_minors=True, minimum_age=14)
    [card] = await make_spare_cards(door.training)
    client = await signed_in(new_client, cast, "facilitator")

    sent = {"card": str(card.id), "age_group": "12-13"}
    answer = await client.post(f"{path_of(door)}/sin-boleto", data=sent)

    assert (answer.status_code, ages(answer.text)) == (422, ["", "12-13", "14-17", *OF_SLIP])


async def test_walk_in_without_a_card_or_with_one_that_is_taken_is_offered_adults_ages_only(
    cast: Cast, new_client: NewClient
) -> None:
    door = await open_held_door(cast, admits_minors=True)
    await named(taken := await card_of(await make_block(door.training, 1)))
    client = await signed_in(new_client, cast, "facilitator")

    pages = [
        await client.get(f"{path_of(door)}/sin-boleto", params=asked) for asked in ({}, {"tarjeta": str(taken.id)})
    ]

    assert [ages(page.text) for page in pages] == [["", *ADULTS]] * 2


@pytest.mark.parametrize(("columns", "minors"), TAKEN)
async def test_slip_is_offered_the_ages_that_may_come(
    cast: Cast, new_client: NewClient, columns: dict[str, Any], minors: list[str]
) -> None:
    html = await opened_slip(await open_held_door(cast, **columns), new_client, cast)

    assert ages(html) == ["", *minors, *OF_SLIP]
    assert bool(Page(html).all("input", name="guardian_consent")) is bool(minors)


async def test_age_that_a_slip_says_stays_on_it(cast: Cast, new_client: NewClient) -> None:
    door = await open_held_door(cast, admits_minors=True, minimum_age=14)

    assert ages(await opened_slip(door, new_client, cast, age_group="12-13")) == ["", "12-13", "14-17", *OF_SLIP]
