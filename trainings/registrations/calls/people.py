"""Who is on a call list is worked out at each reading: people concerned whom no message reached."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.outbox.models import Call, CallList, CallReason, CallResult, HolderCall, OutboxJob, Outcome
from trainings.registrations.calls.facts import HAS_PLACE, LOOK_BACK, Around, around, is_told_elsewhere
from trainings.registrations.calls.validity import CHANGES, KINDS, PAPERS
from trainings.registrations.messages import ABOUT_ONE, Person, by_mailbox, for_who_waits, people_of, standing_marks
from trainings.registrations.models import TAKES_PLACE, Card, CardState, Registration, RegistrationState, ReservedBlock
from trainings.schedule.changes import Difference

PATIENCE = timedelta(hours=2)
"""A message may leave so late before somebody is called instead."""
SAME_MESSAGE = timedelta(hours=12)
"""A reminder's message is of the same day as its list."""
WAITS = ""
"""The outcome of a message that has not left."""
TO_ALL = KINDS[CallReason.CHANGED] | KINDS[CallReason.CANCELLED]
"""Told to everybody of a training."""


class Why(StrEnum):
    """No message did: no address; the address takes nothing; not sent; not left yet; handed over without an answer; no
    mail server.
    """

    NO_EMAIL = "no_email"
    REFUSED = "refused"
    FAILED = "failed"
    LATE = "late"
    MAYBE = "maybe"
    NO_SERVER = "no_server"


@dataclass(frozen=True, slots=True)
class Listed:
    """`marks`: results that stand. `news`: what they do not know of sessions; None: not on record. `has_accepted`: they
    said yes to the offer.
    """

    registration_id: UUID
    group_id: UUID
    participant_id: UUID
    state: RegistrationState
    is_apart: bool
    why: Why | None
    marks: Sequence[Call] = ()
    news: Sequence[Difference] | None = None
    has_accepted: bool = False

    @property
    def is_reached(self) -> bool:
        return bool(self.marks) and self.marks[-1].result is CallResult.REACHED


@dataclass(frozen=True, slots=True)
class Audience:
    """Who hears what a list tells, each counted once: by a message, or by a call. A holder of cards counts as one."""

    listed: Sequence[Listed]
    n_by_mail: int
    holders: Sequence[Holder] = ()

    @property
    def n_people(self) -> int:
        """To be called."""
        return len(self.listed) + len(self.holders)

    @property
    def left(self) -> frozenset[UUID]:
        """Registrations and blocks of cards that no call has reached."""
        people = (one.registration_id for one in self.listed if not one.is_reached)
        return frozenset((*people, *(one.id for one in self.holders if not one.is_reached)))


async def audiences_of(lists: Sequence[CallList]) -> dict[UUID, Audience]:
    """By list id, in order of sign-up."""
    found = await around(lists)
    holders = await holders_on(lists, found)
    return {one.id: replace(_audience_of(one, found), holders=holders.get(one.id, ())) for one in lists}


async def people_on(lists: Sequence[CallList]) -> dict[UUID, Sequence[Listed]]:
    """By list id, in a constant number of statements.

    Nobody who cancelled; of people whom a message reached only those whom a call had reached before.
    """
    return {list_id: audience.listed for list_id, audience in (await audiences_of(lists)).items()}


async def n_to_tell(training_id: UUID, only: Collection[UUID] | None = None) -> tuple[int, int]:
    """(reached by messages, only by calls) of a training; `only` these registrations and blocks. Without people who
    cancelled or took back their permission.
    """
    people = (await people_of([training_id])).get(training_id, ())
    told = [one for one in people if one.is_counted and (only is None or one.id in only)]
    holders = {one.id for one in await holders_of(training_id)}
    with_mail = sum(one.takes_mail for one in told)
    return with_mail, len(told) - with_mail + len(holders if only is None else holders & set(only))


async def n_written_to(batch_ids: Collection[UUID]) -> dict[UUID, int]:
    """People whom the messages of each batch reach, or still may."""
    jobs = await reads(OutboxJob).filter(batch_id__in=list(batch_ids), subject_id__not_isnull=True)
    subjects = reads(Registration).filter(id__in=sorted({job.subject_id for job in jobs if job.subject_id}))
    trainings = {training_id for (training_id,) in await subjects.values_list("training_id")}
    everybody = [one for people in (await people_of(sorted(trainings))).values() for one in people]
    return {
        batch_id: _n_reading([job for job in jobs if job.batch_id == batch_id], everybody) for batch_id in batch_ids
    }


def _n_reading(jobs: Sequence[OutboxJob], everybody: Sequence[Person]) -> int:
    """Messages to all of a training are not for people who cancelled."""
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
        standing = _marks_of(call_list, person, around)
        why = _why(call_list, person, around) if _is_concerned(call_list, person, around) else None
        is_reached = bool(standing) and standing[-1].result is CallResult.REACHED
        if not is_reached and _is_told_elsewhere(call_list, person, around):
            continue
        if why is not None or is_reached:
            found.append(_listed(call_list, person, why, standing, around))
        elif _is_for(call_list, person, around):
            n_by_mail += _may_read(person, _jobs_about(call_list, person, around))
    return Audience(found, n_by_mail)


