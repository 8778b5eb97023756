"""Calls in vain about an offer: after three on two days staff may give the place on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.outbox.models import Call, CallResult
from trainings.registrations.messages import standing_marks
from trainings.registrations.models import RegistrationGroup, RegistrationState

TRIES, DAYS = 3, 2


async def tries_in_vain(group_ids: Collection[UUID]) -> dict[UUID, Sequence[datetime]]:
    """By offered group, its calls in vain since the offer, on whichever list.

    A call has a row for each person of a household: those of the person with the most count, if still offered a place.
    """
    groups = await RegistrationGroup.filter(id__in=list(group_ids), state=RegistrationState.OFFERED)
    offered_at = {one.id: one.changed_at for one in groups}
    marks: dict[tuple[UUID, UUID], list[Call]] = defaultdict(list)
    if offered_at:
        found = Call.filter(
            registration__group_id__in=sorted(offered_at), registration__state=RegistrationState.OFFERED
        )
        for mark in await found.order_by("created_at", "id").prefetch_related("registration"):
            group_id = mark.registration.group_id
            if mark.created_at >= offered_at[group_id]:
                marks[group_id, mark.registration_id].append(mark)
    tries: dict[UUID, Sequence[datetime]] = {}
    for (group_id, _person), of_person in marks.items():
        in_vain = [one.created_at for one in standing_marks(of_person) if one.result is CallResult.NOT_REACHED]
        tries[group_id] = max(tries.get(group_id, ()), in_vain, key=len)
    return tries


def are_enough(tries: Iterable[datetime]) -> bool:
    """Three calls, on two days."""
    days = [clock.local(moment).date() for moment in tries]
    return len(days) >= TRIES and len(set(days)) >= DAYS


async def releasable(group_ids: Collection[UUID]) -> set[UUID]:
    """Groups called in vain often enough and not told of the time to answer."""
    tries: Mapping[UUID, Sequence[datetime]] = await tries_in_vain(group_ids)
    enough = [group_id for group_id, moments in tries.items() if are_enough(moments)]
    untold = RegistrationGroup.filter(id__in=enough, reached_at=None)
    return {key for (key,) in await untold.values_list("id")} if enough else set()
