"""One of everything that calendars show, each with the action that writes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests import make
from tests.outreach.make_activity import make_activity
from tests.schedule.wishes import plan_of
from trainings import clock
from trainings.accounts.models import Role, User
from trainings.audit.actor import PROGRAM
from trainings.outreach import actions as outreach
from trainings.outreach.actions import ActivityPlan, TimeAndPlace
from trainings.outreach.models import OutreachActivity
from trainings.outreach.place_actions import correct_venue, open_hubs, renew_municipalities
from trainings.places import actions as places
from trainings.places.actions import HubDetails, OperatorDetails, SignatoryDetails, VenueDetails
from trainings.places.data import municipalities
from trainings.places.hub_file import HubEntry
from trainings.places.models import Hub, Operator, Venue
from trainings.schedule import actions as schedule
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.models import Course, Topic, Training, TrainingSession


@dataclass(frozen=True)
class World:
    """A training of two sessions at a hub, an activity there, and a hub elsewhere with nothing of it."""

    hub: Hub
    venue: Venue
    other_venue: Venue
    far_venue: Venue
    topic: Topic
    other_topic: Topic
    course: Course
    training: Training
    session: TrainingSession
    activity: OutreachActivity
    facilitator: User

    async def edit(self, **columns: Any) -> None:
        plan = plan_of(await Training.get(id=self.training.id), **columns)
        await schedule.edit_training(self.training.id, plan, [], actor=PROGRAM)

    async def move(self, starts: int = 0, ends: int = 0, venue_id: UUID | None = None) -> None:
        session, hour = self.session, timedelta(hours=1)
        start, end = session.starts_at + starts * hour, session.ends_at + ends * hour
        await schedule.move_session(session.id, start, end, venue_id or session.venue_id, actor=PROGRAM)

    async def close(self) -> None:
        with clock.frozen(self.session.ends_at):
            await schedule.close_session(self.session.id, actor=PROGRAM)

    async def edit_course(self, **columns: Any) -> None:
        course = await Course.get(id=self.course.id)
        contents = tuple((part["title"], part["minutes"]) for part in course.contents)
        plan = CoursePlan(
            course.kind, course.topic_id, course.title, course.minutes, summary=course.summary, contents=contents
        )
        await course_actions.edit_course(course.id, replace(plan, **columns), actor=PROGRAM)

    async def correct(self, **columns: Any) -> None:
        venue = await Venue.get(id=self.venue.id)
        told = VenueDetails(venue.name, venue.municipality_id, venue.address, venue.lat, venue.lon)
        await correct_venue(venue, replace(told, **columns), hub=self.hub, actor=PROGRAM)

    async def correct_hub(self, **columns: Any) -> None:
        hub = await Hub.get(id=self.hub.id)
        operator = await Operator.get(id=hub.operator_id)
        told = HubDetails(
            hub.name, hub.seat_id, hub.address, hub.hours, hub.phone, slug=hub.slug, languages=tuple(hub.languages)
        )
        signatories = (SignatoryDetails("Marta Inés Chub Pop", "Alcaldesa municipal"),)
        run_by = OperatorDetails(operator.code, operator.kind, operator.name, operator.municipality_id, signatories)
        await open_hubs([HubEntry(run_by, replace(told, **columns), ())], actor=PROGRAM)

    async def edit_activity(self, **columns: Any) -> None:
        activity = await OutreachActivity.get(id=self.activity.id)
        at = TimeAndPlace(
            activity.starts_at, activity.ends_at, activity.municipality_id, activity.venue_id, activity.place
        )
        for name in set(columns) & set(TimeAndPlace.__dataclass_fields__):
            at = replace(at, **{name: columns.pop(name)})
        plan = ActivityPlan(
            activity.hub_id,
            activity.kind,
            activity.title,
            at,
            activity.responsible_id,
            activity.summary,
            activity.materials,
            activity.rain_plan,
        )
        await outreach.edit_activity(activity.id, replace(plan, **columns), actor=PROGRAM)

    async def renew(self, **columns: Any) -> None:
        """As a later version of the program whose file says something else of La Libertad."""
        rows = [replace(row, **columns) if row.ine_code == make.LA_LIBERTAD else row for row in municipalities()]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(places, "municipalities", lambda: rows)
            await renew_municipalities()


async def make_world() -> World:
    await make.make_municipalities()
    hub = await make.make_hub()
    venue = await make.make_venue(hub, lat=Decimal("16.78"), lon=Decimal("-90.11"))
    topic, other_topic = await make.make_topic(), await make.make_topic("trata", "Trata de personas")
    course = await make.make_course(topic=topic, summary="Del curso.")
    facilitator = await make.make_user(Role.FACILITATOR, hub, name="Ana Coc")
    days = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 5)]
    training = await make.make_training(hub=hub, venue=venue, course=course, sessions=days, languages=("spa",))
    far_hub = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await make.make_training(hub=far_hub, course=await make.make_course("Trata", topic=other_topic))
    return World(
        hub=hub,
        venue=venue,
        other_venue=await make.make_venue(hub, "Escuela"),
        far_venue=await make.make_venue(hub, "Escuela de Tacaná", municipality=make.TACANA),
        topic=topic,
        other_topic=other_topic,
        course=course,
        training=training,
        session=min(training.sessions, key=lambda session: session.starts_at),
        activity=await make_activity(hub),
        facilitator=facilitator,
    )
