"""Keys and certificates that sign an operator's PDFs: loaded from a file, made here, retired.

One is in use at a time. A retired one's signatures stay: its certificate is in the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.models import SigningKey
from trainings.certificates.signing_material import SigningMaterial, note_of
from trainings.certificates.trust.key_files import (
    CertificateExpired,
    CertificateNotYet,
    KeyFile,
    make_key_file,
    read_key_file,
)
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib.dates import numeric_date
from trainings.places.models import Operator
from trainings.web.i18n import N_

PUBLIC_FIELDS = (
    "id",
    "created_at",
    "operator_id",
    "certificate_pem",
    "subject",
    "issued_by",
    "fingerprint",
    "not_before",
    "not_after",
    "is_self_signed",
    "retired_at",
    "compromised_since",
)


class UnprintableCertificate(Refusal):
    code = "unprintable_certificate"
    status = 422
    sentence = N_("El diploma no puede imprimir «%(letters)s», que está en el nombre del certificado.")


class AlreadyLoaded(Refusal):
    code = "already_loaded"
    sentence = N_("Ese certificado ya se cargó antes. Si necesita otro, pídalo a su proveedor.")


class UnknownSigningKey(NotFound):
    code = "unknown_signing_key"
    sentence = N_("No encontramos ese certificado. Abra la página otra vez.")


class TheftAhead(Refusal):
    code = "theft_ahead"
    status = 422
    sentence = N_("Ese día todavía no llega. Escriba desde qué día la pudo tener alguien ajeno.")


async def material_of(operator_id: UUID) -> SigningMaterial | None:
    """The key not retired, within its dates. None: papers stay unsigned."""
    now = clock.now()
    in_use = reads(SigningKey).filter(operator_id=operator_id, retired_at=None, not_before__lte=now, not_after__gt=now)
    key = await in_use.order_by("-created_at", "-id").first()
    if key is None:
        return None
    assert key.private_key is not None, "a certificate without its key signs nothing"
    return SigningMaterial(
        key.certificate_pem, key.private_key, key.subject, key.issued_by, key.fingerprint, key.is_self_signed
    )


async def signing_keys_of(operator_ids: Collection[UUID]) -> list[SigningKey]:
    """Newest first, without private halves."""
    keys = reads(SigningKey).filter(operator_id__in=sorted(operator_ids)).order_by("-created_at", "-id")
    return await keys.only(*PUBLIC_FIELDS)


async def running_out(operator_ids: Collection[UUID], within: timedelta) -> list[SigningKey]:
    """Keys in use that end within this time or have ended: papers are then unsigned."""
    keys = reads(SigningKey).filter(operator_id__in=sorted(operator_ids), retired_at=None)
    ending = keys.filter(not_after__lte=clock.now() + within).order_by("not_after", "id")
    return await ending.only(*PUBLIC_FIELDS)


async def load_key(operator_id: UUID, content: bytes, password: str, *, actor: Actor) -> SigningKey:
    """Sign with this PKCS#12 file's key, and retire the one before. The password is not kept.

    Refuses as `read_key_file`, an expired, not yet valid or known one, and an unprintable name.
    """
    file = await asyncio.to_thread(read_key_file, content, password)
    now = clock.now()
    if file.not_after <= now:
        raise CertificateExpired(field="file", day=numeric_date(file.not_after))
    if file.not_before > now:
        raise CertificateNotYet(field="file", day=numeric_date(file.not_before))
    return await _begin(operator_id, file, actor=actor, act="certificates.load_signing_key")


async def make_key(operator_id: UUID, *, actor: Actor) -> SigningKey:
    """Sign with a new key and an own certificate, and retire the one before."""
    operator = await reads(Operator).get(id=operator_id)
    file = await asyncio.to_thread(make_key_file, operator.name, now=clock.now())
    return await _begin(operator_id, file, actor=actor, act="certificates.make_signing_key")


async def retire_key(operator_id: UUID, key_id: UUID, *, actor: Actor) -> None:
    """Later papers stay unsigned. Refuses another operator's key."""
    async with transaction():
        await lock(Operator, [operator_id])
        key = await SigningKey.get_or_none(id=key_id, operator_id=operator_id)
        if key is None:
            raise UnknownSigningKey
        if key.retired_at is not None:
            return
        await _retire([key], clock.now())
        await record("certificates.retire_signing_key", actor=actor, object_id=key.id, operator=str(operator_id))


async def report_stolen(operator_id: UUID, key_id: UUID, since: date, *, actor: Actor) -> None:
    """A stranger may have this key since the beginning of that day: it signs no more, and its signatures count only on
    files that we held before. The earlier of two days stands.

    Refuses TheftAhead (a future day), UnknownSigningKey (another operator's).
    """
    moment = theft_at(since)
    async with transaction():
        await lock(Operator, [operator_id])
        key = await SigningKey.get_or_none(id=key_id, operator_id=operator_id)
        if key is None:
            raise UnknownSigningKey
        key.compromised_since = min(moment, key.compromised_since or moment)
        key.retired_at = key.retired_at or clock.now()
        await key.save(update_fields=["compromised_since", "retired_at"])
        await record("certificates.report_stolen_key", actor=actor, object_id=key.id, since=since.isoformat())


def theft_at(since: date) -> datetime:
    """The day's beginning. Refuses a future day (TheftAhead)."""
    if since > clock.today():
        raise TheftAhead(field="since")
    return clock.midnight(since)


async def _begin(operator_id: UUID, file: KeyFile, *, actor: Actor, act: str) -> SigningKey:
    key = SigningKey(
        operator_id=operator_id,
        certificate_pem=file.certificate_pem,
        private_key=file.private_key_pem,
        subject=file.subject,
        issued_by=file.issued_by,
        fingerprint=file.fingerprint,
        not_before=file.not_before,
        not_after=file.not_after,
        is_self_signed=file.is_self_signed,
        added_by_id=actor.id,
    )
    _check_printable(file)
    async with transaction():
        await lock(Operator, [operator_id])
        if await SigningKey.filter(fingerprint=file.fingerprint).exists():
            raise AlreadyLoaded(field="file")
        await _retire(await SigningKey.filter(operator_id=operator_id, retired_at=None), clock.now())
        await key.save(force_create=True)
        await record(act, actor=actor, object_id=key.id, operator=str(operator_id), fingerprint=key.fingerprint)
        return key


def _check_printable(file: KeyFile) -> None:
    material = SigningMaterial(
        file.certificate_pem, "", file.subject, file.issued_by, file.fingerprint, file.is_self_signed
    )
    missing = pdf.missing_glyphs(*note_of(material), *note_of(material, "en"))
    if missing:
        raise UnprintableCertificate(field="file", letters=missing)


async def _retire(keys: Collection[SigningKey], moment: datetime) -> None:
    for key in keys:
        key.retired_at = moment
        await key.save(update_fields=["retired_at"])
