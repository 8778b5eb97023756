"""Catalogue and calendar: topics, courses, trainings, sessions."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import Model, fields
from tortoise.expressions import Q

from trainings.db.fields import EncryptedTextField, UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.accounts.models import User
    from trainings.places.models import Hub, Municipality, Operator, Venue


class CourseKind(StrEnum):
    CHARLA = "charla"
    TALLER = "taller"
    CURSO = "curso"
    DIPLOMADO = "diplomado"


class TrainingState(StrEnum):
    """The stored state. Full, open, closed, running and held are computed (`phase.py`). PRACTICE: staff try things out;
    it never changes its state and is left out of every list, count, feed and message.
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    UNLISTED = "unlisted"
    CANCELLED = "cancelled"
    PRACTICE = "practice"


TRAINING_MOVES: dict[TrainingState, frozenset[TrainingState]] = {
    TrainingState.DRAFT: frozenset({TrainingState.PUBLISHED, TrainingState.UNLISTED, TrainingState.CANCELLED}),
    TrainingState.PUBLISHED: frozenset({TrainingState.UNLISTED, TrainingState.CANCELLED}),
    TrainingState.UNLISTED: frozenset({TrainingState.PUBLISHED, TrainingState.CANCELLED}),
    TrainingState.CANCELLED: frozenset({TrainingState.DRAFT, TrainingState.PUBLISHED, TrainingState.UNLISTED}),
    TrainingState.PRACTICE: frozenset(),
}
"""A published training never becomes a draft, a cancelled training returns to its earlier state."""


REAL, OF_REAL = ~Q(state=TrainingState.PRACTICE), ~Q(training__state=TrainingState.PRACTICE)
AT_REAL = ~Q(session__training__state=TrainingState.PRACTICE)
"""No practice: every list, count and export across trainings asks for this, or names the states that it is about."""


class PlaceShown(StrEnum):
    """AFTER_CONFIRMATION: until then the municipality alone."""

    PUBLIC = "public"
    AFTER_CONFIRMATION = "after_confirmation"


class Offer(StrEnum):
    SNACK = "snack"
    FARE = "fare"
    CHILDCARE = "childcare"
    INTERPRETER = "interpreter"


class SessionState(StrEnum):
    PLANNED = "planned"
    CANCELLED = "cancelled"


class Topic(Record):
    """A subject that people filter by, the slug is fixed."""

    slug = fields.CharField(max_length=120, unique=True)
    name = fields.CharField(max_length=160)
    position = fields.IntField(default=0)

    class Meta:
        table = "topic"
        ordering = ("position", "name")


class Project(Record):
    """A donor's project with its trainings. `targets`: number by indicator code."""

    name = fields.CharField(max_length=160)
    donor = fields.CharField(max_length=160)
    starts_on: date = fields.DateField()
    ends_on: date = fields.DateField()
    fiscal_year_month = fields.IntField(default=1)
    targets: dict[str, Any] = fields.JSONField(default=dict)

    class Meta:
        table = "project"


class Course(Record):
    """A catalogue entry. `contents`: a list of {"title", "minutes"}. `completion_share`: % of hours to complete it.

    `operator`: the only one to change it; none is the platform's. Everybody may use or copy it.
    """

    kind = fields.CharEnumField(CourseKind, max_length=16)
    topic: fields.ForeignKeyRelation[Topic] = reference("Topic", "courses")
    topic_id: UUID
    operator: fields.ForeignKeyNullableRelation[Operator] = reference("Operator", "courses", null=True)
    operator_id: UUID | None
    title = fields.CharField(max_length=180)
    summary = fields.TextField(default="")
    contents: list[dict[str, Any]] = fields.JSONField(default=list)
    minutes = fields.IntField()
    audience: list[str] = fields.JSONField(default=list)
    completion_share = fields.IntField(default=80)
    pass_mark: int | None = fields.IntField(null=True)
    is_active = fields.BooleanField(default=True)

    prerequisites: fields.ReverseRelation[CoursePrerequisite]

    class Meta:
        table = "course"
        ordering = ("title",)


