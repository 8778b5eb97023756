"""Certificates that a stranger can trust: hand-over, keys, jobs, pictures of the letterhead, transcripts."""

from __future__ import annotations

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.certificates.models import ConfirmedHow, HandedOver, ImageRole, JobPurpose, JobState, SkipReason
from trainings.clock import now
from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.db.steps import Checks, Known
from trainings.lib.tokens import uuid7
from trainings.outbox.models import CallReason

CHECKS = {
    ("certificate", "ck_certificate_handed_over"): (
        "({0}handed_over_at IS NULL) = ({0}handed_over_how IS NULL) AND {0}revision >= 1"
    ),
    ("certificate", "ck_certificate_validated"): "{0}state <> 'prepared' OR {0}validated_at IS NULL",
    ("signatory", "ck_signatory_validity"): (
        "{0}valid_from IS NULL OR {0}valid_until IS NULL OR {0}valid_from <= {0}valid_until"
    ),
    ("issue_job", "ck_issue_job"): "{0}n_seen >= 0 AND {0}n_seen <= {0}n_total",
    ("revocation_request", "ck_revocation_request"): "({0}decided_at IS NULL) = ({0}is_approved IS NULL)",
}
VALID_SINCE_ISSUE = "UPDATE certificate SET validated_at = issued_at WHERE state = 'valid'"
WITHOUT = "UPDATE certificate SET validated_at = NULL"