def _listed(call_list: CallList, person: Person, why: Why | None, standing: Sequence[Call], around: Around) -> Listed:
    return Listed(
        registration_id=person.id,
        group_id=person.group_id,
        participant_id=person.participant_id,
        state=person.state,
        is_apart=person.is_apart,
        why=why,
        marks=standing,
        news=_news(call_list, person, around),
        has_accepted=call_list.reason is CallReason.OFFERED
        and person.state is RegistrationState.CONFIRMED
        and person.reached_at is not None,
    )


def _marks_of(call_list: CallList, person: Person, around: Around) -> list[Call]:
    """Without calls about a place that was given back, or about an earlier certificate."""
    marks = around.marks.get(call_list.id, {}).get(person.id, ())
    since = around.moved_up.get(person.group_id) if call_list.reason is CallReason.OFFERED else None
    since = around.papers.get(call_list.id, {}).get(person.id, since)
    return standing_marks(one for one in marks if since is None or one.created_at >= since)


# -- whom it concerns


def _is_concerned(call_list: CallList, person: Person, around: Around) -> bool:
    news = _news(call_list, person, around)
    return _is_for(call_list, person, around) and (news is None or bool(news))


def _is_for(call_list: CallList, person: Person, around: Around) -> bool:
    """Whether the list concerns this person, whatever they know."""
    if call_list.batch_id in around.stopped or call_list.id in around.moot:
        return False
    if call_list.reason in CHANGES and not around.news.is_newest(call_list):
        return False
    if call_list.reason is CallReason.OFFERED:
        return _moved_up_unknowing(call_list, person, around)
    if call_list.reason in PAPERS:
        return person.id in around.papers.get(call_list.id, {})
    if person.created_at > call_list.created_at:
        return False  # who signed up afterwards was shown what holds now
    return call_list.reason is not CallReason.REMINDER or person.state is RegistrationState.CONFIRMED


def _news(call_list: CallList, person: Person, around: Around) -> Sequence[Difference] | None:
    news = around.news.of(call_list, person, _marks_of(call_list, person, around))
    if news is None or person.state in TAKES_PLACE:
        return news
    return for_who_waits(news)


def _moved_up_unknowing(call_list: CallList, person: Person, around: Around) -> bool:
    """In the time of this list, and nobody knows that they know."""
    moved_at = around.moved_up.get(person.group_id)
    if moved_at is None or person.state not in HAS_PLACE or person.reached_at is not None:
        return False
    earlier = around.earlier.get(call_list.id)
    is_later = earlier is None or moved_at > earlier
    is_recent = moved_at >= call_list.created_at - LOOK_BACK
    return is_later and is_recent and (call_list.closed_at is None or moved_at <= call_list.closed_at)


def _why(call_list: CallList, person: Person, around: Around) -> Why | None:
    """None: a message reached them, or still may."""
    if person.email_key is None:
        return Why.NO_EMAIL
    jobs = _jobs_about(call_list, person, around)
    if not person.takes_mail and not _was_sent(person, jobs):
        return Why.REFUSED if person.refused_at is not None else Why.NO_SERVER
    if _was_sent(person, jobs):
        return None
    outcomes = {job.outcome for job in jobs}
    if not jobs or WAITS in outcomes:
        return Why.LATE if clock.now() > call_list.due_at + PATIENCE else None
    if outcomes <= {Outcome.OVERTAKEN, Outcome.STOPPED}:
        return None
    if Outcome.REFUSED in outcomes:
        return Why.REFUSED
    return Why.MAYBE if Outcome.MAYBE in outcomes else Why.FAILED


def _may_read(person: Person, jobs: Sequence[OutboxJob]) -> bool:
    """One of the messages arrived, or is about to at an address that takes mail."""
    return _was_sent(person, jobs) or (person.takes_mail and any(job.outcome == WAITS for job in jobs))


def _was_sent(person: Person, jobs: Sequence[OutboxJob]) -> bool:
    """One left, and the address refused nothing after it."""
    sent_at = max((job.done_at for job in jobs if job.outcome == Outcome.SENT and job.done_at), default=None)
    return sent_at is not None and (person.refused_at is None or sent_at > person.refused_at)


def _jobs_about(call_list: CallList, person: Person, around: Around) -> list[OutboxJob]:
    own = _for(person, around.jobs.get(person.mailbox, ()))
    return [job for job in own if _is_about(call_list, job, person, around)]


def _for(person: Person, jobs: Iterable[OutboxJob]) -> list[OutboxJob]:
    """Messages of a mailbox that concern this person: some are about one of its people."""
    return [job for job in jobs if job.kind not in ABOUT_ONE or job.subject_id == person.id]


def _is_about(call_list: CallList, job: OutboxJob, person: Person, around: Around) -> bool:
    """The message tells what the list tells."""
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


