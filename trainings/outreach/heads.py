"""By sex and age as seen, without names. Never below zero."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads, sql, transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outreach.actions import locked_activity
from trainings.outreach.models import ActivityState, HeadCount, HeadState, OutreachActivity
from trainings.outreach.words import AgeBand
from trainings.people.models import Sex
from trainings.web.i18n import N_

MOST_OF_A_CELL = 100_000

STANDING = """
    SELECT c.activity_id, c.sex, c.age_band, SUM(c.number) AS n FROM head_count c
    WHERE c.activity_id IN ?list AND c.state IN ('', 'counted') AND NOT EXISTS (
        SELECT 1 FROM head_count u
        WHERE u.target_id IN (c.id, c.conflict_of_id) AND u.activity_id = c.activity_id AND u.state IN ('', 'counted'))
    GROUP BY c.activity_id, c.sex, c.age_band
"""
"""Counts, and was not taken back by its name, also where the undo came first."""

WAITING = """
    SELECT c.activity_id, COUNT(*) AS n FROM head_count c JOIN outreach_activity a ON a.id = c.activity_id
    WHERE c.state = 'waiting' AND a.hub_id IN ?list AND a.starts_at > ?
    GROUP BY c.activity_id
"""


@dataclass(frozen=True, slots=True)
class Cell:
    sex: Sex
    band: AgeBand


CELLS = tuple(Cell(sex, band) for band in AgeBand for sex in Sex)


@dataclass(frozen=True, slots=True)
class Touch:
    """Named by the phone: sent twice it is one touch. `number`: 1 or −1."""

    id: UUID
    cell: Cell
    number: int = 1


class NotYetTheDay(Refusal):
    sentence = N_("Todavía no es el día. Cuente desde que empiece el día de la actividad.")


class NotTakingPlace(Refusal):
    sentence = N_("Se cuenta en las actividades publicadas. Publíquela, o reábrala si sí se realizó.")


class CountedMeanwhile(Refusal):
    sentence = N_(
        "Otra persona contó mientras usted escribía. Revise los totales con lo que hay ahora y guárdelos otra vez."
    )


Counts = Mapping[Cell, int]


async def counts_of(activity_id: UUID) -> dict[Cell, int]:
    """Cells without heads too."""
    counted = {(row["sex"], row["age_band"]): int(row["n"]) for row in await sql.reads(STANDING, [activity_id])}
    return {cell: counted.get((cell.sex.value, cell.band.value), 0) for cell in CELLS}


async def n_counted_at(activity_ids: Collection[UUID]) -> dict[UUID, int]:
    """Activities without heads are missing."""
    counted: dict[UUID, int] = {}
    for row in await sql.reads(STANDING, list(activity_ids)):
        key = sql.as_uuid(row["activity_id"])
        counted[key] = counted.get(key, 0) + int(row["n"])
    return counted


async def waiting_at(hub_ids: Collection[UUID], since: datetime) -> dict[UUID, int]:
    """Activities begun since then."""
    rows = await sql.reads(WAITING, list(hub_ids), since)
    return {sql.as_uuid(row["activity_id"]): int(row["n"]) for row in rows}


async def is_anything_waiting(activity_id: UUID) -> bool:
    return await reads(HeadCount).filter(activity_id=activity_id, state=HeadState.WAITING).exists()


def is_countable(activity: OutreachActivity) -> bool:
    """True from the activity's day on, and long after."""
    return activity.state is ActivityState.PUBLISHED and _is_the_day(activity)


