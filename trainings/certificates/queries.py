"""Reads of certificates: the public check, a person's own, a training's for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.lib.text import fold
from trainings.web.i18n import N_


class UnknownCertificate(NotFound):
    code = "unknown_certificate"
    sentence = N_("No encontramos ese código. Revise que lo copió completo: son 14 letras y números.")


@dataclass(frozen=True, slots=True)
class PublicCheck:
    """What a stranger learns from a code: no name, for a minor not even initials."""

    code: str
    kind: CertificateKind
    state: CertificateState
    title: str
    minutes: int
    held_on: date
    issued_at: datetime
    issuer: str
    folio: str
    initials: str
    revoked_at: datetime | None


async def public_check(typed: str) -> PublicCheck:
    """The certificate behind a code as typed. Unknown, malformed and erased codes are the same 404."""
    certificate = await _by_code(typed)
    return PublicCheck(
        code=certificate.code,
        kind=certificate.kind,
        state=certificate.state,
        title=certificate.title,
        minutes=certificate.minutes,
        held_on=certificate.held_on,
        issued_at=certificate.issued_at,
        issuer=certificate.issuer,
        folio=certificate.folio,
        initials="" if certificate.is_minor else certificate.initials,
        revoked_at=certificate.revoked_at,
    )


async def is_name_printed(typed_code: str, name: str) -> bool:
    """Whether this is the name on the paper, whatever accents, apostrophes and capitals."""
    certificate = await _by_code(typed_code)
    return bool(fold(name)) and fold(name) == fold(certificate.printed_name)


async def _by_code(typed: str) -> Certificate:
    code = tokens.read_certificate_code(typed)
    certificate = await reads(Certificate).get_or_none(code=code) if code else None
    if certificate is None or not tokens.same(certificate.code, code or ""):
        raise UnknownCertificate
    return certificate


async def of_registration(registration_id: UUID) -> list[Certificate]:
    """A person's certificates of one training that stand, the newest first."""
    standing = reads(Certificate).filter(registration_id=registration_id).exclude(state=CertificateState.REVOKED)
    return await standing.order_by("-issued_at")


async def of_training(training_id: UUID) -> list[Certificate]:
    """All certificates of a training, annulled ones too, by folio."""
    return await reads(Certificate).filter(registration__training_id=training_id).order_by("year", "number")
