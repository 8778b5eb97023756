from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.db import is_in_transaction, reads
from trainings.db.prepared import Select
from trainings.places.models import Venue
from trainings.schedule.dated import DatedThing
from trainings.schedule.models import (
    ChangeKind,
    DatedChange,
    SessionFacilitator,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.session_actions import raise_sequence

SHOWN_FOR = timedelta(days=7)
"""A change stays on public pages this long."""
NOT_BEFORE = frozenset({ChangeKind.ADDED, ChangeKind.REOPENED})
"""Kinds of change of sessions that did not take place before."""


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    training: Training
    sessions: Mapping[UUID, TrainingSession]
    holders: Mapping[UUID, frozenset[UUID]]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a session differs from what somebody last heard. `old_*`: empty for a new session. `is_elsewhere`: another
    place, or only another link (`is_other_link`). `online_url`: the current link.
    """

    session: TrainingSession
    kind: ChangeKind
    old_starts_at: datetime | None
    old_ends_at: datetime | None
    old_venue: Venue | None
    is_moved: bool
    is_elsewhere: bool
    is_other_link: bool = False
    was_online: bool = False
    online_url: str | None = None

    @property
    def is_other_day(self) -> bool:
        """True also without a day before."""
        old = self.old_starts_at
        return old is None or clock.local(old).date() != clock.local(self.session.starts_at).date()


@dataclass(frozen=True, slots=True)
class Known:
    starts_at: datetime
    ends_at: datetime
    venue_id: UUID | None
    venue: Venue | None = field(compare=False)
    online_url: str | None = None
    is_on: bool = True
    holders: frozenset[UUID] = frozenset()


def as_left(change: DatedChange) -> Known | None:
    """Right before this change; None for a new session."""
    if change.left_starts_at is None or change.left_ends_at is None:
        return None
    venue = change.left_venue if change.left_venue_id else None
    return Known(change.left_starts_at, change.left_ends_at, change.left_venue_id, venue, change.left_online_url)


def link_of(session: TrainingSession, training: Training) -> str | None:
    """In a training without a venue, a session with a venue is there only."""
    return training.online_url if session.venue_id is None or training.venue_id is not None else None


def _is_elsewhere(old_venue_id: UUID | None, old_link: str | None, venue_id: UUID | None, link: str | None) -> bool:
    """The old place is of no use any more. A new link beside a venue takes nothing away."""
    return old_venue_id != venue_id or (old_link is not None and old_link != link)


def as_it_stands(session: TrainingSession) -> Known:
    return Known(session.starts_at, session.ends_at, session.venue_id, session.venue if session.venue_id else None)


async def standing(training_id: UUID) -> TrainingFacts:
    """In the caller's transaction."""
    assert is_in_transaction(), "what was before is read together with what changes it"
    return await as_shown(training_id)


async def as_shown(training_id: UUID) -> TrainingFacts:
    training = await reads(Training).get(id=training_id)
    sessions = {session.id: session for session in await reads(TrainingSession).filter(training_id=training_id)}
    holders: dict[UUID, set[UUID]] = {session_id: set() for session_id in sessions}
    held = reads(SessionFacilitator).filter(session_id__in=list(sessions))
    for session_id, user_id in await held.values_list("session_id", "user_id"):
        holders[session_id].add(user_id)
    return TrainingFacts(training, sessions, {session_id: frozenset(users) for session_id, users in holders.items()})


async def note_changes(before: TrainingFacts, *, batch_id: UUID) -> list[DatedChange]:
    """Store changes of coming sessions since `before`, in the caller's transaction; none of drafts. SEQUENCE rises with
    each, also outside feeds.
    """
    if before.training.state is TrainingState.DRAFT:
        return []
    now = await standing(before.training.id)
    noted = []
    for session_id in sorted(now.sessions, key=lambda key: (now.sessions[key].starts_at, key)):
        kind = _kind_of(before, now, session_id)
        if kind is None:
            continue
        old = before.sessions.get(session_id)
        if old is not None and now.sessions[session_id].sequence <= old.sequence:
            await raise_sequence(old)
        change = change_from(old, kind, before.training) if old else DatedChange(session_id=session_id, kind=kind)
        change.batch_id = batch_id
        await change.save(force_create=True)
        noted.append(change)
    return noted


def _kind_of(before: TrainingFacts, now: TrainingFacts, session_id: UUID) -> ChangeKind | None:
    old, new = before.sessions.get(session_id), now.sessions[session_id]
    moment = clock.now()
    if new.ends_at <= moment and (old is None or old.ends_at <= moment):
        return None
    if old is None:
        return ChangeKind.ADDED if new.is_on else None
    if old.is_on != new.is_on:
        return ChangeKind.REOPENED if new.is_on else ChangeKind.CANCELLED
    if not new.is_on:
        return None
    if (old.starts_at, old.ends_at) != (new.starts_at, new.ends_at):
        return ChangeKind.MOVED
    links = link_of(old, before.training), link_of(new, now.training)
    return ChangeKind.PLACE if _is_elsewhere(old.venue_id, links[0], new.venue_id, links[1]) else None


def change_from(session: TrainingSession, kind: ChangeKind, training: Training) -> DatedChange:
    """Not saved."""
    change = leaving(session, kind)
    change.session_id, change.left_online_url = session.id, link_of(session, training)
    return change


def leaving(thing: DatedThing, kind: ChangeKind) -> DatedChange:
    """Without its key."""
    return DatedChange(
        kind=kind, left_starts_at=thing.starts_at, left_ends_at=thing.ends_at, left_venue_id=thing.venue_id
    )


# -- reading them


RECENT = Select(
    DatedChange,
    "session",
    "left_venue__municipality",
    # By their sessions: of all hubs there may be thousands in a week.
    where="this.session_id IN (SELECT id FROM training_session WHERE training_id IN ?list) AND this.created_at > ?",
    order="this.created_at DESC, this.id DESC",
    are_few=True,
)

RECENT_OF_ACTIVITIES = Select(
    DatedChange,
    "left_venue__municipality",
    where="this.activity_id IN ?list AND this.created_at > ?",
    order="this.created_at DESC, this.id DESC",
    are_few=True,
)


async def recent_changes(training_ids: Iterable[UUID]) -> dict[UUID, list[DatedChange]]:
    """Of the last seven days and still shown, newest first, with the old place. A protected training protects its old
    place too: callers check `place_shown` first.
    """
    found: dict[UUID, list[DatedChange]] = {}
    for change in still_said(await RECENT.rows(list(training_ids), clock.now() - SHOWN_FOR)):
        assert change.session is not None, "joined"
        found.setdefault(change.session.training_id, []).append(change)
    return found


async def recent_changes_of_activities(activity_ids: Iterable[UUID]) -> list[DatedChange]:
    """As `recent_changes`."""
    return still_said(await RECENT_OF_ACTIVITIES.rows(list(activity_ids), clock.now() - SHOWN_FOR))


async def changes_since(training_id: UUID, since: datetime) -> list[DatedChange]:
    """In order, with the old places."""
    return (await RECENT.rows([training_id], since))[::-1]


async def changes_of_batch(batch_id: UUID) -> list[DatedChange]:
    found = DatedChange.filter(batch_id=batch_id).order_by("created_at", "id")
    return await found.select_related("session", "left_venue__municipality")


def differences(
    changes: Iterable[DatedChange],
    sessions: Sequence[TrainingSession],
    training: Training,
    *,
    is_called_off: bool,
) -> list[Difference]:
    """Since the earliest of these changes, which come in order. Moved and moved back is no change."""
    first: dict[UUID, DatedChange] = {}
    for change in changes:
        first.setdefault(change.thing_id, change)
    by_time = sorted((one for one in sessions if one.id in first), key=lambda session: (session.starts_at, session.id))
    found = []
    for one in by_time:
        is_on = one.state is SessionState.PLANNED and not is_called_off
        found.append(difference(one, first[one.id].kind, as_left(first[one.id]), link_of(one, training), is_on=is_on))
    return [one for one in found if one is not None]


def difference(
    session: TrainingSession, kind: ChangeKind, known: Known | None, link: str | None, *, is_on: bool
) -> Difference | None:
    """None: the same. `kind`: the first change since then."""
    is_moved = known is not None and (known.starts_at, known.ends_at) != (session.starts_at, session.ends_at)
    is_elsewhere = known is not None and _is_elsewhere(known.venue_id, known.online_url, session.venue_id, link)
    kind_now = _net_kind(kind, is_on=is_on, is_moved=is_moved, is_elsewhere=is_elsewhere)
    if kind_now is None:
        return None
    return Difference(
        session=session,
        kind=kind_now,
        old_starts_at=known.starts_at if known else None,
        old_ends_at=known.ends_at if known else None,
        old_venue=known.venue if known else None,
        is_moved=is_moved,
        is_elsewhere=is_elsewhere,
        is_other_link=is_elsewhere and known is not None and known.venue_id == session.venue_id and link is not None,
        was_online=known is not None and known.online_url is not None,
        online_url=link,
    )


def _net_kind(first: ChangeKind, *, is_on: bool, is_moved: bool, is_elsewhere: bool) -> ChangeKind | None:
    was_on = first not in NOT_BEFORE
    if was_on and not is_on:
        return ChangeKind.CANCELLED
    if not is_on:
        return None
    if not was_on:
        return first
    if is_moved:
        return ChangeKind.MOVED
    return ChangeKind.PLACE if is_elsewhere else None


STILL_SAID = """
    NOT EXISTS (
        SELECT 1 FROM dated_change again
        WHERE again.session_id = {change}.session_id AND again.kind = 'reopened'
            AND again.created_at > {change}.created_at
            AND NOT EXISTS (
                SELECT 1 FROM dated_change off
                WHERE off.session_id = again.session_id AND off.kind = 'cancelled'
                    AND (off.batch_id = again.batch_id OR off.created_at > again.created_at)
            )
    )
"""
"""SQL of `still_said`, for changes named `{change}`."""


def still_said(changes: Iterable[DatedChange]) -> list[DatedChange]:
    """Changes that still hold, newest first: a reopening replaces earlier changes."""
    newest_first = list(changes)
    of_thing: dict[UUID, list[DatedChange]] = defaultdict(list)
    for change in newest_first:
        of_thing[change.thing_id].append(change)
    kept = {change.id for found in of_thing.values() for change in _since_held_again(found)}
    return [change for change in newest_first if change.id in kept]


def _since_held_again(changes: Sequence[DatedChange]) -> Sequence[DatedChange]:
    called_off_in = {change.batch_id for change in changes if change.kind is ChangeKind.CANCELLED}
    for n, change in enumerate(changes):
        if change.kind is ChangeKind.CANCELLED:
            break
        if change.kind is ChangeKind.REOPENED and change.batch_id not in called_off_in:
            return changes[: n + 1]
    return changes
