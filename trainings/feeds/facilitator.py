"""A facilitator's sessions and activities behind a secret address, with venues in full. Written at each poll."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from starlette.responses import Response
from tortoise.expressions import Q

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.feeds.answers import Answers
from trainings.feeds.calendar import calendar_text
from trainings.feeds.models import CalendarLink
from trainings.feeds.queries import AHEAD, BACK, CANCELLED_KEPT
from trainings.feeds.scopes import PREFIX, Scope, UnknownFeed
from trainings.lib import tokens
from trainings.outreach.calendar_texts import event_facts
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.people.words import LANGUAGES
from trainings.schedule.ics import EventFacts, event_text
from trainings.schedule.models import OF_REAL, TrainingSession, TrainingState
from trainings.schedule.words import KINDS
from trainings.settings import get_settings
from trainings.web.conditional import IF_MODIFIED_SINCE
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking

# -- its secret address


def secret_path(token: str) -> str:
    return f"{PREFIX}/facilitador/{token}.ics"


async def make_secret_link(*, actor: Actor) -> str:
    """The new address's token; the earlier address ends. Only its SHA-256 is kept."""
    token = tokens.feed_token()
    async with transaction():
        await _take_back(actor.id)
        link = await CalendarLink.create(user_id=actor.id, token_hash=tokens.digest(token, "feed"))
        await record("feeds.make_secret_link", actor=actor, object_id=link.id)
    return token


async def revoke_secret_link(*, actor: Actor) -> None:
    async with transaction():
        if await _take_back(actor.id):
            await record("feeds.revoke_secret_link", actor=actor, object_id=actor.id)


async def own_secret_link(user_id: UUID) -> CalendarLink | None:
    return await reads(CalendarLink).get_or_none(user_id=user_id, revoked_at=None)


async def holder_of(typed: str) -> User:
    """Raises UnknownFeed alike, by one statement of the same kind, for a malformed, unknown or revoked token, a closed
    account, or one without roles.
    """
    token = tokens.read_feed_token(typed)
    links = reads(CalendarLink).filter(token_hash=tokens.digest(token or "", "feed"), revoked_at=None)
    link = await links.filter(user__is_active=True, user__grants__id__isnull=False).select_related("user").first()
    if link is None:
        raise UnknownFeed
    return link.user


async def _take_back(user_id: UUID | None) -> int:
    """Under the account's lock: two requests at once leave one address."""
    await lock(User, [user_id])
    return await CalendarLink.filter(user_id=user_id, revoked_at=None).update(revoked_at=clock.now())


# -- its texts


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
    return await answers.give({name: value for name, value in asked.items() if name != IF_MODIFIED_SINCE})


async def _facts_for(user_id: UUID, day: date) -> list[EventFacts]:
    today = clock.midnight(day)
    window = Q(starts_at__gte=today - BACK, starts_at__lt=today + AHEAD)
    sessions = await (
        reads(TrainingSession)
        .filter(OF_REAL, window, facilitators__user_id=user_id)
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
    of_these = reads(TrainingSession).filter(training_id__in=training_ids)
    return Counter(key for (key,) in await of_these.values_list("training_id"))


def _session(session: TrainingSession, n_sessions: int) -> EventFacts:
    """A neutral title replaces the title and what would tell it: others see this screen too."""
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
        title=training.title_told,
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
    facts = event_facts(activity)
    return replace(
        facts,
        is_cancelled=activity.state is ActivityState.CANCELLED,
        is_tentative=activity.state is ActivityState.DRAFT,
        is_private=True,
        url=f"{get_settings().base_url.rstrip('/')}/panel/actividades/{activity.id}",
    )
