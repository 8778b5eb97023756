"""Word of a change to who holds the session, or held it: what it was, what it is, and where to look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outbox.staff_letters import Item, Section, staff_mail
from trainings.registrations.facilitator_swaps import CHANGED, held_as_known, swap_of, waiting_for_facilitators
from trainings.schedule.change_words import put_in, sentence_of, taken_out
from trainings.schedule.changes import changes_of_batch, differences, link_of
from trainings.schedule.models import (
    SessionChange,
    SessionFacilitator,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.web.i18n import SOURCE_LANGUAGE, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that leave together at `run_at`, and may be stopped till then."""

    id: UUID
    run_at: datetime


async def tell_facilitators(
    training: Training,
    changes: Iterable[SessionChange],
    swapped: Mapping[UUID, frozenset[UUID]],
    batch: Batch,
    *,
    actor: Actor,
) -> None:
    """Enqueue one message to each person who holds a session that changed, or was put in or taken out of one.

    Not to who changed it. `swapped`: the sessions that each holds as far as they know.
    """
    ids = {change.session_id for change in changes}
    holders = SessionFacilitator.filter(session_id__in=sorted(ids))
    concerned = {user_id for (user_id,) in await holders.values_list("user_id")} | swapped.keys()
    for user_id in sorted(await _working(concerned) - {actor.id}):
        held = {"held": sorted(map(str, swapped[user_id]))} if user_id in swapped else {}
        await enqueue(
            CHANGED,
            {"user_id": str(user_id), "training_id": str(training.id), **held},
            dedup=f"{CHANGED}:{batch.id}:{user_id}",
            hub_id=training.hub_id,
            run_at=batch.run_at,
            batch_id=batch.id,
        )


async def n_facilitators_to_tell(
    training_id: UUID, session_ids: Collection[UUID], *, actor: Actor, is_off: bool, is_news_to_all: bool
) -> int:
    """How many people would be told of a change to these sessions because they hold them; of what is over, nobody.

    `is_off`: they are called off; else they take place. `is_news_to_all` as in `Readers`. Who has not heard yet what
    they hold is told what they hold then.
    """
    wanted = frozenset(session_ids)
    ahead = reads(TrainingSession).filter(training_id=training_id, ends_at__gt=clock.now())
    states = dict(await ahead.values_list("id", "state"))
    planned = {key for key, state in states.items() if state is SessionState.PLANNED}
    taking_place = planned - wanted if is_off else planned | wanted & states.keys()
    held: dict[UUID, set[UUID]] = defaultdict(set)
    holders = reads(SessionFacilitator).filter(session_id__in=sorted(states))
    for user_id, session_id in await holders.values_list("user_id", "session_id"):
        held[user_id].add(session_id)
    waiting = [job for job in await waiting_for_facilitators([training_id]) if "held" in job.payload]
    unheard = {UUID(job.payload["user_id"]): held_as_known(job) for job in waiting}
    told = {one for one, theirs in held.items() if is_news_to_all and theirs & unheard.get(one, theirs) & wanted}
    told |= {one for one, known in unheard.items() if (held[one] ^ known) & taking_place}
    return len(await _working(told) - {actor.id})


async def n_facilitators_written_to(batch_id: UUID) -> int:
    """To how many people who hold sessions something of a batch that waits will be said, as things are now."""
    waiting = await reads(OutboxJob).filter(kind=CHANGED, batch_id=batch_id, attempts=0, done_at=None, stopped_at=None)
    return sum([await says_something(job) for job in waiting])


async def says_something(job: OutboxJob) -> bool:
    """Whether its reader hears anything that they do not know, as things are now."""
    mail = await compose(job)
    return mail is not None and not mail.is_overtaken


async def _working(user_ids: Iterable[UUID]) -> frozenset[UUID]:
    return frozenset([user_id for (user_id,) in await _at_work(user_ids).values_list("id")])


def _at_work(user_ids: Iterable[UUID]) -> QuerySet[User]:
    """Of these people who still has a role at a hub."""
    return reads(User).filter(id__in=sorted(user_ids), is_active=True, grants__role__in=list(HUB_STAFF))


async def compose(job: OutboxJob) -> Mail | None:
    """What became of this person's sessions, as it is when it is sent; overtaken where all is as it was.

    None for who has no role at a hub any more: the panel shows them nothing of it either.
    """
    user = await _at_work([UUID(job.payload["user_id"])]).first()
    if user is None or job.batch_id is None:
        return None
    training = await reads(Training).get(id=UUID(job.payload["training_id"])).prefetch_related("hub__seat")
    sessions = reads(TrainingSession).filter(training_id=training.id).order_by("starts_at", "id")
    held = await sessions.filter(facilitators__user_id=user.id).prefetch_related("venue__municipality")
    is_off = training.state is TrainingState.CANCELLED
    known = held_as_known(job) if "held" in job.payload else frozenset(one.id for one in held)
    found = differences(
        await changes_of_batch(job.batch_id),
        [one for one in held if one.id in known],
        training,
        is_called_off=is_off,
    )
    with speaking(job.lang or SOURCE_LANGUAGE):
        of_training = await sessions.prefetch_related("venue__municipality")
        swapped = [] if is_off else _swapped(training, of_training, held, known)
        # A training in which somebody holds nothing any more is none of theirs to see.
        is_theirs = (f"/panel/capacitaciones/{training.id}", _("Ver la capacitación"))
        path, words = is_theirs if held else ("/panel", _("Ver mi semana"))
        return staff_mail(
            user.email,
            _subject(is_changed=bool(found), is_new=not known),
            [_named(training), *(sentence_of(one, knows_place=True, knows_link=True) for one in found), *swapped],
            [Section(_("Qué sigue"), [Item(words, absolute(path))])],
            reply_to=training.hub.email,
            is_overtaken=not found and not swapped,
            is_optional=False,
        )


def _named(training: Training) -> str:
    """Which one, for who holds several: «Mitos y realidades · La Libertad, Petén»."""
    return f"{training.neutral_title or training.title} · {training.hub.seat.full_name}"


def _subject(*, is_changed: bool, is_new: bool) -> str:
    """`is_new`: as far as they know they hold nothing of it."""
    if is_changed:
        return _("Cambió una sesión que usted facilita")
    return _("Usted facilita una sesión") if is_new else _("Cambió quién facilita una sesión")


def _swapped(
    training: Training, sessions: Iterable[TrainingSession], held: Iterable[TrainingSession], known: frozenset[UUID]
) -> list[str]:
    """A sentence for each session to come that somebody holds and does not know of, or knows of and holds no more."""
    swap = swap_of(known, {one.id for one in held})
    ahead = [one for one in sessions if one.state is SessionState.PLANNED and one.ends_at > clock.now()]
    told = [put_in(one, link_of(one, training)) for one in ahead if one.id in swap.put_in]
    return told + [taken_out(one) for one in ahead if one.id in swap.taken_out]


COMPOSERS: dict[str, Composer] = {CHANGED: compose}
