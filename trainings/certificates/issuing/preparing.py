"""Certificates prepared before the last session's end, for people on track, printed and signed in ink. A paper becomes
valid when the training is over, its person completed it, and its words still hold. Unused papers are annulled by
staff, or a week later.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.attendance.phones.closings import close_reported, early_ends
from trainings.attendance.settling import settle, stays_counting
from trainings.audit.actions import Act, record_all
from trainings.audit.actor import PROGRAM, Actor
from trainings.certificates.designs import designs, pdf
from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.texts import CertificateSheet, made_out_on
from trainings.certificates.eligibility import UNUSED, earned_kinds, hours_of, is_over
from trainings.certificates.issuing import actions, names
from trainings.certificates.issuing.mails import announce
from trainings.certificates.issuing.names import in_hand
from trainings.certificates.making.contents import Occasion, texts_in_common
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.certificates.refusals import UnprintableText
from trainings.certificates.trust import status_lists
from trainings.db import lock, reads, sql, transaction
from trainings.errors import Refusal
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.schedule.completion import Outlook, share_needed
from trainings.schedule.models import Training, TrainingSession, TrainingState, sessions_on
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

KEPT_FOR = timedelta(days=7)
"""After the last session; then unused papers are annulled."""
COUNTED_WITHIN = timedelta(days=1)
PAPERS_AT_ONCE = 100
"""Papers in one transaction, of some tenths of a second."""
CORRECTED_AT_ONCE = 25
"""Papers in one transaction, of some hundredths of a second."""
ANNUL_UNUSED = "certificates.annul_unused"
logger = logging.getLogger("trainings.certificates")
Signing = dict[date, tuple[tuple[str, str], ...]]


class NothingUnused(Refusal):
    sentence = N_("No hay ninguno que anular: la lista cambió mientras tanto.")


class AttendanceOpen(Refusal):
    sentence = N_("Antes marque a quienes firmaron la hoja y cierre la sesión. Después se anulan los que no se usaron.")


# -- who is on track


async def due(training: Training, people: Sequence[Registration]) -> dict[UUID, CertificateKind]:
    """People on track: expected or present, and the hours are met or still can be."""
    sessions = await reads(TrainingSession).filter(training_id=training.id)
    stays = await stays_counting([one.id for one in people])
    found = {}
    for one in people:
        hours = hours_of(stays[one.id], sessions, training.course_id)
        is_on_track = hours.outlook(share_needed(training)) is not Outlook.OUT_OF_REACH
        if is_on_track and (one.state in TAKES_PLACE or stays[one.id]):
            found[one.id] = earned_kinds(training, minutes=0, has_completed=True, mark=one.mark)[0]
    return found


# -- what became of them


class Outdated(StrEnum):
    TITLE = "title"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A prepared certificate, its sheet as `said` and as of `now`, and why it is not valid. `is_due`: attendance
    supports it. `is_unused`: the training is over or called off, and its person did not earn it.
    """

    certificate: Certificate
    said: CertificateSheet
    now: CertificateSheet
    outdated: Sequence[Outdated]
    is_due: bool
    is_unused: bool

    @property
    def is_to_correct(self) -> bool:
        return bool(self.outdated) and not self.is_unused and not in_hand(self.certificate)

    @property
    def is_of_another_day(self) -> bool:
        return self.now.issued_on != self.said.issued_on


async def waiting(training_id: UUID) -> list[Waiting]:
    prepared = reads(Certificate).filter(registration__training_id=training_id, state=CertificateState.PREPARED)
    # Joined: a separate fetch takes Tortoise quadratic time.
    found = await prepared.order_by("year", "number", "id").select_related("registration__participant")
    if not found:
        return []
    occasion = await occasion_now(training_id)
    return [waiting_of(one, occasion) for one in found]


ALIKE = """
    SELECT MIN(c.folio), COUNT(*) FROM registration r JOIN certificate c ON c.registration_id = r.id
    WHERE r.training_id = ? AND c.state = 'prepared'
    GROUP BY c.kind, c.title, c.minutes, c.held_on, c.sheet ->> 'held_text', c.sheet ->> 'language',
        c.handed_over_at IS NULL, r.minutes_attended > 0, r.completed_at IS NULL, r.mark
"""
"""What `waiting_of` decides by, but for the date of issue."""


async def alike_waiting(training_id: UUID) -> list[tuple[Waiting, int]]:
    """One of each group of prepared certificates that are alike, and how many they are."""
    n_by_folio: dict[str, int] = dict(await sql.tuples(ALIKE, training_id))
    if not n_by_folio:
        return []
    some = await reads(Certificate).filter(folio__in=sorted(n_by_folio)).select_related("registration__participant")
    occasion = await occasion_now(training_id)
    return [(waiting_of(one, occasion), n_by_folio[one.folio]) for one in some]


