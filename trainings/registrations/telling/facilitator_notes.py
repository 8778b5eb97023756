from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.db.prepared import Select
from trainings.outbox.actions import enqueue
from trainings.outbox.letters import Item, Section, staff_mail
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import IS_OPEN, OutboxJob
from trainings.schedule.changes import Difference, TrainingFacts, as_shown, link_of
from trainings.schedule.models import FacilitatorTold, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.public.sentences import put_in, sentence_of, taken_out
from trainings.schedule.snapshots import Snapshots, last_number, snapshots_of
from trainings.web.i18n import SOURCE_LANGUAGE, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

CHANGED = "facilitator_changed"


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that leave together at `run_at` and can be stopped until then."""

    id: UUID
    run_at: datetime


@dataclass(frozen=True, slots=True)
class News:
    """Changes of own sessions, and coming sessions where the facilitator was put in or taken out."""

    changed: Sequence[Difference]
    put_in: Sequence[TrainingSession]
    taken_out: Sequence[TrainingSession]
    knew_any: bool

    def __bool__(self) -> bool:
        return bool(self.changed or self.put_in or self.taken_out)


async def who_holds_and_hears(now: TrainingFacts, snapshots: Snapshots, *, is_called_off: bool) -> frozenset[UUID]:
    """Facilitators, present or former, who do not know what holds `now`."""
    users = set[UUID]().union(*now.holders.values())
    users |= {user for one in snapshots.numbered for known in one.facts.values() for user in known.holders}
    told = await _told_numbers(now.training.id)
    unknowing = {one for one in users if _news_to(one, told, now, snapshots, is_called_off=is_called_off)}
    return await at_work(unknowing)


async def at_work(user_ids: Iterable[UUID]) -> frozenset[UUID]:
    return frozenset([user_id for (user_id,) in await _at_work(user_ids).values_list("id")])


async def _told_numbers(training_id: UUID) -> Mapping[UUID, int]:
    rows = reads(FacilitatorTold).filter(training_id=training_id)
    return dict(await rows.values_list("user_id", "told_number"))


def _news_to(
    user_id: UUID, told: Mapping[UUID, int], now: TrainingFacts, snapshots: Snapshots, *, is_called_off: bool
) -> News:
    number = told.get(user_id, 0)
    facts = snapshots.numbered[number].facts if snapshots else {}
    known = {key for key, one in facts.items() if user_id in one.holders}
    held = {key for key, users in now.holders.items() if user_id in users}
    in_order = sorted(now.sessions.values(), key=lambda one: (one.starts_at, one.id))
    both = [one for one in in_order if one.id in known & held]
    changed = snapshots.differences(number, both, now.training, is_called_off=is_called_off, at=clock.now())
    ahead = [one for one in in_order if one.state is SessionState.PLANNED and one.ends_at > clock.now()]
    to_come = [] if is_called_off else ahead
    return News(
        changed=sorted(changed.values(), key=lambda one: (one.session.starts_at, one.session.id)),
        put_in=[one for one in to_come if one.id in held - known],
        taken_out=[one for one in to_come if one.id in known - held],
        knew_any=bool(known),
    )


async def tell_facilitators(training: Training, user_ids: Collection[UUID], batch: Batch, *, actor: Actor) -> None:
    if actor.id is not None and actor.id in user_ids:
        await _note_told(training.id, actor.id, await last_number(training.id))
    for user_id in sorted(set(user_ids) - {actor.id}):
        await enqueue(
            CHANGED,
            {"user_id": str(user_id), "training_id": str(training.id)},
            dedup=f"{CHANGED}:{batch.id}:{user_id}",
            hub_id=training.hub_id,
            run_at=batch.run_at,
            batch_id=batch.id,
        )


async def _note_told(training_id: UUID, user_id: UUID, number: int | None) -> None:
    if number is not None:
        wanted = FacilitatorTold(training_id=training_id, user_id=user_id, told_number=number)
        await FacilitatorTold.bulk_create(
            [wanted], on_conflict=["training_id", "user_id"], update_fields=["told_number"]
        )


WAITING = Select(
    OutboxJob, where=f"this.kind = ? AND this.run_at > ? AND this.attempts = 0 AND {IS_OPEN}", order="this.run_at"
)


async def waiting_for_facilitators(training_ids: Collection[UUID]) -> list[OutboxJob]:
    wanted = {str(training_id) for training_id in training_ids}
    waiting = await WAITING.rows(CHANGED, clock.now())
    return [job for job in waiting if job.payload["training_id"] in wanted]


async def n_facilitators_written_to(batch_id: UUID) -> int:
    waiting = await reads(OutboxJob).filter(kind=CHANGED, batch_id=batch_id, attempts=0, done_at=None, stopped_at=None)
    return sum([await says_something(job) for job in waiting])


async def says_something(job: OutboxJob) -> bool:
    mail = await compose(job)
    return mail is not None and not mail.is_overtaken


def _at_work(user_ids: Iterable[UUID]) -> QuerySet[User]:
    return reads(User).filter(id__in=sorted(user_ids), is_active=True, grants__role__in=list(HUB_STAFF)).distinct()


async def compose(job: OutboxJob) -> Mail | None:
    """Overtaken where its reader knows everything. None: no role at a hub any more."""
    user = await _at_work([UUID(job.payload["user_id"])]).first()
    if user is None:
        return None
    training_id = UUID(job.payload["training_id"])
    snapshots = (await snapshots_of([training_id]))[training_id]
    now = await as_shown(training_id)
    training = now.training
    await training.fetch_related("hub__seat")
    await TrainingSession.fetch_for_list(list(now.sessions.values()), "venue__municipality")
    is_off = training.state is TrainingState.CANCELLED
    news = _news_to(user.id, await _told_numbers(training_id), now, snapshots, is_called_off=is_off)
    with speaking(job.lang or SOURCE_LANGUAGE):
        # A former facilitator may not see the training.
        is_theirs = (f"/panel/capacitaciones/{training.id}", _("Ver la capacitación"))
        holds_any = any(user.id in users for users in now.holders.values())
        path, words = is_theirs if holds_any else ("/panel", _("Ver mi semana"))
        mail = staff_mail(
            user.email,
            _subject(news),
            [_named(training), *_sentences(news, training)],
            [Section(_("Qué sigue"), [Item(words, absolute(path))])],
            reply_to=training.hub.email,
            is_overtaken=not news,
            is_optional=False,
        )
    return replace(mail, on_sent=partial(_note_told, training_id, user.id, snapshots.last))


def _named(training: Training) -> str:
    return f"{training.title_told} · {training.hub.seat.full_name}"


def _subject(news: News) -> str:
    if news.changed:
        return _("Cambió una sesión que usted facilita")
    return _("Cambió quién facilita una sesión") if news.knew_any else _("Usted facilita una sesión")


def _sentences(news: News, training: Training) -> list[str]:
    changed = [sentence_of(one, knows_place=True, knows_link=True) for one in news.changed]
    told = [put_in(one, link_of(one, training)) for one in news.put_in]
    return [*changed, *told, *(taken_out(one) for one in news.taken_out)]


COMPOSERS: dict[str, Composer] = {CHANGED: compose}
