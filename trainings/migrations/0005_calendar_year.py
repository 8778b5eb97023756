"""A year of activities: outreach, notes, call lists, own words for messages, feasts, and what became of sessions."""

from __future__ import annotations

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.db.steps import Checks, Known
from trainings.lib.tokens import uuid7
from trainings.notes.models import NoteKind, NoteState
from trainings.outbox.models import CallReason, CallResult, CallVia
from trainings.outreach.models import ActivityKind, ActivityState
from trainings.registrations.models import CardState
from trainings.schedule.models import ChangeKind, PrintKind

CHECKS = {
    ("outreach_activity", "ck_activity_order"): "{0}ends_at > {0}starts_at",
    ("outreach_activity", "ck_activity_cancelled"): "{0}state <> 'cancelled' OR {0}sequence >= 1",
    ("unavailability", "ck_unavailability_order"): "{0}ends_at > {0}starts_at",
    ("feast_day", "ck_feast_day"): (
        "{0}month BETWEEN 1 AND 12 AND {0}day BETWEEN 1 AND 31 AND {0}n_days BETWEEN 1 AND 31"
    ),
    ("orientation_tally", "ck_tally"): "{0}number >= 0",
    ("information_note", "ck_note_source"): (
        "{0}state <> 'published' OR ({0}source_name <> '' AND {0}reviewed_on IS NOT NULL AND {0}expires_on IS NOT NULL)"
    ),
}


