"""A person's transcript, and what its code tells a stranger: no name."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from trainings import clock
from trainings.attendance.models import Attendance
from trainings.attendance.settling import stays_counting
from trainings.certificates.eligibility import hours_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, Transcript
from trainings.certificates.queries import UnknownCertificate, is_same_name
from trainings.db import reads
from trainings.lib import dates, tokens
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.completion import Outlook, share_needed

LONGEST_KEPT = 240
"""Letters of the name's column; the longest printed name has one more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An attended training: `minutes`, and its standing certificate (else empty texts)."""

    title: str
    minutes: int
    first_on: str
    held_text: str
    place: str
    is_completed: bool
    kind: str = ""
    folio: str = ""
    code: str = ""

    @property
    def day(self) -> date:
        return date.fromisoformat(self.first_on)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        return cls(**kept)


async def entries_of(participant_ids: Collection[UUID]) -> list[Entry]:
    """Trainings attended by these participants, who are one person; oldest first."""
    came = reads(Attendance).filter(registration__participant_id__in=list(participant_ids), is_present=True)
    stays: dict[UUID, list[Attendance]] = defaultdict(list)
    for one in await came.prefetch_related("session__training", "registration"):
        stays[one.registration_id].append(one)
    around = ("training__hub__seat", "training__sessions__venue__municipality")
    attended = reads(Registration).filter(id__in=list(stays)).prefetch_related(*around, "training__venue__municipality")
    papers, counting = await _papers(stays), await stays_counting(stays)
    once = _each_once([one for own in stays.values() for one in own])
    found = [_entry(one, once[one.id], counting[one.id], papers.get(one.id)) for one in await attended] if stays else []
    return sorted((one for one in found if one.minutes), key=lambda one: (one.first_on, one.title, one.folio))


def _each_once(stays: Sequence[Attendance]) -> dict[UUID, list[Attendance]]:
    """By registration, each session once: of two registrations, on the training's own."""
    by_session: dict[UUID, Attendance] = {}
    for one in sorted(stays, key=lambda one: (one.session.training_id == one.registration.training_id, one.minutes)):
        by_session[one.session_id] = one
    found: dict[UUID, list[Attendance]] = defaultdict(list)
    for one in by_session.values():
        found[one.registration_id].append(one)
    return found


async def _papers(registration_ids: Iterable[UUID]) -> Mapping[UUID, Certificate]:
    rank = {CertificateKind.CONSTANCIA: 0, CertificateKind.DIPLOMA: 1, CertificateKind.CERTIFICADO: 2}
    valid = reads(Certificate).filter(
        registration_id__in=list(registration_ids), state=CertificateState.VALID, erased_at=None
    )
    found = sorted(await valid, key=lambda one: rank[one.kind])
    return {one.registration_id: one for one in found}


def _entry(
    registration: Registration, stays: Sequence[Attendance], counting: Sequence[Attendance], paper: Certificate | None
) -> Entry:
    """`stays`: told in this entry only. `counting`: what the training's hours are computed from."""
    training = registration.training
    sessions = list(training.sessions)
    held = sorted(clock.local(one.starts_at).date() for one in sessions if one.is_on)
    days = held or sorted(clock.local(one.session.starts_at).date() for one in stays)
    hours = hours_of(counting, sessions, training.course_id)
    venue = next((one.venue for one in sessions if one.venue is not None), training.venue)
    return Entry(
        title=training.neutral_title or training.title,
        minutes=hours_of(stays, sessions, training.course_id).attended,
        first_on=days[0].isoformat(),
        held_text=dates.date_span(days, "es"),
        place=venue.municipality.full_name if venue is not None else training.hub.seat.full_name,
        is_completed=hours.outlook(share_needed(training)) is Outlook.COMPLETED,
        kind=paper.kind.value if paper is not None else "",
        folio=paper.folio if paper is not None else "",
        code=paper.code if paper is not None else "",
    )


def digest_of(entries: Sequence[Entry], name: str) -> str:
    """Equal for the same name and trainings."""
    whole = json.dumps([name, [asdict(one) for one in entries]], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


# -- what a code tells


@dataclass(frozen=True, slots=True)
class TranscriptCheck:
    """What a transcript's code tells a stranger, to compare with the paper.

    `n_papers`: trainings with a certificate when it was made; `n_annulled`: annulled since.
    """

    code: str
    made_on: date
    initials: str
    is_minor: bool
    entries: Sequence[Entry]
    n_papers: int
    n_annulled: int

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.entries)


async def check_transcript(typed: str) -> TranscriptCheck:
    """Refuses unknown and malformed codes as certificates' are."""
    return await transcript_check_of(await _by_code(typed))


async def transcript_check_of(transcript: Transcript) -> TranscriptCheck:
    entries = [Entry.from_json(one) for one in transcript.entries]
    folios = [one.folio for one in entries if one.folio]
    standing = reads(Certificate).filter(folio__in=folios).exclude(state=CertificateState.REVOKED)
    return TranscriptCheck(
        code=transcript.code,
        made_on=clock.local(transcript.created_at).date(),
        initials="" if transcript.is_minor else transcript.initials,
        is_minor=transcript.is_minor,
        entries=entries,
        n_papers=len(folios),
        n_annulled=len(folios) - await standing.count() if folios else 0,
    )


async def is_name_on_transcript(typed_code: str, name: str) -> bool:
    """As `queries.is_name_printed`."""
    return is_same_name(name, await _name_on(await _by_code(typed_code)))


async def _name_on(transcript: Transcript) -> str:
    """The printed name. Where its column cut it: its person's, if still the same."""
    if len(transcript.printed_name) < LONGEST_KEPT:
        return transcript.printed_name
    person = await reads(Participant).get(id=transcript.participant_id)
    entries = [Entry.from_json(one) for one in transcript.entries]
    is_whole = digest_of(entries, person.full_name) == transcript.entries_digest
    return person.full_name if is_whole else transcript.printed_name


async def _by_code(typed: str) -> Transcript:
    code = tokens.read_certificate_code(typed) or ""
    transcript = await reads(Transcript).get_or_none(code=code)
    if transcript is None or not tokens.same(transcript.code, code):
        raise UnknownCertificate
    return transcript
