"""Numbered facts of a training: each reader's number tells the news."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from trainings import clock
from trainings.db import sql
from trainings.db.prepared import Select
from trainings.outbox.actions import STAFF_DELAY
from trainings.places.models import Venue
from trainings.schedule.changes import Difference, Known, TrainingFacts, as_it_stands, difference, link_of, standing
from trainings.schedule.models import ChangeKind, FactsSnapshot, SessionState, Training, TrainingSession, TrainingState

Facts = Mapping[UUID, Known]


class Reader(Protocol):
    """A registration, or a block of cards."""

    @property
    def id(self) -> UUID: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def told_number(self) -> int | None: ...
    @property
    def heard_number(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True)
class Snapshots:
    """By number from 0; empty if nothing changed since it was shown."""

    numbered: Sequence[Snapshot] = ()

    def __bool__(self) -> bool:
        return bool(self.numbered)

    @property
    def last(self) -> int | None:
        return len(self.numbered) - 1 if self.numbered else None

    def known_by(self, reader: Reader) -> int:
        """The number told in words, else shown at sign-up."""
        if reader.told_number is not None:
            return reader.told_number
        return self.shown_at(reader.created_at)

    def shown_at(self, moment: datetime) -> int:
        return max([n for n, one in enumerate(self.numbered) if one.at < moment], default=0)

    def news(
        self,
        reader: Reader,
        sessions: Iterable[TrainingSession],
        training: Training,
        *,
        is_called_off: bool,
        at: datetime | None = None,
    ) -> list[Difference]:
        """Differences from what the reader knows, by time, without sessions over `at` that moment. If they may have
        heard something else since, only the present is told.
        """
        if not self.numbered:
            return []
        moment = at or clock.now()

        def since(number: int) -> dict[UUID, Difference]:
            return self.differences(number, sessions, training, is_called_off=is_called_off, at=moment)

        found = since(self.known_by(reader))
        if reader.heard_number is not None:
            others = since(reader.heard_number)
            found = {key: _as_sure(found.get(key), others.get(key)) for key in {**found, **others}}
        return sorted(found.values(), key=lambda one: (one.session.starts_at, one.session.id))

    def differences(
        self,
        number: int,
        sessions: Iterable[TrainingSession],
        training: Training,
        *,
        is_called_off: bool,
        at: datetime,
    ) -> dict[UUID, Difference]:
        facts, found = self.numbered[number].facts, {}
        for session in sessions:
            known = facts.get(session.id)
            if session.ends_at <= at and (known is None or known.ends_at <= at):
                continue
            is_on = session.state is SessionState.PLANNED and not is_called_off
            found[session.id] = difference(session, _kind(known), known, link_of(session, training), is_on=is_on)
        return {key: one for key, one in found.items() if one is not None}

    def shown_off(self, session: TrainingSession, reader: Reader) -> Known:
        """A cancelled session on the last day that the reader knew. Facts that lasted under ten minutes were told to
        nobody.
        """
        if not self.numbered:
            return as_it_stands(session)
        number = self.known_by(reader)
        for n in range(number, -1, -1):
            known = self.numbered[n].facts.get(session.id)
            is_short = n < number and self.numbered[n + 1].at < self.numbered[n].at + STAFF_DELAY and n > 0
            if known is not None and known.is_on and not is_short:
                return known
        return as_it_stands(session)


async def snapshots_with(now: TrainingFacts) -> Snapshots:
    """Without changes, the present facts are what everybody knows."""
    kept = (await snapshots_of([now.training.id]))[now.training.id]
    return kept or Snapshots([Snapshot(now.training.created_at, _facts(now))])


def _facts(one: TrainingFacts) -> Facts:
    return {
        key: replace(
            as_it_stands(session),
            online_url=link_of(session, one.training),
            is_on=session.is_on,
            holders=one.holders.get(key, frozenset()),
        )
        for key, session in one.sessions.items()
    }


def _kind(known: Known | None) -> ChangeKind:
    if known is None:
        return ChangeKind.ADDED
    return ChangeKind.MOVED if known.is_on else ChangeKind.REOPENED


def _as_sure(one: Difference | None, other: Difference | None) -> Difference:
    """`one` was surely heard, `other` perhaps: earlier facts unless these contradict each other. If the perhaps is the
    present, the reader knows. A cancelled session goes by the day surely heard.
    """
    told = one or other
    assert told is not None
    is_said = other is None or one == other or told.kind is ChangeKind.CANCELLED
    return told if is_said else without_before(told)


def without_before(one: Difference) -> Difference:
    """For readers who may know either day."""
    return replace(one, old_starts_at=None, old_ends_at=None, old_venue=None, is_other_link=False, was_online=False)


# -- keeping and reading them


async def keep_facts(before: TrainingFacts) -> bool:
    """Number the facts anew if somebody has to hear of them, in the caller's transaction; returns whether. A change
    that takes nothing away joins the last number.
    """
    now, training_id = await standing(before.training.id), before.training.id
    last = await FactsSnapshot.filter(training_id=training_id).order_by("-number").first()
    known = _facts(before) if last is None else _read_all(last, {})
    of_last = Snapshots([Snapshot(clock.now(), known)])
    is_off = now.training.state is TrainingState.CANCELLED
    found = of_last.differences(0, now.sessions.values(), now.training, is_called_off=is_off, at=clock.now())
    if found or _is_held_by_others(known, now):
        number = last.number if last is not None else 0
        if last is None:
            await FactsSnapshot.create(training_id=training_id, number=0, facts=_written(before))
        await FactsSnapshot.create(training_id=training_id, number=number + 1, facts=_written(now))
        return True
    if last is not None:
        last.facts = _written(now)
        await last.save(update_fields=["facts"])
    return False


def _is_held_by_others(known: Facts, now: TrainingFacts) -> bool:
    ahead = [key for key, session in now.sessions.items() if session.ends_at > clock.now()]
    return any(now.holders[key] != (known[key].holders if key in known else frozenset()) for key in ahead)


KEPT = Select(FactsSnapshot, where="this.training_id IN ?list", order="this.training_id, this.number")
VENUES = Select(Venue, "municipality", where="this.id IN ?list", are_few=True)
LAST = "SELECT MAX(number) FROM facts_snapshot WHERE training_id = ?"


async def snapshots_of(training_ids: Collection[UUID]) -> Mapping[UUID, Snapshots]:
    """In at most two statements."""
    rows = await KEPT.rows(sorted(training_ids))
    known = {row.id: _read_all(row, {}) for row in rows}
    venue_ids = {one.venue_id for facts in known.values() for one in facts.values() if one.venue_id}
    venues = {one.id: one for one in await VENUES.rows(sorted(venue_ids))} if venue_ids else {}
    numbered: dict[UUID, list[Snapshot]] = defaultdict(list)
    for row in rows:
        numbered[row.training_id].append(Snapshot(row.created_at, _read_all(row, venues)))
    return {key: Snapshots(numbered.get(key, ())) for key in training_ids}


async def last_number(training_id: UUID) -> int | None:
    """None: nothing ever changed."""
    [(last,)] = await sql.tuples(LAST, training_id, are_few=True)
    return None if last is None else int(last)


def _written(one: TrainingFacts) -> str:
    facts = {
        str(key): [
            known.starts_at.isoformat(),
            known.ends_at.isoformat(),
            str(known.venue_id) if known.venue_id else None,
            known.online_url,
            known.is_on,
            sorted(map(str, known.holders)),
        ]
        for key, known in _facts(one).items()
    }
    return json.dumps(facts)


def _read_all(row: FactsSnapshot, venues: Mapping[UUID, Venue]) -> Facts:
    facts = {}
    for key, (starts_at, ends_at, venue, link, is_on, holders) in json.loads(row.facts or "{}").items():
        venue_id = UUID(venue) if venue else None
        facts[UUID(key)] = Known(
            starts_at=datetime.fromisoformat(starts_at),
            ends_at=datetime.fromisoformat(ends_at),
            venue_id=venue_id,
            venue=venues.get(venue_id) if venue_id else None,
            online_url=link,
            is_on=is_on,
            holders=frozenset(map(UUID, holders)),
        )
    return facts
