from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from trainings.attendance.events import CODE_HASH_LENGTH
from trainings.attendance.models import ScanEvent, ScanKind
from trainings.attendance.projection import project_all
from trainings.registrations.models import Registration, ReplacedTicket
from trainings.schedule.models import TrainingSession


async def count_as(joined_id: UUID, kept_id: UUID) -> None:
    """All marks of the joined registration count for the kept one alone. Hours are not counted here.

    In the caller's transaction, which holds the stays of both (`lock_all_stays`); so does `give_own_marks`.
    """
    await _move(await ScanEvent.filter(registration_id=joined_id), joined_id, kept_id)


async def give_own_marks(own_id: UUID, kept_id: UUID) -> None:
    """Marks by this registration's own ticket count for it again. Marks in a list do not say whose they are, and
    stay.
    """
    own = await Registration.get(id=own_id)
    replaced = await ReplacedTicket.filter(registration_id=own_id).values_list("qr_hash")
    shown = [digest[:CODE_HASH_LENGTH] for digest in (own.qr_hash, *(old for (old,) in replaced)) if digest]
    marks = await ScanEvent.filter(registration_id=kept_id, code_hash__in=shown)
    keys = [key for one in marks for key in (one.id, one.conflict_of_id) if key is not None]
    undos = await ScanEvent.filter(registration_id=kept_id, kind=ScanKind.UNDO, target_id__in=keys) if keys else []
    await _move([*marks, *undos], kept_id, own_id)


async def _move(marks: Collection[ScanEvent], before_id: UUID, after_id: UUID) -> None:
    touched: dict[UUID, set[UUID]] = defaultdict(set)
    for one in marks:
        touched[one.session_id] |= {before_id, after_id}
    await ScanEvent.filter(id__in=[one.id for one in marks]).update(registration_id=after_id)
    sessions = {one.id: one for one in await TrainingSession.filter(id__in=sorted(touched))}
    await project_all(sessions, touched)
