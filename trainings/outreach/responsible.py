"""A message to the responsible person leaves after ten minutes and tells in one all changes until then, nothing that
was undone, and nothing to the person who made them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from pydantic import TypeAdapter

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import is_in_transaction, reads
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY, enqueue
from trainings.outbox.letters import Item, Section, staff_mail
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import UNTRIED, OutboxJob, Outcome
from trainings.outreach.calendar_texts import whole_place
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.models import Venue
from trainings.schedule import towns
from trainings.schedule.public.sentences import before_and_now, day_and_hours, stopped, with_place
from trainings.web.i18n import SOURCE_LANGUAGE, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

CHANGED = "activity_changed"
NOBODY = UUID(int=0)
"""Responsible for a draft, which nobody was told."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The activity as a person last knew it; `spot`: a digest of the place in the open, which is free text."""

    responsible_id: UUID
    is_on: bool
    starts_at: datetime
    ends_at: datetime
    venue_id: UUID | None
    municipality: str
    spot: str


SEEN = TypeAdapter(Seen)


def seen(activity: OutreachActivity) -> Seen | None:
    """None: a draft."""
    if activity.state is ActivityState.DRAFT or activity.published_at is None:
        return None
    return Seen(
        activity.responsible_id,
        activity.state is ActivityState.PUBLISHED,
        activity.starts_at,
        activity.ends_at,
        activity.venue_id,
        activity.municipality_id,
        uuid5(activity.id, activity.place).hex,
    )


async def tell_responsible(before: Seen | None, activity: OutreachActivity, *, actor: Actor) -> None:
    """Tells changes since `before`, in the caller's transaction. Never about an activity that is over; a stopped
    message is not told again because of other edits.
    """
    assert is_in_transaction(), "a change and what is said of it are written together"
    now = seen(activity)
    if before is None or now is None or before == now or max(before.ends_at, now.ends_at) <= clock.now():
        return
    last = await _last_words(activity)
    batch_id, run_at = uuid7(), clock.now() + STAFF_DELAY
    untold = {user: job for user, job in last.items() if not job.done_at and not job.failed_at}
    for user_id in sorted({before.responsible_id, now.responsible_id} - {NOBODY} | set(untold)):
        job = last.get(user_id)
        is_back = job is not None and await _take_back(job, has_seen=user_id == actor.id)
        known = SEEN.validate_python(job.payload["known"]) if job is not None and is_back else before
        if user_id != actor.id and _is_news(known, now, user_id):
            await enqueue(
                CHANGED,
                {
                    "user_id": str(user_id),
                    "activity_id": str(activity.id),
                    "known": SEEN.dump_python(known, mode="json"),
                },
                dedup=f"{_about(activity)}{user_id.hex}:{batch_id.hex}",
                hub_id=activity.hub_id,
                run_at=run_at,
                batch_id=batch_id,
            )


async def tell_published(activity: OutreachActivity, *, actor: Actor) -> None:
    """In the caller's transaction."""
    now = seen(activity)
    assert now is not None, "shown"
    await tell_responsible(replace(now, responsible_id=NOBODY), activity, actor=actor)


async def leaves_at(activity_id: UUID) -> datetime | None:
    """When a message that can still be stopped leaves. None: none waits."""
    waiting = reads(OutboxJob).filter(kind=CHANGED, run_at__gt=clock.now(), **UNTRIED)
    about = [job.run_at for job in await waiting if job.payload["activity_id"] == str(activity_id)]
    return max(about, default=None)


def _about(activity: OutreachActivity) -> str:
    return f"{CHANGED}:{activity.id.hex}:"


async def _last_words(activity: OutreachActivity) -> Mapping[UUID, OutboxJob]:
    found = OutboxJob.filter(kind=CHANGED, hub_id=activity.hub_id, dedup__startswith=_about(activity))
    return {UUID(job.payload["user_id"]): job for job in await found.order_by("id")}


