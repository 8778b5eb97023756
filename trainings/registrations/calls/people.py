"""A call list is worked out at each reading: people concerned whom no message reached, and holders of cards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.outbox.models import CallList, CallReason, CallResult, OutboxJob, Outcome
from trainings.registrations.calls.facts import (
    HAS_PLACE,
    LOOK_BACK,
    TO_HOLDERS,
    Around,
    around,
    holders_of,
)
from trainings.registrations.calls.told import Mark
from trainings.registrations.calls.validity import CHANGES, KINDS, PAPERS
from trainings.registrations.messages import ABOUT_ONE, Recipient, by_mailbox, for_who_waits, people_of, standing_marks
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationState, ReservedBlock
from trainings.schedule.changes import Difference

PATIENCE = timedelta(hours=2)
"""A call replaces a message that is later than this."""
SAME_MESSAGE = timedelta(hours=12)
"""A reminder's message and its list are of the same day."""
WAITS = ""
"""The outcome of a message that has not left."""
TO_ALL = KINDS[CallReason.CHANGED] | KINDS[CallReason.CANCELLED]

Reader = Recipient | ReservedBlock


class Why(StrEnum):
    NO_EMAIL = "no_email"
    REFUSED = "refused"
    FAILED = "failed"
    LATE = "late"
    MAYBE = "maybe"
    NO_SERVER = "no_server"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Listed:
    person: Recipient
    why: Why | None
    marks: Sequence[Mark]
    news: Sequence[Difference]
    has_accepted: bool = False

    @property
    def is_reached(self) -> bool:
        return _is_reached(self.marks)


@dataclass(frozen=True, slots=True)
class Holder:
    """Holder of `n_cards` nameless cards, called for everybody who will come with them."""

    block: ReservedBlock
    n_cards: int
    marks: Sequence[Mark]
    news: Sequence[Difference]

    @property
    def id(self) -> UUID:
        return self.block.id

    @property
    def keys(self) -> list[UUID]:
        return [self.block.id]

    @property
    def phone(self) -> str | None:
        return self.block.phone

    @property
    def last_marks(self) -> Sequence[Mark]:
        return self.marks[-1:]

    @property
    def is_reached(self) -> bool:
        return _is_reached(self.marks)


@dataclass(frozen=True, slots=True)
class Audience:
    """People of a list, each counted once: by message, or by call. A holder of cards counts as one."""

    listed: Sequence[Listed]
    n_by_mail: int
    holders: Sequence[Holder]

    @property
    def n_people(self) -> int:
        return len(self.listed) + len(self.holders)

    @property
    def left(self) -> frozenset[UUID]:
        """Registrations and blocks of cards that no call reached."""
        people = (one.person.id for one in self.listed if not one.is_reached)
        return frozenset((*people, *(one.id for one in self.holders if not one.is_reached)))


async def audience_of(call_list: CallList) -> Audience:
    return (await audiences_of([call_list]))[call_list.id]


async def audiences_of(lists: Sequence[CallList]) -> dict[UUID, Audience]:
    """By list id, in order of sign-up, in a constant number of statements.

    Without cancelled people; without people reached by message, unless a call had reached them before.
    """
    found = await around(lists)
    return {one.id: _audience_of(one, found) for one in lists}


async def n_to_tell(training_id: UUID, only: Collection[UUID] | None = None) -> tuple[int, int]:
    """(reached by messages, only by calls) of a training, or of `only` these registrations and blocks. Without people
    who cancelled or withdrew consent.
    """
    people = (await people_of([training_id])).get(training_id, ())
    told = [one for one in people if one.is_counted and (only is None or one.id in only)]
    holders = {one.id for one in await holders_of([training_id])}
    with_mail = sum(one.takes_mail for one in told)
    return with_mail, len(told) - with_mail + len(holders if only is None else holders & set(only))


async def n_written_to(batch_ids: Collection[UUID]) -> dict[UUID, int]:
    jobs = await reads(OutboxJob).filter(batch_id__in=list(batch_ids), subject_id__not_isnull=True)
    subjects = reads(Registration).filter(id__in=sorted({job.subject_id for job in jobs if job.subject_id}))
    trainings = {training_id for (training_id,) in await subjects.values_list("training_id")}
    everybody = [one for people in (await people_of(sorted(trainings))).values() for one in people]
    return {
        batch_id: _n_reading([job for job in jobs if job.batch_id == batch_id], everybody) for batch_id in batch_ids
    }


