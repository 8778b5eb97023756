from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Subquery

from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.lib.text import short_name
from trainings.registrations.desk.look_alikes import look_alikes_in
from trainings.registrations.models import Farewell, Registration, RegistrationGroup, RegistrationState
from trainings.registrations.queries import guardians_phones
from trainings.registrations.seats.waiting import are_enough, tries_in_vain
from trainings.schedule.models import Training
from trainings.settings import get_settings

PAGE = 50
PASSES_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Pass:
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """`position` 0: not waiting. `phone`: the first adult's, else the guardian's. `is_look_alike`: perhaps registered
    already. `offered_before`: the first deadline told, where it changed. `in_vain`: calls that reached nobody.
    """

    id: UUID
    registration_id: UUID
    name: str
    community: str
    n_people: int
    n_children: int
    since: datetime
    position: int
    phone: str | None
    has_email: bool
    is_look_alike: bool
    reached_at: datetime | None
    offered_until: datetime | None
    offered_before: datetime | None
    last_pass: Pass | None
    in_vain: Sequence[datetime] = ()

    @property
    def may_release(self) -> bool:
        return self.reached_at is None and are_enough(self.in_vain)


@dataclass(frozen=True, slots=True)
class Board:
    offered: Sequence[Waiting]
    waiting: Sequence[Waiting]
    n_waiting: int
    to_call: Sequence[Waiting]


async def board_of(training: Training, page: int = 1) -> Board:
    groups = reads(RegistrationGroup).filter(training_id=training.id)
    waiting = groups.filter(state=RegistrationState.WAITLISTED).order_by("wait_number")
    first = (page - 1) * PAGE
    shown = await waiting.offset(first).limit(PAGE)
    offered = await groups.filter(state=RegistrationState.OFFERED).order_by("offered_until", "changed_at", "id")
    closed = [] if training.has_waiting_list else await _closed_with(training)
    described = await _described([*offered, *shown, *closed], {one.id: first + n for n, one in enumerate(shown, 1)})
    return Board(
        offered=[described[one.id] for one in offered if one.id in described],
        waiting=[described[one.id] for one in shown if one.id in described],
        n_waiting=await waiting.count(),
        to_call=[described[one.id] for one in closed if one.id in described and not described[one.id].has_email],
    )


async def who_would_be_told(training: Training) -> tuple[int, int, int]:
    """(written to, to be called, neither) in groups."""
    groups = await reads(RegistrationGroup).filter(training_id=training.id, state=RegistrationState.WAITLISTED)
    described = (await _described(groups, {})).values()
    n_written_to = sum(one.has_email for one in described)
    n_called = sum(one.phone is not None and not one.has_email for one in described)
    return n_written_to, n_called, len(described) - n_written_to - n_called


async def _closed_with(training: Training) -> list[RegistrationGroup]:
    on_it = reads(Registration).filter(training_id=training.id, taken_off=Farewell.LIST_CLOSED)
    groups = reads(RegistrationGroup).filter(id__in=Subquery(on_it.values("group_id")))
    return await groups.filter(state=RegistrationState.CANCELLED).order_by("wait_number")


async def _described(groups: Sequence[RegistrationGroup], positions: Mapping[UUID, int]) -> dict[UUID, Waiting]:
    people = await _people_of(groups)
    everybody = [one for members in people.values() for one in members]
    guardians = await guardians_phones([one.participant_id for one in everybody if one.participant.is_minor])
    passes = await _passes([group.id for group in groups])
    in_vain = await tries_in_vain([group.id for group in groups])
    look_alikes = await look_alikes_in({group.training_id for group in groups})
    return {
        group.id: replace(
            _waiting(group, people[group.id], guardians, positions.get(group.id, 0), passes.get(group.id)),
            is_look_alike=not look_alikes.isdisjoint(one.id for one in people[group.id]),
            in_vain=in_vain.get(group.id, ()),
        )
        for group in groups
        if group.id in people
    }


async def _people_of(groups: Sequence[RegistrationGroup]) -> dict[UUID, list[Registration]]:
    found = reads(Registration).filter(group_id__in=[group.id for group in groups]).order_by("id")
    is_cancelled = {group.id: group.state is RegistrationState.CANCELLED for group in groups}
    people: dict[UUID, list[Registration]] = {}
    for one in await found.prefetch_related("participant"):
        if is_cancelled[one.group_id] or one.state is not RegistrationState.CANCELLED:
            people.setdefault(one.group_id, []).append(one)
    return people


async def _passes(group_ids: Sequence[UUID]) -> dict[UUID, Pass]:
    lines = reads(AuditLine).filter(act="registrations.pass_over", object_id__in=list(group_ids))
    newest: dict[UUID, Pass] = {}
    for line in await lines.order_by("-id").limit(PASSES_LOOKED_AT):
        assert line.object_id is not None
        reason = str(line.detail.get("reason") or line.detail.get("lacking", ""))
        newest.setdefault(line.object_id, Pass(line.created_at, reason))
    return newest


def _waiting(
    group: RegistrationGroup,
    members: Sequence[Registration],
    guardians: Mapping[UUID, str],
    position: int,
    last_pass: Pass | None,
) -> Waiting:
    first = members[0].participant
    people = [one.participant for one in members]
    phones = [guardians.get(one.id) if one.is_minor else one.phone for one in people]
    return Waiting(
        id=group.id,
        registration_id=members[0].id,
        name=short_name(first.given_names, first.surnames),
        community=first.community,
        n_people=len(members) if group.state is RegistrationState.CANCELLED else group.n_people,
        n_children=group.childcare_places,
        since=group.created_at,
        position=position,
        phone=next((phone for phone in phones if phone), None),
        has_email=get_settings().sends_mail
        and any(one.email_key is not None and one.email_refused_at is None for one in people),
        is_look_alike=False,
        reached_at=group.reached_at,
        offered_until=group.offered_until,
        offered_before=group.offered_before,
        last_pass=last_pass,
    )
