"""Random commands on real rows: what is read, decided and written is what the judge has, one command after another."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests import make
from tests.oracle import Judge, RefusedError
from tests.registrations.seats.test_deciding import (
    ACTS_OF_ALL,
    ACTS_OF_GROUPS,
    ACTS_OF_ONE,
    TRAINING,
    World,
    _asked,
    _compare,
    _judged,
    run,
)
from trainings import clock
from trainings.audit.actor import VISITOR
from trainings.db import transaction
from trainings.registrations.commands import Enter, Fill, Move, SignedUp, SignUp, Ticket, UseCard
from trainings.registrations.models import OwnLink, RegistrationGroup
from trainings.registrations.seats.actions import serve
from trainings.registrations.seats.gathering import gather_situation
from trainings.settings import Settings

STEPS = 120


@pytest.mark.both_engines
@pytest.mark.parametrize("offers", [False, True])
async def test_rows_after_each_random_command_are_as_the_judge_has_them(db: Settings, *, offers: bool) -> None:
    await as_the_judge(offers, approves=not offers)


@pytest.mark.parametrize("offers", [False, True])
async def test_rows_where_all_or_nothing_waits_for_an_answer_are_as_the_judge_has_them(
    db: Settings, *, offers: bool
) -> None:
    await as_the_judge(offers, approves=offers)


async def as_the_judge(offers: bool, *, approves: bool) -> None:
    fields: dict[str, Any] = {"offer_hours": 24 if offers else None, "approval_required": approves}
    training = await make.make_training(capacity=7, childcare_capacity=3, **fields)
    world, judge, dice = World.of(run(7, 3)), Judge(7, 3, offers, approves), random.Random(f"{offers} {approves}")

    for number in range(STEPS):
        judge.now, world.cards_asked = number, 0
        command = await _drawn(dice, number, world, judge)
        if command is None:
            continue
        [outcome] = await serve([_of(training.id, command)])
        await _look(world, training.id)
        _follow(judge, command, outcome, world)
        _compare(judge, world)

    assert judge.faults == []
    assert len(judge.families) > STEPS // 10


async def _drawn(dice: random.Random, number: int, world: World, judge: Judge) -> Enter | Move | None:
    if dice.random() < 0.3:
        asked = _asked((number % 40, dice.randint(1, 3), dice.choice((0, 0, 1))), world, judge)
    else:
        act = dice.choice((*ACTS_OF_ALL, *ACTS_OF_GROUPS, *ACTS_OF_ONE))
        claimed = set(judge.claimed)
        asked = _asked((act, dice.randint(0, 1_000)), world, judge)
        for one in judge.claimed - claimed:
            await OwnLink.filter(registration_id=one).update(claimed_at=clock.now())
    if isinstance(asked, SignUp):
        return Enter(TRAINING, asked, VISITOR, "es-GT")
    if isinstance(asked, UseCard):
        ticket = Ticket(str(UUID(int=10_000 + number)), f"K{number:08d}", f"qr {number}", f"link {number}")
        draft = asked.draft._replace(group_id=str(UUID(int=20_000 + number)), link=f"group {number}", tickets=(ticket,))
        return replace(asked, draft=draft)
    return asked


def _of(training_id: UUID, command: Enter | Move) -> Enter | Move:
    if isinstance(command, Enter):
        return command._replace(training_id=training_id)
    return replace(command, training_id=training_id)


async def _look(world: World, training_id: UUID) -> None:
    """Read all that is there, as a command would."""
    groups = tuple([key for (key,) in await RegistrationGroup.all().values_list("id")])
    async with transaction():
        world.situation = await gather_situation([Fill(training_id=training_id, actor=VISITOR, group_ids=groups)])


def _follow(judge: Judge, command: Enter | Move, outcome: object, world: World) -> None:
    if isinstance(command, Enter):
        if isinstance(outcome, SignedUp) and outcome.is_new:
            group = world.situation.groups[outcome.group]
            detail = {"childcare": group.childcare_places, "state": str(group.state)}
            judge.sign_up(outcome.group_id, set(outcome.registration_ids), detail)
        return
    people = command.registration_ids
    own = UUID(world.situation.group_of[str(people[0])]) if people else UUID(int=0)
    try:
        _judged(judge, command, own)
    except RefusedError:
        judge.expect(f"{command} refused: {isinstance(outcome, Exception)}", f"{command} refused: True")
    else:
        judge.expect(f"{command} refused: {isinstance(outcome, Exception)}", f"{command} refused: False")
