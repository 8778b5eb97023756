"""What somebody last heard of sessions, and so what of their changes is news to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from trainings.outbox.claims import LONGEST_MESSAGE
from trainings.outbox.models import OutboxJob
from trainings.registrations.messages import ABOUT_CHANGES
from trainings.schedule.changes import Difference, Known, as_it_stands, as_left, difference, differences
from trainings.schedule.models import ChangeKind, SessionChange, Training, TrainingSession


@dataclass(frozen=True, slots=True)
class Word:
    """That somebody was shown sessions as they stood `at` a moment. `is_telling`: it was said that they had changed.

    `about` these sessions, all of the training where it is empty. `list_id`: it was said in the calls of that list. It
    may not be sure: a message is on its way, or what a list says may have been spread without a mark.
    """

    at: datetime
    is_telling: bool = False
    about: frozenset[UUID] = frozenset()
    list_id: UUID | None = None
    is_sure: bool = True

    def shows(self, session_id: UUID) -> bool:
        return not self.about or session_id in self.about


def word_of(job: OutboxJob) -> Word:
    """What a message showed that left, or is on its way: then it is not sure that it did.

    When it was composed is not kept: at most the longest that a message takes before. What changed later is not in it.
    """
    is_telling = job.kind in ABOUT_CHANGES
    if job.done_at is None:
        return Word(job.run_at, is_telling, is_sure=False)
    return Word(max(job.run_at, job.done_at - LONGEST_MESSAGE), is_telling)


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that somebody heard: `since` they signed up or were given cards, when they were shown all; `words`."""

    since: datetime
    words: Sequence[Word] = ()

    def unheard(self, changes: Iterable[SessionChange], words: Iterable[Word]) -> list[SessionChange]:
        """Those of these changes that were made after the last of these words about their session."""
        said = list(words)
        return [
            one
            for one in changes
            if one.created_at >= max([self.since, *(word.at for word in said if word.shows(one.session_id))])
        ]

    def news(
        self,
        changes: Sequence[SessionChange],
        sessions: Sequence[TrainingSession],
        training: Training,
        *,
        is_called_off: bool,
    ) -> list[Difference]:
        """What of a training's sessions is another than the reader knows, by time. `changes`: all of theirs, in order.

        What was shown last counts, be it in a message about something else. What was only shown, and never told to have
        changed, is told all the same: a confirmation may have left after a move of which nobody was told yet. Where it
        is not sure what the reader heard, nothing is before.
        """
        sure = [word for word in self.words if word.is_sure]
        found = self._news(sure, changes, sessions, training, is_called_off=is_called_off)
        if len(sure) < len(self.words):
            others = self._news(self.words, changes, sessions, training, is_called_off=is_called_off)
            found = {key: _as_sure(found.get(key), others.get(key)) for key in {**found, **others}}
        return sorted(found.values(), key=lambda one: (one.session.starts_at, one.session.id))

    def _news(
        self,
        words: Sequence[Word],
        changes: Sequence[SessionChange],
        sessions: Sequence[TrainingSession],
        training: Training,
        *,
        is_called_off: bool,
    ) -> dict[UUID, Difference]:
        telling = [word for word in words if word.is_telling]
        return {
            one.session.id: self._as_known(one, words, changes) if one.kind is ChangeKind.CANCELLED else one
            for heard in (telling, words)
            for one in differences(
                self.unheard(changes, heard), sessions, training, is_called_off=is_called_off, before=as_left
            )
        }

    def _as_known(self, one: Difference, words: Sequence[Word], changes: Iterable[SessionChange]) -> Difference:
        known = Heard(self.since, words).known(one.session, changes)
        return difference(one.session, one.kind, known, None, is_on=False) or one

    def known(self, session: TrainingSession, changes: Iterable[SessionChange]) -> Known:
        """A session that is off as the reader last heard of it before that."""
        later = [one for one in changes if one.session_id == session.id and one.created_at >= self.since]
        off_at = next((one.created_at for one in reversed(later) if one.kind is ChangeKind.CANCELLED), None)
        if off_at is None:
            return as_it_stands(session)
        unheard = self.unheard(later, [word for word in self.words if word.at <= off_at])
        return as_left(unheard[0]) or as_it_stands(session)


def _as_sure(one: Difference | None, other: Difference | None) -> Difference:
    """What is told in either case; what is called off has to be named by a day: the one that was surely heard."""
    told = one or other
    assert told is not None
    return told if one == other or told.kind is ChangeKind.CANCELLED else without_before(told)


def for_who_waits(news: Iterable[Difference]) -> list[Difference]:
    """What of these is news for who has no place: the address of a meeting online is told to who has one alone."""
    return [one for one in news if not one.is_other_link or one.kind is not ChangeKind.PLACE]


def without_before(one: Difference) -> Difference:
    """Only what holds now, to who knows it on one day or another."""
    return replace(one, old_starts_at=None, old_ends_at=None, old_venue=None, is_other_link=False, was_online=False)