class CoursePrerequisite(Record):
    """A course to complete before another."""

    course: fields.ForeignKeyRelation[Course] = reference("Course", "prerequisites")
    course_id: UUID
    required: fields.ForeignKeyRelation[Course] = reference("Course", "required_by")
    required_id: UUID

    class Meta:
        table = "course_prerequisite"
        unique_together = (("course", "required"),)


class Training(Record):
    """One run of a course at a hub. `taken` counts confirmed and offered, `reserved` nameless cards in circulation.

    CHECK(taken + reserved ≤ capacity) in the schema. `offer_hours`: time to accept an offered place from the waiting
    list, from when the person was reached; none: confirmed at once.

    `kind`, `minutes`, `contents`, `completion_share`, `pass_mark`, `course_audience` (used without an own `audience`)
    and `required_courses` (keys, to complete before) are the course's as of publication; a draft follows the course.
    `design` and `paper_language` of its papers: empty is the operator's choice.

    `state_before`: of a cancelled training, for reopening.

    The slug (title + 6 random characters) is fixed at creation. Languages: ISO 639-3. `neutral_title` replaces the
    title on tickets, in messages and in personal calendar entries.
    """

    slug = fields.CharField(max_length=120, unique=True)
    short_code = fields.CharField(max_length=8, unique=True)
    course: fields.ForeignKeyRelation[Course] = reference("Course", "trainings")
    course_id: UUID
    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "trainings")
    hub_id: UUID
    project: fields.ForeignKeyNullableRelation[Project] = reference("Project", "trainings", null=True)
    project_id: UUID | None
    venue: fields.ForeignKeyNullableRelation[Venue] = reference("Venue", "trainings", null=True)
    venue_id: UUID | None
    online_url: str | None = EncryptedTextField(null=True)
    kind = fields.CharEnumField(CourseKind, max_length=16, db_default=CourseKind.TALLER.value)
    minutes = fields.IntField(db_default=0)
    contents: list[dict[str, Any]] = fields.JSONField(default=list, db_default="[]")
    completion_share = fields.IntField(default=80, db_default=80)
    pass_mark: int | None = fields.IntField(null=True)
    course_audience: list[str] = fields.JSONField(default=list, db_default="[]")
    required_courses: list[str] = fields.JSONField(default=list, db_default="[]")
    design = fields.CharField(max_length=64, default="", db_default="")
    paper_language = fields.CharField(max_length=16, default="", db_default="")
    title = fields.CharField(max_length=180)
    neutral_title = fields.CharField(max_length=180, default="")
    summary = fields.TextField(default="")
    state = fields.CharEnumField(TrainingState, max_length=16, default=TrainingState.DRAFT, db_index=True)
    state_before: TrainingState | None = fields.CharEnumField(TrainingState, max_length=16, null=True)  # type: ignore[assignment]  # the field type cannot say null
    capacity = fields.IntField()
    taken = fields.IntField(default=0)
    reserved = fields.IntField(default=0, db_default=0)
    childcare_capacity = fields.IntField(default=0)
    childcare_taken = fields.IntField(default=0)
    next_wait_number = fields.BigIntField(default=1)
    has_waiting_list = fields.BooleanField(default=True)
    offer_hours: int | None = fields.IntField(null=True)
    opens_at: datetime | None = UTCDatetimeField(null=True)
    closes_at: datetime | None = UTCDatetimeField(null=True)
    place_shown = fields.CharEnumField(PlaceShown, max_length=24, default=PlaceShown.PUBLIC)
    approval_required = fields.BooleanField(default=False)
    walk_ins = fields.BooleanField(default=True)
    admits_minors = fields.BooleanField(default=False)
    minimum_age: int | None = fields.IntField(null=True)
    audience: list[str] = fields.JSONField(default=list)
    languages: list[str] = fields.JSONField(default=list)
    interpreter_languages: list[str] = fields.JSONField(default=list)
    offers: list[str] = fields.JSONField(default=list)
    bring = fields.CharField(max_length=240, default="")
    contact_phone = fields.CharField(max_length=20, default="")
    revision = fields.IntField(default=0)
    changed_at: datetime = UTCDatetimeField()
    published_at: datetime | None = UTCDatetimeField(null=True)
    cancelled_at: datetime | None = UTCDatetimeField(null=True)
    cancel_reason = fields.CharField(max_length=240, default="")

    sessions: fields.ReverseRelation[TrainingSession]

    @property
    def occupied(self) -> int:
        return self.taken + self.reserved

    @property
    def n_free(self) -> int:
        return max(self.capacity - self.occupied, 0)

    @property
    def n_childcare_free(self) -> int:
        return max(self.childcare_capacity - self.childcare_taken, 0)

    @property
    def title_told(self) -> str:
        """On tickets, in messages and in personal calendars."""
        return self.neutral_title or self.title

    @property
    def title_shown(self) -> str:
        """On tickets that others see, as pictures and on paper. Empty: the title would tell what a protected place is
        for.
        """
        is_protected = self.place_shown is PlaceShown.AFTER_CONFIRMATION
        return self.neutral_title if self.neutral_title or is_protected else self.title

    @property
    def phone(self) -> str:
        """The hub's where the training has none. Needs `hub`."""
        return self.contact_phone or self.hub.phone

    class Meta:
        table = "training"


