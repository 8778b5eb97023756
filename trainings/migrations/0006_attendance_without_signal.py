"""Attendance without signal: prepared phones, numbered sheets, slips of walk-ins, the session's file."""

from __future__ import annotations

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.attendance.models import Decision, ScanFlag, ScanHow, ScanKind, SlipState
from trainings.clock import now
from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.db.steps import Checks, Known
from trainings.lib.tokens import uuid7
from trainings.notes.models import NoteState

CHECKS = {
    ("sheet_row", "ck_sheet_row"): "{0}number >= 1 AND ({0}registration_id IS NULL OR {0}card_id IS NULL)",
    ("walk_in_slip", "ck_walk_in_slip"): (
        "({0}state = 'registered') = ({0}registration_id IS NOT NULL) AND ({0}state = 'waiting') = ({0}body IS NOT NULL)"
    ),
    ("session_report", "ck_session_report"): (
        "({0}rations_planned IS NULL OR {0}rations_planned >= 0) AND ({0}rations_served IS NULL OR {0}rations_served >= 0) "
        "AND ({0}transport_each IS NULL OR {0}transport_each >= 0)"
    ),
}


class Migration(migrations.Migration):
    dependencies = [("trainings", "0005_calendar_year")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AttendanceSheet",
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
                        related_name="sheets",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(unique=True, max_length=8)),
                (
                    "columns",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("printed_by_id", fields.UUIDField(null=True)),
                ("kept_where", fields.CharField(default="", max_length=200)),
                ("kept_at", UTCDatetimeField(null=True)),
                ("kept_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "attendance_sheet",
                "app": "trainings",
                "indexes": [Index(fields=["session_id"])],
                "pk_attr": "id",
                "table_description": "A printed list to sign: printing it froze its rows under `code`, which stands on the paper.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="CertificateReview",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "certificate",
                    fields.ForeignKeyField(
                        "trainings.Certificate",
                        source_field="certificate_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="reviews",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("minutes", fields.IntField()),
                ("is_completed", fields.BooleanField()),
                ("decided_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "certificate_review",
                "app": "trainings",
                "indexes": [Index(fields=["certificate_id"])],
                "pk_attr": "id",
                "table_description": "A person's decision that a certificate stays as it was issued, though the attendance by now says otherwise.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Device",
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
                        related_name="devices",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=60)),
                ("token_hash", fields.CharField(null=True, unique=True, max_length=64)),
                ("enrol_hash", fields.CharField(null=True, unique=True, max_length=64)),
                ("enrol_until", UTCDatetimeField(null=True)),
                ("prepared_by_id", fields.UUIDField(null=True)),
                ("claimed_at", UTCDatetimeField(null=True)),
                ("ready_at", UTCDatetimeField(null=True)),
                ("last_seen_at", UTCDatetimeField(null=True)),
                ("last_seq", fields.IntField(default=0)),
                ("n_unsent", fields.IntField(default=0)),
                ("app_version", fields.CharField(default="", max_length=24)),
                ("revoked_at", UTCDatetimeField(null=True)),
                ("revoked_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "device",
                "app": "trainings",
                "indexes": [Index(fields=["hub_id"])],
                "pk_attr": "id",
                "table_description": "A phone or tablet that was prepared for scanning. It opens lists and sends marks for the sessions it is bound to.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="DeviceActivity",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "device",
                    fields.ForeignKeyField(
                        "trainings.Device",
                        source_field="device_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="activities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "activity",
                    fields.ForeignKeyField(
                        "trainings.OutreachActivity",
                        source_field="activity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="devices",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "device_activity",
                "app": "trainings",
                "unique_together": (("device", "activity"),),
                "pk_attr": "id",
                "table_description": "An outreach activity at which a phone counts heads.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="DeviceSession",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "device",
                    fields.ForeignKeyField(
                        "trainings.Device",
                        source_field="device_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "session",
                    fields.ForeignKeyField(
                        "trainings.TrainingSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="devices",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "device_session",
                "app": "trainings",
                "unique_together": (("device", "session"),),
                "indexes": [Index(fields=["session_id"])],
                "pk_attr": "id",
                "table_description": "A session whose list a phone has and whose marks it sends, also where the session moves.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="ReplacedTicket",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "registration",
                    fields.ForeignKeyField(
                        "trainings.Registration",
                        source_field="registration_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="replaced_tickets",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("qr_hash", fields.CharField(unique=True, max_length=64)),
            ],
            options={
                "table": "replaced_ticket",
                "app": "trainings",
                "indexes": [Index(fields=["registration_id"])],
                "pk_attr": "id",
                "table_description": "The QR of a ticket that was printed anew: whoever still comes with it came, and staff look at it.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SessionReport",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "session",
                    fields.OneToOneField(
                        "trainings.TrainingSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="report",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("agenda", fields.TextField(default="", unique=False)),
                ("summary", fields.TextField(default="", unique=False)),
                ("rations_planned", fields.IntField(null=True)),
                ("rations_served", fields.IntField(null=True)),
                ("transport_each", fields.DecimalField(null=True, max_digits=8, decimal_places=2)),
                ("written_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "session_report",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "What the session's file says beside the list: the agenda, the account of it, rations, transport per person.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SheetRow",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "sheet",
                    fields.ForeignKeyField(
                        "trainings.AttendanceSheet",
                        source_field="sheet_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rows",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.IntField()),
                (
                    "registration",
                    fields.ForeignKeyField(
                        "trainings.Registration",
                        source_field="registration_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="sheet_rows",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "card",
                    fields.ForeignKeyField(
                        "trainings.Card",
                        source_field="card_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="sheet_rows",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "sheet_row",
                "app": "trainings",
                "unique_together": (("sheet", "number"),),
                "indexes": [Index(fields=["registration_id"]), Index(fields=["card_id"])],
                "pk_attr": "id",
                "table_description": "One numbered row of a sheet: somebody's who was expected, or a blank one that a spare card stands for.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="WalkInSlip",
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
                        related_name="slips",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "device",
                    fields.ForeignKeyField(
                        "trainings.Device",
                        source_field="device_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="slips",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code_hash", fields.CharField(max_length=24)),
                ("body", EncryptedTextField(null=True, unique=False)),
                ("body_hash", fields.CharField(max_length=64)),
                ("written_at", UTCDatetimeField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=SlipState.WAITING,
                        description="WAITING: waiting\nREGISTERED: registered\nDISMISSED: dismissed",
                        enum_type=SlipState,
                        max_length=16,
                    ),
                ),
                ("problem", fields.CharField(default="", max_length=240)),
                (
                    "registration",
                    fields.ForeignKeyField(
                        "trainings.Registration",
                        source_field="registration_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="slips",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("decided_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "walk_in_slip",
                "app": "trainings",
                "indexes": [Index(fields=["session_id"]), Index(fields=["code_hash"])],
                "pk_attr": "id",
                "table_description": "What somebody at the door filled in on a phone, under the id that the phone made, for the card `code_hash`.",
            },
            bases=["Record"],
        ),
        ops.AlterModelOptions(
            name="ActivityText",
            options={
                "table": "activity_text",
                "app": "trainings",
                "pk_attr": "activity_id",
                "table_description": "The activity's VEVENT as text, written whenever what it shows changes.",
            },
        ),
        ops.AddField(
            model_name="Operator",
            name="sheet_columns",
            field=fields.CharField(default="", db_default="", max_length=80),
        ),
        Known(
            model_name="ScanEvent",
            name="flag",
            field=fields.CharEnumField(
                default=ScanFlag.NONE,
                description="NONE: \nUNKNOWN_CODE: unknown_code\nOTHER_TRAINING: other_training\nWAITLISTED: waitlisted\nHELD: held\nCANCELLED: cancelled\nCLOCK: clock\nCHANGED_BODY: changed_body\nAFTER_CLOSE: after_close\nREPLACED: replaced\nUNNAMED: unnamed\nUNKNOWN_ROW: unknown_row\nREVOKED: revoked\nOTHER_SESSION: other_session\nSESSION_OFF: session_off",
                enum_type=ScanFlag,
                max_length=16,
            ),
        ),
        Known(
            model_name="ScanEvent",
            name="how",
            field=fields.CharEnumField(
                description="CAMERA: camera\nTYPED: typed\nLIST: list\nWALK_IN: walk_in\nROW: row\nSHEET: sheet\nBUTTON: button",
                enum_type=ScanHow,
                max_length=8,
            ),
        ),
        Known(
            model_name="ScanEvent",
            name="kind",
            field=fields.CharEnumField(
                description="IN: in\nOUT: out\nUNDO: undo\nWALK_IN: walkin\nLEFT: left\nHEADS: heads\nCONSENT: consent\nCLOSE: close",
                enum_type=ScanKind,
                max_length=8,
            ),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="app_version",
            field=fields.CharField(default="", db_default="", max_length=24),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="code_hash",
            field=fields.CharField(default="", db_default="", max_length=24),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="decided_by_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="decision",
            field=fields.CharEnumField(
                default=Decision.NONE,
                description="NONE: \nCOUNTED: counted\nDISMISSED: dismissed",
                db_default="",
                enum_type=Decision,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="number",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="page",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="perf",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="phone",
            field=fields.ForeignKeyField(
                "trainings.Device",
                source_field="phone_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="scans",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="roster_version",
            field=fields.CharField(default="", db_default="", max_length=24),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="row",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="sheet",
            field=fields.ForeignKeyField(
                "trainings.AttendanceSheet",
                source_field="sheet_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="scans",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="ScanEvent",
            name="stated_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddIndex(
            model_name="ScanEvent",
            index=Index(fields=["phone_id", "seq"]),
        ),
        ops.AddIndex(
            model_name="ScanEvent",
            index=Index(fields=["session_id", "code_hash"]),
        ),
        Known(
            model_name="InformationNote",
            name="state",
            field=fields.CharEnumField(
                default=NoteState.DRAFT,
                description="DRAFT: draft\nPUBLISHED: published\nWITHDRAWN: withdrawn\nDELETED: deleted",
                enum_type=NoteState,
                max_length=16,
            ),
        ),
        Checks(CHECKS),
    ]
