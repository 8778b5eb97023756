"""Two of one name on one telephone are two once staff say so: each has a place, and comes in their own name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import Opened, hours, qr_of, scan, take, undo
from tests.attendance.uploading import event, h, make_device, send
from tests.cast import Cast, make_cast
from tests.privacy.people import someone
from tests.registrations.wishes import places_of
from trainings.accounts.queries import actor_of
from trainings.attendance.actions import close_session
from trainings.attendance.models import ScanEvent
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, Actor
from trainings.audit.models import AuditLine
from trainings.people.models import Merge
from trainings.privacy.merging import hold_different
from trainings.registrations import actions, group_actions
from trainings.registrations.apart import NoPlaceForTwo
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


@pytest.fixture
async def cast(db: Settings) -> Cast:
    return await make_cast()


@pytest.fixture
async def rosa(cast: Cast) -> Actor:
    """The coordinator of La Libertad."""
    return await actor_of(cast.coordinator)


async def namesakes(training: Training, **fields: Any) -> tuple[Registration, Registration]:
    first = await someone(training.hub, training=training)
    second = await someone(training.hub, training=training, **fields)
    assert second.duplicate_of_id == first.id
    return first, second


async def first_of(one: Registration) -> object:
    return (await Registration.get(id=one.id)).duplicate_of_id


async def test_who_is_held_to_be_another_has_a_place_with_childcare(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2, childcare_capacity=1)
    first, second = await namesakes(training, childcare_places=1)
    before = await places_of(training)

    await hold_different(first.participant_id, second.participant_id, actor=rosa)
    await hold_different(second.participant_id, first.participant_id, actor=rosa)

    assert (before, await places_of(training)) == ((1, 0), (2, 1))
    assert await first_of(second) is None
    line = await AuditLine.get(act="registrations.tell_apart")
    assert (line.object_id, line.hub_id) == (second.id, cast.hub.id)


async def test_without_a_place_for_both_nothing_is_said_and_why(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2, title="Refugio")
    first, second = await namesakes(training)
    await someone(cast.hub, "Ana", training)

    with pytest.raises(NoPlaceForTwo) as refused:
        await hold_different(first.participant_id, second.participant_id, actor=rosa)

    assert refused.value.values == {"title": "Refugio"}
    assert await first_of(second) == first.id
    assert await Merge.all().count() == 0
    assert await places_of(training) == (2, 0)


async def test_who_comes_back_after_all_is_still_another(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=5)
    first, second = await namesakes(training)
    await hold_different(first.participant_id, second.participant_id, actor=rosa)

    await actions.cancel(second.id, actor=HOLDER_OF_LINK)
    await group_actions.rejoin_member(second.id, actor=HOLDER_OF_LINK)

    assert await first_of(second) is None
    assert await places_of(training) == (2, 0)


async def test_training_that_is_over_and_full_is_left_as_it_was(cast: Cast, rosa: Actor, freeze: Freeze) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2)
    first, second = await namesakes(training)
    await someone(cast.hub, "Ana", training)
    freeze(training.sessions[-1].ends_at)

    await hold_different(first.participant_id, second.participant_id, actor=rosa)

    assert await Merge.all().count() == 1
    assert await first_of(second) == first.id


async def test_who_counts_as_another_elsewhere_is_left_to_that_hub(cast: Cast, rosa: Actor) -> None:
    here, there = await make.make_training(hub=cast.hub), await make.make_training(hub=cast.elsewhere)
    first, second = await someone(cast.hub, training=here), await someone(cast.hub, training=here)
    theirs = await someone(cast.elsewhere, training=there), await someone(cast.elsewhere, training=there)
    for mine, other in zip((first, second), theirs, strict=True):
        await Registration.filter(id=other.id).update(participant_id=mine.participant_id)

    await hold_different(first.participant_id, second.participant_id, actor=rosa)

    assert await first_of(second) is None
    assert await first_of(theirs[1]) == theirs[0].id


async def test_page_says_what_being_two_means_and_why_it_cannot_be(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2, title="Refugio")
    first, second = await namesakes(training)
    await someone(cast.hub, "Ana", training)
    await make.sign_in(client, cast.coordinator)
    path = f"/panel/personas/repetidas/{first.participant_id}/{second.participant_id}"

    page = await client.get(path)
    refused = await client.post(f"{path}/distintas")

    assert "Cada una tiene desde entonces su propio lugar y lo que se marcó con su boleto" in page.text
    assert refused.status_code == 409
    assert "En «Refugio» no queda lugar para que cuenten como dos." in refused.text


@pytest.mark.parametrize("by_phone", [True, False])
async def test_marks_of_each_one_s_ticket_are_theirs_and_undone_ones_stay_undone(
    cast: Cast, rosa: Actor, freeze: Freeze, *, by_phone: bool
) -> None:
    training = await make.make_training(hub=cast.hub, capacity=5)
    first, second = await namesakes(training)
    door = Opened(training, training.sessions[0], first)
    phone = await make_device(door)
    freeze(door.starts_at)
    wrong = scan(qr_of(second), door.starts_at)
    await take(door, wrong, undo(wrong.id, door.starts_at))
    freeze(door.ends_at)
    if by_phone:
        await send(phone, event(door, door.starts_at, h=h(second)))
    else:
        await take(door, scan(qr_of(second), door.starts_at))
    await close_session(door.key, actor=PROGRAM)
    assert (await hours(first), await hours(second)) == ((240, True), (0, False))

    await hold_different(first.participant_id, second.participant_id, actor=rosa)

    assert (await hours(first), await hours(second)) == ((0, False), (240, True))
    assert {one.registration_id for one in await ScanEvent.all()} == {second.id}