class Dated(Record):
    """A calendar entry: a session, or an activity without sign-up.

    `sequence` rises with time, place and status only. `stamped_at` (whole seconds, strictly growing) is DTSTAMP and
    LAST-MODIFIED.
    """

    starts_at: datetime = UTCDatetimeField(db_index=True)
    ends_at: datetime = UTCDatetimeField()
    sequence = fields.IntField(default=0)
    stamped_at: datetime = UTCDatetimeField()
    cancelled_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        abstract = True


def is_on(state: SessionState, called_off_at: datetime | None) -> bool:
    """Neither the session nor its training is cancelled."""
    return state == SessionState.PLANNED and called_off_at is None


def sessions_on(prefix: str = "") -> Q:
    """`prefix` leads to the session, as `session__`."""
    asked: dict[str, Any] = {f"{prefix}state": SessionState.PLANNED, f"{prefix}called_off_at": None}
    return Q(**asked)


class TrainingSession(Dated):
    """One dated session of a training.

    `closed_at`: the facilitator ended it, so its minutes count. `ended_at`: true end if closed early. `called_off_at`:
    its training was cancelled before it was closed. `reopened_at`: last reopening; earlier closings by phones are put
    aside. `corrected_at`: last time another true time became known than papers may tell.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "sessions")
    training_id: UUID
    position = fields.IntField()
    venue: fields.ForeignKeyNullableRelation[Venue] = reference("Venue", "sessions", null=True)
    venue_id: UUID | None
    state = fields.CharEnumField(SessionState, max_length=16, default=SessionState.PLANNED)
    closed_at: datetime | None = UTCDatetimeField(null=True)
    closed_by_id: UUID | None = fields.UUIDField(null=True)
    ended_at: datetime | None = UTCDatetimeField(null=True)
    called_off_at: datetime | None = UTCDatetimeField(null=True)
    reopened_at: datetime | None = UTCDatetimeField(null=True)
    corrected_at: datetime | None = UTCDatetimeField(null=True)

    facilitators: fields.ReverseRelation[SessionFacilitator]

    class Meta:
        table = "training_session"
        ordering = ("starts_at", "id")

    @property
    def is_on(self) -> bool:
        return is_on(self.state, self.called_off_at)

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def held_until(self) -> datetime:
        """The planned end, or the true one if closed early."""
        return self.ended_at or self.ends_at

    @property
    def minutes_held(self) -> int:
        return int((self.held_until - self.starts_at).total_seconds() // 60)


class SessionFacilitator(Record):
    """A facilitator of a session."""

    session: fields.ForeignKeyRelation[TrainingSession] = reference("TrainingSession", "facilitators")
    session_id: UUID
    user: fields.ForeignKeyRelation[User] = reference("User", "facilitated")
    user_id: UUID

    class Meta:
        table = "session_facilitator"
        unique_together = (("session", "user"),)


class SessionFeed(Record):
    """A feed that ever published a session. It stays there, wherever it moves (`municipio:1705`)."""

    session: fields.ForeignKeyRelation[TrainingSession] = reference("TrainingSession", "feeds")
    session_id: UUID
    scope = fields.CharField(max_length=140, db_index=True)

    class Meta:
        table = "session_feed"
        unique_together = (("session", "scope"),)


class EntryText(Model):
    """The VEVENT of an entry, rewritten with its facts so that feeds only join texts."""

    format = fields.IntField()
    body = fields.TextField()

    class Meta:
        abstract = True


class SessionText(EntryText):
    """The VEVENT of a session."""

    session: fields.OneToOneRelation[TrainingSession] = fields.OneToOneField(
        "trainings.TrainingSession", related_name="text", primary_key=True, on_delete=fields.RESTRICT
    )
    session_id: UUID

    class Meta:
        table = "session_text"


class ChangeKind(StrEnum):
    MOVED = "moved"
    PLACE = "place"
    CANCELLED = "cancelled"
    REOPENED = "reopened"
    ADDED = "added"


class DatedChange(Record):
    """A change of a session or an activity (one is set) that people had to hear of. `batch_id`: told or kept back
    together.

    `left_*`: public facts right before; none for a new session. `left_online_url`: the link; none for a venue alone.
    `left_municipality`: of an activity. Its open-air place is free text that may name people: only whether it changed
    is kept.
    """

    session: fields.ForeignKeyNullableRelation[TrainingSession] = reference("TrainingSession", "changes", null=True)
    session_id: UUID | None
    activity: fields.ForeignKeyNullableRelation[Any] = reference("OutreachActivity", "changes", null=True)
    activity_id: UUID | None
    kind = fields.CharEnumField(ChangeKind, max_length=16)
    left_starts_at: datetime | None = UTCDatetimeField(null=True)
    left_ends_at: datetime | None = UTCDatetimeField(null=True)
    left_venue: fields.ForeignKeyNullableRelation[Venue] = reference("Venue", "left_last_by", null=True)
    left_venue_id: UUID | None
    left_municipality: fields.ForeignKeyNullableRelation[Municipality] = reference(
        "Municipality", "left_last_by", null=True
    )
    left_municipality_id: str | None
    left_online_url: str | None = EncryptedTextField(null=True)
    is_place_rewritten = fields.BooleanField(default=False, db_default=False)
    batch_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "dated_change"
        indexes = (("session_id",), ("activity_id",), ("created_at",), ("batch_id",))

    @property
    def thing_id(self) -> UUID:
        found = self.session_id or self.activity_id
        assert found is not None, "one of them changed"
        return found


class FactsSnapshot(Record):
    """Time, place, facilitators and state of a training's sessions until the next number (`snapshots.py`).

    Number 0: before the first public change.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "snapshots")
    training_id: UUID
    number = fields.IntField()
    facts: str | None = EncryptedTextField(null=True)

    class Meta:
        table = "facts_snapshot"
        unique_together = (("training", "number"),)