async def count_heads(activity_id: UUID, touches: Sequence[Touch], *, actor: Actor, is_late: bool = False) -> set[UUID]:
    """In order, known touches once. Returns touches not kept: a −1 below zero, and a name that stands for another
    touch. Refuses before the day, and a cancelled activity; not what `is_late`: touched before it was cancelled or
    moved.
    """
    async with transaction():
        await (locked_activity(activity_id) if is_late else _countable(activity_id))
        counts = await counts_of(activity_id)
        known = {row.id: row for row in await HeadCount.filter(id__in=[touch.id for touch in touches])}
        last = await HeadCount.filter(activity_id=activity_id).order_by("-counted_at").first()
        moment = last.counted_at if last is not None else None
        refused: set[UUID] = set()
        new: dict[UUID, HeadCount] = {}
        for touch in touches:
            stored = known.get(touch.id) or new.get(touch.id)
            left = counts[touch.cell] + touch.number
            if stored is not None:
                if not _is_same(stored, touch, activity_id):
                    refused.add(touch.id)
            elif not 0 <= left <= MOST_OF_A_CELL:
                refused.add(touch.id)
            else:
                counts[touch.cell] = left
                moment = _after(moment)
                new[touch.id] = _row(activity_id, touch.id, touch.cell, touch.number, actor, at=moment)
        # A name that somebody uses at two activities at once is kept at one of them.
        await HeadCount.bulk_create(new.values(), ignore_conflicts=True)
    return refused


async def undo_last(activity_id: UUID, undo_id: UUID, *, actor: Actor) -> bool:
    """The actor's last standing touch; False: there was none. Sent twice is once. Refuses as `count_heads`."""
    async with transaction():
        await _countable(activity_id)
        if await HeadCount.exists(id=undo_id):
            return True
        rows = await HeadCount.filter(activity_id=activity_id, counted_by_id=actor.id).order_by("counted_at", "id")
        standing: list[HeadCount] = []
        for row in rows:
            _take_in(standing, row)
        counts = await counts_of(activity_id)
        last = standing[-1] if standing else None
        if last is None or counts[_cell_of(last)] < last.number:
            return False
        moment = _after(rows[-1].counted_at)
        await _row(activity_id, undo_id, _cell_of(last), -last.number, actor, at=moment).save(force_create=True)
    return True


async def write_totals(activity_id: UUID, wanted: Counts, *, seen: Counts, actor: Actor) -> None:
    """From paper; cells left out stay. Refuses numbers `seen` before a later count, and as `count_heads`."""
    async with transaction():
        activity = await _countable(activity_id)
        counts = await counts_of(activity_id)
        differing = {cell: number - counts[cell] for cell, number in wanted.items() if number != counts[cell]}
        if not differing:
            return
        if any(counts[cell] != seen.get(cell, 0) for cell in differing):
            raise CountedMeanwhile
        now = clock.now()
        rows = [_row(activity_id, uuid7(), cell, number, actor, at=now) for cell, number in differing.items()]
        await HeadCount.bulk_create(rows)
        await record("outreach.write_totals", actor=actor, object_id=activity_id, hub_id=activity.hub_id, n=len(rows))


def total(counts: Counts, cells: Iterable[Cell] = CELLS) -> int:
    return sum(counts[cell] for cell in cells)


async def _countable(activity_id: UUID) -> OutreachActivity:
    """Locked, so that no sum is read too early."""
    activity = await locked_activity(activity_id)
    if activity.state is not ActivityState.PUBLISHED:
        raise NotTakingPlace
    if not _is_the_day(activity):
        raise NotYetTheDay
    return activity


def _is_the_day(activity: OutreachActivity) -> bool:
    return clock.today() >= clock.local(activity.starts_at).date()


def _take_in(standing: list[HeadCount], row: HeadCount) -> None:
    if row.number > 0:
        standing.append(row)
        return
    left = -row.number
    for counted in reversed([one for one in standing if _cell_of(one) == _cell_of(row)]):
        if left > 0:
            standing.remove(counted)
            left -= counted.number


def _cell_of(row: HeadCount) -> Cell:
    return Cell(Sex(row.sex), AgeBand(row.age_band))


def _is_same(stored: HeadCount, touch: Touch, activity_id: UUID) -> bool:
    return (stored.activity_id, _cell_of(stored), stored.number) == (activity_id, touch.cell, touch.number)


def _after(moment: datetime | None) -> datetime:
    """Now, and later than that moment: undoing follows the order of counting."""
    now = clock.now()
    return now if moment is None else max(now, moment + timedelta(microseconds=1))


def _row(activity_id: UUID, row_id: UUID, cell: Cell, number: int, actor: Actor, *, at: datetime) -> HeadCount:
    return HeadCount(
        id=row_id,
        activity_id=activity_id,
        sex=cell.sex.value,
        age_band=cell.band.value,
        number=number,
        counted_at=at,
        counted_by_id=actor.id,
    )
