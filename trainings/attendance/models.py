from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import EncryptedTextField, UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.outreach.models import OutreachActivity
    from trainings.places.models import Hub
    from trainings.registrations.models import Card, Registration
    from trainings.schedule.models import TrainingSession


class ScanKind(StrEnum):
    """`left`: "se fue antes", at a stated time; `heads`: companions without a card; `consent`: the notice was read
    aloud; `close`: the facilitator ended the session.
    """

    IN = "in"
    OUT = "out"
    UNDO = "undo"
    WALK_IN = "walkin"
    LEFT = "left"
    HEADS = "heads"
    CONSENT = "consent"
    CLOSE = "close"


class ScanHow(StrEnum):
    """`row`: one row number of the printed sheet; `sheet`: many at once, typed in from it; `button`: no card."""

    CAMERA = "camera"
    TYPED = "typed"
    LIST = "list"
    WALK_IN = "walk_in"
    ROW = "row"
    SHEET = "sheet"
    BUTTON = "button"


class ScanFlag(StrEnum):
    """Why a stored scan is to be reviewed, the empty text means nothing is odd."""

    NONE = ""
    UNKNOWN_CODE = "unknown_code"
    OTHER_TRAINING = "other_training"
    WAITLISTED = "waitlisted"
    HELD = "held"
    CANCELLED = "cancelled"
    CLOCK = "clock"
    CHANGED_BODY = "changed_body"
    AFTER_CLOSE = "after_close"
    REPLACED = "replaced"
    UNNAMED = "unnamed"
    UNKNOWN_ROW = "unknown_row"
    REVOKED = "revoked"
    OTHER_SESSION = "other_session"
    SESSION_OFF = "session_off"
    BEFORE_ARRIVAL = "before_arrival"


class Decision(StrEnum):
    """Until a decision about a flagged event, its flag decides."""

    NONE = ""
    COUNTED = "counted"
    DISMISSED = "dismissed"


class DatedBy(StrEnum):
    CLOCK = "clock"
    PAGE = "page"
    SESSION = "session"


class Device(Record):
    """A phone or tablet prepared for scanning. It opens lists and sends marks of its sessions.

    `enrol_hash`: of the one-time code; once used, of code and key of its phone. `token_hash`: of the cookie.
    `enrol_until` stays with a phone let in by a code: it is in other hands than its preparer's. `last_seq` and
    `n_unsent`: as it last said; `first_seq`: its first number. `whole_to`: of the numbers up to here none is looked for
    again; it follows what came in steps.
    """

    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "devices")
    hub_id: UUID
    name = fields.CharField(max_length=60)
    token_hash = fields.CharField(max_length=64, null=True, unique=True)
    enrol_hash = fields.CharField(max_length=64, null=True, unique=True)
    enrol_until: datetime | None = UTCDatetimeField(null=True)
    prepared_by_id: UUID | None = fields.UUIDField(null=True)
    claimed_at: datetime | None = UTCDatetimeField(null=True)
    ready_at: datetime | None = UTCDatetimeField(null=True)
    last_seen_at: datetime | None = UTCDatetimeField(null=True)
    first_seq: int | None = fields.IntField(null=True)
    last_seq = fields.IntField(default=0)
    whole_to = fields.IntField(default=0, db_default=0)
    n_unsent = fields.IntField(default=0)
    app_version = fields.CharField(max_length=24, default="")
    revoked_at: datetime | None = UTCDatetimeField(null=True)
    revoked_by_id: UUID | None = fields.UUIDField(null=True)

    sessions: fields.ReverseRelation[DeviceSession]

    class Meta:
        table = "device"
        indexes = (("hub_id",),)


class DeviceSession(Record):
    """A session whose list a phone has and whose marks it sends, also once it moved."""

    device: fields.ForeignKeyRelation[Device] = reference("Device", "sessions")
    device_id: UUID
    session: fields.ForeignKeyRelation[TrainingSession] = reference("TrainingSession", "devices")
    session_id: UUID

    class Meta:
        table = "device_session"
        unique_together = (("device", "session"),)
        indexes = (("session_id",),)


class DeviceActivity(Record):
    """An outreach activity at which a phone counts heads."""

    device: fields.ForeignKeyRelation[Device] = reference("Device", "activities")
    device_id: UUID
    activity: fields.ForeignKeyRelation[OutreachActivity] = reference("OutreachActivity", "devices")
    activity_id: UUID

    class Meta:
        table = "device_activity"
        unique_together = (("device", "activity"),)


class AttendanceSheet(Record):
    """A printed list to sign, its rows frozen under the printed `code`.

    `kept_where`: where the signed paper is. `columns` are printed empty, for handwriting.
    """

    session: fields.ForeignKeyRelation[TrainingSession] = reference("TrainingSession", "sheets")
    session_id: UUID
    code = fields.CharField(max_length=8, unique=True)
    columns: list[str] = fields.JSONField(default=list)
    printed_by_id: UUID | None = fields.UUIDField(null=True)
    kept_where = fields.CharField(max_length=200, default="")
    kept_at: datetime | None = UTCDatetimeField(null=True)
    kept_by_id: UUID | None = fields.UUIDField(null=True)

    rows: fields.ReverseRelation[SheetRow]

    class Meta:
        table = "attendance_sheet"
        indexes = (("session_id",),)


class SheetRow(Record):
    """One numbered row of a sheet: an expected person, or a blank one with a spare card."""

    sheet: fields.ForeignKeyRelation[AttendanceSheet] = reference("AttendanceSheet", "rows")
    sheet_id: UUID
    number = fields.IntField()
    registration: fields.ForeignKeyNullableRelation[Registration] = reference("Registration", "sheet_rows", null=True)
    registration_id: UUID | None
    card: fields.ForeignKeyNullableRelation[Card] = reference("Card", "sheet_rows", null=True)
    card_id: UUID | None

    class Meta:
        table = "sheet_row"
        unique_together = (("sheet", "number"),)
        indexes = (("registration_id",), ("card_id",))


