"""What a course asks and prints is fixed for a training when it is published: no later change reaches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests import make
from tests.certificates.held import AFTER, make_attendee, make_held
from trainings.attendance.settling import settle_registrations
from trainings.audit.actor import PROGRAM
from trainings.certificates.eligibility import NotEligible
from trainings.certificates.issuing.actions import issue
from trainings.certificates.models import CertificateKind
from trainings.db import transaction
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule import actions
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.models import Course, CourseKind, Training, TrainingState
from trainings.schedule.public.queries import public_training
from trainings.schedule.queries import courses_before
from trainings.settings import Settings

CHANGED: dict[str, Any] = {
    "kind": CourseKind.DIPLOMADO,
    "minutes": 6000,
    "contents": (("Otra cosa", 30),),
    "completion_share": 1,
    "pass_mark": 5,
}


@pytest.fixture(autouse=True)
def days_after(freeze: Callable[[datetime], None]) -> None:
    freeze(AFTER)


async def change(course: Course) -> None:
    """All that a course asks for and prints, changed by the one who may."""
    plan = CoursePlan(course.kind, course.topic_id, course.title, course.minutes)
    await course_actions.edit_course(course.id, replace(plan, **CHANGED), actor=PROGRAM)


async def test_who_came_to_half_when_the_course_asks_less_afterwards_then_still_no_diploma(db: Settings) -> None:
    course = await make.make_course(minutes=480)
    training = await make_held(4, 4, course=course)
    half = await make_attendee(training, sessions=list(training.sessions)[:1])

    await change(course)
    async with transaction():
        await settle_registrations([half.id])

    assert (await Registration.get(id=half.id)).completed_at is None
    with pytest.raises(NotEligible):
        await issue(half.id, CertificateKind.DIPLOMA, actor=PROGRAM)


async def test_who_passed_when_the_course_has_a_lower_mark_afterwards_then_no_certificate(db: Settings) -> None:
    course = await make.make_course(pass_mark=60)
    person = await make_attendee(await make_held(course=course))
    await Registration.filter(id=person.id).update(mark=50)

    await change(course)

    with pytest.raises(NotEligible):
        await issue(person.id, CertificateKind.CERTIFICADO, actor=PROGRAM)


async def test_diploma_when_the_course_changed_after_publishing_then_it_prints_what_was_published(db: Settings) -> None:
    course = await make.make_course()
    person = await make_attendee(await make_held(course=course))
    await change(course)

    diploma = await issue(person.id, CertificateKind.DIPLOMA, actor=PROGRAM)

    assert (diploma.sheet["share"], diploma.sheet["pass_mark"]) == (80, None)
    assert (diploma.sheet["activity"], diploma.sheet["activity_kind"]) == ("el taller", "taller")
    assert [topic for topic, _minutes in diploma.sheet["contents"]] == ["Mitos y realidades", "A quién acudir"]


@pytest.mark.parametrize("state", [TrainingState.PUBLISHED, TrainingState.CANCELLED])
async def test_training_once_published_when_its_course_changes_then_keeps_what_it_had(
    db: Settings, state: TrainingState
) -> None:
    course = await make.make_course()
    training = await make.make_training(course=course, state=state)

    await change(course)

    kept = await Training.get(id=training.id)
    assert (kept.kind, kept.minutes, kept.completion_share, kept.pass_mark) == (CourseKind.TALLER, 240, 80, None)
    assert [part["title"] for part in kept.contents] == ["Mitos y realidades", "A quién acudir"]


async def test_draft_when_its_course_changes_then_it_follows_until_it_is_published(db: Settings) -> None:
    course = await make.make_course()
    training = await make.make_training(course=course, state=TrainingState.DRAFT)

    await change(course)
    await actions.publish(training.id, actor=PROGRAM)

    kept = await Training.get(id=training.id)
    assert (kept.kind, kept.minutes, kept.completion_share, kept.pass_mark) == (CourseKind.DIPLOMADO, 6000, 1, 5)
    assert kept.contents == [{"title": "Otra cosa", "minutes": 30}]


def of_another_course(training: Training, other: Course) -> actions.TrainingPlan:
    return actions.TrainingPlan(
        other.id, training.hub_id, training.title, training.capacity, venue_id=training.venue_id
    )


async def test_training_when_given_another_course_then_refused_once_published_and_a_draft_has_that_ones_terms(
    db: Settings,
) -> None:
    other = await make.make_course("Otro curso", minutes=600, completion_share=90)
    for state in (TrainingState.PUBLISHED, TrainingState.UNLISTED):
        training = await make.make_training(state=state)
        with pytest.raises(actions.CourseFixed) as refused:
            await actions.edit_training(training.id, of_another_course(training, other), [], actor=PROGRAM)
        assert (refused.value.field, "duplíquela" in str(refused.value.sentence)) == ("course", True)
        assert (await Training.get(id=training.id)).minutes == 240
    draft = await make.make_training(state=TrainingState.DRAFT)

    await actions.edit_training(draft.id, of_another_course(draft, other), [], actor=PROGRAM)

    kept = await Training.get(id=draft.id)
    assert (kept.course_id, kept.minutes, kept.completion_share) == (other.id, 600, 90)


async def demanding(course: Course) -> Course:
    """From now on another course comes before this one, and it is for teachers."""
    before = await make.make_course("Inducción")
    plan = CoursePlan(course.kind, course.topic_id, course.title, course.minutes, audience=("docente",))
    await course_actions.edit_course(course.id, replace(plan, prerequisite_ids=frozenset({before.id})), actor=PROGRAM)
    return before


async def test_training_once_published_when_its_course_asks_for_an_earlier_one_then_nobody_has_to_wait(
    db: Settings,
) -> None:
    course = await make.make_course()
    training = await make.make_training(course=course)

    await demanding(course)

    person = await make.make_registration(training)
    assert person.state is RegistrationState.CONFIRMED
    assert await courses_before(await Training.get(id=training.id)) == []
    posted = await public_training(training.slug)
    assert (posted.prerequisites, posted.audience) == ((), ())


async def test_draft_when_its_course_asks_for_an_earlier_one_then_who_signs_up_waits(
    db: Settings,
) -> None:
    course = await make.make_course()
    training = await make.make_training(course=course, state=TrainingState.DRAFT)

    before = await demanding(course)
    await actions.publish(training.id, actor=PROGRAM)

    person = await make.make_registration(training)
    assert person.state is RegistrationState.HELD
    assert await courses_before(await Training.get(id=training.id)) == [before.title]
    posted = await public_training(training.slug)
    assert (posted.prerequisites, posted.audience) == ((before.title,), ("docente",))
