"""Marks of two who counted as one: what was seen of each by their own ticket is theirs, once they are told apart."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from trainings.attendance.models import ScanEvent, ScanKind
from trainings.attendance.projection import project_all
from trainings.attendance.upload_forms import CODE_HASH_LENGTH
from trainings.registrations.models import Registration, ReplacedTicket
from trainings.schedule.models import TrainingSession


async def give_own_marks(own_id: UUID, first_id: UUID) -> None:
    """What was marked by this person's ticket counts for them, and no more for the first. Hours are not counted here.

    What was marked in a list says not who of the two came, and stays. In the caller's transaction, which holds the
    stays of both (`lock_all_stays`).
    """
    own = await Registration.get(id=own_id)
    replaced = await ReplacedTicket.filter(registration_id=own_id).values_list("qr_hash")
    shown = [digest[:CODE_HASH_LENGTH] for digest in (own.qr_hash, *(old for (old,) in replaced)) if digest]
    marks = await ScanEvent.filter(registration_id=first_id, code_hash__in=shown)
    keys = [key for one in marks for key in (one.id, one.conflict_of_id) if key is not None]
    undos = await ScanEvent.filter(registration_id=first_id, kind=ScanKind.UNDO, target_id__in=keys) if keys else []
    touched: dict[UUID, set[UUID]] = defaultdict(set)
    for one in (*marks, *undos):
        touched[one.session_id] |= {own_id, first_id}
    await ScanEvent.filter(id__in=[one.id for one in (*marks, *undos)]).update(registration_id=own_id)
    sessions = {one.id: one for one in await TrainingSession.filter(id__in=sorted(touched))}
    await project_all(sessions, touched)
