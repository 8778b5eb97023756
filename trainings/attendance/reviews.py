"""Attendance and hours follow decisions at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.attendance.events import OF_SOMEBODY
from trainings.attendance.holders import match_unknown, people_by_card
from trainings.attendance.models import Decision, ScanEvent, ScanFlag, ScanKind, SheetRow
from trainings.attendance.projection import project
from trainings.attendance.queries import session_of
from trainings.attendance.settling import settle_if_over
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound, WrongInput
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_

MOST_AT_ONCE = 300
NOBODYS = frozenset({ScanFlag.UNKNOWN_CODE, ScanFlag.UNKNOWN_ROW, ScanFlag.UNNAMED})
"""Flags of marks that name nobody: no ticket, no row, or a nameless card."""
PEOPLE_KINDS = frozenset(ScanKind(kind.value) for kind in OF_SOMEBODY)


class NothingToDecide(WrongInput):
    sentence = N_("Esas marcas ya no esperan respuesta, o alguien las cambió. Vuelva a la lista.")


class NotOfThisTraining(NotFound):
    sentence = N_("Esa persona no está en la lista de esta sesión. Escójala de la lista.")


def may_be_given(event: ScanEvent) -> bool:
    return event.registration_id is None and event.kind in PEOPLE_KINDS


async def decide(session_id: UUID, event_ids: Collection[UUID], decision: Decision, *, actor: Actor) -> int:
    """Count these marks or put them aside; returns how many. Replaces earlier decisions."""
    assert decision is not Decision.NONE

    async def change(events: Sequence[ScanEvent]) -> list[ScanEvent]:
        return _decided([one for one in events if one.flag is not ScanFlag.NONE], decision, actor)

    return await _apply(session_id, event_ids, change, actor, decision=decision.value)


async def decide_phone(session_id: UUID, phone_id: UUID, decision: Decision, *, until: datetime, actor: Actor) -> int:
    """As `decide`, for all undecided odd marks of one phone that had come in by `until`. Marks that name nobody do not
    count this way: each needs a question to its person.
    """
    waiting = ScanEvent.filter(
        session_id=session_id, phone_id=phone_id, decision=Decision.NONE, created_at__lte=until
    ).exclude(flag=ScanFlag.NONE)
    is_counting = decision is Decision.COUNTED
    keys = [one.id for one in await waiting if not (is_counting and may_be_given(one))]
    if not keys:
        raise NothingToDecide
    parts = [keys[start : start + MOST_AT_ONCE] for start in range(0, len(keys), MOST_AT_ONCE)]
    return sum([await decide(session_id, part, decision, actor=actor) for part in parts])


async def dismiss_companions(session_id: UUID, phone_id: UUID, *, until: datetime, actor: Actor) -> int:
    """Put aside companions of one phone that had come in by `until`: another phone counted them too. Returns how many
    marks.
    """
    counted = ScanEvent.filter(session_id=session_id, phone_id=phone_id, kind=ScanKind.HEADS)
    keys = [one.id for one in await counted.filter(decision=Decision.NONE, created_at__lte=until)]
    if not keys:
        raise NothingToDecide

    async def change(events: Sequence[ScanEvent]) -> list[ScanEvent]:
        return _decided(list(events), Decision.DISMISSED, actor)

    parts = [keys[start : start + MOST_AT_ONCE] for start in range(0, len(keys), MOST_AT_ONCE)]
    dismissed = Decision.DISMISSED.value
    return sum([await _apply(session_id, part, change, actor, decision=dismissed) for part in parts])


async def assign(session_id: UUID, event_ids: Collection[UUID], registration_id: UUID, *, actor: Actor) -> int:
    """Give these marks to a person, and count them; returns how many. Marks that name a person are left alone. Refuses
    (NotOfThisTraining) people of other trainings.
    """

    async def change(events: Sequence[ScanEvent]) -> list[ScanEvent]:
        person = await Registration.get(id=registration_id)
        given = [one for one in events if may_be_given(one)]
        for event in given:
            event.registration_id = person.joined_to_id or person.id
        return _decided(given, Decision.COUNTED, actor)

    return await _apply(session_id, event_ids, change, actor, registration=registration_id)


async def take_back(session_id: UUID, event_ids: Collection[UUID], *, actor: Actor) -> int:
    """The marks wait again, and belong to nobody where staff gave them, or to the card's person. Returns how many."""

    async def change(events: Sequence[ScanEvent]) -> list[ScanEvent]:
        decided = [one for one in events if one.decision is not Decision.NONE]
        for event in decided:
            if event.registration_id is not None and await _names_nobody(event):
                event.registration_id = None
        return _decided(decided, Decision.NONE, actor)

    return await _apply(session_id, event_ids, change, actor, is_taken_back=True, decision="")