def _n_reading(jobs: Sequence[OutboxJob], everybody: Sequence[Recipient]) -> int:
    to_all = any(job.kind in TO_ALL for job in jobs)
    read = by_mailbox(jobs, everybody)
    readers = (one for one in everybody if one.is_counted or not to_all)
    return sum(_may_read(one, _for(one, read.get(one.mailbox, ()))) for one in readers)


def _audience_of(call_list: CallList, around: Around) -> Audience:
    found: list[Listed] = []
    n_by_mail = 0
    for person in around.people.get(call_list.training_id, ()):
        if not person.is_counted:
            continue
        why = _why(call_list, person, around) if _is_concerned(call_list, person, around) else None
        if _is_on(call_list, person, around, is_to_call=why is not None):
            found.append(_listed(call_list, person, why, around))
        elif not _is_told_elsewhere(call_list, person, around) and _is_for(call_list, person, around):
            n_by_mail += _may_read(person, _jobs_about(call_list, person, around))
    return Audience(found, n_by_mail, _holders(call_list, around))


def _listed(call_list: CallList, person: Recipient, why: Why | None, around: Around) -> Listed:
    is_confirmed = person.state is RegistrationState.CONFIRMED and person.reached_at is not None
    return Listed(
        person=person,
        why=why,
        marks=_marks_of(call_list, person, around),
        news=_news(call_list, person, around),
        has_accepted=call_list.reason is CallReason.OFFERED and is_confirmed,
    )


def _holders(call_list: CallList, around: Around) -> list[Holder]:
    if call_list.reason not in TO_HOLDERS:
        return []
    found = []
    for block in around.blocks.get(call_list.training_id, ()):
        n_cards = around.n_cards[block.id]
        is_to_call = n_cards > 0 and _is_concerned(call_list, block, around)
        if _is_on(call_list, block, around, is_to_call=is_to_call):
            marks, news = _marks_of(call_list, block, around), _news(call_list, block, around)
            found.append(Holder(block, n_cards, marks, news))
    return found


def _is_on(call_list: CallList, reader: Reader, around: Around, *, is_to_call: bool) -> bool:
    if _is_reached(_marks_of(call_list, reader, around)):
        return True
    return is_to_call and not _is_told_elsewhere(call_list, reader, around)


def _is_reached(marks: Sequence[Mark]) -> bool:
    return bool(marks) and marks[-1].result is CallResult.REACHED


def _marks_of(call_list: CallList, reader: Reader, around: Around) -> list[Mark]:
    """Without calls about an offer given back, or an earlier certificate."""
    marks = around.marks.get(call_list.id, {}).get(reader.id, ())
    since = around.papers.get(call_list.id, {}).get(reader.id)
    if call_list.reason is CallReason.OFFERED and isinstance(reader, Recipient):
        since = around.moved_up.get(reader.group_id)
    return standing_marks(one for one in marks if since is None or one.created_at >= since)


# -- whom it concerns


def _is_concerned(call_list: CallList, reader: Reader, around: Around) -> bool:
    is_news = call_list.reason not in CHANGES or bool(_news(call_list, reader, around))
    return is_news and _is_for(call_list, reader, around)


def _is_for(call_list: CallList, reader: Reader, around: Around) -> bool:
    if call_list.batch_id in around.stopped or call_list.id in around.moot:
        return False
    if call_list.reason is CallReason.OWN:
        return str(reader.id) in around.chosen[call_list.id]
    if call_list.reason in CHANGES:
        return around.news.is_newest(call_list)
    if isinstance(reader, Recipient) and call_list.reason is CallReason.OFFERED:
        return _moved_up_unknowing(call_list, reader, around)
    if call_list.reason in PAPERS:
        return reader.id in around.papers.get(call_list.id, {})
    if reader.created_at > call_list.created_at:
        return False  # the sign-up came afterwards, and was shown what holds now
    return isinstance(reader, ReservedBlock) or reader.state is RegistrationState.CONFIRMED


