"""Monday's summary for coordinators: numbers and links, no names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import EDITORS
from trainings.accounts.queries import actor_of
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.lib.dates import day_and_time
from trainings.notes import queries as notes
from trainings.notes.models import NoteState
from trainings.outbox import queries as outbox
from trainings.outbox.actions import enqueue
from trainings.outbox.letters import Item, Section, staff_mail
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outreach.calendar_texts import place_in_words
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.registrations.calls.queries import n_to_call
from trainings.registrations.desk.needs_queries import n_unanswered
from trainings.registrations.desk.review_queries import n_held
from trainings.schedule.models import SessionState, TrainingSession, TrainingState
from trainings.web.i18n import SOURCE_LANGUAGE, language, ngettext, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

DIGEST = "staff_digest"
HOUR = time(7)
STILL_USEFUL = timedelta(days=2)
"""A summary is sent at most this long after Monday at seven."""
MOST_SESSIONS = 30
NOTES_AHEAD = timedelta(days=14)


async def write_digests() -> int:
    """One for each person and week; returns how many. Safe at any time."""
    monday = _monday(clock.today())
    begins = clock.at(monday, HOUR)
    if not begins <= clock.now() < begins + STILL_USEFUL:
        return 0
    readers = reads(User).filter(is_active=True, wants_digest=True, grants__role__in=list(EDITORS)).distinct()
    wanted = {f"{DIGEST}:{user.id}:{monday}": user.id for user in await readers.order_by("id")}
    written = reads(OutboxJob).filter(dedup__in=list(wanted)).values_list("dedup")
    missing = wanted.keys() - {dedup for (dedup,) in await written}
    if not missing:
        return 0
    async with transaction():
        for dedup in sorted(missing):
            await enqueue(DIGEST, {"user_id": str(wanted[dedup]), "on": monday.isoformat()}, dedup=dedup)
    return len(missing)


async def compose(job: OutboxJob) -> Mail | None:
    """None: switched off, or nothing to tell."""
    user = await reads(User).get_or_none(id=UUID(job.payload["user_id"]), is_active=True, wants_digest=True)
    if user is None:
        return None
    actor = await actor_of(user)
    monday = date.fromisoformat(job.payload["on"])
    with speaking(job.lang or SOURCE_LANGUAGE):
        sessions = await _sessions(actor, monday)
        activities = await _activities(actor, monday)
        parts = (_week(sessions), _other(activities), await _waiting(actor))
        sections = [part for part in parts if part.items]
        if not sections:
            return None
        heading = _("Su semana en números")
        return staff_mail(
            user.email,
            heading,
            [_counted(sessions, len(activities))],
            sections,
            is_overtaken=clock.today() >= monday + timedelta(days=7),
        )


COMPOSERS: dict[str, Composer] = {DIGEST: compose}


async def _sessions(actor: Actor, monday: date) -> Sequence[TrainingSession]:
    found = reads(TrainingSession).filter(
        training__hub_id__in=sorted(actor.hubs_with(EDITORS)),
        training__state__in=[TrainingState.PUBLISHED, TrainingState.UNLISTED],
        state=SessionState.PLANNED,
        ends_at__gt=clock.now(),
        starts_at__lt=clock.midnight(monday + timedelta(days=7)),
    )
    around = ("venue", "training__venue", "training__hub__seat")
    return await found.order_by("starts_at", "id").prefetch_related(*around)


async def _activities(actor: Actor, monday: date) -> Sequence[OutreachActivity]:
    found = reads(OutreachActivity).filter(
        hub_id__in=sorted(actor.hubs_with(EDITORS)),
        state=ActivityState.PUBLISHED,
        ends_at__gt=clock.now(),
        starts_at__lt=clock.midnight(monday + timedelta(days=7)),
    )
    return await found.order_by("starts_at", "id").prefetch_related("venue", "municipality")


def _counted(sessions: Sequence[TrainingSession], n_activities: int) -> str:
    told = [_counted_sessions(sessions)]
    if n_activities:
        also = ngettext("También hay %(num)s actividad.", "También hay %(num)s actividades.", n_activities)
        told.append(also % {"num": n_activities})
    return " ".join(told)


def _counted_sessions(sessions: Sequence[TrainingSession]) -> str:
    if not sessions:
        return _("Esta semana no hay sesiones.")
    n_full = sum(one.training.occupied >= one.training.capacity for one in sessions)
    n_empty = sum(not one.training.occupied for one in sessions)
    told = ngettext("Esta semana hay %(num)s sesión.", "Esta semana hay %(num)s sesiones.", len(sessions))
    parts = [told % {"num": len(sessions)}]
    if n_full:
        parts.append(ngettext("%(num)s está llena.", "%(num)s están llenas.", n_full) % {"num": n_full})
    if n_empty:
        parts.append(ngettext("%(num)s está sin nadie.", "%(num)s están sin nadie.", n_empty) % {"num": n_empty})
    return " ".join(parts)


def _week(sessions: Sequence[TrainingSession]) -> Section:
    items = [_session(one) for one in sessions[:MOST_SESSIONS]]
    if len(sessions) > MOST_SESSIONS:
        items.append(Item(_("Ver toda la semana"), absolute("/panel/semana")))
    return Section(_("Sesiones"), items)


def _other(activities: Sequence[OutreachActivity]) -> Section:
    return Section(_("Actividades"), [_activity(one) for one in activities[:MOST_SESSIONS]])


def _activity(activity: OutreachActivity) -> Item:
    when, kind = day_and_time(activity.starts_at, language()), _(KINDS[activity.kind])
    place = place_in_words(activity) or activity.municipality.full_name
    return Item(f"{when}: {kind} · {place}", absolute(f"/panel/actividades/{activity.id}"))


def _session(session: TrainingSession) -> Item:
    training = session.training
    words = ngettext("%(taken)s de %(capacity)s lugar", "%(taken)s de %(capacity)s lugares", training.capacity)
    seats = words % {"taken": training.occupied, "capacity": training.capacity}
    state = _("lleno") if training.occupied >= training.capacity else "" if training.occupied else _("sin nadie")
    told = (training.title_told, _where(session), seats, state)
    about = " · ".join(part for part in told if part)
    when = day_and_time(session.starts_at, language())
    return Item(f"{when}: {about}", absolute(f"/panel/capacitaciones/{training.id}"))


def _where(session: TrainingSession) -> str:
    venue = session.venue or session.training.venue
    if venue is not None:
        return venue.name
    return _("En línea") if session.training.online_url else session.training.hub.seat.full_name


async def _waiting(actor: Actor) -> Section:
    n_calls, _lists = await n_to_call(actor)
    held, needs = await n_held(actor), await n_unanswered(actor)
    due, failed = await _n_notes(actor), await outbox.n_failed(actor)
    counted = (
        (held, ngettext("%(num)s inscripción por responder", "%(num)s inscripciones por responder", held), "/revisar"),
        (n_calls, ngettext("%(num)s persona por llamar", "%(num)s personas por llamar", n_calls), "/llamadas"),
        (needs, ngettext("%(num)s apoyo por conseguir", "%(num)s apoyos por conseguir", needs), "/apoyos"),
        (due, ngettext("%(num)s nota por revisar", "%(num)s notas por revisar", due), "/notas"),
        (
            failed,
            ngettext("%(num)s mensaje que no llegó", "%(num)s mensajes que no llegaron", failed),
            "/mensajes?ver=fallidos",
        ),
    )
    return Section(
        _("Lo que espera"),
        [Item(words % {"num": n}, absolute(f"/panel{path}")) for n, words, path in counted if n],
    )


async def _n_notes(actor: Actor) -> int:
    last = clock.today() + NOTES_AHEAD
    return await notes.visible_to(actor).filter(state=NoteState.PUBLISHED, expires_on__lte=last).count()


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