class Migration(migrations.Migration):
    dependencies = [("trainings", "0006_attendance_without_signal")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BrandImage",
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
                        related_name="brand_images",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "role",
                    fields.CharEnumField(
                        description="SHIELD: shield\nPARTNER: partner", enum_type=ImageRole, max_length=16
                    ),
                ),
                ("name", fields.CharField(max_length=120)),
                ("media_type", fields.CharField(max_length=32)),
                ("content", fields.BinaryField()),
                ("sha256", fields.CharField(db_index=True, max_length=64)),
                ("width", fields.IntField()),
                ("height", fields.IntField()),
                ("position", fields.IntField(default=1)),
                ("removed_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "brand_image",
                "app": "trainings",
                "indexes": [Index(fields=["operator_id"])],
                "pk_attr": "id",
                "table_description": "A picture of an operator's letterhead, as it was cleaned when it came. `name` is its alternative text.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="IssueJob",
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
                        related_name="issue_jobs",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("hub_id", fields.UUIDField(db_index=True)),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="ISSUE: issue\nPREPARE: prepare\nNOTES: notes",
                        enum_type=JobPurpose,
                        max_length=16,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="RUNNING: running\nPAUSED: paused\nDONE: done\nSTOPPED: stopped",
                        enum_type=JobState,
                        max_length=16,
                    ),
                ),
                ("n_total", fields.IntField(default=0)),
                ("n_seen", fields.IntField(default=0)),
                ("asked_by_id", fields.UUIDField(null=True)),
                ("finished_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "issue_job",
                "app": "trainings",
                "indexes": [Index(fields=["training_id"])],
                "pk_attr": "id",
                "table_description": 'One press of "issue all": done in small steps by the worker, so that it can be paused, and goes on after a crash.',
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="IssueSkip",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "job",
                    fields.ForeignKeyField(
                        "trainings.IssueJob",
                        source_field="job_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="skips",
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
                        related_name="issue_skips",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "reason",
                    fields.CharEnumField(
                        description="HOURS: hours\nLETTERS: letters\nHAS_ONE: has_one\nANNULLED: annulled\nFAILED: failed",
                        enum_type=SkipReason,
                        max_length=16,
                    ),
                ),
                ("detail", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "issue_skip",
                "app": "trainings",
                "unique_together": (("job", "registration"),),
                "indexes": [Index(fields=["registration_id"])],
                "pk_attr": "id",
                "table_description": "Somebody whom a job left out. `detail`: the letters that cannot be printed, the folio they have,",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="IssuerKey",
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
                        related_name="issuer_keys",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("public_key", fields.CharField(unique=True, max_length=80)),
                ("seed", EncryptedTextField(null=True, unique=False)),
                ("retired_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "issuer_key",
                "app": "trainings",
                "indexes": [Index(fields=["operator_id"])],
                "pk_attr": "id",
                "table_description": "The Ed25519 key an operator signs its Open Badges and status lists with. A retired one still verifies.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="NameConfirmation",
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
                        related_name="name_confirmations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name_key", fields.CharField(max_length=64)),
                (
                    "how",
                    fields.CharEnumField(
                        description="OWN_LINK: own_link\nDESK: desk\nPROOF_LIST: proof_list",
                        enum_type=ConfirmedHow,
                        max_length=16,
                    ),
                ),
                ("confirmed_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "name_confirmation",
                "app": "trainings",
                "indexes": [Index(fields=["registration_id"])],
                "pk_attr": "id",
                "table_description": "Somebody said that the name to be printed is right. `name_key` is a keyed hash of it: another name, no longer.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="RevocationRequest",
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
                        related_name="revocation_requests",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("hub_id", fields.UUIDField(db_index=True)),
                (
                    "certificate_ids",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("reason", fields.CharField(max_length=240)),
                ("asked_by_id", fields.UUIDField()),
                ("decided_at", UTCDatetimeField(null=True)),
                ("decided_by_id", fields.UUIDField(null=True)),
                ("is_approved", fields.BooleanField(null=True)),
            ],
            options={
                "table": "revocation_request",
                "app": "trainings",
                "indexes": [Index(fields=["training_id"])],
                "pk_attr": "id",
                "table_description": "Somebody asked to annul more than ten certificates at once: a second person decides.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SigningKey",
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
                        related_name="signing_keys",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("certificate_pem", fields.TextField(unique=False)),
                ("private_key", EncryptedTextField(null=True, unique=False)),
                ("subject", fields.CharField(max_length=240)),
                ("issued_by", fields.CharField(max_length=240)),
                ("fingerprint", fields.CharField(unique=True, max_length=64)),
                ("not_before", UTCDatetimeField()),
                ("not_after", UTCDatetimeField()),
                ("is_self_signed", fields.BooleanField()),
                ("added_by_id", fields.UUIDField(null=True)),
                ("retired_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "signing_key",
                "app": "trainings",
                "indexes": [Index(fields=["operator_id"])],
                "pk_attr": "id",
                "table_description": "The EC P-256 key and X.509 certificate an operator signs its PDFs with (PAdES). Never shown again, nor exported.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SupersededFile",
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
                        related_name="superseded_files",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("sha256", fields.CharField(db_index=True, max_length=64)),
                ("revision", fields.IntField()),
            ],
            options={
                "table": "superseded_file",
                "app": "trainings",
                "indexes": [Index(fields=["certificate_id"])],
                "pk_attr": "id",
                "table_description": "The hash of a file that was set anew before its paper was handed over: whoever still has it is told so.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Transcript",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "participant",
                    fields.ForeignKeyField(
                        "trainings.Participant",
                        source_field="participant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="transcripts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(unique=True, max_length=14)),
                ("printed_name", fields.CharField(max_length=240)),
                ("initials", fields.CharField(max_length=40)),
                ("is_minor", fields.BooleanField(default=False)),
                ("entries", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("entries_digest", fields.CharField(max_length=64)),
                ("content", fields.BinaryField()),
                ("sha256", fields.CharField(db_index=True, max_length=64)),
            ],
            options={
                "table": "transcript",
                "app": "trainings",
                "indexes": [Index(fields=["participant_id"])],
                "pk_attr": "id",
                "table_description": "All trainings of one person on one page, frozen as of a day, checkable by its own code.",
            },
            bases=["Record"],
        ),
        ops.AlterModelOptions(
            name="ActivityText",
            options={
                "table": "activity_text",
                "app": "trainings",
                "pk_attr": "activity_id",
                "table_description": "That of an activity.",
            },
        ),
        Known(
            model_name="CallList",
            name="reason",
            field=fields.CharEnumField(
                description="CHANGED: changed\nCANCELLED: cancelled\nREMINDER: reminder\nOFFERED: offered\nCERTIFICATE: certificate\nANNULLED: annulled",
                enum_type=CallReason,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Certificate",
            name="design",
            field=fields.CharField(default="diploma", db_default="diploma", max_length=64),
        ),
        ops.AddField(
            model_name="Certificate",
            name="erased_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Certificate",
            name="handed_over_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Certificate",
            name="handed_over_by_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Certificate",
            name="handed_over_how",
            field=fields.CharEnumField(
                null=True, description="SCAN: scan\nROW: row\nLIST: list", enum_type=HandedOver, max_length=16
            ),
        ),
        ops.AddField(
            model_name="Certificate",
            name="printed_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Certificate",
            name="revision",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Certificate",
            name="revoked_by_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Certificate",
            name="validated_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="CertificateFile",
            name="credential",
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name="CertificateFile",
            name="revision",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="CertificateFile",
            name="signed_by",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="CertificateFile",
            name="unsigned_sha256",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddIndex(
            model_name="CertificateFile",
            index=Index(fields=["sha256"]),
        ),
        ops.AddField(
            model_name="Course",
            name="paper_language",
            field=fields.CharField(default="es", db_default="es", max_length=16),
        ),
        ops.AddField(
            model_name="Operator",
            name="letterhead",
            field=fields.CharField(default="", db_default="", max_length=400),
        ),
        ops.AlterModelOptions(
            name="SessionText",
            options={
                "table": "session_text",
                "app": "trainings",
                "pk_attr": "session_id",
                "table_description": "That of a session.",
            },
        ),
        ops.AlterModelOptions(
            name="Signatory",
            options={
                "table": "signatory",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "Name and office that an operator prints under its certificates, in order, on the days it holds that office.",
            },
        ),
        ops.AddField(
            model_name="Signatory",
            name="is_feminine",
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name="Signatory",
            name="office_code",
            field=fields.CharField(default="", db_default="", max_length=24),
        ),
        ops.AddField(
            model_name="Signatory",
            name="valid_from",
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name="Signatory",
            name="valid_until",
            field=fields.DateField(null=True),
        ),
        ops.AlterModelOptions(
            name="TrainingSession",
            options={
                "table": "training_session",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One dated meeting. `closed_at`: the facilitator ended it, so its minutes count.",
            },
        ),
        ops.RunSQL(VALID_SINCE_ISSUE, reverse_sql=WITHOUT),
        Checks(CHECKS),
    ]