class FacilitatorTold(Record):
    """Number of a training's facts that a present or former facilitator was last told.

    No row: the first facts; nothing before publication.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "facilitators_told")
    training_id: UUID
    user: fields.ForeignKeyRelation[User] = reference("User", "told")
    user_id: UUID
    told_number = fields.IntField()

    class Meta:
        table = "facilitator_told"
        unique_together = (("training", "user"),)


class PrintKind(StrEnum):
    LETTER = "letter"
    SHEET = "sheet"
    TICKETS = "tickets"
    CARDS = "cards"
    POSTER = "poster"


class Printout(Record):
    """Dated paper in circulation: what of a training, when (`created_at`), by whom.

    `session`: none is all; `subject_id`: the letter or sheet.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "printouts")
    training_id: UUID
    session: fields.ForeignKeyNullableRelation[TrainingSession] = reference("TrainingSession", "printouts", null=True)
    session_id: UUID | None
    kind = fields.CharEnumField(PrintKind, max_length=16)
    subject_id: UUID | None = fields.UUIDField(null=True)
    printed_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "printout"
        indexes = (("training_id",),)


class Unavailability(Record):
    """Time when a person cannot hold sessions, without a reason."""

    user: fields.ForeignKeyRelation[User] = reference("User", "unavailable")
    user_id: UUID
    starts_at: datetime = UTCDatetimeField()
    ends_at: datetime = UTCDatetimeField()

    class Meta:
        table = "unavailability"
        indexes = (("user_id",),)