class SlipState(StrEnum):
    """`waiting`: `problem` says why."""

    WAITING = "waiting"
    REGISTERED = "registered"
    DISMISSED = "dismissed"


class WalkInSlip(Record):
    """A slip filled in on a phone at the door, under the phone's id, for the card `code_hash`.

    `body` stays sealed to our public key, and is emptied once registered or put aside. `seq`: its number among the
    phone's marks.
    """

    session: fields.ForeignKeyRelation[TrainingSession] = reference("TrainingSession", "slips")
    session_id: UUID
    device: fields.ForeignKeyNullableRelation[Device] = reference("Device", "slips", null=True)
    device_id: UUID | None
    code_hash = fields.CharField(max_length=24)
    body: str | None = EncryptedTextField(null=True)
    body_hash = fields.CharField(max_length=64)
    written_at: datetime = UTCDatetimeField()
    seq: int | None = fields.IntField(null=True)
    state = fields.CharEnumField(SlipState, max_length=16, default=SlipState.WAITING)
    problem = fields.CharField(max_length=240, default="")
    registration: fields.ForeignKeyNullableRelation[Registration] = reference("Registration", "slips", null=True)
    registration_id: UUID | None
    decided_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "walk_in_slip"
        indexes = (("session_id",), ("code_hash",))


class SessionReport(Record):
    """The session's file beside the list: agenda, account, rations, transport per person."""

    session: fields.OneToOneRelation[TrainingSession] = fields.OneToOneField(
        "trainings.TrainingSession", related_name="report", on_delete=fields.RESTRICT
    )
    session_id: UUID
    agenda = fields.TextField(default="")
    summary = fields.TextField(default="")
    rations_planned: int | None = fields.IntField(null=True)
    rations_served: int | None = fields.IntField(null=True)
    transport_each: Decimal | None = fields.DecimalField(max_digits=8, decimal_places=2, null=True)
    written_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "session_report"


class ScanEvent(Record):
    """One scan, typed code, tap or undo, under the client's id. Never changed, never refused.

    `at`: by our clock; `dated_by`: what tells it. `unknown_code`: sealed, for later matching; `code_hash`: the first 24
    characters of the card's digest. `conflict_of_id`: the first event under this id, which had another `body_hash`.
    `perf`: milliseconds since `page` was opened. `stated_at`: when the person left, or the session ended; `number`:
    heads. Only the decision, the person, and what is known of its time may change.
    """

    session: fields.ForeignKeyRelation[TrainingSession] = reference("TrainingSession", "scans")
    session_id: UUID
    registration: fields.ForeignKeyNullableRelation[Registration] = reference("Registration", "scans", null=True)
    registration_id: UUID | None
    kind = fields.CharEnumField(ScanKind, max_length=8)
    target_id: UUID | None = fields.UUIDField(null=True)
    conflict_of_id: UUID | None = fields.UUIDField(null=True)
    how = fields.CharEnumField(ScanHow, max_length=8)
    at: datetime = UTCDatetimeField()
    dated_by = fields.CharEnumField(DatedBy, max_length=8, default=DatedBy.CLOCK, db_default="clock")
    device_at: datetime = UTCDatetimeField()
    seq: int | None = fields.IntField(null=True)
    user_id: UUID | None = fields.UUIDField(null=True)
    unknown_code: str | None = EncryptedTextField(null=True)
    body_hash = fields.CharField(max_length=64)
    flag = fields.CharEnumField(ScanFlag, max_length=16, default=ScanFlag.NONE)
    reviewed_at: datetime | None = UTCDatetimeField(null=True)
    phone: fields.ForeignKeyNullableRelation[Device] = reference("Device", "scans", null=True)
    phone_id: UUID | None
    code_hash = fields.CharField(max_length=24, default="", db_default="")
    sheet: fields.ForeignKeyNullableRelation[AttendanceSheet] = reference("AttendanceSheet", "scans", null=True)
    sheet_id: UUID | None
    row: int | None = fields.IntField(null=True)
    number: int | None = fields.IntField(null=True)
    stated_at: datetime | None = UTCDatetimeField(null=True)
    perf: int | None = fields.BigIntField(null=True)
    page = fields.CharField(max_length=16, default="", db_default="")
    app_version = fields.CharField(max_length=24, default="", db_default="")
    roster_version = fields.CharField(max_length=24, default="", db_default="")
    decision = fields.CharEnumField(Decision, max_length=16, default=Decision.NONE, db_default="")
    decided_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "scan_event"
        indexes = (("session_id", "registration_id"), ("target_id",), ("phone_id", "seq"), ("session_id", "code_hash"))


class Attendance(Record):
    """Whether and how long a person was at a session: recomputed from scans, never edited.

    Times are UTC. `minutes`: whole minutes, counted once the session is closed or over.
    """

    session: fields.ForeignKeyRelation[TrainingSession] = reference("TrainingSession", "attendances")
    session_id: UUID
    registration: fields.ForeignKeyRelation[Registration] = reference("Registration", "attendances")
    registration_id: UUID
    is_present = fields.BooleanField()
    arrived_at: datetime | None = UTCDatetimeField(null=True)
    left_at: datetime | None = UTCDatetimeField(null=True)
    minutes = fields.IntField(default=0)
    to_review = fields.BooleanField(default=False)

    class Meta:
        table = "attendance"
        unique_together = (("session", "registration"),)
