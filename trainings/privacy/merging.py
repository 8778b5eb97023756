"""Both histories stay."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import DESK, MERGERS
from trainings.attendance.settling import lock_all_stays, settle, trainings_in_common
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound, Refusal
from trainings.people.merged import last_kept, same_person_ids
from trainings.people.models import Merge, MergeReason, Participant
from trainings.privacy.joining import join, part, shared_trainings, trainings_joined
from trainings.privacy.merge_queries import Comparison, alike, alike_in, compare, differences, hub_in_scope
from trainings.privacy.records import records_like
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.web.i18n import N_


class UnknownMerge(NotFound):
    sentence = N_("No encontramos esa decisión en su ventanilla.")


class ListChanged(Refusal):
    sentence = N_("La lista cambió mientras tanto. Revísela y vuelva a intentarlo.")


class NobodyTicked(Refusal):
    sentence = N_("Marque los registros que son de esta persona.")


class AlreadyOne(Refusal):
    sentence = N_("Ya están unidas. Si no son la misma persona, deshaga la unión en la lista.")


class _MergedMeanwhile(Exception):
    """Somebody concerned was merged or joined before we got the lock: look again."""


async def merge(
    kept_id: UUID, merged_id: UUID, reason: MergeReason, *, actor: Actor, roles: Collection[str] = MERGERS
) -> None:
    """The first stays, with all that either was merged with before. Certificates and separate histories stay;
    registrations in one training are joined (`join`). Twice is once. Refuses as `compare`.
    """
    while True:
        with contextlib.suppress(_MergedMeanwhile):
            await _merge(await compare(kept_id, merged_id, actor, roles), reason, actor, roles)
            break
    await _settle(await trainings_in_common([kept_id, merged_id]))


async def merge_agreeing(registration: Registration, people: Collection[UUID], *, actor: Actor) -> int:
    """Merge the person of a registration (person and training loaded) with these of the hub's, all of whom agree with
    them: every desk may. The oldest stays; returns how many were merged. Refuses NobodyTicked, and (ListChanged) if
    one does not agree.
    """
    if not people:
        raise NobodyTicked
    records = await records_like(registration)
    agreeing = {one.person.id for one in records.namesakes if one.agrees}
    if not agreeing.issuperset(people):
        raise ListChanged
    kept_id, *others = sorted({registration.participant_id, *people})
    for merged_id in others:
        await merge(kept_id, merged_id, MergeReason.SAME_CONTACT, actor=actor, roles=DESK)
    return len(others)


async def merge_sure(training: Training | None, people: Collection[UUID], *, actor: Actor) -> int:
    """Merge people who agree in name, municipality and telephone: these, or all of a training. The oldest stays;
    returns how many were merged. Refuses (ListChanged) if nobody on the list is meant.
    """
    listed = await (alike(actor) if training is None else alike_in(training))
    rows = [[one.id for one in row.people] for row in listed.strong if row.is_sure]
    wanted = [row for row in rows if set(row) == set(people) or (training is not None and not people)]
    if not wanted:
        raise ListChanged
    for kept_id, *others in wanted:
        for merged_id in others:
            await merge(kept_id, merged_id, MergeReason.SAME_CONTACT, actor=actor)
    return sum(len(row) - 1 for row in wanted)


async def _merge(two: Comparison, reason: MergeReason, actor: Actor, roles: Collection[str]) -> None:
    kept_id, merged_id = await last_kept(two.one.person.id), await last_kept(two.other.person.id)
    async with transaction():
        shared = await _shared(kept_id, merged_id, actor, roles)
        await lock_all_stays(shared)
        # Both rows in key order: simultaneous merges in a ring would keep nobody.
        locked = await lock(Participant, [kept_id, merged_id])
        if (
            any(one.merged_into_id is not None for one in locked)
            or await _shared(kept_id, merged_id, actor, roles) - shared
        ):
            raise _MergedMeanwhile
        if kept_id != merged_id:
            await _unite(kept_id, merged_id, reason, hub_id=two.hub_id, actor=actor)
        for training_id in sorted(shared):
            await join(training_id, await same_person_ids(kept_id), actor=actor)


async def _shared(one_id: UUID, other_id: UUID, actor: Actor, roles: Collection[str]) -> set[UUID]:
    """Common trainings at the actor's hubs; others are not the actor's to see."""
    some, others = await same_person_ids(one_id), await same_person_ids(other_id)
    return await shared_trainings(some, others, actor.hubs_with(roles))


async def _unite(kept_id: UUID, merged_id: UUID, reason: MergeReason, *, hub_id: UUID, actor: Actor) -> None:
    assert actor.id is not None, "people say who is one person, not programs"
    done = await Merge.create(kept_id=kept_id, merged_id=merged_id, reason=reason, merged_by_id=actor.id)
    await Participant.filter(id=merged_id).update(merged_into_id=kept_id)
    detail = {"kept": str(kept_id), "merge": str(done.id), "reason": reason.value}
    await record("privacy.merge", actor=actor, object_id=merged_id, hub_id=hub_id, **detail)


async def undo(merge_id: UUID, *, actor: Actor) -> int:
    """The merged participant stands alone again, with all merged into it before, and joined registrations are parted at
    every hub; returns how many registrations now wait, their place gone.

    Twice is once; hours are written again then, for the first run may have been cut off. Refuses (UnknownMerge) if
    neither was at the actor's hubs.
    """
    row, hub_id = await _in_scope(merge_id, actor)
    concerned = await trainings_in_common([row.kept_id, row.merged_id])
    while True:
        with contextlib.suppress(_MergedMeanwhile):
            n_waiting = await _undo(row, hub_id, actor)
            break
    await _settle(concerned)
    return n_waiting


async def _undo(row: Merge, hub_id: UUID, actor: Actor) -> int:
    async with transaction():
        people = await same_person_ids(row.kept_id)
        joined = await trainings_joined(people)
        await lock_all_stays(joined)
        # All of them: a person who withdraws consent for data at this moment must not stand again.
        await lock(Participant, [*people, row.merged_id])
        now = await same_person_ids(row.kept_id)
        if set(now) != set(people) or await trainings_joined(now) - joined:
            raise _MergedMeanwhile
        if not await Merge.filter(id=row.id, undone_at=None).update(undone_at=clock.now(), undone_by_id=actor.id):
            return 0
        await Participant.filter(id=row.merged_id, merged_into_id=row.kept_id).update(merged_into_id=None)
        detail = {"kept": str(row.kept_id), "merge": str(row.id)}
        await record("privacy.undo_merge", actor=actor, object_id=row.merged_id, hub_id=hub_id, **detail)
        some, others = await same_person_ids(row.kept_id), await same_person_ids(row.merged_id)
        return sum([await part(training, some, others, actor=actor) for training in await lock(Training, joined)])


async def _settle(training_ids: Iterable[UUID]) -> None:
    """Attendance on one registration makes up for another of the same person and course."""
    for training_id in sorted(training_ids):
        await settle(training_id)


async def hold_different(one_id: UUID, other_id: UUID, *, actor: Actor) -> None:
    """The pair is no longer shown. Stored as a merge undone at once, its reason meaningless. Twice is once. Refuses
    (AlreadyOne), and as `merge`.
    """
    two = await compare(one_id, other_id, actor)
    async with transaction():
        await lock(Participant, [one_id, other_id])
        everybody = await same_person_ids(one_id)
        if other_id in everybody:
            raise AlreadyOne
        others = await same_person_ids(other_id)
        if not await _is_said(everybody, others):
            await _say_different(one_id, other_id, hub_id=two.hub_id, actor=actor)


async def _say_different(one_id: UUID, other_id: UUID, *, hub_id: UUID, actor: Actor) -> None:
    assert actor.id is not None, "people say who is not one person, not programs"
    moment = clock.now()
    said = await Merge.create(
        kept_id=min(one_id, other_id),
        merged_id=max(one_id, other_id),
        reason=MergeReason.KNOWN_IN_PERSON,
        merged_by_id=actor.id,
        created_at=moment,
        undone_at=moment,
        undone_by_id=actor.id,
    )
    await record(
        "privacy.hold_different", actor=actor, object_id=said.merged_id, hub_id=hub_id, other=str(said.kept_id)
    )


async def _is_said(some: list[UUID], others: list[UUID]) -> bool:
    one_way = differences().filter(kept_id__in=some, merged_id__in=others)
    other_way = differences().filter(kept_id__in=others, merged_id__in=some)
    return await one_way.exists() or await other_way.exists()


async def show_again(said_id: UUID, *, actor: Actor) -> None:
    """Undo `hold_different`; the record keeps the decision. Refuses (UnknownMerge) a real merge, and if neither was at
    the actor's hubs.
    """
    row, hub_id = await _in_scope(said_id, actor)
    if row.undone_at != row.created_at:
        raise UnknownMerge
    async with transaction():
        if await Merge.filter(id=said_id).delete():
            await record(
                "privacy.show_again", actor=actor, object_id=row.merged_id, hub_id=hub_id, other=str(row.kept_id)
            )


async def _in_scope(merge_id: UUID, actor: Actor) -> tuple[Merge, UUID]:
    row = await Merge.get_or_none(id=merge_id)
    if row is None:
        raise UnknownMerge
    hub_id = await hub_in_scope(row.kept_id, actor) or await hub_in_scope(row.merged_id, actor)
    if hub_id is None:
        raise UnknownMerge
    return row, hub_id
