"""Heads counted by phones out of use or not for the activity."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import HEAD_COUNTERS, can_count_heads, can_decide_marks
from trainings.attendance.device_access import may_upload
from trainings.attendance.models import Device
from trainings.attendance.review.queries import SHOWN_FOR
from trainings.attendance.reviews import NothingToDecide
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.outreach.actions import UnknownActivity, locked_activity
from trainings.outreach.heads import waiting_at
from trainings.outreach.models import HeadCount, HeadState, OutreachActivity
from trainings.outreach.queries import for_staff

MOST_ACTIVITIES = 60
DECIDED = (HeadState.COUNTED, HeadState.DISMISSED)


@dataclass(frozen=True, slots=True)
class PhoneHeads:
    """`cells`: by (sex, age band); `n_of_others`: touches of other phones that it takes back. `until`: when the last
    came in.
    """

    phone_id: UUID
    name: str
    is_out_of_use: bool
    state: HeadState
    cells: Counter[tuple[str, str]]
    n_of_others: int
    first_at: datetime
    last_at: datetime
    until: datetime

    @property
    def n(self) -> int:
        return sum(self.cells.values())


@dataclass(frozen=True, slots=True)
class HeadReview:
    activity: OutreachActivity
    open: Sequence[PhoneHeads]
    decided: Sequence[PhoneHeads]


async def head_review_of(activity: OutreachActivity) -> HeadReview:
    rows = await reads(HeadCount).filter(activity_id=activity.id).exclude(state=HeadState.COUNTS).order_by("counted_at")
    own: dict[tuple[UUID, HeadState], list[HeadCount]] = defaultdict(list)
    for row in rows:
        assert row.counted_by_id is not None
        own[row.counted_by_id, row.state].append(row)
    phones = {one.id: one for one in await reads(Device).filter(id__in=sorted({key for key, _state in own}))}
    found = [_of_phone(activity, phones.get(key), key, state, rows) for (key, state), rows in own.items()]
    found.sort(key=lambda one: (one.name, one.phone_id))
    return HeadReview(
        activity,
        open=[one for one in found if one.state is HeadState.WAITING],
        decided=[one for one in found if one.state is not HeadState.WAITING],
    )


def _of_phone(
    activity: OutreachActivity, phone: Device | None, phone_id: UUID, state: HeadState, rows: Sequence[HeadCount]
) -> PhoneHeads:
    undone = {row.target_id for row in rows if row.target_id is not None}
    cells: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.id not in undone and row.conflict_of_id not in undone:
            cells[row.sex, row.age_band] += row.number
    return PhoneHeads(
        phone_id=phone_id,
        name=phone.name if phone is not None else "",
        is_out_of_use=phone is None or not may_upload(phone, activity.ends_at),
        state=state,
        cells=Counter({cell: n for cell, n in cells.items() if n}),
        n_of_others=len(undone - {row.id for row in rows} - {row.conflict_of_id for row in rows}),
        first_at=min(row.counted_at for row in rows),
        last_at=max(row.counted_at for row in rows),
        until=max(row.created_at for row in rows),
    )


# -- who sees and decides


async def head_gate(activity_id: UUID, actor: Actor) -> tuple[OutreachActivity, bool]:
    """(activity, whether the actor decides). Refuses (UnknownActivity)."""
    activity = await for_staff(activity_id, actor)
    if not can_count_heads(actor, activity.hub_id):
        raise UnknownActivity
    return activity, can_decide_marks(actor, activity.hub_id)


async def activities_to_review(actor: Actor) -> list[HeadReview]:
    keys = await waiting_at(actor.hubs_with(HEAD_COUNTERS), clock.now() - SHOWN_FOR)
    found = reads(OutreachActivity).filter(id__in=sorted(keys)).order_by("-starts_at", "id").select_related("hub")
    return [await head_review_of(one) for one in await found.limit(MOST_ACTIVITIES)]


# -- the answer


async def decide_heads(activity_id: UUID, phone_id: UUID, state: HeadState, *, until: datetime, actor: Actor) -> int:
    """Count a phone's heads that had come in by `until`, or put them aside. Returns the number of touches. Refuses
    (NothingToDecide).
    """
    assert state in DECIDED
    async with transaction():
        activity = await locked_activity(activity_id)
        waiting = HeadCount.filter(
            activity_id=activity_id, counted_by_id=phone_id, state=HeadState.WAITING, created_at__lte=until
        )
        n = await waiting.update(state=state, decided_by_id=actor.id, decided_at=clock.now())
        await _record(activity, phone_id, n, state, actor)
    return n


async def take_back_heads(activity_id: UUID, phone_id: UUID, state: HeadState, *, actor: Actor) -> int:
    """Returns the number of touches that wait again. Refuses as `decide_heads`."""
    async with transaction():
        activity = await locked_activity(activity_id)
        decided = HeadCount.filter(activity_id=activity_id, counted_by_id=phone_id, state=state)
        n = await decided.update(state=HeadState.WAITING, decided_by_id=None, decided_at=None)
        await _record(activity, phone_id, n, HeadState.WAITING, actor)
    return n


async def _record(activity: OutreachActivity, phone_id: UUID, n: int, state: HeadState, actor: Actor) -> None:
    if not n:
        raise NothingToDecide
    await record(
        "attendance.decide_heads",
        actor=actor,
        object_id=activity.id,
        hub_id=activity.hub_id,
        n=n,
        decision=state.value,
        phone=str(phone_id),
    )
