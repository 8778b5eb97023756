from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField, reference
from trainings.db.models import Record
from trainings.schedule.models import Dated, EntryText

if TYPE_CHECKING:
    from trainings.accounts.models import User
    from trainings.places.models import Hub, Municipality, Venue


class ActivityKind(StrEnum):
    FAIR = "fair"
    COMMUNITY = "community"
    RECREATION = "recreation"
    DIALOGUE = "dialogue"


class ActivityState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class OutreachActivity(Dated):
    """A fair, community or recreational activity, or open dialogue, without registrations.

    At a venue, or in the open (`place`) in a municipality. `materials`: a line each.
    """

    slug = fields.CharField(max_length=120, unique=True)
    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "activities")
    hub_id: UUID
    kind = fields.CharEnumField(ActivityKind, max_length=16)
    title = fields.CharField(max_length=180)
    summary = fields.TextField(default="")
    municipality: fields.ForeignKeyRelation[Municipality] = reference("Municipality", "activities")
    municipality_id: str
    venue: fields.ForeignKeyNullableRelation[Venue] = reference("Venue", "activities", null=True)
    venue_id: UUID | None
    place = fields.CharField(max_length=200, default="")
    responsible: fields.ForeignKeyRelation[User] = reference("User", "activities")
    responsible_id: UUID
    materials = fields.TextField(default="")
    rain_plan = fields.CharField(max_length=240, default="")
    state = fields.CharEnumField(ActivityState, max_length=16, default=ActivityState.DRAFT)
    revision = fields.IntField(default=0)
    published_at: datetime | None = UTCDatetimeField(null=True)
    cancel_reason = fields.CharField(max_length=240, default="")

    class Meta:
        table = "outreach_activity"
        ordering = ("starts_at", "id")


class MonthPoster(Record):
    """When the poster of a hub's month (its first day) was last printed, and by whom. It shows every public activity of
    the hub in that month.
    """

    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "month_posters")
    hub_id: UUID
    month: date = fields.DateField()
    printed_at: datetime = UTCDatetimeField()
    printed_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "month_poster"
        unique_together = (("hub", "month"),)


class ActivityFeed(Record):
    """A feed in which an activity was ever published and stays (`municipio:1705`)."""

    activity: fields.ForeignKeyRelation[OutreachActivity] = reference("OutreachActivity", "feeds")
    activity_id: UUID
    scope = fields.CharField(max_length=140, db_index=True)

    class Meta:
        table = "activity_feed"
        unique_together = (("activity", "scope"),)


class ActivityText(EntryText):
    """The calendar text of an activity."""

    activity: fields.OneToOneRelation[OutreachActivity] = fields.OneToOneField(
        "trainings.OutreachActivity", related_name="text", primary_key=True, on_delete=fields.RESTRICT
    )
    activity_id: UUID

    class Meta:
        table = "activity_text"


class HeadState(StrEnum):
    """Heads of the panel and of phones in use count, others only by a decision."""

    COUNTS = ""
    WAITING = "waiting"
    COUNTED = "counted"
    DISMISSED = "dismissed"


class HeadCount(Record):
    """Heads counted with one touch, negative where taken back.

    The key comes from the phone: sent twice it is one. `sex` and `age_band`: as seen, or not said. A phone takes back
    by name (`target_id`) everything that came under it; `conflict_of_id`: the first that had the same name. `heads`
    finds the standing rows from all of them. `seq`: a prepared phone's number for it, among its marks.
    """

    activity: fields.ForeignKeyRelation[OutreachActivity] = reference("OutreachActivity", "counts")
    activity_id: UUID
    sex = fields.CharField(max_length=8)
    age_band = fields.CharField(max_length=8)
    number = fields.IntField()
    counted_at: datetime = UTCDatetimeField()
    counted_by_id: UUID | None = fields.UUIDField(null=True)
    target_id: UUID | None = fields.UUIDField(null=True)
    conflict_of_id: UUID | None = fields.UUIDField(null=True)
    seq: int | None = fields.IntField(null=True)
    state = fields.CharEnumField(HeadState, max_length=16, default=HeadState.COUNTS, db_default="")
    decided_by_id: UUID | None = fields.UUIDField(null=True)
    decided_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "head_count"
        indexes = (("activity_id",), ("target_id",), ("counted_by_id", "seq"))


class OrientationTally(Record):
    """How many orientations a hub's desk gave, by day and subject, nothing about people."""

    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "tallies")
    hub_id: UUID
    day: date = fields.DateField()
    subject = fields.CharField(max_length=24)
    number = fields.IntField(default=0)

    class Meta:
        table = "orientation_tally"
        unique_together = (("hub", "day", "subject"),)
