"""Printed papers, and papers with an outdated date or place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.schedule.models import (
    FactsSnapshot,
    PrintKind,
    Printout,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.months import Month
from trainings.schedule.snapshots import Facts, Snapshots, snapshots_of

ALL_OF_IT: Sequence[UUID | None] = (None,)

Paper = tuple[PrintKind, UUID | None, UUID | None]
"""Kind, session (None: all), and the letter, ticket or block of cards."""


async def note_printed(
    training_id: UUID,
    kind: PrintKind,
    *,
    actor: Actor,
    session_id: UUID | None = None,
    subjects: Iterable[UUID | None] = ALL_OF_IT,
) -> None:
    """One record for each letter, ticket or block of cards; not for drafts. Holders of a link print as often as they
    like: one record between two changes.
    """
    if await Training.exists(id=training_id, state=TrainingState.DRAFT):
        return
    wanted = list(subjects)
    if actor.id is None:
        wanted = [one for one in wanted if not await _is_kept(training_id, (kind, session_id, one))]
    rows = [
        Printout(training_id=training_id, session_id=session_id, kind=kind, subject_id=subject, printed_by_id=actor.id)
        for subject in wanted
    ]
    if rows:
        await Printout.bulk_create(rows)


async def note_month_poster(hub_id: UUID, first: date, *, actor: Actor) -> None:
    """One record for each training on the poster; `first`: the month's first day."""
    shown = TrainingSession.filter(
        training__hub_id=hub_id,
        training__state=TrainingState.PUBLISHED,
        state=SessionState.PLANNED,
        starts_at__gte=Month.of(first).starts_at,
        starts_at__lt=Month.of(first).ends_at,
    )
    trainings = [key for (key,) in await shown.order_by("training_id").distinct().values_list("training_id")]
    await Printout.bulk_create(
        [
            Printout(training_id=one, kind=PrintKind.POSTER, subject_id=hub_id, printed_by_id=actor.id)
            for one in sorted(trainings)
        ]
    )


async def _is_kept(training_id: UUID, paper: Paper) -> bool:
    kind, session_id, subject = paper
    last = Printout.filter(training_id=training_id, kind=kind, session_id=session_id, subject_id=subject)
    found = await last.order_by("-created_at").first()
    if found is None:
        return False
    return not await FactsSnapshot.exists(training_id=training_id, created_at__gte=found.created_at)


async def outdated(training: Training, sessions: Collection[TrainingSession]) -> list[Printout]:
    """The last printout of each paper with a wrong fact, newest first, without days that are over."""
    last: dict[Paper, Printout] = {}
    for one in await reads(Printout).filter(training_id=training.id).order_by("created_at", "id"):
        last[(one.kind, one.session_id, one.subject_id)] = one
    if not last:
        return []
    snapshots = (await snapshots_of([training.id]))[training.id]
    found = [one for one in last.values() if _is_wrong(one, snapshots, training, sessions)]
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def _is_wrong(
    printout: Printout, snapshots: Snapshots, training: Training, sessions: Collection[TrainingSession]
) -> bool:
    """The paper may mislead somebody. No paper carries links."""
    if not snapshots:
        return False
    number, is_off = snapshots.shown_at(printout.created_at), training.state is TrainingState.CANCELLED
    shown = [one for one in sessions if printout.session_id in (None, one.id)]
    others = snapshots.differences(number, shown, training, is_called_off=is_off, at=clock.now())
    if any(one.is_moved or not one.is_other_link for one in others.values()):
        return True
    facts = snapshots.numbered[number].facts
    return printout.kind is PrintKind.SHEET and not is_off and _has_other_number(printout, facts, sessions)


def _has_other_number(sheet: Printout, facts: Facts, sessions: Collection[TrainingSession]) -> bool:
    """Sheets count sessions not cancelled. Their total is printed too, but misleads nobody."""
    before = {key: one.starts_at for key, one in facts.items() if one.is_on}
    now = {one.id: one.starts_at for one in sessions if one.state is SessionState.PLANNED}
    comes = any(one.id == sheet.session_id and one.ends_at > clock.now() for one in sessions)
    numbers = _number(sheet.session_id, before), _number(sheet.session_id, now)
    return comes and None not in numbers and numbers[0] != numbers[1]


def _number(session_id: UUID | None, starts: Mapping[UUID, datetime]) -> int | None:
    own = starts.get(session_id) if session_id is not None else None
    if own is None:
        return None
    return sum(one <= own for one in starts.values())
