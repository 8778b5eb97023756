"""What a call about changes tells each of those who are called: only what they do not know, by what they last heard."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q, Subquery

from trainings import clock
from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.outbox.models import Call, CallList, HolderCall, OutboxJob
from trainings.registrations.call_validity import CHANGES, sessions_told
from trainings.registrations.knowing import Heard, Word, word_of
from trainings.registrations.letters import ABOUT_ONE, READ
from trainings.registrations.models import Registration
from trainings.registrations.readers import Person, by_mailbox
from trainings.registrations.spoken import words_of_marks
from trainings.schedule.changes import Difference, changes_of
from trainings.schedule.models import SessionChange, Training, TrainingSession, TrainingState

OPENED, PRINTED = "calls.open", "calls.print"
"""The audit lines of who saw a list: from then on it may be told to many at once."""

People = Mapping[UUID, Sequence[Person]]
"""Those who signed up, by training."""
ByReader = Mapping[UUID, Sequence[Word]]
"""What was said, by registration and by block of cards."""


@dataclass(frozen=True, slots=True)
class Words:
    """What everybody heard. `spread`: with when their lists were opened, what may have come to all whom they are for:
    there is a text for the loudspeaker, and not everybody is marked who heard it.
    """

    heard: ByReader = field(default_factory=dict)
    spread: Sequence[tuple[CallList, Word]] = ()

    def to(self, reader: UUID, training_id: UUID, since: datetime, *, is_called: bool) -> list[Word]:
        """What came to somebody who signed up, or was given cards, at `since`; `is_called`: no message reaches them."""
        spread = [
            word
            for one, word in self.spread
            if is_called and one.training_id == training_id and one.created_at >= since
        ]
        return [*self.heard.get(reader, ()), *spread]


@dataclass(frozen=True, slots=True)
class News:
    """By list the sessions that it tells of, and everything that became of them; without what is not on record."""

    sessions: Mapping[UUID, Sequence[TrainingSession]] = field(default_factory=dict)
    changes: Mapping[UUID, Sequence[SessionChange]] = field(default_factory=dict)
    trainings: Mapping[UUID, Training] = field(default_factory=dict)
    words: Words = field(default_factory=Words)
    worked_out: dict[tuple[UUID, UUID], Sequence[Difference]] = field(default_factory=dict)
    """Of one reader and list it is asked several times, for each later list too."""

    def of(self, call_list: CallList, reader: UUID, since: datetime, *, is_called: bool) -> Sequence[Difference] | None:
        """What somebody who signed up, or was given cards, at `since` does not know of what a list tells, as long as it
        is open; what its own calls told is left out. None where it is not on record what changed.
        """
        if call_list.id not in self.changes:
            return None
        key = (call_list.id, reader)
        if key not in self.worked_out:
            words = self.words.to(reader, call_list.training_id, since, is_called=is_called)
            self.worked_out[key] = self._after(call_list, Heard(since, words))
        return self.worked_out[key]

    def _after(self, call_list: CallList, heard: Heard) -> list[Difference]:
        until = call_list.closed_at
        words = [one for one in heard.words if one.list_id != call_list.id and (until is None or one.at <= until)]
        training = self.trainings[call_list.training_id]
        is_called_off = training.state is TrainingState.CANCELLED
        changes, sessions = self.changes[call_list.id], self.sessions[call_list.id]
        return Heard(heard.since, words).news(changes, sessions, training, is_called_off=is_called_off)


async def news_of(lists: Sequence[CallList], people: People) -> News:
    """Of those of these lists that are about changes. A constant number of questions."""
    told = await _sessions_changed([one for one in lists if one.reason in CHANGES])
    if not told:
        return News()
    changes = await changes_of({session_id for of_list in told.values() for session_id in of_list})
    found = reads(TrainingSession).filter(id__in=sorted({one.session_id for one in changes}))
    sessions = await found.order_by("starts_at", "id").prefetch_related("venue__municipality")
    trainings = sorted({one.training_id for one in sessions})
    return News(
        sessions={key: [one for one in sessions if one.id in of_list] for key, of_list in told.items()},
        changes={key: [one for one in changes if one.session_id in of_list] for key, of_list in told.items()},
        trainings={one.id: one for one in await reads(Training).filter(id__in=trainings)},
        words=await words_between(changes, trainings, people),
    )


async def _sessions_changed(lists: Sequence[CallList]) -> dict[UUID, set[UUID]]:
    batches = sorted({one.batch_id for one in lists if one.batch_id is not None})
    if not batches:
        return {}
    changed: dict[UUID | None, set[UUID]] = defaultdict(set)
    found = reads(SessionChange).filter(batch_id__in=batches)
    for batch_id, session_id in await found.values_list("batch_id", "session_id"):
        changed[batch_id].add(session_id)
    return {one.id: changed[one.batch_id] for one in lists if one.batch_id in changed}


async def words_between(changes: Sequence[SessionChange], training_ids: Sequence[UUID], people: People) -> Words:
    """What people and holders of cards heard of these trainings since the first of these changes, by message or call.

    Where each session changed once, what was heard before and since makes no difference: nothing is asked.
    """
    n_changes = Counter(one.session_id for one in changes)
    if max(n_changes.values(), default=0) < 2:
        return Words()
    since = min(one.created_at for one in changes)
    everybody = [one for training_id in training_ids for one in people.get(training_id, ())]
    lists = await reads(CallList).filter(training_id__in=list(training_ids)).order_by("created_at", "id")
    about = await sessions_told(lists)
    words: dict[UUID, list[Word]] = defaultdict(list)
    for heard in (await _by_message(training_ids, everybody, since), *await _by_call(lists, about)):
        for reader, of_reader in heard.items():
            words[reader].extend(of_reader)
    return Words(words, await _spread(lists, about))


async def _by_message(training_ids: Sequence[UUID], people: Sequence[Person], since: datetime) -> ByReader:
    """What was sent to these people since then, or is on its way: to their mailbox, or about them alone."""
    subjects = Subquery(Registration.filter(training_id__in=list(training_ids)).values("id"))
    sent = Q(outcome__in=READ, done_at__gte=since)
    leaving = Q(attempts__gt=0, done_at=None, failed_at=None, stopped_at=None)
    found = reads(OutboxJob).filter(sent | leaving, subject_id__in=subjects)
    read = by_mailbox(await found.only("id", "kind", "subject_id", "run_at", "done_at"), people)
    return {one.id: _words_to(one, read.get(one.mailbox, ())) for one in people}


def _words_to(person: Person, jobs: Iterable[OutboxJob]) -> list[Word]:
    """Without what the address refused afterwards."""
    own = (job for job in jobs if job.kind not in ABOUT_ONE or job.subject_id == person.id)
    refused_at = person.refused_at
    return [word_of(job) for job in own if refused_at is None or (job.done_at is not None and job.done_at > refused_at)]


async def _by_call(lists: Sequence[CallList], about: Mapping[UUID, frozenset[UUID]]) -> tuple[ByReader, ByReader]:
    """What calls told people, and holders of cards."""
    ids = [one.id for one in lists]
    calls: dict[UUID, dict[UUID, list[Call]]] = defaultdict(lambda: defaultdict(list))
    for call in await reads(Call).filter(call_list_id__in=ids).order_by("created_at", "id"):
        calls[call.call_list_id][call.registration_id].append(call)
    to_holders: dict[UUID, dict[UUID, list[HolderCall]]] = defaultdict(lambda: defaultdict(list))
    for mark in await reads(HolderCall).filter(call_list_id__in=ids).order_by("created_at", "id"):
        to_holders[mark.call_list_id][mark.block_id].append(mark)
    return words_of_marks(lists, about, calls), words_of_marks(lists, about, to_holders)


async def _spread(lists: Iterable[CallList], about: Mapping[UUID, frozenset[UUID]]) -> list[tuple[CallList, Word]]:
    """What lists about changes say that became due before they were closed, and that somebody opened or printed:
    calling had begun, and its text for all may have been read out.
    """
    now = clock.now()
    due = [one for one in lists if one.reason in CHANGES and one.due_at < (one.closed_at or now)]
    if not due:
        return []
    seen = reads(AuditLine).filter(act__in=[OPENED, PRINTED], object_id__in=[one.id for one in due])
    opened = {list_id for (list_id,) in await seen.distinct().values_list("object_id")}
    return [
        (one, Word(one.due_at, is_telling=True, about=about[one.id], list_id=one.id, is_sure=False))
        for one in due
        if one.id in opened
    ]
