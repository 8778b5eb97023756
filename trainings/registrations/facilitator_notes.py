"""Word of a change to who holds the session: what it was, what it is, and where to look."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outbox.staff_letters import Item, Section, staff_mail
from trainings.schedule.change_words import sentence_of
from trainings.schedule.changes import changes_of_batch, differences
from trainings.schedule.models import SessionChange, SessionFacilitator, Training, TrainingSession, TrainingState
from trainings.web.i18n import SOURCE_LANGUAGE, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

CHANGED = "facilitator_changed"


async def tell_facilitators(
    training: Training, changes: Iterable[SessionChange], *, actor: Actor, batch_id: UUID, run_at: datetime
) -> None:
    """Enqueue one message to each person who holds a session that changed, but not to who changed it."""
    ids = {change.session_id for change in changes}
    holders = SessionFacilitator.filter(session_id__in=sorted(ids), user__is_active=True)
    users = {user_id for (user_id,) in await holders.values_list("user_id")} - {actor.id}
    for user_id in sorted(users):
        await enqueue(
            CHANGED,
            {"user_id": str(user_id), "training_id": str(training.id)},
            dedup=f"{CHANGED}:{batch_id}:{user_id}",
            hub_id=training.hub_id,
            run_at=run_at,
            batch_id=batch_id,
        )


async def n_facilitators_to_tell(session_ids: Collection[UUID], *, actor: Actor) -> int:
    """How many people would be told of a change to these sessions because they hold them; of what is over, nobody."""
    holders = reads(SessionFacilitator).filter(
        session_id__in=sorted(session_ids), session__ends_at__gt=clock.now(), user__is_active=True
    )
    return len({user_id for (user_id,) in await holders.values_list("user_id")} - {actor.id})


async def compose(job: OutboxJob) -> Mail | None:
    """What became of this person's sessions, as it is when it is sent; overtaken where all is as it was.

    None for who has no role at a hub any more: the panel shows them nothing of it either.
    """
    working = reads(User).filter(is_active=True, grants__role__in=list(HUB_STAFF))
    user = await working.filter(id=UUID(job.payload["user_id"])).first()
    if user is None or job.batch_id is None:
        return None
    training = await reads(Training).get(id=UUID(job.payload["training_id"])).prefetch_related("hub")
    held = reads(TrainingSession).filter(training_id=training.id, facilitators__user_id=user.id)
    found = differences(
        await changes_of_batch(job.batch_id),
        await held.prefetch_related("venue__municipality"),
        is_called_off=training.state is TrainingState.CANCELLED,
    )
    with speaking(job.lang or SOURCE_LANGUAGE):
        link = absolute(f"/panel/capacitaciones/{training.id}")
        return staff_mail(
            user.email,
            _("Cambió una sesión que usted facilita"),
            [sentence_of(one, knows_place=True) for one in found],
            [Section(_("Qué sigue"), [Item(_("Ver la capacitación"), link)])],
            reply_to=training.hub.email,
            is_overtaken=not found,
            is_optional=False,
        )


COMPOSERS: dict[str, Composer] = {CHANGED: compose}
