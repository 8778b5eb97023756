"""Which ages a form of sign-up offers: those that its training takes; on the public form, at the desk, for cards."""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.registrations.card_world import card_of, make_block, make_spare_cards
from tests.registrations.forms import ROSA, errors_of, path_of, post
from tests.web.pages import Page
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

ADULTS = {"admits_minors": False}
TAKEN: list[tuple[dict[str, Any], list[str]]] = [
    (ADULTS, ["18+"]),
    ({"admits_minors": True, "minimum_age": 13}, ["18+", "12-13", "14-17"]),
    ({"admits_minors": True, "minimum_age": 14}, ["18+", "14-17"]),
]
"""By the rule that the public form is asked about at every age."""
BANDS = ["18-24", "25-34", "35-59", "60+"]
"""Adults on the desk's own forms: a person or a slip says which."""


async def training_of(cast: Cast, **columns: Any) -> Training:
    return await make.make_training(hub=cast.hub, **columns)


def ages(page: Page, name: str = "age_group") -> list[str | None]:
    return [one["value"] for one in page.all("input", name=name)]


OFFERED: list[tuple[dict[str, Any], list[str], str]] = [
    (ADULTS, ["18+", "14-17"], "Menos de 18 años"),
    ({"admits_minors": True}, ["18+", "12-13", "14-17"], ""),
    ({"admits_minors": True, "minimum_age": 13}, ["18+", "12-13", "14-17"], ""),
    ({"admits_minors": True, "minimum_age": 14}, ["18+", "14-17", "12-13"], "Menos de 14"),
    ({"admits_minors": True, "minimum_age": 17}, ["18+", "14-17", "12-13"], "Menos de 14"),
]


async def test_public_form_offers_each_person_the_ages_that_may_come_and_asks_who_is_too_young(
    cast: Cast,
    client: AsyncClient,
) -> None:
    for columns, offered, too_young in OFFERED:
        training = await training_of(cast, **columns)

        page = Page((await post(client, training, do="add")).text)

        for name in ("age_group", "members-1-age_group", "members-N-age_group"):
            assert ages(page, name) == offered, columns
        assert ("Menos de" in page.text) is bool(too_young), columns
        assert too_young in page.text, columns
        assert bool(page.all("input", name="guardian_consent")) is columns["admits_minors"]


@pytest.mark.parametrize("alone", [True, False])
async def test_who_is_too_young_is_told_whom_to_call_and_nothing_is_kept(
    cast: Cast, client: AsyncClient, alone: bool
) -> None:
    training = await training_of(cast, **ADULTS)
    member = {"members-1-given_names": "Ana", "members-1-surnames": "Coc", "members-1-age_group": "14-17"}

    answer = await post(client, training, **({"age_group": "14-17"} if alone else member))

    field = "age_group" if alone else "members-1-age_group"
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "llame al" in errors_of(page)[field]
    assert bool(page.all("a", href="/menores")) is alone
    assert await Registration.all().count() == 0


async def test_desk_offers_each_person_the_ages_that_may_come(cast: Cast, desk: AsyncClient) -> None:
    for columns, offered in TAKEN:
        training = await training_of(cast, **columns)
        path = f"/panel/capacitaciones/{training.id}/inscribir"

        answer = await desk.post(path, data=ROSA | {"do": "add"})

        page = Page(answer.text)
        assert ages(page, "members-1-age_group") == offered, columns
        of_first = Page(answer.text.partition('<select id="age_group"')[2].partition("</select>")[0])
        assert [one["value"] for one in of_first.all("option")] == ["", *offered[1:], *BANDS], columns
        assert bool(page.all("input", name="guardian_consent")) is (len(offered) > 1), columns


async def test_card_is_offered_to_the_ages_that_may_come(
    cast: Cast,
    desk: AsyncClient,
    client: AsyncClient,
) -> None:
    for columns, offered in TAKEN:
        block = await make_block(await training_of(cast, **columns))
        card = await card_of(block)

        at_desk = Page((await desk.get(f"/panel/tarjetas/{card.id}/usar")).text)
        of_bearer = Page((await client.get(f"/tarjetas/{block.token}/1")).text)

        assert ages(at_desk) == [*offered[1:], *BANDS, "18+"], columns
        assert ages(of_bearer) == offered, columns
        for page in (at_desk, of_bearer):
            assert bool(page.all("input", name="guardian_consent")) is (len(offered) > 1), columns


async def test_spare_card_is_offered_to_whom_any_of_the_trainings_takes(cast: Cast, desk: AsyncClient) -> None:
    [spare] = await make_spare_cards(await training_of(cast, **ADULTS))
    path = f"/panel/tarjetas/{spare.id}/usar"
    before = ages(Page((await desk.get(path)).text))
    await training_of(cast, admits_minors=True, minimum_age=14)

    after = ages(Page((await desk.get(path)).text))

    assert (before, after) == ([*BANDS, "18+"], ["14-17", *BANDS, "18+"])


async def test_age_that_came_all_the_same_stays_on_the_form_with_why_not(cast: Cast, client: AsyncClient) -> None:
    training = await training_of(cast, admits_minors=True, minimum_age=14)

    page = Page((await post(client, training, age_group="12-13", **{"members-1-given_names": "Ana"})).text)

    assert ages(page) == ["18+", "12-13", "14-17"]
    assert "para personas de 14 años o más" in errors_of(page)["age_group"]
    assert ages(page, "members-1-age_group") == ["18+", "14-17", "12-13"]


NEED_IT: list[tuple[dict[str, Any], str]] = [
    ({}, "Solo si inscribe a alguien de 12 a 17 años."),
    ({"minimum_age": 14}, "Solo si inscribe a alguien de 14 a 17 años."),
    ({"minimum_age": 17}, "Solo si inscribe a alguien de 17 años."),
]


async def test_permission_names_the_ages_that_need_it(cast: Cast, client: AsyncClient) -> None:
    for columns, words in NEED_IT:
        training = await training_of(cast, admits_minors=True, **columns)

        assert words in Page((await client.get(path_of(training))).text).text
