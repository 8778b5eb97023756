"""Certificates: numbered per operator and year, checkable by code, the file first given out kept."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import fields

from trainings.db.fields import EncryptedTextField, UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.people.models import Participant
    from trainings.places.models import Operator
    from trainings.registrations.models import Registration
    from trainings.schedule.models import Training


class CertificateKind(StrEnum):
    CONSTANCIA = "constancia"
    DIPLOMA = "diploma"
    CERTIFICADO = "certificado"


class CertificateState(StrEnum):
    PREPARED = "prepared"
    VALID = "valid"
    REVOKED = "revoked"


MOVES: dict[CertificateState, frozenset[CertificateState]] = {
    CertificateState.PREPARED: frozenset({CertificateState.VALID, CertificateState.REVOKED}),
    CertificateState.VALID: frozenset({CertificateState.REVOKED}),
    CertificateState.REVOKED: frozenset(),
}


class HandedOver(StrEnum):
    SCAN = "scan"
    ROW = "row"
    LIST = "list"


class FolioSeries(Record):
    """The next number of an operator's series in a local year, over all kinds, without gaps."""

    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "folio_series")
    operator_id: UUID
    year = fields.IntField()
    next_number = fields.IntField(default=1)

    class Meta:
        table = "folio_series"
        unique_together = (("operator", "year"),)


class Certificate(Record):
    """One certificate. What it prints is frozen at issue (`sheet`), so that later edits change nothing given out.

    Unique (registration, kind) where not revoked; `folio` is never reused; `code` (13 + 1 check characters) is public.
    `revision` counts from 1 each time the paper is set anew before hand-over. `printed_at`: last put into a file for
    the printer. `name_before`: its name then, or at issue, if changed since: at `renamed_at`, by staff
    (`renamed_by_id`) or by the own link (empty). `erased_at`: its person had the name removed; folio, code and the
    file's hash stay valid.
    """

    registration: fields.ForeignKeyRelation[Registration] = reference("Registration", "certificates")
    registration_id: UUID
    kind = fields.CharEnumField(CertificateKind, max_length=16)
    state = fields.CharEnumField(CertificateState, max_length=16)
    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "certificates")
    operator_id: UUID
    hub_id: UUID = fields.UUIDField(db_index=True)
    year = fields.IntField()
    number = fields.IntField()
    folio = fields.CharField(max_length=40, unique=True)
    code = fields.CharField(max_length=14, unique=True)
    printed_name = fields.CharField(max_length=240)
    initials = fields.CharField(max_length=40)
    is_minor = fields.BooleanField(default=False)
    title = fields.CharField(max_length=200)
    minutes = fields.IntField()
    held_on: date = fields.DateField()
    issuer = fields.CharField(max_length=200)
    sheet: dict[str, Any] = fields.JSONField()
    issued_at: datetime = UTCDatetimeField()
    issued_by_id: UUID | None = fields.UUIDField(null=True)
    design = fields.CharField(max_length=64, default="diploma", db_default="diploma")
    revision = fields.IntField(default=1, db_default=1)
    validated_at: datetime | None = UTCDatetimeField(null=True)
    printed_at: datetime | None = UTCDatetimeField(null=True)
    name_before = fields.CharField(max_length=241, default="", db_default="")
    renamed_at: datetime | None = UTCDatetimeField(null=True)
    renamed_by_id: UUID | None = fields.UUIDField(null=True)
    handed_over_at: datetime | None = UTCDatetimeField(null=True)
    handed_over_by_id: UUID | None = fields.UUIDField(null=True)
    handed_over_how: HandedOver | None = fields.CharEnumField(HandedOver, max_length=16, null=True)  # type: ignore[assignment]  # the field type cannot say null
    revoked_at: datetime | None = UTCDatetimeField(null=True)
    revoked_by_id: UUID | None = fields.UUIDField(null=True)
    revoked_reason = fields.CharField(max_length=240, default="")
    replaces_id: UUID | None = fields.UUIDField(null=True)
    erased_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "certificate"
        unique_together = (("operator", "year", "number"),)


