"""Changes that meet: every one of them ends, and what calendars show is what the rows say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import meeting, plan_of, standing
from trainings.audit.actor import PROGRAM
from trainings.db import lock, transaction
from trainings.registrations.telling.changes import call_off_training
from trainings.schedule import actions, calendar_texts
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.models import Course, CourseKind, SessionText, Training, TrainingSession

pytestmark = pytest.mark.both_engines


async def shows_what_is() -> bool:
    """Whether writing every text again would change none."""
    before = {text.session_id: text.body for text in await SessionText.all()}
    async with transaction():
        await calendar_texts.refresh(session_ids=list(before))
    return before == {text.session_id: text.body for text in await SessionText.all()}


async def move_by_hours(session_id: UUID, hours: int) -> None:
    session = await TrainingSession.get(id=session_id)
    shift = timedelta(hours=hours)
    await actions.move_session(session.id, session.starts_at + shift, session.ends_at + shift, None, actor=PROGRAM)


async def course_with_topic(course: Course, slug: str) -> None:
    topic = await make.make_topic(slug, slug)
    plan = CoursePlan(kind=CourseKind.TALLER, topic_id=topic.id, title=course.title, minutes=240)
    await course_actions.edit_course(course.id, plan, actor=PROGRAM)


async def test_moves_and_changes_of_the_course_at_once_all_end(cast: Cast) -> None:
    course = await make.make_course()
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(10, days=days)) for days in (3, 4, 5)]
    training = await make.make_training(hub=cast.hub, course=course, sessions=hours)

    await asyncio.gather(
        *(move_by_hours(session.id, 5) for session in reversed(list(training.sessions))),
        *(course_with_topic(course, f"tema-{n}") for n in range(3)),
    )

    assert {session.sequence for session in await TrainingSession.all()} == {1}
    assert await shows_what_is()


async def test_change_of_the_course_waits_for_a_move_and_not_the_other_way_round(cast: Cast) -> None:
    course = await make.make_course()
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(10, days=days)) for days in (3, 4, 5)]
    training = await make.make_training(hub=cast.hub, course=course, sessions=hours)
    last = max(training.sessions, key=lambda session: session.id)
    moving = asyncio.Event()

    async def change_course() -> None:
        await moving.wait()
        await course_with_topic(course, "otro")

    # Begun outside the transaction: inside, it would be part of it.
    change = asyncio.create_task(change_course())
    async with transaction():
        await lock(Training, [training.id])
        await TrainingSession.filter(id=last.id).update(ends_at=last.ends_at + timedelta(hours=1))
        moving.set()
        for _ in range(300):
            await Training.all().count()
        await calendar_texts.refresh(training_ids=[training.id])
    await change

    assert (await TrainingSession.get(id=last.id)).sequence == 1
    assert await shows_what_is()


async def test_edits_of_one_training_at_once_leave_one_of_them(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    [only] = await standing(training)
    plans = [replace(only, starts_at=only.starts_at + timedelta(minutes=10 * n)) for n in range(1, 5)]

    outcomes = await asyncio.gather(
        *(
            actions.edit_training(training.id, plan_of(training), [plan], actor=PROGRAM, revision=training.revision)
            for plan in plans
        ),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ChangedMeanwhile"] * 3 + ["Edited"]
    assert (await TrainingSession.get(id=only.id)).sequence == 1
    assert await shows_what_is()


async def test_calling_off_while_a_session_is_added_ends_cancelled(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)

    await asyncio.gather(
        call_off_training(training.id, "Lluvia", actor=PROGRAM),
        actions.add_session(training.id, meeting(7), actor=PROGRAM),
        return_exceptions=True,
    )

    bodies = [text.body for text in await SessionText.all()]
    assert all("STATUS:CANCELLED" in body for body in bodies)
    assert await shows_what_is()