def _decided(events: list[ScanEvent], decision: Decision, actor: Actor) -> list[ScanEvent]:
    is_open = decision is Decision.NONE
    for event in events:
        event.decision = decision
        event.decided_by_id, event.reviewed_at = (None, None) if is_open else (actor.id, clock.now())
    return events


async def _names_nobody(event: ScanEvent) -> bool:
    if event.flag in NOBODYS or event.unknown_code is not None:
        return True
    if event.code_hash:
        by_card, replaced = await people_by_card([event.code_hash])
        return not by_card and not replaced
    if event.sheet_id is not None and event.row is not None:
        return not await SheetRow.exists(sheet_id=event.sheet_id, number=event.row)
    return False


# -- one change


async def _apply(
    session_id: UUID,
    event_ids: Collection[UUID],
    change: Callable[[Sequence[ScanEvent]], Any],
    actor: Actor,
    *,
    registration: UUID | None = None,
    is_taken_back: bool = False,
    **detail: str,
) -> int:
    keys = sorted(set(event_ids))[:MOST_AT_ONCE]
    async with transaction():
        session = await session_of(session_id)
        held = await _hold(session, keys, registration)
        session = await TrainingSession.get(id=session_id)
        # A mark that somebody gave to a person of yet another training in between is not touched now.
        events = [
            one for one in await _of(session_id, keys) if one.registration_id is None or one.registration_id in held
        ]
        before = await _concerned(events)
        changed = await change(events)
        if not changed:
            raise NothingToDecide
        for event in changed:
            await event.save(update_fields=["decision", "decided_by_id", "reviewed_at", "registration_id"])
        if is_taken_back:
            await match_unknown(session.training_id)
            changed = await _of(session_id, [one.id for one in changed])
        await _recount(session, before | await _concerned(changed))
        hub_id = (await Training.get(id=session.training_id)).hub_id
        people = {"registration": str(registration)} if registration is not None else {}
        await record(
            "attendance.decide", actor=actor, object_id=session_id, hub_id=hub_id, n=len(changed), **detail, **people
        )
        return len(changed)


async def _recount(session: TrainingSession, people: Collection[UUID]) -> None:
    await project(session, people)
    await settle_if_over(session, people)


async def _hold(session: TrainingSession, keys: Sequence[UUID], registration: UUID | None) -> set[UUID]:
    """Lock the trainings of the session and of the marks' people; returns these people."""
    people = {*await _concerned(await _of(session.id, keys)), *([registration] if registration is not None else [])}
    rows = await Registration.filter(id__in=sorted(people)).values_list("id", "training_id")
    if registration is not None and (registration, session.training_id) not in set(rows):
        raise NotOfThisTraining
    await lock(Training, {session.training_id, *(training_id for _key, training_id in rows)})
    return people


async def _of(session_id: UUID, keys: Sequence[UUID]) -> list[ScanEvent]:
    return await ScanEvent.filter(session_id=session_id, id__in=list(keys)).order_by("id")


async def _concerned(events: Sequence[ScanEvent]) -> set[UUID]:
    """An undo concerns the people whose marks it takes back."""
    people = {one.registration_id for one in events if one.registration_id is not None}
    targets = [one.target_id for one in events if one.kind is ScanKind.UNDO and one.target_id is not None]
    if targets:
        named = ScanEvent.filter(Q(id__in=targets) | Q(conflict_of_id__in=targets), registration_id__not_isnull=True)
        people |= {key for (key,) in await named.values_list("registration_id")}
    return people