def waiting_of(certificate: Certificate, occasion: Occasion) -> Waiting:
    training = occasion.training
    is_off = training.state is TrainingState.CANCELLED
    has_ended = _is_done(occasion.sessions)
    has_earned = certificate.kind in actions.kinds_of(certificate.registration, training)
    said = CertificateSheet.from_json(certificate.sheet)
    has_moved = _has_moved(certificate, said, occasion)
    now = _as_now(certificate, said, occasion, has_moved=has_moved)
    differs = {
        Outdated.TITLE: said.title != now.title,
        Outdated.HOURS: said.minutes != now.minutes,
        Outdated.DAYS: has_moved,
    }
    outdated = [what for what, is_so in differs.items() if is_so]
    return Waiting(
        certificate,
        said,
        now,
        outdated,
        is_due=has_ended and has_earned and not is_off and not outdated,
        is_unused=is_off or (has_ended and not has_earned),
    )


async def occasion_now(training_id: UUID) -> Occasion:
    """Without signatories: each day's papers have them frozen."""
    training = await reads(Training).get(id=training_id)
    sessions = await reads(TrainingSession).filter(training_id=training_id)
    return Occasion(training, sessions, (), clock.today())


def _has_moved(certificate: Certificate, said: CertificateSheet, occasion: Occasion) -> bool:
    if not occasion.held:
        return False
    return (said.held_text, certificate.held_on) != (_held_text(said, occasion), occasion.last_day)


def _held_text(said: CertificateSheet, occasion: Occasion) -> str:
    return design_texts.days(said.language.partition("+")[0], occasion.held_days)


def _as_now(
    certificate: Certificate, said: CertificateSheet, occasion: Occasion, *, has_moved: bool
) -> CertificateSheet:
    if not occasion.held:
        return said
    return replace(
        said,
        title=occasion.training.title,
        minutes=occasion.minutes_held,
        held_text=_held_text(said, occasion),
        held_days=tuple(occasion.held_days),
        issued_on=made_out_on(certificate.issued_at, occasion.last_day) if has_moved else said.issued_on,
    )


# -- the background


async def validate_due() -> int:
    """Make papers valid that attendance supports, annul papers unused for a week; returns the number of changes. Safe
    at the same time.
    """
    prepared = reads(Certificate).filter(state=CertificateState.PREPARED)
    trainings = {key for (key,) in await prepared.distinct().values_list("registration__training_id")}
    return sum([await validate(key) for key in sorted(trainings)])


async def validate(training_id: UUID) -> int:
    """Some papers a transaction. Decides nothing while an early end waits for confirmation."""
    prepared = reads(Certificate).filter(registration__training_id=training_id, state=CertificateState.PREPARED)
    if not await prepared.exists():
        return 0
    sessions = await reads(TrainingSession).filter(training_id=training_id)
    has_lapsed = clock.now() >= _last_end(sessions) + KEPT_FOR
    if (not is_over(sessions) and not has_lapsed) or await early_ends([one.id for one in sessions]):
        return 0
    await settle(training_id)
    found = await waiting(training_id)
    keys = [one.certificate.id for one in found if one.is_due or (has_lapsed and one.is_unused)]
    some = (keys[first : first + PAPERS_AT_ONCE] for first in range(0, len(keys), PAPERS_AT_ONCE))
    return sum([await _validate_some(training_id, few, has_lapsed=has_lapsed) for few in some])


async def validate_few(training_id: UUID) -> None:
    """Right after attendance changed; the background takes many, so that closing a session is quick."""
    prepared = reads(Certificate).filter(registration__training_id=training_id, state=CertificateState.PREPARED)
    if await prepared.count() <= PAPERS_AT_ONCE:
        await validate(training_id)


async def _validate_some(training_id: UUID, keys: Sequence[UUID], *, has_lapsed: bool) -> int:
    async with transaction():
        await locked_training(training_id)
        held = await held_prepared(keys)
        occasion = await occasion_now(training_id)
        found = [waiting_of(one, occasion) for one in held]
        valid = [one.certificate for one in found if one.is_due]
        unused = [one.certificate for one in found if one.is_unused] if has_lapsed else []
        await _make_valid(valid)
        await actions.revoke_held(unused, UNUSED, actor=PROGRAM, act=ANNUL_UNUSED)
        return len(valid) + len(unused)


PREPARED = """
    SELECT r.training_id, COUNT(*) FROM certificate c JOIN registration r ON r.id = c.registration_id
    WHERE c.hub_id IN ?list AND c.state = 'prepared' GROUP BY r.training_id
"""


async def left_over(hub_ids: Collection[UUID]) -> list[tuple[Training, int]]:
    """Trainings that are over with prepared certificates, and their number; not while the last session is open."""
    found = await sql.tuples(PREPARED, list(hub_ids)) if hub_ids else ()
    counted = {sql.as_uuid(key): n for key, n in found}
    if not counted:
        return []
    trainings = await reads(Training).filter(id__in=list(counted)).order_by("title", "id").prefetch_related("sessions")
    return [(one, counted[one.id]) for one in trainings if _is_done(list(one.sessions)) and to_close(one) is None]


