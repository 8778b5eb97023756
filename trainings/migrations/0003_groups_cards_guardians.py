import functools
from json import dumps, loads
from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.lib.tokens import uuid7
from trainings.people.models import ConsentHow, MergeReason, Relation
from trainings.registrations.models import Addressee, CardState, HoldReason, ImportState, InvitedHow, Source

NAME_INDEX = "idx_participant_name_ke_e26709"
CHECK = "{0}taken >= 0 AND {0}reserved >= 0 AND {0}taken + {0}reserved <= {0}capacity"


class Known(ops.AlterField):
    """A change of which only the models know: on SQLite it would make the table anew, without checks and indexes."""

    async def database_forward(self, *_state: Any, **_more: Any) -> None:
        pass

    async def database_backward(self, *_state: Any, **_more: Any) -> None:
        pass


async def drop_name_index(_apps: Any, schema_editor: Any) -> None:
    await schema_editor.client.execute_query(f"DROP INDEX {NAME_INDEX}")


async def make_name_index(_apps: Any, schema_editor: Any) -> None:
    await schema_editor.client.execute_query(f"CREATE INDEX {NAME_INDEX} ON participant (name_key)")


async def count_reserved(_apps: Any, schema_editor: Any) -> None:
    """Nameless cards take places too: the check of a training's places counts them."""
    await _check(schema_editor.client, CHECK)


async def count_taken_only(_apps: Any, schema_editor: Any) -> None:
    await _check(schema_editor.client, "{0}taken >= 0 AND {0}taken <= {0}capacity")


async def _check(client: Any, rule: str) -> None:
    if client.capabilities.dialect == "postgres":
        await client.execute_query("ALTER TABLE training DROP CONSTRAINT ck_training_places")
        await client.execute_query(f"ALTER TABLE training ADD CONSTRAINT ck_training_places CHECK ({rule.format('')})")
        return
    for event in ("INSERT", "UPDATE"):
        name = f"ck_training_places_{event.lower()}"
        await client.execute_query(f"DROP TRIGGER {name}")
        await client.execute_query(
            f"CREATE TRIGGER {name} BEFORE {event} ON training WHEN NOT ({rule.format('NEW.')}) "
            f"BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: ck_training_places'); END"
        )


