"""Marks of unknown codes and nameless cards, given to their people once the card has a name."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trainings.attendance.events import CODE_HASH_LENGTH
from trainings.attendance.holders import Person, people_by_card
from trainings.attendance.models import ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import ARRIVALS, DEPARTURES, project_all
from trainings.attendance.scans import Holder, flag_of, flag_of_clock, when_of
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession

OF_SOMEBODY: frozenset[ScanKind] = ARRIVALS | DEPARTURES


async def match_unknown(training_id: UUID) -> int:
    """Count unknown codes and nameless cards of the training's sessions for the people who have them now; returns how
    many marks.

    In the caller's transaction, with the training locked. Time and way of a mark stay, and what waits for a decision
    goes on waiting.
    """
    unknown = await ScanEvent.filter(
        session__training_id=training_id, registration_id=None, kind__in=sorted(OF_SOMEBODY)
    ).prefetch_related("session")
    owners = await _owners(training_id, unknown)
    touched: dict[UUID, set[UUID]] = {}
    sessions: dict[UUID, TrainingSession] = {}
    for event in unknown:
        owner = owners.get(event.id)
        if owner is None:
            continue
        event.registration_id = owner.joined_to_id or owner.id
        if event.flag in (ScanFlag.UNKNOWN_CODE, ScanFlag.UNNAMED):
            when = when_of(event)
            event.flag = flag_of(Holder(owner), event.session, when)
            if event.flag is ScanFlag.AFTER_CLOSE and (_came_before_closing(event) or _was_typed_in(event)):
                event.flag = flag_of_clock(event.session, when)
        event.unknown_code = None
        await event.save(update_fields=["registration_id", "flag", "unknown_code"])
        touched.setdefault(event.session_id, set()).add(event.registration_id)
        sessions[event.session_id] = event.session
    await project_all(sessions, touched)
    return sum(event.id in owners for event in unknown)


def _came_before_closing(event: ScanEvent) -> bool:
    """Whether the mark was here at the closing: a name given later makes nothing late."""
    return event.session.closed_at is not None and event.created_at <= event.session.closed_at


def _was_typed_in(event: ScanEvent) -> bool:
    """Whether it is a row of a signed list, typed in by staff who knew that the session is closed."""
    return event.how is ScanHow.SHEET and event.phone_id is None


async def _owners(training_id: UUID, events: Sequence[ScanEvent]) -> dict[UUID, Person | Registration]:
    hashes = {event.id: shown for event in events if (shown := _hash_of(event))}
    by_card, replaced = await people_by_card(sorted(set(hashes.values())))
    typed = {event.id: event.unknown_code for event in events if event.unknown_code and event.id not in hashes}
    by_code = {
        one.short_code: one
        for one in await Registration.filter(training_id=training_id, short_code__in=sorted(set(typed.values())))
    }
    found: dict[UUID, Person | Registration | None] = {
        **{key: by_card.get(shown) or replaced.get(shown) for key, shown in hashes.items()},
        **{key: by_code.get(code) for key, code in typed.items()},
    }
    return {key: one for key, one in found.items() if one is not None and one.training_id == training_id}


def _hash_of(event: ScanEvent) -> str:
    code = event.unknown_code or ""
    if event.code_hash or len(code) != tokens.QR_TOKEN_LENGTH:
        return event.code_hash
    return tokens.digest(code, "qr")[:CODE_HASH_LENGTH]
