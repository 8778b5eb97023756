"""Scans of codes that nobody had: given to whom they belong once a card got its name."""

from __future__ import annotations

from uuid import UUID

from tortoise.expressions import Q

from trainings.attendance.models import ScanEvent, ScanFlag
from trainings.attendance.projection import project
from trainings.attendance.scans import Holder, flag_of
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession


async def match_unknown(training_id: UUID) -> int:
    """Count the unknown codes of a training's sessions for the people who have them by now; returns how many those are.

    In the caller's transaction, with the training locked. What a scan says of when and how stays as it was.
    """
    unknown = await ScanEvent.filter(
        session__training_id=training_id, registration_id=None, flag__in=[ScanFlag.UNKNOWN_CODE, ScanFlag.UNNAMED]
    ).prefetch_related("session")
    codes = {event.unknown_code for event in unknown if event.unknown_code is not None}
    owners = await _owners(training_id, codes) if codes else {}
    touched: dict[UUID, set[UUID]] = {}
    sessions: dict[UUID, TrainingSession] = {}
    n_matched = 0
    for event in unknown:
        owner = owners.get(event.unknown_code or "")
        if owner is None:
            continue
        event.registration_id = owner.duplicate_of_id or owner.id
        event.flag = flag_of(Holder(owner), event.session, at=event.at, offset=event.at - event.device_at)
        event.unknown_code = None
        await event.save(update_fields=["registration_id", "flag", "unknown_code"])
        touched.setdefault(event.session_id, set()).add(event.registration_id)
        sessions[event.session_id] = event.session
        n_matched += 1
    for key, people in touched.items():
        await project(sessions[key], people)
    return n_matched


async def _owners(training_id: UUID, codes: set[str]) -> dict[str, Registration]:
    """Whose tickets of this training these codes (as read) are."""
    digests = {tokens.digest(code, "qr"): code for code in codes if len(code) == tokens.QR_TOKEN_LENGTH}
    typed = [code for code in codes if len(code) == tokens.SHORT_CODE_LENGTH]
    found = await Registration.filter(Q(qr_hash__in=list(digests)) | Q(short_code__in=typed), training_id=training_id)
    by_qr = {digests[one.qr_hash]: one for one in found if one.qr_hash in digests}
    return by_qr | {one.short_code: one for one in found if one.short_code in typed}