class Migration(migrations.Migration):
    dependencies = [("trainings", "0002_constraints")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Assent",
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
                        related_name="assents",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("text_version", fields.CharField(max_length=24)),
                (
                    "how",
                    fields.CharEnumField(
                        description="FORM: form\nREAD_ALOUD: read_aloud\nCALL: call\nMESSAGE: message\nPAPER: paper",
                        enum_type=ConsentHow,
                        max_length=16,
                    ),
                ),
                ("recorded_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "assent",
                "app": "trainings",
                "indexes": [Index(fields=["participant_id"])],
                "pk_attr": "id",
                "table_description": "A minor's own yes, beside the guardian's consent: how, when (`created_at`), and recorded by whom.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Community",
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
                        related_name="communities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=120)),
                ("key", fields.CharField(max_length=160)),
                ("confirmed_by_id", fields.UUIDField(null=True)),
                ("hidden_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "community",
                "app": "trainings",
                "unique_together": (("municipality", "key"),),
                "pk_attr": "id",
                "table_description": "A village, hamlet or quarter as staff confirmed its name: what the form suggests. `key` is the folded name.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="CoursePrerequisite",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "course",
                    fields.ForeignKeyField(
                        "trainings.Course",
                        source_field="course_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="prerequisites",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "required",
                    fields.ForeignKeyField(
                        "trainings.Course",
                        source_field="required_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="required_by",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "course_prerequisite",
                "app": "trainings",
                "unique_together": (("course", "required"),),
                "pk_attr": "id",
                "table_description": "A course that has to be completed before another one.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Guardian",
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
                        related_name="guardians",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", EncryptedTextField(null=True, unique=False)),
                (
                    "relation",
                    fields.CharEnumField(
                        description="MADRE: madre\nPADRE: padre\nABUELO: abuelo\nTIO: tio\nHERMANO: hermano\nTUTOR: tutor\nOTRO: otro",
                        enum_type=Relation,
                        max_length=16,
                    ),
                ),
                ("phone", EncryptedTextField(null=True, unique=False)),
                ("email", EncryptedTextField(null=True, unique=False)),
                ("text_version", fields.CharField(max_length=24)),
                (
                    "how",
                    fields.CharEnumField(
                        description="FORM: form\nREAD_ALOUD: read_aloud\nCALL: call\nMESSAGE: message\nPAPER: paper",
                        enum_type=ConsentHow,
                        max_length=16,
                    ),
                ),
                ("recorded_by_id", fields.UUIDField(null=True)),
                ("withdrawn_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "guardian",
                "app": "trainings",
                "indexes": [Index(fields=["participant_id"])],
                "pk_attr": "id",
                "table_description": "The mother, father or other person in charge who permitted a minor's participation: who, how and when.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="ImportDraft",
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
                        related_name="imports",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("user_id", fields.UUIDField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=ImportState.PREVIEW,
                        description="PREVIEW: preview\nRUNNING: running\nDONE: done",
                        enum_type=ImportState,
                        max_length=16,
                    ),
                ),
                (
                    "columns",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("rows", EncryptedTextField(null=True, unique=False)),
                ("outcomes", EncryptedTextField(null=True, unique=False)),
                ("n_rows", fields.IntField(default=0)),
                ("n_done", fields.IntField(default=0)),
                ("n_new", fields.IntField(default=0)),
                ("n_known", fields.IntField(default=0)),
                ("n_refused", fields.IntField(default=0)),
                ("finished_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "import_draft",
                "app": "trainings",
                "indexes": [Index(fields=["training_id"])],
                "pk_attr": "id",
                "table_description": "An uploaded list of people, sealed, until it is confirmed or a day has passed, then only its counts are kept.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Merge",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "kept",
                    fields.ForeignKeyField(
                        "trainings.Participant",
                        source_field="kept_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="merges_kept",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "merged",
                    fields.ForeignKeyField(
                        "trainings.Participant",
                        source_field="merged_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="merges",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "reason",
                    fields.CharEnumField(
                        description="SAID_SO: said_so\nSAME_CONTACT: same_contact\nSAME_DOCUMENT: same_document\nKNOWN_IN_PERSON: known_in_person\nTYPING_ERROR: typing_error",
                        enum_type=MergeReason,
                        max_length=24,
                    ),
                ),
                ("merged_by_id", fields.UUIDField()),
                ("undone_at", UTCDatetimeField(null=True)),
                ("undone_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "participant_merge",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "Two participants that staff hold to be one person. Both histories are kept, `undone_at` takes it back.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="ReservedBlock",
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
                        related_name="reserved_blocks",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="municipality_id",
                        null=True,
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="reserved_blocks",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("community", fields.CharField(max_length=120)),
                ("holder", fields.CharField(max_length=160)),
                ("phone", EncryptedTextField(null=True, unique=False)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("token", EncryptedTextField(null=True, unique=False)),
                ("release_at", UTCDatetimeField()),
                ("released_at", UTCDatetimeField(null=True)),
                ("created_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "reserved_block",
                "app": "trainings",
                "indexes": [Index(fields=["training_id"]), Index(fields=["release_at"])],
                "pk_attr": "id",
                "table_description": "Places kept for a community: nameless cards in the hands of a leader or a school (`holder`).",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Card",
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
                        related_name="cards",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "block",
                    fields.ForeignKeyField(
                        "trainings.ReservedBlock",
                        source_field="block_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="cards",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "registration",
                    fields.ForeignKeyField(
                        "trainings.Registration",
                        source_field="registration_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="cards",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("sheet_id", fields.UUIDField(db_index=True)),
                ("number", fields.IntField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=CardState.OPEN,
                        description="OPEN: open\nUSED: used\nRELEASED: released\nVOID: void",
                        enum_type=CardState,
                        max_length=16,
                    ),
                ),
                ("short_code", fields.CharField(unique=True, max_length=9)),
                ("qr_hash", fields.CharField(unique=True, max_length=64)),
                ("qr_token", EncryptedTextField(null=True, unique=False)),
                ("used_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "card",
                "app": "trainings",
                "indexes": [Index(fields=["block_id"])],
                "pk_attr": "id",
                "table_description": "A printed card with tokens made in advance: of a reserved block, or a hub's spare one for whoever comes.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="InvitationLetter",
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
                        related_name="letters",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "block",
                    fields.ForeignKeyField(
                        "trainings.ReservedBlock",
                        source_field="block_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="letters",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="COCODE: cocode\nSCHOOL: school\nINSTITUTION: institution\nORGANIZATION: organization\nOTHER: other",
                        enum_type=Addressee,
                        max_length=16,
                    ),
                ),
                ("addressee", fields.CharField(max_length=160)),
                ("office", fields.CharField(default="", max_length=160)),
                ("community", fields.CharField(default="", max_length=120)),
                (
                    "how",
                    fields.CharEnumField(
                        null=True,
                        description="LETTER: letter\nVISIT: visit\nCALL: call\nWHATSAPP: whatsapp\nMAIL: mail\nRADIO: radio",
                        enum_type=InvitedHow,
                        max_length=16,
                    ),
                ),
                ("invited_at", UTCDatetimeField(null=True)),
                ("recorded_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "invitation_letter",
                "app": "trainings",
                "indexes": [Index(fields=["training_id"])],
                "pk_attr": "id",
                "table_description": "A convocatoria: a body invited to a training, on paper or otherwise, and how and when that was done.",
            },
            bases=["Record"],
        ),
        Known(
            model_name="Consent",
            name="how",
            field=fields.CharEnumField(
                description="FORM: form\nREAD_ALOUD: read_aloud\nCALL: call\nMESSAGE: message\nPAPER: paper",
                enum_type=ConsentHow,
                max_length=16,
            ),
        ),
        ops.AddIndex(
            model_name="Consent",
            index=Index(fields=["participant_id"]),
        ),
        ops.AlterModelOptions(
            name="OwnLink",
            options={
                "table": "own_link",
                "app": "trainings",
                "indexes": [Index(fields=["group_id"]), Index(fields=["registration_id"])],
                "pk_attr": "id",
                "table_description": "The address `/i/{token}` that opens one's own registration.",
            },
        ),
        ops.AddField(
            model_name="OwnLink",
            name="claimed_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddIndex(
            model_name="OwnLink",
            index=Index(fields=["registration_id"]),
        ),
        Known(
            model_name="Participant",
            name="name_key",
            field=fields.CharField(max_length=260),
        ),
        Known(
            model_name="Registration",
            name="source",
            field=fields.CharEnumField(
                description="WEB: web\nDESK: desk\nCALL: call\nWHATSAPP: whatsapp\nWALK_IN: walk_in\nCARD: card\nIMPORT: import",
                enum_type=Source,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Registration",
            name="detached_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="RegistrationGroup",
            name="hold_reason",
            field=fields.CharEnumField(
                null=True,
                description="APPROVAL: approval\nREVIEW: review\nPREREQUISITE: prerequisite",
                enum_type=HoldReason,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="RegistrationGroup",
            name="offered_until",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="RegistrationGroup",
            name="reached_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AlterModelOptions(
            name="SessionText",
            options={
                "table": "session_text",
                "app": "trainings",
                "pk_attr": "session_id",
                "table_description": "The session's VEVENT as text, written whenever what it shows changes, so that a feed is only joined.",
            },
        ),
        ops.AlterModelOptions(
            name="Training",
            options={
                "table": "training",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One run of a course at a hub. `taken` counts confirmed and offered, `reserved` the nameless cards that are out.",
            },
        ),
        ops.AddField(
            model_name="Training",
            name="offer_hours",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Training",
            name="reserved",
            field=fields.IntField(default=0, db_default=0),
        ),
        # Nobody looks people up by name alone, and names come in no order: the index cost more than it gave.
        ops.RunPython(drop_name_index, reverse_code=make_name_index),
        ops.RunPython(count_reserved, reverse_code=count_taken_only),
    ]
