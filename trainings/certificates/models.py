"""Certificates: numbered per operator and year, checkable by code, the file first given out kept."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.places.models import Operator
    from trainings.registrations.models import Registration


class CertificateKind(StrEnum):
    """A note states hours attended, a diploma that the course was completed, a certificate also a passed test."""

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


class FolioSeries(Record):
    """The next number of an operator's series in a local year, over all kinds, without gaps."""

    operator: fields.ForeignKeyRelation[Operator] = fields.ForeignKeyField(
        "trainings.Operator", related_name="folio_series", on_delete=fields.RESTRICT
    )
    operator_id: UUID
    year = fields.IntField()
    next_number = fields.IntField(default=1)

    class Meta:
        table = "folio_series"
        unique_together = (("operator", "year"),)


class Certificate(Record):
    """One certificate. What it prints is frozen here at issue (`sheet`), so that later edits change nothing given out.

    Unique (registration, kind) where not revoked; `folio` never reused; `code` (13 + 1 check characters) is public.
    """

    registration: fields.ForeignKeyRelation[Registration] = fields.ForeignKeyField(
        "trainings.Registration", related_name="certificates", on_delete=fields.RESTRICT
    )
    registration_id: UUID
    kind = fields.CharEnumField(CertificateKind, max_length=16)
    state = fields.CharEnumField(CertificateState, max_length=16)
    operator: fields.ForeignKeyRelation[Operator] = fields.ForeignKeyField(
        "trainings.Operator", related_name="certificates", on_delete=fields.RESTRICT
    )
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
    revoked_at: datetime | None = UTCDatetimeField(null=True)
    revoked_reason = fields.CharField(max_length=240, default="")
    replaces_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "certificate"
        unique_together = (("operator", "year", "number"),)


class CertificateFile(Record):
    """The PDF as first given out, every reprint is this file. Versions say with what it was set."""

    certificate: fields.OneToOneRelation[Certificate] = fields.OneToOneField(
        "trainings.Certificate", related_name="file", on_delete=fields.RESTRICT
    )
    certificate_id: UUID
    content: bytes = fields.BinaryField()
    sha256 = fields.CharField(max_length=64)
    typst_version = fields.CharField(max_length=16)
    design_version = fields.CharField(max_length=64)
    fonts_version = fields.CharField(max_length=64)

    class Meta:
        table = "certificate_file"


class CertificateReview(Record):
    """A person's decision that a certificate stays as it was issued, though the attendance by now says otherwise.

    `minutes` and `is_completed` are what attendance said then: should it change again, it is asked again.
    """

    certificate: fields.ForeignKeyRelation[Certificate] = fields.ForeignKeyField(
        "trainings.Certificate", related_name="reviews", on_delete=fields.RESTRICT
    )
    certificate_id: UUID
    minutes = fields.IntField()
    is_completed = fields.BooleanField()
    decided_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "certificate_review"
        indexes = (("certificate_id",),)
