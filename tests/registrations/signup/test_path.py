"""How far a sign-up goes from its route to its rows: through few packages, and hardly ever back up."""

from __future__ import annotations

from pathlib import Path

from httpx2 import AsyncClient

from tests import make
from tests.registrations.forms import post
from tools.sign_up_path import HANDLER, Call, Step, climbs, followed, packages
from trainings.registrations.models import Registration

MAP = Path(__file__).parents[3] / "docs" / "map.md"
MOST_CLIMBS = 4

ROUTE = Step(*HANDLER)
DECIDING = Step("trainings.registrations.seats.deciding", "decide")
PEOPLE = Step("trainings.people.actions", "sameness")
CLOCK = Step("trainings.clock", "now")


async def test_sign_up_passes_the_packages_that_the_map_names_and_hardly_climbs(client: AsyncClient) -> None:
    training = await make.make_training()

    with followed() as calls:
        answer = await post(client, training)

    assert answer.status_code == 303
    assert await Registration.all().count() == 1
    passed = packages(calls)
    assert passed == [
        *("registrations/signup", "registrations", "people", "registrations/seats", "limits", "schedule"),
    ]
    assert f"passes six packages: {', '.join(f'`{one}`' for one in passed)}," in MAP.read_text().replace("\n", " ")
    assert len(climbs(calls)) <= MOST_CLIMBS, climbs(calls)


def test_call_into_a_module_that_waits_is_a_climb_and_one_within_a_module_is_none() -> None:
    again = Step(DECIDING.module, "_found")
    calls = [
        Call(DECIDING, [ROUTE]),
        Call(again, [ROUTE, DECIDING]),
        Call(PEOPLE, [ROUTE, DECIDING]),
        Call(CLOCK, [ROUTE, DECIDING]),
        Call(again, [ROUTE, DECIDING, PEOPLE]),
    ]

    assert climbs(calls) == ["trainings.people.actions.sameness -> trainings.registrations.seats.deciding._found"]
    assert packages(calls) == ["registrations/signup", "registrations/seats", "people"]