class CertificateFile(Record):
    """The PDF as first given out, which every reprint is.

    `versions`: of what set it. `credential`: its attached Open Badge (JSON). `unsigned_sha256`: the hash before the
    electronic signature, the only reproducible one. `signed_by`: the signing certificate's fingerprint, or empty.
    """

    certificate: fields.OneToOneRelation[Certificate] = fields.OneToOneField(
        "trainings.Certificate", related_name="file", on_delete=fields.RESTRICT
    )
    certificate_id: UUID
    content: bytes = fields.BinaryField()
    sha256 = fields.CharField(max_length=64)
    unsigned_sha256 = fields.CharField(max_length=64, default="", db_default="")
    signed_by = fields.CharField(max_length=64, default="", db_default="")
    credential: str | None = fields.TextField(null=True)
    revision = fields.IntField(default=1, db_default=1)
    typst_version = fields.CharField(max_length=16)
    design_version = fields.CharField(max_length=64)
    fonts_version = fields.CharField(max_length=64)

    class Meta:
        table = "certificate_file"
        indexes = (("sha256",),)


class CertificateReview(Record):
    """A person's decision that a certificate stays as issued, though attendance now says otherwise.

    `minutes` and `is_completed`: attendance at the decision; a further change asks again.
    """

    certificate: fields.ForeignKeyRelation[Certificate] = reference("Certificate", "reviews")
    certificate_id: UUID
    minutes = fields.IntField()
    is_completed = fields.BooleanField()
    decided_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "certificate_review"
        indexes = (("certificate_id",),)


class SupersededFile(Record):
    """The hash of a file that was set anew before hand-over: its holder is told so."""

    certificate: fields.ForeignKeyRelation[Certificate] = reference("Certificate", "superseded_files")
    certificate_id: UUID
    sha256 = fields.CharField(max_length=64, db_index=True)
    revision = fields.IntField()

    class Meta:
        table = "superseded_file"
        indexes = (("certificate_id",),)


class ConfirmedHow(StrEnum):
    OWN_LINK = "own_link"
    DESK = "desk"
    PROOF_LIST = "proof_list"


class NameConfirmation(Record):
    """A person confirmed their printed name. `name_key`: a keyed hash of it, another name is unconfirmed."""

    registration: fields.ForeignKeyRelation[Registration] = reference("Registration", "name_confirmations")
    registration_id: UUID
    name_key = fields.CharField(max_length=64)
    how = fields.CharEnumField(ConfirmedHow, max_length=16)
    confirmed_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "name_confirmation"
        indexes = (("registration_id",),)


class ImageRole(StrEnum):
    """The shield at the left of the paper, partners' logos at the right."""

    SHIELD = "shield"
    PARTNER = "partner"


class BrandImage(Record):
    """A cleaned picture of an operator's letterhead. `name` is its alternative text.

    Kept after `removed_at`: papers name it by its `sha256`.
    """

    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "brand_images")
    operator_id: UUID
    role = fields.CharEnumField(ImageRole, max_length=16)
    name = fields.CharField(max_length=120)
    media_type = fields.CharField(max_length=32)
    content: bytes = fields.BinaryField()
    sha256 = fields.CharField(max_length=64, db_index=True)
    width = fields.IntField()
    height = fields.IntField()
    position = fields.IntField(default=1)
    removed_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "brand_image"
        indexes = (("operator_id",),)


class IssuerKey(Record):
    """The Ed25519 key that signs an operator's Open Badges and status lists. A retired one still verifies.

    `public_key`: a Multikey (multibase, `z6Mk…`). `seed`: the 32 private bytes in base64. `compromised_since`: a
    stranger may have it; none of its signatures counts, and badges are signed anew.
    """

    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "issuer_keys")
    operator_id: UUID
    public_key = fields.CharField(max_length=80, unique=True)
    seed: str | None = EncryptedTextField(null=True)
    retired_at: datetime | None = UTCDatetimeField(null=True)
    compromised_since: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "issuer_key"
        indexes = (("operator_id",),)