class Migration(migrations.Migration):
    dependencies = [("trainings", "0004_own_groups_and_heirs")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CalendarLink",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="calendar_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("revoked_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "calendar_link",
                "app": "trainings",
                "indexes": [Index(fields=["user_id"])],
                "pk_attr": "id",
                "table_description": "The secret address of a facilitator's calendar. Only the SHA-256 is kept: a new one is shown once.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="CallList",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "training",
                    fields.ForeignKeyField(
                        "trainings.Training",
                        source_field="training_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="call_lists",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("session_id", fields.UUIDField(null=True)),
                ("hub_id", fields.UUIDField(db_index=True)),
                (
                    "reason",
                    fields.CharEnumField(
                        description="CHANGED: changed\nCANCELLED: cancelled\nREMINDER: reminder\nOFFERED: offered",
                        enum_type=CallReason,
                        max_length=16,
                    ),
                ),
                ("cause_id", fields.UUIDField()),
                ("batch_id", fields.UUIDField(null=True)),
                ("due_at", UTCDatetimeField()),
                ("closed_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "call_list",
                "app": "trainings",
                "unique_together": (("reason", "cause_id"),),
                "indexes": [Index(fields=["training_id"])],
                "pk_attr": "id",
                "table_description": "People to be told by voice of one thing. Who is on it is worked out: those whom no message reached.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Call",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "call_list",
                    fields.ForeignKeyField(
                        "trainings.CallList",
                        source_field="call_list_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="calls",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "registration",
                    fields.ForeignKeyField(
                        "trainings.Registration",
                        source_field="registration_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="calls",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "result",
                    fields.CharEnumField(
                        description="REACHED: reached\nNOT_REACHED: not_reached", enum_type=CallResult, max_length=16
                    ),
                ),
                (
                    "via",
                    fields.CharEnumField(
                        description="CALL: call\nWHATSAPP: whatsapp\nSMS: sms\nIN_PERSON: in_person\nFAMILY: family\nLEADER: leader\nSCHOOL: school\nRADIO: radio",
                        enum_type=CallVia,
                        max_length=16,
                    ),
                ),
                ("called_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "call",
                "app": "trainings",
                "indexes": [Index(fields=["call_list_id"]), Index(fields=["registration_id"])],
                "pk_attr": "id",
                "table_description": "What came of telling one person: the last mark counts, all are kept.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="FeastDay",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="municipality_id",
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="feast_days",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("month", fields.IntField()),
                ("day", fields.IntField()),
                ("n_days", fields.IntField(default=1)),
                ("name", fields.CharField(max_length=120)),
            ],
            options={
                "table": "feast_day",
                "app": "trainings",
                "unique_together": (("municipality", "month", "day"),),
                "pk_attr": "id",
                "table_description": "A municipality's own feast, every year: from this day on, so many days. Entered by the operator.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="HelpContact",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("name", fields.CharField(max_length=160)),
                ("about", fields.CharField(default="", max_length=240)),
                ("phone", fields.CharField(max_length=20)),
                ("hours", fields.CharField(default="", max_length=120)),
                ("country", fields.CharField(default="GT", max_length=2)),
                (
                    "situations",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("is_emergency", fields.BooleanField(default=False)),
                ("source_name", fields.CharField(max_length=200)),
                ("source_url", fields.CharField(default="", max_length=500)),
                ("reviewed_on", fields.DateField()),
                ("position", fields.IntField(default=0)),
                ("is_active", fields.BooleanField(default=True)),
            ],
            options={
                "table": "help_contact",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "Whom to call in a situation: an institution with its number, where it was checked and when.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="InformationNote",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("slug", fields.CharField(unique=True, max_length=120)),
                (
                    "hub",
                    fields.ForeignKeyField(
                        "trainings.Hub",
                        source_field="hub_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="notes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="INFORMATION: information\nTREND: trend", enum_type=NoteKind, max_length=16
                    ),
                ),
                ("title", fields.CharField(max_length=180)),
                ("body", fields.TextField(unique=False)),
                ("lang", fields.CharField(default="es-GT", max_length=8)),
                (
                    "situations",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("source_name", fields.CharField(default="", max_length=200)),
                ("source_url", fields.CharField(default="", max_length=500)),
                (
                    "author",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="author_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="notes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("reviewed_on", fields.DateField(null=True)),
                ("expires_on", fields.DateField(null=True)),
                ("audio", fields.CharField(default="", max_length=120)),
                ("audio_language", fields.CharField(default="", max_length=3)),
                (
                    "state",
                    fields.CharEnumField(
                        default=NoteState.DRAFT,
                        description="DRAFT: draft\nPUBLISHED: published\nWITHDRAWN: withdrawn",
                        enum_type=NoteState,
                        max_length=16,
                    ),
                ),
                ("published_at", UTCDatetimeField(null=True)),
                ("changed_at", UTCDatetimeField()),
            ],
            options={
                "table": "information_note",
                "app": "trainings",
                "indexes": [Index(fields=["state", "expires_on"])],
                "pk_attr": "id",
                "table_description": "Verified information in a safe subset of Markdown. Nothing is published without source and a day of review.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "operator",
                    fields.ForeignKeyField(
                        "trainings.Operator",
                        source_field="operator_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="message_templates",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharField(max_length=48)),
                ("lang", fields.CharField(max_length=8)),
                ("subject", fields.CharField(default="", max_length=120)),
                ("body", fields.TextField(unique=False)),
                ("changed_at", UTCDatetimeField()),
                ("changed_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "message_template",
                "app": "trainings",
                "unique_together": (("operator", "kind", "lang"),),
                "pk_attr": "id",
                "table_description": "An operator's own words for a kind of message in a language, without it the program's are used.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="OrientationTally",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "hub",
                    fields.ForeignKeyField(
                        "trainings.Hub",
                        source_field="hub_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tallies",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("day", fields.DateField()),
                ("subject", fields.CharField(max_length=24)),
                ("number", fields.IntField(default=0)),
            ],
            options={
                "table": "orientation_tally",
                "app": "trainings",
                "unique_together": (("hub", "day", "subject"),),
                "pk_attr": "id",
                "table_description": "How often somebody was given orientation at a hub's desk, by day and subject: a number, nothing about whom.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="OutreachActivity",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("slug", fields.CharField(unique=True, max_length=120)),
                (
                    "hub",
                    fields.ForeignKeyField(
                        "trainings.Hub",
                        source_field="hub_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="activities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="FAIR: fair\nCOMMUNITY: community\nRECREATION: recreation\nDIALOGUE: dialogue",
                        enum_type=ActivityKind,
                        max_length=16,
                    ),
                ),
                ("title", fields.CharField(max_length=180)),
                ("summary", fields.TextField(default="", unique=False)),
                (
                    "municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="municipality_id",
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="activities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "venue",
                    fields.ForeignKeyField(
                        "trainings.Venue",
                        source_field="venue_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="activities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("place", fields.CharField(default="", max_length=200)),
                ("starts_at", UTCDatetimeField(db_index=True)),
                ("ends_at", UTCDatetimeField()),
                (
                    "responsible",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="responsible_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="activities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("materials", fields.TextField(default="", unique=False)),
                ("rain_plan", fields.CharField(default="", max_length=240)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ActivityState.DRAFT,
                        description="DRAFT: draft\nPUBLISHED: published\nCANCELLED: cancelled",
                        enum_type=ActivityState,
                        max_length=16,
                    ),
                ),
                ("sequence", fields.IntField(default=0)),
                ("stamped_at", UTCDatetimeField()),
                ("revision", fields.IntField(default=0)),
                ("published_at", UTCDatetimeField(null=True)),
                ("cancelled_at", UTCDatetimeField(null=True)),
                ("cancel_reason", fields.CharField(default="", max_length=240)),
            ],
            options={
                "table": "outreach_activity",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A fair, community or recreational activity, or an open dialogue. Nobody signs up.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="ActivityFeed",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "activity",
                    fields.ForeignKeyField(
                        "trainings.OutreachActivity",
                        source_field="activity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="feeds",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("scope", fields.CharField(db_index=True, max_length=140)),
            ],
            options={
                "table": "activity_feed",
                "app": "trainings",
                "unique_together": (("activity", "scope"),),
                "pk_attr": "id",
                "table_description": "A feed in which an activity was ever published: there it stays (`municipio:1705`).",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="ActivityText",
            fields=[
                (
                    "activity",
                    fields.OneToOneField(
                        "trainings.OutreachActivity",
                        source_field="activity_id",
                        primary_key=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="text",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("format", fields.IntField()),
                ("body", fields.TextField(unique=False)),
            ],
            options={
                "table": "activity_text",
                "app": "trainings",
                "pk_attr": "activity_id",
                "table_description": "The activity's VEVENT as text, written whenever what it shows changes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HeadCount",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "activity",
                    fields.ForeignKeyField(
                        "trainings.OutreachActivity",
                        source_field="activity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="counts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("sex", fields.CharField(max_length=8)),
                ("age_band", fields.CharField(max_length=8)),
                ("number", fields.IntField()),
                ("counted_at", UTCDatetimeField()),
                ("counted_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "head_count",
                "app": "trainings",
                "indexes": [Index(fields=["activity_id"])],
                "pk_attr": "id",
                "table_description": "Heads counted at an activity with one touch: `number` is negative where one is taken back.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Printout",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "training",
                    fields.ForeignKeyField(
                        "trainings.Training",
                        source_field="training_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="printouts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "session",
                    fields.ForeignKeyField(
                        "trainings.TrainingSession",
                        source_field="session_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="printouts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="LETTER: letter\nSHEET: sheet\nTICKETS: tickets\nCARDS: cards\nPOSTER: poster",
                        enum_type=PrintKind,
                        max_length=16,
                    ),
                ),
                ("subject_id", fields.UUIDField(null=True)),
                ("printed_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "printout",
                "app": "trainings",
                "indexes": [Index(fields=["training_id"])],
                "pk_attr": "id",
                "table_description": "Paper that is out there with a date on it: what of a training, when (`created_at`), by whom.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SessionChange",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "trainings.TrainingSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="changes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="MOVED: moved\nPLACE: place\nCANCELLED: cancelled\nREOPENED: reopened\nADDED: added",
                        enum_type=ChangeKind,
                        max_length=16,
                    ),
                ),
                ("old_starts_at", UTCDatetimeField(null=True)),
                ("old_ends_at", UTCDatetimeField(null=True)),
                (
                    "old_venue",
                    fields.ForeignKeyField(
                        "trainings.Venue",
                        source_field="old_venue_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="left_by",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("changed_by_id", fields.UUIDField(null=True)),
                ("batch_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "session_change",
                "app": "trainings",
                "indexes": [Index(fields=["session_id"])],
                "pk_attr": "id",
                "table_description": "A change that people had to hear of: what the session was before. `batch_id`: the messages about it.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Unavailability",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="unavailable",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("starts_at", UTCDatetimeField()),
                ("ends_at", UTCDatetimeField()),
            ],
            options={
                "table": "unavailability",
                "app": "trainings",
                "indexes": [Index(fields=["user_id"])],
                "pk_attr": "id",
                "table_description": "When somebody cannot hold a session, no reason is kept.",
            },
            bases=["Record"],
        ),
        ops.AddField(
            model_name="Guardian",
            name="email_refused_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Operator",
            name="reminder_days",
            field=fields.CharField(default="3,1", db_default="3,1", max_length=20),
        ),
        ops.AddField(
            model_name="Participant",
            name="email_refused_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="User",
            name="wants_digest",
            field=fields.BooleanField(default=True, db_default=True),
        ),
        Known(
            model_name="Card",
            name="state",
            field=fields.CharEnumField(
                default=CardState.OPEN,
                description="OPEN: open\nHELD: held\nUSED: used\nRELEASED: released\nVOID: void",
                enum_type=CardState,
                max_length=16,
            ),
        ),
        Checks(CHECKS),
    ]
