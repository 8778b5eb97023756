"""Issue certificates once per registration and kind, keep the first file, revoke with a reason."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings import clock
from trainings.attendance.actions import settle
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates import pdf
from trainings.certificates.eligibility import NotEligible, kinds_open_to
from trainings.certificates.models import (
    MOVES,
    Certificate,
    CertificateFile,
    CertificateKind,
    CertificateState,
)
from trainings.certificates.sheets import sheet_for
from trainings.db import sql, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib import tokens
from trainings.lib.text import initials
from trainings.outbox.actions import enqueue
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession
from trainings.schedule.phase import last_end
from trainings.settings import get_settings
from trainings.web.i18n import N_

NEXT_NUMBER = """
    INSERT INTO folio_series (id, created_at, operator_id, year, next_number) VALUES (?, ?, ?, ?, 2)
    ON CONFLICT (operator_id, year) DO UPDATE SET next_number = folio_series.next_number + 1
    RETURNING next_number - 1 AS number
"""


class UnprintableName(Refusal):
    code = "unprintable_name"
    sentence = N_("El diploma no puede imprimir «%(letters)s». Corrija el nombre y emítalo otra vez.")


class NoSignatory(Refusal):
    code = "no_signatory"
    sentence = N_("Falta quién firma los diplomas de esta municipalidad. Anote al menos una firma.")


class AlreadyRevoked(Refusal):
    code = "already_revoked"
    sentence = N_("Este certificado ya está anulado.")


class ReasonMissing(Refusal):
    code = "reason_missing"
    status = 422
    sentence = N_("Escriba por qué se anula.")


async def issue(registration_id: UUID, kind: CertificateKind, *, actor: Actor) -> Certificate:
    """The certificate of this registration and kind: made now, or the one that stands (issuing twice gives the same).

    Refuses when the hours are not met (NotEligible), or a letter of what it prints is not in the design's fonts.
    """
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise NotFound(N_("No encontramos esa inscripción."))
    await settle(where.training_id)
    certificate = await _issued(registration_id, kind, actor)
    await file_of(certificate)
    return certificate


async def issue_all(training_id: UUID, *, actor: Actor) -> list[Certificate]:
    """Everybody's certificate who completed the training; people whose name cannot be printed are left for `issue`.

    Files are set afterwards by the outbox worker, or when somebody opens one first.
    """
    await settle(training_id)
    ready = Registration.filter(training_id=training_id, duplicate_of_id=None, completed_at__not_isnull=True)
    certificates = []
    for registration in await ready.order_by("created_at").prefetch_related("training__course"):
        kind = kinds_open_to(registration, registration.training.course)[0]
        try:
            certificates.append(await _issued(registration.id, kind, actor))
        except UnprintableName:
            continue
    return certificates


async def _issued(registration_id: UUID, kind: CertificateKind, actor: Actor) -> Certificate:
    try:
        return await _issue_once(registration_id, kind, actor)
    except IntegrityError:
        # Somebody else issued it between our look and our write.
        return await _issue_once(registration_id, kind, actor)


async def _issue_once(registration_id: UUID, kind: CertificateKind, actor: Actor) -> Certificate:
    async with transaction():
        standing = await Certificate.filter(registration_id=registration_id, kind=kind).exclude(
            state=CertificateState.REVOKED
        )
        if standing:
            return standing[0]
        registration = await Registration.get(id=registration_id).prefetch_related(
            "participant", "training__course", "training__hub__operator__municipality", "training__hub__seat"
        )
        if kind not in kinds_open_to(registration, registration.training.course):
            raise NotEligible
        certificate = await _write(registration, kind, actor)
        if registration.participant.email_key is not None:
            await enqueue(
                "certificate_ready",
                {"registration_id": str(registration.id), "certificate_id": str(certificate.id)},
                dedup=f"certificate_ready:{certificate.id}",
                hub_id=certificate.hub_id,
            )
        await enqueue(
            "certificate_file", {"certificate_id": str(certificate.id)}, dedup=f"certificate_file:{certificate.id}"
        )
        await record(
            "certificates.issue",
            actor=actor,
            object_id=certificate.id,
            hub_id=certificate.hub_id,
            kind=kind.value,
            folio=certificate.folio,
        )
        return certificate


async def _write(registration: Registration, kind: CertificateKind, actor: Actor) -> Certificate:
    """Number it and freeze what it prints."""
    hub = registration.training.hub
    signatories = [(one.name, one.office) for one in await hub.operator.signatories.all()][: pdf.MOST_SIGNATORIES]
    if not signatories:
        raise NoSignatory
    sessions = await TrainingSession.filter(training_id=registration.training_id)
    year = clock.today().year
    [row] = await sql.rows(NEXT_NUMBER, tokens.uuid7(), clock.now(), hub.operator_id, year)
    folio = f"VIMMIG-{hub.operator.code}-{year}-{row['number']:06d}"
    code = tokens.certificate_code()
    sheet = sheet_for(registration, kind, sessions, signatories, folio=folio, code=code, settings=get_settings())
    _check_letters(sheet)
    participant = registration.participant
    end = last_end(sessions)
    assert end is not None, "a training with hours has a session"
    return await Certificate.create(
        registration=registration,
        kind=kind,
        state=CertificateState.VALID,
        operator_id=hub.operator_id,
        hub_id=hub.id,
        year=year,
        number=row["number"],
        folio=folio,
        code=code,
        printed_name=sheet.person_name,
        initials=initials(participant.given_names, participant.surnames),
        is_minor=participant.age_group is not None and participant.age_group.is_minor,
        title=sheet.title,
        minutes=sheet.minutes,
        held_on=clock.local(end).date(),
        issuer=hub.operator.name,
        sheet=sheet.to_json(),
        issued_at=clock.now(),
        issued_by_id=actor.id,
    )


def _check_letters(sheet: pdf.CertificateSheet) -> None:
    texts = [sheet.person_name, sheet.title, sheet.place, sheet.authority, *sheet.letterhead]
    texts += [title for title, _minutes in sheet.contents]
    texts += [text for pair in sheet.signatories for text in pair]
    missing = pdf.missing_glyphs(*texts)
    if missing:
        raise UnprintableName(letters=missing)


async def file_of(certificate: Certificate) -> CertificateFile:
    """The PDF as first given out; set now where nobody has opened it yet. Two at once keep one and the same file."""
    kept = await CertificateFile.get_or_none(certificate_id=certificate.id)
    if kept is not None:
        return kept
    sheet = pdf.CertificateSheet.from_json(certificate.sheet)
    content = await asyncio.to_thread(pdf.render, sheet, timestamp=certificate.issued_at)
    versions = pdf.versions()
    try:
        async with transaction():
            return await CertificateFile.create(
                certificate_id=certificate.id,
                content=content,
                sha256=hashlib.sha256(content).hexdigest(),
                typst_version=versions["typst"],
                design_version=versions["design"],
                fonts_version=versions["fonts"],
            )
    except IntegrityError:
        return await CertificateFile.get(certificate_id=certificate.id)


async def revoke(certificate_id: UUID, reason: str, *, actor: Actor) -> None:
    """Annul a certificate: folio and code stay, the public check says it is annulled. Refuses without a reason."""
    if not reason.strip():
        raise ReasonMissing(field="reason")
    async with transaction():
        certificate = await Certificate.select_for_update().get_or_none(id=certificate_id)
        if certificate is None:
            raise NotFound(N_("No encontramos ese certificado."))
        if CertificateState.REVOKED not in MOVES[certificate.state]:
            raise AlreadyRevoked
        certificate.state, certificate.revoked_at = CertificateState.REVOKED, clock.now()
        certificate.revoked_reason = reason.strip()[:240]
        await certificate.save(update_fields=["state", "revoked_at", "revoked_reason"])
        await record("certificates.revoke", actor=actor, object_id=certificate.id, hub_id=certificate.hub_id)
