from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.db.prepared import Select
from trainings.lib.text import fold, short_name
from trainings.registrations.models import NeedState, Registration, RegistrationState, read_needs
from trainings.registrations.queries import guardians_phones
from trainings.schedule.models import OF_REAL, SessionState, Training, TrainingSession, TrainingState
from trainings.settings import get_settings


@dataclass(frozen=True, slots=True)
class Wisher:
    """A minor has no name here and is reached by the guardian's telephone; `phone` is empty where there is an e-mail
    address.
    """

    registration_id: UUID
    name: str
    community: str
    state: RegistrationState
    needs: Mapping[str, NeedState]
    phone: str | None
    has_email: bool


@dataclass(frozen=True, slots=True)
class Asked:
    training: Training
    days: Sequence[datetime]
    people: Sequence[Wisher]


async def wishes_ahead(actor: Actor) -> list[Asked]:
    days = await _days_ahead(actor)
    asking = await _asking(days)
    phones = await guardians_phones([one.participant_id for one in asking if one.participant.is_minor])
    people: dict[UUID, list[Wisher]] = {}
    for one in asking:
        wisher = _wisher(one, phones)
        if wisher.needs:
            people.setdefault(one.training_id, []).append(wisher)
    trainings = reads(Training).filter(id__in=sorted(people)).prefetch_related("hub")
    found = [Asked(one, days[one.id], sorted(people[one.id], key=_order)) for one in await trainings]
    return sorted(found, key=lambda asked: (asked.days[0], asked.training.id))


ASKING = Select(
    Registration,
    where="""this.needs IS NOT NULL AND this.state <> 'cancelled' AND this.training_id IN (
        SELECT s.training_id FROM training_session s JOIN training t ON t.id = s.training_id
        WHERE t.hub_id IN ?list AND t.state NOT IN ('practice', 'cancelled') AND s.ends_at > ? AND s.state = 'planned')
    """,
)


async def n_unanswered(actor: Actor) -> int:
    asking = await ASKING.rows(sorted(actor.hubs_with(DESK)), clock.now())
    return sum(state is NeedState.ASKED for one in asking for state in read_needs(one.needs).values())


def count_states(board: Iterable[Asked]) -> Mapping[NeedState, int]:
    return Counter(state for asked in board for one in asked.people for state in one.needs.values())


async def _days_ahead(actor: Actor) -> dict[UUID, list[datetime]]:
    coming = reads(TrainingSession).filter(
        OF_REAL, training__hub_id__in=sorted(actor.hubs_with(DESK)), ends_at__gt=clock.now(), state=SessionState.PLANNED
    )
    rows = await coming.exclude(training__state=TrainingState.CANCELLED).order_by("starts_at")
    days: dict[UUID, list[datetime]] = {}
    for session in rows:
        days.setdefault(session.training_id, []).append(session.starts_at)
    return days


async def _asking(days: Mapping[UUID, object]) -> list[Registration]:
    wanting = reads(Registration).filter(training_id__in=sorted(days), needs__not_isnull=True)
    live = wanting.exclude(state=RegistrationState.CANCELLED)
    return await live.prefetch_related("participant")


def _wisher(registration: Registration, phones: Mapping[UUID, str]) -> Wisher:
    person, minor = registration.participant, registration.participant.is_minor
    has_email = person.email_key is not None and get_settings().sends_mail
    phone = phones.get(person.id) if minor else person.phone
    return Wisher(
        registration_id=registration.id,
        name="" if minor else short_name(person.given_names, person.surnames),
        community="" if minor else person.community,
        state=registration.state,
        needs=read_needs(registration.needs),
        phone=None if has_email else phone,
        has_email=has_email,
    )


def _order(one: Wisher) -> tuple[bool, str, UUID]:
    return NeedState.ASKED not in one.needs.values(), fold(one.name), one.registration_id