def _is_told_elsewhere(call_list: CallList, person: Person, around: Around) -> bool:
    def marks_of(one: CallList) -> Sequence[Call]:
        return _marks_of(one, person, around)

    def is_to_call(one: CallList) -> bool:
        return _is_concerned(one, person, around) and _why(one, person, around) is not None

    return is_told_elsewhere(call_list, person, around, marks_of=marks_of, is_to_call=is_to_call)


TOLD = frozenset({CallReason.CHANGED, CallReason.CANCELLED, CallReason.REMINDER})
"""Reasons that concern holders; free places and certificates belong to people with names."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Holds `n_cards` nameless cards. `marks`: valid results of tries. `news`: what they do not know of sessions; None:
    not on record.
    """

    block: ReservedBlock
    n_cards: int
    marks: Sequence[HolderCall] = ()
    news: Sequence[Difference] | None = None

    @property
    def id(self) -> UUID:
        return self.block.id

    @property
    def is_reached(self) -> bool:
        return bool(self.marks) and self.marks[-1].result is CallResult.REACHED


HolderMarks = dict[UUID, dict[UUID, list[HolderCall]]]


async def holders_on(lists: Sequence[CallList], around: Around) -> dict[UUID, list[Holder]]:
    """By list id, in the order of their blocks. A reached holder stays though all cards have names or were given
    back.
    """
    concerned = [one for one in lists if one.reason in TOLD]
    if not concerned:
        return {}
    blocks = await _blocks({one.training_id for one in concerned})
    n_cards = await _n_cards([one.id for one in blocks])
    marks = await _marks({one.id for one in (*concerned, *around.news.newest.values())}) if blocks else {}
    return {
        one.id: [
            _holder(one, block, n_cards[block.id], marks, around)
            for block in blocks
            if block.training_id == one.training_id and _is_on(one, block, n_cards[block.id], marks, around)
        ]
        for one in concerned
    }


def _holder(call_list: CallList, block: ReservedBlock, n_cards: int, marks: HolderMarks, around: Around) -> Holder:
    own = standing_marks(_marks_of_holder(marks, call_list, block))
    return Holder(block, n_cards, own, around.news.of(call_list, block, own))


async def holders_of(training_id: UUID) -> list[ReservedBlock]:
    """Blocks with nameless cards of the training."""
    blocks = await _blocks([training_id])
    n_cards = await _n_cards([one.id for one in blocks])
    return [one for one in blocks if n_cards[one.id]]


async def _blocks(training_ids: Collection[UUID]) -> list[ReservedBlock]:
    found = reads(ReservedBlock).filter(training_id__in=sorted(training_ids)).order_by("created_at", "id")
    return await found.prefetch_related("municipality")


async def _n_cards(block_ids: Collection[UUID]) -> Counter[UUID]:
    if not block_ids:
        return Counter()
    nameless = reads(Card).filter(block_id__in=list(block_ids), state=CardState.OPEN)
    return Counter(block_id for (block_id,) in await nameless.values_list("block_id"))


async def _marks(list_ids: Collection[UUID]) -> HolderMarks:
    marks: HolderMarks = defaultdict(lambda: defaultdict(list))
    for mark in await reads(HolderCall).filter(call_list_id__in=sorted(list_ids)).order_by("created_at", "id"):
        marks[mark.call_list_id][mark.block_id].append(mark)
    return marks


def _marks_of_holder(marks: HolderMarks, call_list: CallList, block: ReservedBlock) -> Sequence[HolderCall]:
    return marks.get(call_list.id, {}).get(block.id, ())


def _is_on(call_list: CallList, block: ReservedBlock, n_cards: int, marks: HolderMarks, around: Around) -> bool:
    standing = standing_marks(_marks_of_holder(marks, call_list, block))
    is_reached = bool(standing) and standing[-1].result is CallResult.REACHED
    if not is_reached and _is_holder_told_elsewhere(call_list, block, marks, around):
        return False
    return is_reached or (n_cards > 0 and _concerns_holder(call_list, block, standing, around))


def _concerns_holder(call_list: CallList, block: ReservedBlock, marks: Sequence[HolderCall], around: Around) -> bool:
    if call_list.batch_id in around.stopped or call_list.id in around.moot:
        return False
    if call_list.reason in CHANGES and not around.news.is_newest(call_list):
        return False
    if block.created_at > call_list.created_at:
        return False  # who was given cards afterwards was told what holds now
    news = around.news.of(call_list, block, marks)
    return news is None or bool(news)


def _is_holder_told_elsewhere(call_list: CallList, block: ReservedBlock, marks: HolderMarks, around: Around) -> bool:
    def marks_of(one: CallList) -> Sequence[HolderCall]:
        return standing_marks(_marks_of_holder(marks, one, block))

    def is_to_call(one: CallList) -> bool:
        return _concerns_holder(one, block, marks_of(one), around)

    return is_told_elsewhere(call_list, block, around, marks_of=marks_of, is_to_call=is_to_call)