async def settle_ended(known: set[UUID]) -> int:
    """Count hours of sessions that ended within a day and nobody closed; returns their number. `known`: counted before
    by this process.
    """
    moment = clock.now()
    ended = reads(TrainingSession).filter(
        sessions_on(),
        closed_at=None,
        ends_at__lte=moment,
        ends_at__gt=moment - COUNTED_WITHIN,
    )
    new = [one for one in await ended if one.id not in known]
    await close_reported([one.id for one in new])
    for training_id in sorted({one.training_id for one in new}):
        await settle(training_id)
    known.update(one.id for one in new)
    return len(new)


def _is_done(sessions: Sequence[TrainingSession]) -> bool:
    return is_over(sessions) or not any(one.is_on for one in sessions)


def _last_end(sessions: Sequence[TrainingSession]) -> datetime:
    """Of a training called off: when it would have ended."""
    planned = [one.ends_at for one in sessions if one.is_on]
    return max(planned or [one.ends_at for one in sessions])


async def held_prepared(keys: Sequence[UUID]) -> list[Certificate]:
    """Prepared certificates, locked, with people."""
    held = [one for one in await lock(Certificate, keys) if one.state is CertificateState.PREPARED]
    concerned = Registration.filter(id__in=[one.registration_id for one in held])
    people = {one.id: one for one in await concerned.select_related("participant")}
    for one in held:
        one.registration = people[one.registration_id]
    return sorted(held, key=lambda one: (one.year, one.number))


async def _make_valid(certificates: Sequence[Certificate]) -> None:
    moment = clock.now()
    for one in certificates:
        one.state, one.validated_at = CertificateState.VALID, moment
    if certificates:
        same = Certificate.filter(id__in=[one.id for one in certificates])
        await same.update(state=CertificateState.VALID, validated_at=moment)
        training = await Training.get(id=certificates[0].registration.training_id)
        await announce([(one, one.registration.participant) for one in certificates], training)
        acts = [Act(one.id, one.hub_id, {"folio": one.folio}) for one in certificates]
        await record_all("certificates.validate", acts, actor=PROGRAM)
        status_lists.touch(certificates)


# -- what staff decide


def to_close(training: Training) -> TrainingSession | None:
    """The last session (loaded) that took place, if nobody closed it."""
    planned = [one for one in training.sessions if one.is_on]
    if not planned or training.state is TrainingState.CANCELLED:
        return None
    last = max(planned, key=lambda one: one.ends_at)
    return last if last.closed_at is None else None


async def end_to_confirm(training: Training) -> TrainingSession | None:
    """The first session whose early end only a phone tells."""
    told = await early_ends([one.id for one in training.sessions])
    return min((one for one in training.sessions if one.id in told), key=lambda one: one.starts_at, default=None)


async def annul_unused(training_id: UUID, *, actor: Actor) -> list[Certificate]:
    """Returns the annulled papers; no second person decides, since they never were valid. Refuses NothingUnused, and
    AttendanceOpen before the last session is closed: attendance may be on paper.
    """
    await settle(training_id)
    async with transaction():
        await locked_training(training_id)
        unused = await held_prepared([one.certificate.id for one in await waiting(training_id) if one.is_unused])
        if not unused:
            raise NothingUnused
        training = await Training.get(id=training_id).prefetch_related("sessions")
        if to_close(training) is not None:
            raise AttendanceOpen
        await actions.revoke_held(unused, UNUSED, actor=actor, act=ANNUL_UNUSED)
        return unused


# -- what no longer holds is set anew


async def correct_outdated(training_id: UUID, *, actor: Actor) -> int:
    """Set papers anew whose hours, days or title no longer hold; returns their number. In small transactions; another
    press continues. A new day takes that day's signatories.

    Leaves handed-over and unused papers. Refuses NoSignatory and UnprintableText before the first.
    """
    await settle(training_id)
    found = [one for one in await waiting(training_id) if one.is_to_correct]
    await _signing(training_id, found)
    keys = [one.certificate.id for one in found]
    some = (keys[first : first + CORRECTED_AT_ONCE] for first in range(0, len(keys), CORRECTED_AT_ONCE))
    return sum([await _correct_some(training_id, few, actor=actor) for few in some])


async def _correct_some(training_id: UUID, keys: Sequence[UUID], *, actor: Actor) -> int:
    async with transaction():
        await locked_training(training_id)
        held, occasion = await held_prepared(keys), await occasion_now(training_id)
        changes = [one for one in (waiting_of(each, occasion) for each in held) if one.is_to_correct]
        signing = await _signing(training_id, changes)
        for one in changes:
            sheet = replace(one.now, signatories=signing[one.now.issued_on]) if one.is_of_another_day else one.now
            one.certificate.held_on = occasion.last_day
            await names.set_anew(one.certificate, sheet, actor=actor)
        return len(changes)


async def _signing(training_id: UUID, changes: Sequence[Waiting]) -> Signing:
    """By new day. Refuses (UnprintableText) letters that the designs lack."""
    for one in changes:
        design = designs.design_of_kept(one.now.to_json())
        if missing := pdf.missing_in(design, *texts_in_common(one.now)):
            raise UnprintableText(letters=missing)
    days = sorted({one.now.issued_on for one in changes if one.is_of_another_day})
    return {day: tuple((await actions.same_occasion(training_id, day=day)).signatories) for day in days}
