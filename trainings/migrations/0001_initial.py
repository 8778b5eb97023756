import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.accounts.models import Role
from trainings.attendance.models import ScanFlag, ScanHow, ScanKind
from trainings.certificates.models import CertificateKind, CertificateState
from trainings.clock import now
from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.lib.tokens import uuid7
from trainings.people.models import ActorType, AgeGroup, ConsentHow, ConsentPurpose, Sex
from trainings.places.models import OperatorKind
from trainings.registrations.models import LinkScope, RegistrationState, Source
from trainings.schedule.models import CourseKind, PlaceShown, SessionState, TrainingState


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditLine",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("actor_id", fields.UUIDField(null=True)),
                ("actor_role", fields.CharField(max_length=32)),
                ("act", fields.CharField(db_index=True, max_length=64)),
                ("object_id", fields.UUIDField(null=True, db_index=True)),
                ("hub_id", fields.UUIDField(null=True, db_index=True)),
                ("request_id", fields.CharField(default="", max_length=32)),
                (
                    "detail",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
            ],
            options={
                "table": "audit_line",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One act. `act` is `domain.verb`, `detail` holds codes and counts, never names or contacts.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Counter",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=140)),
                ("number", fields.IntField()),
                ("changed_at", UTCDatetimeField()),
            ],
            options={
                "table": "counter",
                "app": "trainings",
                "pk_attr": "key",
                "table_description": "How often the thing named by `key` (e.g. `municipio:1705`) has changed, and when last.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="KeptForm",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("path", fields.CharField(max_length=300)),
                ("body_sealed", fields.TextField(unique=False)),
                ("expires_at", UTCDatetimeField(db_index=True)),
            ],
            options={
                "table": "kept_form",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "What somebody typed into an expired session, kept sealed until they have signed in again (one hour).",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Municipality",
            fields=[
                ("ine_code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=4)),
                ("name", fields.CharField(max_length=80)),
                ("alias", fields.CharField(default="", max_length=80)),
                ("department_code", fields.CharField(db_index=True, max_length=2)),
                ("department", fields.CharField(max_length=40)),
                ("slug", fields.CharField(unique=True, max_length=120)),
                ("population_2018", fields.IntField()),
                ("lat", fields.DecimalField(max_digits=9, decimal_places=6)),
                ("lon", fields.DecimalField(max_digits=9, decimal_places=6)),
                ("languages", fields.CharField(default="", max_length=200)),
                ("search_text", fields.CharField(max_length=300)),
            ],
            options={
                "table": "municipality",
                "app": "trainings",
                "pk_attr": "ine_code",
                "table_description": "A municipality by its INE code (4 digits, text). Six names occur twice: always show the department.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Operator",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("code", fields.CharField(unique=True, max_length=8)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="MUNICIPALITY: municipality\nASSOCIATION: association",
                        enum_type=OperatorKind,
                        max_length=16,
                    ),
                ),
                ("name", fields.CharField(max_length=160)),
                (
                    "municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="municipality_id",
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="operators",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "operator",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "Who runs hubs and signs certificates: a municipal corporation or an association.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="FolioSeries",
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
                        related_name="folio_series",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("year", fields.IntField()),
                ("next_number", fields.IntField(default=1)),
            ],
            options={
                "table": "folio_series",
                "app": "trainings",
                "unique_together": (("operator", "year"),),
                "pk_attr": "id",
                "table_description": "The next number of an operator's series in a local year, over all kinds, without gaps.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Hub",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("slug", fields.CharField(unique=True, max_length=120)),
                ("name", fields.CharField(max_length=160)),
                (
                    "operator",
                    fields.ForeignKeyField(
                        "trainings.Operator",
                        source_field="operator_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="hubs",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "seat",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="seat_id",
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="seated_hubs",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("address", fields.CharField(max_length=240)),
                ("hours", fields.CharField(max_length=160)),
                ("phone", fields.CharField(max_length=20)),
                ("email", fields.CharField(default="", max_length=254)),
                (
                    "languages",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "access",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("is_active", fields.BooleanField(default=True)),
            ],
            options={
                "table": "hub",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "An information hub (ventanilla): has one operator and a seat, serves one or more municipalities.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="HubService",
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
                        related_name="services",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="municipality_id",
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="services",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "hub_service",
                "app": "trainings",
                "unique_together": (("hub", "municipality"),),
                "pk_attr": "id",
                "table_description": "A municipality that a hub serves (its seat included).",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="OutboxJob",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("kind", fields.CharField(max_length=48)),
                ("payload", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("dedup", fields.CharField(unique=True, max_length=120)),
                ("subject_id", fields.UUIDField(null=True, db_index=True)),
                ("hub_id", fields.UUIDField(null=True, db_index=True)),
                ("batch_id", fields.UUIDField(null=True, db_index=True)),
                ("lang", fields.CharField(default="", max_length=8)),
                ("run_at", UTCDatetimeField()),
                ("attempts", fields.IntField(default=0)),
                ("tries", fields.IntField(default=0)),
                ("lease_until", UTCDatetimeField(null=True)),
                ("done_at", UTCDatetimeField(null=True)),
                ("failed_at", UTCDatetimeField(null=True)),
                ("stopped_at", UTCDatetimeField(null=True)),
                ("outcome", fields.CharField(default="", max_length=32)),
                ("last_error", fields.CharField(default="", max_length=300)),
            ],
            options={
                "table": "outbox_job",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One thing to do at least once. `payload` holds ids only: never a link, a token, an address or a name.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Participant",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("given_names", fields.CharField(max_length=120)),
                ("surnames", fields.CharField(max_length=120)),
                ("name_key", fields.CharField(db_index=True, max_length=260)),
                ("search_text", fields.CharField(max_length=500)),
                (
                    "municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="municipality_id",
                        null=True,
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="participants",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("community", fields.CharField(default="", max_length=120)),
                (
                    "actor_type",
                    fields.CharEnumField(
                        description="COCODE: cocode\nCOMUDE: comude\nALCALDIA: alcaldia\nDOCENTE: docente\nSALUD: salud\nRELIGIOSO: religioso\nRADIO: radio\nJUVENTUD: juventud\nMUJERES: mujeres\nCONSEJERA: consejera\nMUNICIPAL: municipal\nINSTITUCION: institucion\nORGANIZACION: organizacion\nFAMILIA: familia\nOTRO: otro",
                        enum_type=ActorType,
                        max_length=16,
                    ),
                ),
                ("organization", fields.CharField(default="", max_length=160)),
                (
                    "sex",
                    fields.CharEnumField(
                        null=True,
                        description="MUJER: mujer\nHOMBRE: hombre\nUNDISCLOSED: nd",
                        enum_type=Sex,
                        max_length=8,
                    ),
                ),
                (
                    "age_group",
                    fields.CharEnumField(
                        null=True,
                        description="A12_13: 12-13\nA14_17: 14-17\nA18_24: 18-24\nA25_34: 25-34\nA35_59: 35-59\nA60: 60+",
                        enum_type=AgeGroup,
                        max_length=8,
                    ),
                ),
                ("public_official", fields.BooleanField(null=True)),
                ("phone", EncryptedTextField(null=True, unique=False)),
                ("email", EncryptedTextField(null=True, unique=False)),
                ("phone_key", fields.CharField(null=True, db_index=True, max_length=64)),
                ("email_key", fields.CharField(null=True, db_index=True, max_length=64)),
                ("language", EncryptedTextField(null=True, unique=False)),
                ("pueblo", EncryptedTextField(null=True, unique=False)),
                (
                    "merged_into",
                    fields.ForeignKeyField(
                        "trainings.Participant",
                        source_field="merged_into_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="merged",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "participant",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A person as of one sign-up. No natural keys: staff merge the rest (`merged_into`), both histories are kept.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Consent",
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
                        related_name="consents",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="DATA: data\nCONTACT: contact\nPHOTO: photo",
                        enum_type=ConsentPurpose,
                        max_length=16,
                    ),
                ),
                ("text_version", fields.CharField(max_length=24)),
                (
                    "how",
                    fields.CharEnumField(
                        description="FORM: form\nREAD_ALOUD: read_aloud\nCALL: call",
                        enum_type=ConsentHow,
                        max_length=16,
                    ),
                ),
                ("recorded_by_id", fields.UUIDField(null=True)),
                ("withdrawn_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "consent",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One purpose that a person agreed to: which text, when, how, and (read aloud or by call) by whom.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Project",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("name", fields.CharField(max_length=160)),
                ("donor", fields.CharField(max_length=160)),
                ("starts_on", fields.DateField()),
                ("ends_on", fields.DateField()),
                ("fiscal_year_month", fields.IntField(default=1)),
                (
                    "targets",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
            ],
            options={
                "table": "project",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A donor's project: trainings may belong to one. `targets` maps an indicator's code to its number.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="RateWindow",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=96)),
                ("hits", fields.IntField(default=0)),
                ("expires_at", UTCDatetimeField(db_index=True)),
            ],
            options={
                "table": "rate_window",
                "app": "trainings",
                "pk_attr": "key",
                "table_description": "Hits of one key (an HMAC, never an address) in one window of time.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Signatory",
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
                        related_name="signatories",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=160)),
                ("office", fields.CharField(max_length=120)),
                ("position", fields.IntField(default=0)),
            ],
            options={
                "table": "signatory",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "Name and office that an operator prints under its certificates, in order.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Topic",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("slug", fields.CharField(unique=True, max_length=120)),
                ("name", fields.CharField(max_length=160)),
                ("position", fields.IntField(default=0)),
            ],
            options={
                "table": "topic",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A subject that people filter by, the slug is fixed.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Course",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CHARLA: charla\nTALLER: taller\nCURSO: curso\nDIPLOMADO: diplomado",
                        enum_type=CourseKind,
                        max_length=16,
                    ),
                ),
                (
                    "topic",
                    fields.ForeignKeyField(
                        "trainings.Topic",
                        source_field="topic_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="courses",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("title", fields.CharField(max_length=180)),
                ("summary", fields.TextField(default="", unique=False)),
                (
                    "contents",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("minutes", fields.IntField()),
                (
                    "audience",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("completion_share", fields.IntField(default=80)),
                ("pass_mark", fields.IntField(null=True)),
                ("design", fields.CharField(default="diploma", max_length=64)),
                ("is_active", fields.BooleanField(default=True)),
            ],
            options={
                "table": "course",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": 'A catalogue entry. `contents`: a list of {"title", "minutes"}. `completion_share`: % of hours to complete it.',
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="User",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("email", fields.CharField(unique=True, max_length=254)),
                ("name", fields.CharField(max_length=160)),
                ("office", fields.CharField(default="", max_length=120)),
                ("password_hash", fields.CharField(default="", max_length=160)),
                ("is_active", fields.BooleanField(default=True)),
                ("is_demo", fields.BooleanField(default=False)),
            ],
            options={
                "table": "app_user",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A person of the staff. `email` is stored lower-case, `password_hash` is argon2id or empty until first sign-in.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="RoleGrant",
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
                        related_name="grants",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "role",
                    fields.CharEnumField(
                        description="FACILITATOR: facilitator\nASSISTANT: assistant\nHUB_COORDINATOR: hub_coordinator\nMUNICIPAL_ADMIN: municipal_admin\nMONITORING_OFFICER: monitoring_officer\nPLATFORM_ADMIN: platform_admin",
                        enum_type=Role,
                        max_length=32,
                    ),
                ),
                (
                    "hub",
                    fields.ForeignKeyField(
                        "trainings.Hub",
                        source_field="hub_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="grants",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "operator",
                    fields.ForeignKeyField(
                        "trainings.Operator",
                        source_field="operator_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="grants",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "role_grant",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One role of one person, at a hub, at an operator, or (both empty) everywhere. One grant per role and scope.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SignInLink",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sign_in_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("expires_at", UTCDatetimeField()),
                ("used_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "sign_in_link",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A one-time link for a first or forgotten password. Only its SHA-256 is kept.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="StaffSession",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("seen_at", UTCDatetimeField()),
                ("idle_minutes", fields.IntField()),
                ("expires_at", UTCDatetimeField(db_index=True)),
                ("ended_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "staff_session",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A signed-in browser. Only the SHA-256 of its cookie is kept, `ended_at` kills it at once.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Venue",
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
                        related_name="venues",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="municipality_id",
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="venues",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=160)),
                ("address", fields.CharField(default="", max_length=240)),
                ("lat", fields.DecimalField(null=True, max_digits=9, decimal_places=6)),
                ("lon", fields.DecimalField(null=True, max_digits=9, decimal_places=6)),
                (
                    "access",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("capacity", fields.IntField(null=True)),
                ("is_active", fields.BooleanField(default=True)),
            ],
            options={
                "table": "venue",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A place where trainings are held. `lat`/`lon` only where the place may be shown on a map.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Training",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("slug", fields.CharField(unique=True, max_length=120)),
                ("short_code", fields.CharField(unique=True, max_length=8)),
                (
                    "course",
                    fields.ForeignKeyField(
                        "trainings.Course",
                        source_field="course_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="trainings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "hub",
                    fields.ForeignKeyField(
                        "trainings.Hub",
                        source_field="hub_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="trainings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "project",
                    fields.ForeignKeyField(
                        "trainings.Project",
                        source_field="project_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="trainings",
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
                        related_name="trainings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("online_url", EncryptedTextField(null=True, unique=False)),
                ("title", fields.CharField(max_length=180)),
                ("neutral_title", fields.CharField(default="", max_length=180)),
                ("summary", fields.TextField(default="", unique=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=TrainingState.DRAFT,
                        db_index=True,
                        description="DRAFT: draft\nPUBLISHED: published\nUNLISTED: unlisted\nCANCELLED: cancelled",
                        enum_type=TrainingState,
                        max_length=16,
                    ),
                ),
                ("capacity", fields.IntField()),
                ("taken", fields.IntField(default=0)),
                ("childcare_capacity", fields.IntField(default=0)),
                ("childcare_taken", fields.IntField(default=0)),
                ("next_wait_number", fields.BigIntField(default=1)),
                ("has_waiting_list", fields.BooleanField(default=True)),
                ("opens_at", UTCDatetimeField(null=True)),
                ("closes_at", UTCDatetimeField(null=True)),
                (
                    "place_shown",
                    fields.CharEnumField(
                        default=PlaceShown.PUBLIC,
                        description="PUBLIC: public\nAFTER_CONFIRMATION: after_confirmation",
                        enum_type=PlaceShown,
                        max_length=24,
                    ),
                ),
                ("approval_required", fields.BooleanField(default=False)),
                ("walk_ins", fields.BooleanField(default=True)),
                ("admits_minors", fields.BooleanField(default=False)),
                ("minimum_age", fields.IntField(null=True)),
                (
                    "audience",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "languages",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "interpreter_languages",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "offers",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("bring", fields.CharField(default="", max_length=240)),
                ("contact_phone", fields.CharField(default="", max_length=20)),
                ("revision", fields.IntField(default=0)),
                ("changed_at", UTCDatetimeField()),
                ("published_at", UTCDatetimeField(null=True)),
                ("cancelled_at", UTCDatetimeField(null=True)),
                ("cancel_reason", fields.CharField(default="", max_length=240)),
            ],
            options={
                "table": "training",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One run of a course at a hub. `taken` counts confirmed and offered, CHECK(taken ≤ capacity) in the schema.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="RegistrationGroup",
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
                        related_name="groups",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="CONFIRMED: confirmed\nWAITLISTED: waitlisted\nOFFERED: offered\nHELD: held\nCANCELLED: cancelled",
                        enum_type=RegistrationState,
                        max_length=16,
                    ),
                ),
                ("n_people", fields.IntField(default=1)),
                ("childcare_places", fields.IntField(default=0)),
                ("wait_number", fields.BigIntField(null=True)),
                ("idempotency_key", fields.CharField(null=True, unique=True, max_length=64)),
                ("body_hash", fields.CharField(default="", max_length=64)),
                ("browser_key", fields.CharField(null=True, max_length=64)),
                ("changed_at", UTCDatetimeField()),
            ],
            options={
                "table": "registration_group",
                "app": "trainings",
                "indexes": [
                    Index(fields=["training_id", "state", "wait_number"]),
                    Index(fields=["training_id", "browser_key"]),
                ],
                "pk_attr": "id",
                "table_description": "People who signed up together for one training: they get all they ask for, or wait whole.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Registration",
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
                        related_name="registrations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "group",
                    fields.ForeignKeyField(
                        "trainings.RegistrationGroup",
                        source_field="group_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="registrations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "participant",
                    fields.ForeignKeyField(
                        "trainings.Participant",
                        source_field="participant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="registrations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "duplicate_of",
                    fields.ForeignKeyField(
                        "trainings.Registration",
                        source_field="duplicate_of_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="duplicates",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="CONFIRMED: confirmed\nWAITLISTED: waitlisted\nOFFERED: offered\nHELD: held\nCANCELLED: cancelled",
                        enum_type=RegistrationState,
                        max_length=16,
                    ),
                ),
                (
                    "source",
                    fields.CharEnumField(
                        description="WEB: web\nDESK: desk\nCALL: call\nWALK_IN: walk_in\nCARD: card\nIMPORT: import",
                        enum_type=Source,
                        max_length=16,
                    ),
                ),
                ("short_code", fields.CharField(max_length=9)),
                ("qr_hash", fields.CharField(unique=True, max_length=64)),
                ("qr_token", EncryptedTextField(null=True, unique=False)),
                ("needs", EncryptedTextField(null=True, unique=False)),
                ("confirmed_at", UTCDatetimeField(null=True)),
                ("cancelled_at", UTCDatetimeField(null=True)),
                ("minutes_attended", fields.IntField(default=0)),
                ("completed_at", UTCDatetimeField(null=True)),
                ("mark", fields.IntField(null=True)),
            ],
            options={
                "table": "registration",
                "app": "trainings",
                "unique_together": (("training", "short_code"),),
                "indexes": [Index(fields=["group_id"]), Index(fields=["participant_id"])],
                "pk_attr": "id",
                "table_description": "One person's sign-up for one training, with the tokens of its ticket.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Certificate",
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
                        related_name="certificates",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSTANCIA: constancia\nDIPLOMA: diploma\nCERTIFICADO: certificado",
                        enum_type=CertificateKind,
                        max_length=16,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="PREPARED: prepared\nVALID: valid\nREVOKED: revoked",
                        enum_type=CertificateState,
                        max_length=16,
                    ),
                ),
                (
                    "operator",
                    fields.ForeignKeyField(
                        "trainings.Operator",
                        source_field="operator_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="certificates",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("hub_id", fields.UUIDField(db_index=True)),
                ("year", fields.IntField()),
                ("number", fields.IntField()),
                ("folio", fields.CharField(unique=True, max_length=40)),
                ("code", fields.CharField(unique=True, max_length=14)),
                ("printed_name", fields.CharField(max_length=240)),
                ("initials", fields.CharField(max_length=40)),
                ("is_minor", fields.BooleanField(default=False)),
                ("title", fields.CharField(max_length=200)),
                ("minutes", fields.IntField()),
                ("held_on", fields.DateField()),
                ("issuer", fields.CharField(max_length=200)),
                ("sheet", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("issued_at", UTCDatetimeField()),
                ("issued_by_id", fields.UUIDField(null=True)),
                ("revoked_at", UTCDatetimeField(null=True)),
                ("revoked_reason", fields.CharField(default="", max_length=240)),
                ("replaces_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "certificate",
                "app": "trainings",
                "unique_together": (("operator", "year", "number"),),
                "pk_attr": "id",
                "table_description": "One certificate. What it prints is frozen here at issue (`sheet`), so that later edits change nothing given out.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="CertificateFile",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "certificate",
                    fields.OneToOneField(
                        "trainings.Certificate",
                        source_field="certificate_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="file",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("content", fields.BinaryField()),
                ("sha256", fields.CharField(max_length=64)),
                ("typst_version", fields.CharField(max_length=16)),
                ("design_version", fields.CharField(max_length=64)),
                ("fonts_version", fields.CharField(max_length=64)),
            ],
            options={
                "table": "certificate_file",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "The PDF as first given out, every reprint is this file. Versions say with what it was set.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="OwnLink",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("token", EncryptedTextField(null=True, unique=False)),
                (
                    "scope",
                    fields.CharEnumField(description="GROUP: group\nPERSON: person", enum_type=LinkScope, max_length=8),
                ),
                (
                    "group",
                    fields.ForeignKeyField(
                        "trainings.RegistrationGroup",
                        source_field="group_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="links",
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
                        related_name="links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("revoked_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "own_link",
                "app": "trainings",
                "indexes": [Index(fields=["group_id"])],
                "pk_attr": "id",
                "table_description": "The address `/i/{token}` that opens one's own registration. Sealed so that it can be sent again, rotated at the desk.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="TrainingSession",
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
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("position", fields.IntField()),
                ("starts_at", UTCDatetimeField(db_index=True)),
                ("ends_at", UTCDatetimeField()),
                (
                    "venue",
                    fields.ForeignKeyField(
                        "trainings.Venue",
                        source_field="venue_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=SessionState.PLANNED,
                        description="PLANNED: planned\nCANCELLED: cancelled",
                        enum_type=SessionState,
                        max_length=16,
                    ),
                ),
                ("sequence", fields.IntField(default=0)),
                ("stamped_at", UTCDatetimeField()),
                ("cancelled_at", UTCDatetimeField(null=True)),
                ("closed_at", UTCDatetimeField(null=True)),
                ("closed_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "training_session",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One dated meeting. `sequence` rises with time, place and status only.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Attendance",
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
                        related_name="attendances",
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
                        related_name="attendances",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("is_present", fields.BooleanField()),
                ("arrived_at", UTCDatetimeField(null=True)),
                ("left_at", UTCDatetimeField(null=True)),
                ("minutes", fields.IntField(default=0)),
                ("to_review", fields.BooleanField(default=False)),
            ],
            options={
                "table": "attendance",
                "app": "trainings",
                "unique_together": (("session", "registration"),),
                "pk_attr": "id",
                "table_description": "Whether and how long one person was at one session: recomputed from the scans, never typed over them.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="ScanEvent",
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
                        related_name="scans",
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
                        related_name="scans",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="IN: in\nOUT: out\nUNDO: undo\nWALK_IN: walkin", enum_type=ScanKind, max_length=8
                    ),
                ),
                ("target_id", fields.UUIDField(null=True)),
                ("conflict_of_id", fields.UUIDField(null=True)),
                (
                    "how",
                    fields.CharEnumField(
                        description="CAMERA: camera\nTYPED: typed\nLIST: list\nWALK_IN: walk_in",
                        enum_type=ScanHow,
                        max_length=8,
                    ),
                ),
                ("at", UTCDatetimeField()),
                ("device_at", UTCDatetimeField()),
                ("device", fields.CharField(default="", max_length=64)),
                ("seq", fields.IntField(null=True)),
                ("user_id", fields.UUIDField(null=True)),
                ("unknown_code", EncryptedTextField(null=True, unique=False)),
                ("body_hash", fields.CharField(max_length=64)),
                (
                    "flag",
                    fields.CharEnumField(
                        default=ScanFlag.NONE,
                        description="NONE: \nUNKNOWN_CODE: unknown_code\nOTHER_TRAINING: other_training\nWAITLISTED: waitlisted\nHELD: held\nCANCELLED: cancelled\nCLOCK: clock\nCHANGED_BODY: changed_body\nAFTER_CLOSE: after_close",
                        enum_type=ScanFlag,
                        max_length=16,
                    ),
                ),
                ("reviewed_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "scan_event",
                "app": "trainings",
                "indexes": [Index(fields=["session_id", "registration_id"]), Index(fields=["target_id"])],
                "pk_attr": "id",
                "table_description": "One scan, typed code, tap or undo, under the id that the client made (`id`). Never changed, never refused.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SessionFacilitator",
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
                        related_name="facilitators",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "user",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="facilitated",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "session_facilitator",
                "app": "trainings",
                "unique_together": (("session", "user"),),
                "pk_attr": "id",
                "table_description": "Who holds a session.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SessionFeed",
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
                        related_name="feeds",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("scope", fields.CharField(db_index=True, max_length=140)),
            ],
            options={
                "table": "session_feed",
                "app": "trainings",
                "unique_together": (("session", "scope"),),
                "pk_attr": "id",
                "table_description": "A feed in which a session was ever published: there it stays, wherever it moves (`municipio:1705`).",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="SessionText",
            fields=[
                (
                    "session",
                    fields.OneToOneField(
                        "trainings.TrainingSession",
                        source_field="session_id",
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
                "table": "session_text",
                "app": "trainings",
                "pk_attr": "session_id",
                "table_description": "The session's VEVENT as text, written whenever what it shows changes, so that a feed is only joined.",
            },
            bases=["Model"],
        ),
    ]
