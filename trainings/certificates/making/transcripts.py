"""All trainings of a person on one page (PDF/A-3a, PDF/UA-1), with a code that tells no name; the same file while
nothing changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Self
from uuid import UUID

from trainings import clock
from trainings.attendance.models import Attendance
from trainings.attendance.settling import stays_counting
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.designs import DESIGNS
from trainings.certificates.designs.texts import band
from trainings.certificates.eligibility import hours_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, Transcript
from trainings.certificates.queries import UnknownCertificate, is_same_name
from trainings.certificates.words import KIND_WORDS
from trainings.db import lock, reads, transaction
from trainings.errors import Refusal
from trainings.lib import dates, qr, tokens
from trainings.lib.text import initials
from trainings.lib.tokens import show_certificate_code
from trainings.lib.typst import Design
from trainings.limits import actions as limits
from trainings.people.merged import same_person_ids
from trainings.people.models import Participant
from trainings.places.words import HUB_NAME
from trainings.registrations.models import Registration
from trainings.schedule.completion import Outlook, share_needed
from trainings.schedule.models import AT_REAL, Training
from trainings.settings import get_settings
from trainings.web.i18n import N_

LONGEST_KEPT = 240
"""Letters of the name's column; the longest printed name has one more."""


LONGEST_INITIALS = 40
DAY = 86_400
MADE_A_DAY = 10
"""By an own link, after changes: each is set and kept."""


class NothingAttended(Refusal):
    sentence = N_("Todavía no consta asistencia a ninguna capacitación. El historial se hace después de la primera.")


class UnprintableTranscript(Refusal):
    sentence = N_("El historial no puede imprimir «%(letters)s». Corrija el nombre y hágalo otra vez.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
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
    """Trainings attended by these participants, one person; oldest first."""
    came = reads(Attendance).filter(AT_REAL, registration__participant_id__in=list(participant_ids), is_present=True)
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
        title=training.title_told,
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
    whole = json.dumps([name, [asdict(one) for one in entries]], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


# -- what a code tells


@dataclass(frozen=True, slots=True)
class TranscriptCheck:
    """What a transcript's code tells a stranger, to compare with the paper. `n_papers`: trainings with a certificate
    when it was made; `n_annulled`: annulled since.
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
    return is_same_name(name, await _name_on(await _by_code(typed_code)))


async def _name_on(transcript: Transcript) -> str:
    """A name cut by its column is read from the person, if still the same."""
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


# -- its page

DESIGN = Design(DESIGNS / "transcript" / "transcript.typ", root=DESIGNS, fonts=DESIGNS / "fonts")


def rendered(name: str, code: str, entries: Sequence[Entry], *, made_at: datetime) -> bytes:
    """Equal words and moment give equal bytes. Refuses (`CannotTypeset`) letters that the fonts lack."""
    second = made_at.astimezone(UTC).replace(microsecond=0)
    data = transcript_data(name, code, entries, made_at=made_at)
    [file] = DESIGN.make(data, "pdf", name=code, pdf_standards=list(pdf.STANDARDS), timestamp=second)
    return pdf.finished(file, data)


def unprintable(name: str, entries: Sequence[Entry]) -> str:
    return DESIGN.missing(name, *(text for one in entries for text in (one.title, one.place)))


def transcript_data(name: str, code: str, entries: Sequence[Entry], *, made_at: datetime) -> dict[str, Any]:
    settings = get_settings()
    modules, path = qr.svg_path(f"{settings.base_url.rstrip('/')}/V/{code}".upper(), "M")
    minutes = sum(one.minutes for one in entries)
    return {
        "issuer": HUB_NAME,
        "name": name,
        "sentence": _sentence(len(entries), minutes),
        "entries": [_row(one) for one in entries],
        "band": band(minutes, "es"),
        "code": show_certificate_code(code),
        "host": f"{settings.host}/verificar",
        "made": f"Hecho {dates.held_on([dates.local_day(made_at)], 'es')}, con lo que consta ese día.",
        "qr": {"svg": pdf.code_picture(modules, path)},
    }


def _sentence(n: int, minutes: int) -> str:
    held = "la capacitación que sigue" if n == 1 else f"las {n} capacitaciones que siguen"
    return f"Según la asistencia que consta en las ventanillas, participó en {held}: {dates.duration(minutes, 'es')}."


def _row(one: Entry) -> dict[str, str | list[str]]:
    return {
        "title": one.title,
        "held": one.held_text,
        "place": one.place,
        "hours": dates.duration(one.minutes, "es"),
        "result": KIND_WORDS[CertificateKind(one.kind)] if one.kind else "La completó" if one.is_completed else "",
        "paper": [one.folio, show_certificate_code(one.code)] if one.folio else [],
    }


# -- made


async def whose(registration: Registration, *, actor: Actor) -> list[UUID]:
    """Participants whose trainings count: for staff, all merged into one person; for an own link this participant
    alone: a stranger may have made it before the merge.
    """
    is_by_staff = actor.id is not None
    return await same_person_ids(registration.participant_id) if is_by_staff else [registration.participant_id]


async def make_transcript(registration: Registration, *, actor: Actor) -> Transcript:
    """The current transcript of the registration's person (loaded); an equal earlier transcript is reused. Not in a
    transaction.

    Refuses without attendance, and unprintable letters; by an own link more than ten new transcripts a day
    (TooManyTries).
    """
    person = registration.participant
    entries = await entries_of(await whose(registration, actor=actor))
    if not entries:
        raise NothingAttended
    digest = digest_of(entries, person.full_name)
    kept = await _same(person.id, digest)
    if kept is not None:
        return kept
    missing = unprintable(person.full_name, entries)
    if missing:
        raise UnprintableTranscript(letters=missing)
    if actor.id is None:
        await limits.hit("transcript", str(person.id), MADE_A_DAY, DAY)
    return await _keep(await _set(person, entries, digest), registration, actor)


async def latest_transcript(participant_id: UUID, entries: Sequence[Entry], name: str) -> Transcript | None:
    return await _same(participant_id, digest_of(entries, name))


async def _same(participant_id: UUID, digest: str) -> Transcript | None:
    return await reads(Transcript).filter(participant_id=participant_id, entries_digest=digest).first()


async def _set(person: Participant, entries: Sequence[Entry], digest: str) -> Transcript:
    code, moment = tokens.certificate_code(), clock.now()
    content = await asyncio.to_thread(rendered, person.full_name, code, entries, made_at=moment)
    return Transcript(
        participant_id=person.id,
        code=code,
        printed_name=person.full_name[:LONGEST_KEPT],
        initials=initials(person.given_names, person.surnames)[:LONGEST_INITIALS].strip(),
        is_minor=person.age_group is not None and person.age_group.is_minor,
        entries=[asdict(one) for one in entries],
        entries_digest=digest,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        created_at=moment,
    )


async def _keep(made: Transcript, registration: Registration, actor: Actor) -> Transcript:
    async with transaction():
        await lock(Participant, [made.participant_id])
        kept = await _same(made.participant_id, made.entries_digest)
        if kept is not None:
            return kept
        await made.save(force_create=True)
        training = await reads(Training).get(id=registration.training_id)
        await record("certificates.make_transcript", actor=actor, object_id=registration.id, hub_id=training.hub_id)
        return made


async def own_transcript(participant_ids: Collection[UUID], typed_code: str) -> Transcript:
    """Refuses another person's as unknown."""
    code = tokens.read_certificate_code(typed_code) or ""
    found = await reads(Transcript).get_or_none(participant_id__in=list(participant_ids), code=code)
    if found is None:
        raise UnknownCertificate
    return found