async def _take_back(job: OutboxJob, *, has_seen: bool) -> bool:
    """True: the message never left, so the person knows the state before it. A person who acts themselves has seen the
    present state.
    """
    moment, this = clock.now(), OutboxJob.filter(id=job.id)
    waits = this.filter(**UNTRIED)
    is_back = bool(await waits.update(stopped_at=moment, outcome=Outcome.STOPPED)) or job.stopped_at is not None
    if has_seen and is_back:
        await this.update(done_at=moment)
    return is_back and not job.done_at


def _is_news(known: Seen, now: Seen, user_id: UUID) -> bool:
    """Of a cancelled activity only the cancellation is news."""
    was_theirs, is_theirs = known.responsible_id == user_id, now.responsible_id == user_id
    if was_theirs != is_theirs:
        return now.is_on or (was_theirs and known.is_on)
    return is_theirs and (known.is_on or now.is_on) and known != now


# -- the message


async def compose(job: OutboxJob) -> Mail | None:
    """The activity as of sending; overtaken where the person knows everything. None: no role at a hub."""
    working = reads(User).filter(is_active=True, grants__role__in=list(HUB_STAFF))
    user = await working.filter(id=UUID(job.payload["user_id"])).first()
    around = ("hub", "municipality", "venue__municipality")
    activity = await reads(OutreachActivity).get(id=UUID(job.payload["activity_id"])).select_related(*around)
    known, now = SEEN.validate_python(job.payload["known"]), seen(activity)
    if user is None or now is None:
        return None
    with speaking(job.lang or SOURCE_LANGUAGE):
        return staff_mail(
            user.email,
            _subject(known, now, user),
            await _told(known, now, activity, user),
            [Section(_("Qué sigue"), [Item(_("Ver la actividad"), absolute(f"/panel/actividades/{activity.id}"))])],
            reply_to=activity.hub.email,
            is_overtaken=not _is_news(known, now, user.id) or activity.ends_at <= clock.now(),
            is_optional=False,
        )


def _subject(known: Seen, now: Seen, user: User) -> str:
    if known.responsible_id == NOBODY:
        return _("Usted responde por una actividad")
    is_handed_on = (known.responsible_id == user.id) != (now.responsible_id == user.id)
    return _("Cambió quién responde por una actividad") if is_handed_on else _("Cambió su actividad")


async def _told(known: Seen, now: Seen, activity: OutreachActivity, user: User) -> list[str]:
    old = day_and_hours(known.starts_at, known.ends_at)
    if activity.responsible_id != user.id:
        return [stopped(_("Ya no responde por la actividad del %(when)s") % {"when": old})]
    if not now.is_on:
        off = [stopped(_("Se canceló la actividad del %(when)s") % {"when": old})]
        return [
            *off,
            *([_("Motivo: %(reason)s") % {"reason": activity.cancel_reason}] if activity.cancel_reason else []),
        ]
    when = day_and_hours(activity.starts_at, activity.ends_at)
    if known.responsible_id != user.id:
        where = with_place(when, whole_place(activity))
        return [stopped(_("Ahora usted responde por la actividad del %(when)s") % {"when": where}), *_needs(activity)]
    if (known.venue_id, known.municipality, known.spot) != (now.venue_id, now.municipality, now.spot):
        old, when = with_place(old, await _old_place(known, activity)), with_place(when, whole_place(activity))
    return [before_and_now(old, when, is_held_after_all=not known.is_on)]


def _needs(activity: OutreachActivity) -> list[str]:
    lines = ", ".join(line.strip() for line in activity.materials.splitlines() if line.strip())
    told = [stopped(_("Materiales: %(what)s") % {"what": lines})] if lines else []
    return [*told, *([_("Si llueve: %(plan)s") % {"plan": activity.rain_plan}] if activity.rain_plan else [])]


async def _old_place(known: Seen, activity: OutreachActivity) -> str:
    """Venue and municipality; a place in the open is not kept, so only that it was another."""
    venue = await reads(Venue).get_or_none(id=known.venue_id) if known.venue_id else None
    town = towns.by_code()[known.municipality].full_name
    if venue is not None:
        return f"{venue.name}, {town}"
    return town if known.municipality != activity.municipality_id else _("en otro lugar")


COMPOSERS: dict[str, Composer] = {CHANGED: compose}