class SigningKey(Record):
    """The EC P-256 key and X.509 certificate that sign an operator's PDFs (PAdES), never shown again or exported.

    `certificate_pem`: the certificate and its chain, if any; `fingerprint`: its SHA-256. `compromised_since`: a
    stranger may have it; its signatures count only on files that we held before.
    """

    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "signing_keys")
    operator_id: UUID
    certificate_pem = fields.TextField()
    private_key: str | None = EncryptedTextField(null=True)
    subject = fields.CharField(max_length=240)
    issued_by = fields.CharField(max_length=240)
    fingerprint = fields.CharField(max_length=64, unique=True)
    not_before: datetime = UTCDatetimeField()
    not_after: datetime = UTCDatetimeField()
    is_self_signed = fields.BooleanField()
    added_by_id: UUID | None = fields.UUIDField(null=True)
    retired_at: datetime | None = UTCDatetimeField(null=True)
    compromised_since: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "signing_key"
        indexes = (("operator_id",),)


class JobPurpose(StrEnum):
    """Issue to people who earned it, prepare for people on track, note the hours of people who came."""

    ISSUE = "issue"
    PREPARE = "prepare"
    NOTES = "notes"


class JobState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"


class IssueJob(Record):
    """One press of "issue all", done by the worker in small steps, so that it can be paused, and goes on after a crash.

    `n_total` people are considered, `n_seen` of them are issued to or skipped (`IssueSkip`). It is done when the last
    file is set.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "issue_jobs")
    training_id: UUID
    hub_id: UUID = fields.UUIDField(db_index=True)
    purpose = fields.CharEnumField(JobPurpose, max_length=16)
    state = fields.CharEnumField(JobState, max_length=16)
    n_total = fields.IntField(default=0)
    n_seen = fields.IntField(default=0)
    asked_by_id: UUID | None = fields.UUIDField(null=True)
    finished_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "issue_job"
        indexes = (("training_id",),)


class SkipReason(StrEnum):
    HOURS = "hours"
    LETTERS = "letters"
    HAS_ONE = "has_one"
    ANNULLED = "annulled"
    FAILED = "failed"


class IssueSkip(Record):
    """A person whom a job left out. `detail`: unprintable letters, the folio they have, the day of annulment
    (`2027-03-05`), or the failure in translatable words.
    """

    job: fields.ForeignKeyRelation[IssueJob] = reference("IssueJob", "skips")
    job_id: UUID
    registration: fields.ForeignKeyRelation[Registration] = reference("Registration", "issue_skips")
    registration_id: UUID
    reason = fields.CharEnumField(SkipReason, max_length=16)
    detail = fields.CharField(max_length=200, default="")

    class Meta:
        table = "issue_skip"
        unique_together = (("job", "registration"),)
        indexes = (("registration_id",),)


class RevocationRequest(Record):
    """A request to annul more than ten certificates: a second person decides."""

    training: fields.ForeignKeyRelation[Training] = reference("Training", "revocation_requests")
    training_id: UUID
    hub_id: UUID = fields.UUIDField(db_index=True)
    certificate_ids: list[str] = fields.JSONField()
    reason = fields.CharField(max_length=240)
    asked_by_id: UUID = fields.UUIDField()
    decided_at: datetime | None = UTCDatetimeField(null=True)
    decided_by_id: UUID | None = fields.UUIDField(null=True)
    is_approved = fields.BooleanField(null=True)

    class Meta:
        table = "revocation_request"
        indexes = (("training_id",),)


class Transcript(Record):
    """All trainings of one person on one page, frozen as of a day, checkable by its own code.

    `entries_digest`: while it is unchanged, the same transcript is given.
    """

    participant: fields.ForeignKeyRelation[Participant] = reference("Participant", "transcripts")
    participant_id: UUID
    code = fields.CharField(max_length=14, unique=True)
    printed_name = fields.CharField(max_length=240)
    initials = fields.CharField(max_length=40)
    is_minor = fields.BooleanField(default=False)
    entries: list[dict[str, Any]] = fields.JSONField()
    entries_digest = fields.CharField(max_length=64)
    content: bytes = fields.BinaryField()
    sha256 = fields.CharField(max_length=64, db_index=True)

    class Meta:
        table = "transcript"
        indexes = (("participant_id",),)


WITHDRAWN_MARK = "-"
"""Begins the substitute of a withdrawn code; cannot be typed as a code."""


def is_withdrawn(certificate: Certificate) -> bool:
    """Only folio, kind and training are left."""
    return certificate.code.startswith(WITHDRAWN_MARK)