def _news(call_list: CallList, reader: Reader, around: Around) -> Sequence[Difference]:
    news = around.news.of(call_list, reader, _marks_of(call_list, reader, around))
    return news if isinstance(reader, ReservedBlock) or reader.state in TAKES_PLACE else for_who_waits(news)


def _moved_up_unknowing(call_list: CallList, person: Recipient, around: Around) -> bool:
    moved_at = around.moved_up.get(person.group_id)
    if moved_at is None or person.state not in HAS_PLACE or person.reached_at is not None:
        return False
    earlier = around.earlier.get(call_list.id)
    is_later = earlier is None or moved_at > earlier
    is_recent = moved_at >= call_list.created_at - LOOK_BACK
    return is_later and is_recent and (call_list.closed_at is None or moved_at <= call_list.closed_at)


def _is_told_elsewhere(reminder: CallList, reader: Reader, around: Around) -> bool:
    """A call about a change reminds this reader too."""
    change = around.news.newest.get(reminder.training_id)
    if reminder.reason is not CallReason.REMINDER or change is None:
        return False
    news = _news(change, reader, around)
    if not news or not around.told[reminder.id] <= {one.session.id for one in news}:
        return False
    marks = _marks_of(change, reader, around)
    if _is_reached(marks):
        return marks[-1].created_at >= reminder.created_at
    is_written_to = isinstance(reader, Recipient) and _why(change, reader, around) is None
    return change.closed_at is None and not is_written_to and _is_concerned(change, reader, around)


# -- whom a message reached


def _why(call_list: CallList, person: Recipient, around: Around) -> Why | None:
    """None: a message reached them, or still may."""
    if call_list.reason is CallReason.OWN:
        return Why.CHOSEN
    if person.email_key is None:
        return Why.NO_EMAIL
    jobs = _jobs_about(call_list, person, around)
    if _was_sent(person, jobs):
        return None
    if not person.takes_mail:
        return Why.REFUSED if person.refused_at is not None else Why.NO_SERVER
    outcomes = {job.outcome for job in jobs}
    if not jobs or WAITS in outcomes:
        return Why.LATE if clock.now() > call_list.due_at + PATIENCE else None
    if outcomes <= {Outcome.OVERTAKEN, Outcome.STOPPED}:
        return None
    if Outcome.REFUSED in outcomes:
        return Why.REFUSED
    return Why.MAYBE if Outcome.MAYBE in outcomes else Why.FAILED


def _may_read(person: Recipient, jobs: Sequence[OutboxJob]) -> bool:
    return _was_sent(person, jobs) or (person.takes_mail and any(job.outcome == WAITS for job in jobs))


def _was_sent(person: Recipient, jobs: Sequence[OutboxJob]) -> bool:
    sent_at = max((job.done_at for job in jobs if job.outcome == Outcome.SENT and job.done_at), default=None)
    return sent_at is not None and (person.refused_at is None or sent_at > person.refused_at)


def _jobs_about(call_list: CallList, person: Recipient, around: Around) -> list[OutboxJob]:
    own = _for(person, around.jobs.get(person.mailbox, ()))
    return [job for job in own if _is_about(call_list, job, person, around)]


def _for(person: Recipient, jobs: Iterable[OutboxJob]) -> list[OutboxJob]:
    return [job for job in jobs if job.kind not in ABOUT_ONE or job.subject_id == person.id]


def _is_about(call_list: CallList, job: OutboxJob, person: Recipient, around: Around) -> bool:
    if call_list.batch_id is not None:
        return job.batch_id == call_list.batch_id
    if job.kind not in KINDS[call_list.reason]:
        return False
    if call_list.reason is CallReason.OFFERED:
        return job.created_at >= around.moved_up[person.group_id]
    if call_list.reason in PAPERS:
        since = around.papers.get(call_list.id, {}).get(person.id)
        return since is not None and job.created_at >= since
    if call_list.reason is CallReason.REMINDER:
        return job.run_at >= call_list.due_at - SAME_MESSAGE
    return job.created_at >= call_list.created_at
