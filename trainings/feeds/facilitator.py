"""A facilitator's calendar: their sessions and activities, with venues in full.

Written at each poll: stored texts are the public ones, which say less, and a person has few.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from starlette.responses import Response
from tortoise.expressions import Q

from trainings import clock
from trainings.accounts.models import User
from trainings.db import reads
from trainings.feeds.answers import Answers
from trainings.feeds.calendar import calendar_text
from trainings.feeds.queries import AHEAD, BACK, CANCELLED_KEPT
from trainings.feeds.scopes import Scope
from trainings.outreach.calendar_texts import facts_of
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.people.words import LANGUAGES
from trainings.schedule.ics import EventFacts, event_text
from trainings.schedule.models import TrainingSession, TrainingState
from trainings.schedule.words import KINDS
from trainings.settings import get_settings
from trainings.web.conditional import IF_MODIFIED_SINCE
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking

OWN = Scope(
    key="",
    name="Mis sesiones y actividades",
    description="Lo que usted facilita o tiene a su cargo. Esta dirección es secreta: no la comparta.",
    path="/panel",
    address="",
    filename="mis-sesiones.ics",
)


async def answer_to(user: User, asked: Mapping[bytes, str]) -> Response:
    """Compares only the ETag: no date changes when a session passes to another facilitator."""
    day = clock.today()
    facts = await _facts_for(user.id, day)
    with speaking(SOURCE_LANGUAGE):
        texts = [event_text(one) for one in sorted(facts, key=lambda one: (one.starts_at, one.session_id))]
    plain = calendar_text(OWN, texts, base_url=get_settings().base_url).encode()
    last_modified = max([clock.midnight(day), *(one.stamped_at for one in facts)])
    answers = Answers(
        plain,
        filename=OWN.filename,
        last_modified=last_modified,
        dated=min(last_modified, clock.now()),
        is_private=True,
    )
    by_etag = {name: value for name, value in asked.items() if name != IF_MODIFIED_SINCE}
    if answers.to(by_etag) is None:
        await asyncio.to_thread(answers.compress)
    response = answers.to(by_etag)
    assert response is not None
    return response


async def _facts_for(user_id: UUID, day: date) -> list[EventFacts]:
    """Within every feed's window, cancelled ones as long as there."""
    today = clock.midnight(day)
    window = Q(starts_at__gte=today - BACK, starts_at__lt=today + AHEAD)
    sessions = await (
        reads(TrainingSession)
        .filter(window, facilitators__user_id=user_id)
        .select_related("venue__municipality", "training__hub__seat", "training__course__topic")
    )
    numbers = await _session_counts({session.training_id for session in sessions})
    activities = await (
        reads(OutreachActivity)
        .filter(window, responsible_id=user_id)
        .select_related("hub", "municipality", "venue__municipality")
    )
    with speaking(SOURCE_LANGUAGE):
        found = [_session(session, numbers[session.training_id]) for session in sessions]
        found += [_activity(activity) for activity in activities]
    return [one for one in found if not one.is_cancelled or one.starts_at >= today - CANCELLED_KEPT]


async def _session_counts(training_ids: Iterable[UUID]) -> dict[UUID, int]:
    counts: dict[UUID, int] = {}
    for (training_id,) in await reads(TrainingSession).filter(training_id__in=training_ids).values_list("training_id"):
        counts[training_id] = counts.get(training_id, 0) + 1
    return counts


def _session(session: TrainingSession, n_sessions: int) -> EventFacts:
    """A session in its facilitator's words.

    A draft counts as taken, so it is there, tentative. A neutral title replaces the title and what would tell it:
    others see this screen too.
    """
    training, venue, settings = session.training, session.venue, get_settings()
    where = venue.municipality if venue is not None else training.hub.seat
    is_online = venue is None and training.online_url is not None
    place = ", ".join(part for part in (venue.name, venue.address) if part) if venue is not None else ""
    kind = gettext(KINDS[training.kind])
    return EventFacts(
        session_id=session.id,
        uid_domain=settings.uid_domain,
        created_at=session.created_at,
        stamped_at=max(session.stamped_at, training.changed_at),
        sequence=session.sequence,
        is_cancelled=not session.is_on,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        title=training.neutral_title or training.title,
        position=session.position,
        n_sessions=n_sessions,
        municipality=where.full_name,
        place=gettext(N_("En línea")) if is_online else place,
        lat=venue.lat if venue is not None else None,
        lon=venue.lon if venue is not None else None,
        summary="",
        notes=tuple(_notes(session)),
        categories=(kind,) if training.neutral_title else (training.course.topic.name, kind),
        url=f"{settings.base_url.rstrip('/')}/panel/capacitaciones/{training.id}",
        is_tentative=training.state is TrainingState.DRAFT,
        is_private=True,
    )


def _notes(session: TrainingSession) -> list[str]:
    training = session.training
    notes = [training.hub.name]
    languages = ", ".join(gettext(LANGUAGES[code]) for code in training.languages if code in LANGUAGES)
    if languages:
        notes.append(gettext(N_("Idiomas: %(languages)s.")) % {"languages": languages})
    if training.online_url:
        notes.append(gettext(N_("Enlace: %(address)s")) % {"address": training.online_url})
    return notes


def _activity(activity: OutreachActivity) -> EventFacts:
    """The public words; a draft is tentative and links to the panel, its only page."""
    facts = facts_of(activity)
    return replace(
        facts,
        is_cancelled=activity.state is ActivityState.CANCELLED,
        is_tentative=activity.state is ActivityState.DRAFT,
        is_private=True,
        url=f"{get_settings().base_url.rstrip('/')}/panel/actividades/{activity.id}",
    )
