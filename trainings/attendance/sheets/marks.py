from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from trainings.attendance.events import card_hash
from trainings.attendance.models import ScanEvent, ScanFlag
from trainings.attendance.projection import Stay, stay_of, undone_by
from trainings.attendance.queries import persons_of
from trainings.db import reads
from trainings.registrations.models import Card, Registration

OPEN = Stay()


class Marked(NamedTuple):
    stay: Stay = OPEN
    here_as: UUID | None = None
    sign_ups: frozenset[UUID] = frozenset()


NEVER = Marked()


@dataclass(frozen=True, slots=True)
class Marks:
    """By person, over all their registrations, and by nameless card."""

    person_of: Mapping[UUID, UUID]
    by_person: Mapping[UUID, Marked]
    by_card: Mapping[str, Marked]

    def of(self, person: Registration | None, card: Card | None) -> Marked:
        if person is not None:
            return self.by_person.get(self.person_of[person.id], NEVER)
        return self.by_card.get(card_hash(card.qr_hash), NEVER) if card is not None else NEVER


async def marks_at(session_id: UUID, people: Iterable[Registration]) -> Marks:
    events = await reads(ScanEvent).filter(session_id=session_id)
    undone = undone_by(events)
    person_of = await _person_of_each(people, events)
    by_person: dict[UUID, list[ScanEvent]] = defaultdict(list)
    by_card: dict[str, list[ScanEvent]] = defaultdict(list)
    for event in events:
        if event.registration_id is not None:
            by_person[person_of[event.registration_id]].append(event)
        elif event.code_hash and event.flag is ScanFlag.UNNAMED:
            by_card[event.code_hash].append(event)
    return Marks(
        person_of,
        {key: _marked(own, undone) for key, own in by_person.items()},
        {key: _marked(own, undone) for key, own in by_card.items()},
    )


def _marked(events: Sequence[ScanEvent], undone: Collection[UUID]) -> Marked:
    stay, sign_ups = stay_of(events, undone), {event.id: event.registration_id for event in events}
    here_as = sign_ups.get(stay.event_id) if stay.event_id is not None else None
    return Marked(stay, here_as, frozenset(key for key in sign_ups.values() if key is not None))


async def _person_of_each(people: Iterable[Registration], events: Iterable[ScanEvent]) -> dict[UUID, UUID]:
    whose = {one.id: (one.participant_id, one.participant.merged_into_id) for one in people}
    unread = sorted({one.registration_id for one in events if one.registration_id is not None} - whose.keys())
    more = reads(Registration).filter(id__in=unread)
    rows = await more.values_list("id", "participant_id", "participant__merged_into_id") if unread else []
    whose |= {key: (participant_id, merged_into) for key, participant_id, merged_into in rows}
    person_of = await persons_of(dict(whose.values()))
    return {key: person_of[participant_id] for key, (participant_id, _merged_into) in whose.items()}
