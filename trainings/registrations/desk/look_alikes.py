"""The mark "quizá la misma persona" on sign-ups of one training: nothing follows from it.

Two are alike by folded names, municipality, and telephone or address. Never by name alone, never within one form
(father and son), never a minor and an adult (mother and daughter may share both).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from trainings import clock
from trainings.db import sql
from trainings.db.prepared import Select
from trainings.people.merged import told_apart
from trainings.people.models import AgeGroup
from trainings.registrations.commands import SignUp
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import Training


class Seen(NamedTuple):
    id: UUID
    group_id: UUID
    participant_id: UUID
    name_key: str
    municipality: str | None
    age_group: AgeGroup | None
    phone_key: str | None
    email_key: str | None

    @property
    def signs(self) -> list[Hashable]:
        contacts = filter(None, (self.phone_key, self.email_key))
        is_minor = self.age_group is not None and self.age_group.is_minor
        return [self.participant_id, *signs_of(self.name_key, self.municipality, contacts, is_minor=is_minor)]


def signs_of(name_key: str, municipality: str | None, contacts: Iterable[str], *, is_minor: bool) -> list[Hashable]:
    """Two with one of these in common may be one person."""
    return [(name_key, municipality, is_minor, contact) for contact in contacts]


def signs_of_who_comes(wish: SignUp) -> list[Hashable]:
    """The first person's, under every secret key."""
    keys = wish.keys[0]
    contacts = (*keys.phone_keys, *keys.email_keys)
    return signs_of(keys.name_key, keys.municipality, contacts, is_minor=wish.first.is_minor)


COLUMNS = (
    *("id", "group_id", "participant_id", "participant__name_key", "participant__municipality_id"),
    *("participant__age_group", "participant__phone_key", "participant__email_key"),
)
NAMESAKES = """
    WITH live AS MATERIALIZED (
        SELECT r.training_id, r.id, r.group_id, r.participant_id, p.name_key, p.municipality_id, p.age_group,
            p.phone_key, p.email_key
        FROM registration r JOIN participant p ON p.id = r.participant_id
        WHERE r.training_id IN ?list AND r.state <> 'cancelled'{which}
    )
    SELECT * FROM live WHERE (training_id, name_key) IN (
        SELECT training_id, name_key FROM live GROUP BY training_id, name_key HAVING COUNT(*) > 1
    ) ORDER BY id
"""
"""Live sign-ups of trainings, in order, that share their name there with another one: the others have no pair."""
NAMED_TWICE, NAMED_SO_TWICE = NAMESAKES.format(which=""), NAMESAKES.format(which=" AND p.name_key IN ?list")
FULL = Select(
    Training,
    where="""
        this.hub_id IN ?list AND this.capacity > 0 AND this.state IN ('published', 'unlisted')
        AND (this.capacity - this.taken - this.reserved) * 5 < this.capacity
        AND EXISTS (SELECT 1 FROM training_session s WHERE s.training_id = this.id AND s.ends_at > ?)
    """,
    order="this.id",
)
"""With under a fifth of the places free, and not over."""
PLACES = """
    SELECT training_id, COUNT(*) FROM registration
    WHERE id IN ?list AND state IN ('confirmed', 'offered') AND source <> 'walk_in' GROUP BY training_id
"""


async def look_alikes_in(training_ids: Collection[UUID]) -> set[UUID]:
    """Registrations with the mark: a similar sign-up came before."""
    return _marked(await pairs_in(training_ids))


async def look_alikes_named(names: Collection[str], training_id: UUID) -> set[UUID]:
    """As `look_alikes_in`, among people with these folded names."""
    return _marked(await _pairs(await sql.tuples(NAMED_SO_TWICE, [training_id], sorted(set(names)))))


def _marked(pairs: Iterable[tuple[Seen, Seen]]) -> set[UUID]:
    return {one.id for one, _earlier in pairs}


async def pairs_in(training_ids: Collection[UUID]) -> list[tuple[Seen, Seen]]:
    """Each marked registration with each earlier similar one, except pairs that staff told apart."""
    return await _pairs(await sql.tuples(NAMED_TWICE, list(training_ids)))


async def _pairs(found: sql.Table) -> list[tuple[Seen, Seen]]:
    people: dict[UUID, list[Seen]] = defaultdict(list)
    for training_id, one, group_id, person_id, name, place, age, *contacts in found:
        ids = sql.as_uuid(one), sql.as_uuid(group_id), sql.as_uuid(person_id)
        people[sql.as_uuid(training_id)].append(Seen(*ids, name, place, AgeGroup(age) if age else None, *contacts))
    pairs = [pair for seen_there in people.values() for pair in alike_pairs(seen_there)]
    apart = await told_apart({one.participant_id for pair in pairs for one in pair})
    return [(one, other) for one, other in pairs if {one.participant_id, other.participant_id} not in apart]


async def short_of_places(hub_ids: Collection[UUID]) -> list[tuple[Training, int]]:
    """Coming trainings with the mark and under a fifth of the places free, and places that marked sign-ups take."""
    full = await FULL.rows(list(hub_ids), clock.now())
    marked = await look_alikes_in([one.id for one in full]) if full else ()
    found = await sql.tuples(PLACES, sorted(marked)) if marked else ()
    n_places = {sql.as_uuid(key): n for key, n in found}
    return [(one, n_places[one.id]) for one in full if one.id in n_places]


def seen(registration: Registration) -> Seen:
    of = registration.participant
    what = of.name_key, of.municipality_id, of.age_group, of.phone_key, of.email_key
    return Seen(registration.id, registration.group_id, of.id, *what)


def are_alike(one: Seen, other: Seen) -> bool:
    return one.group_id != other.group_id and not set(one.signs).isdisjoint(other.signs)


def alike_pairs(people: Iterable[Seen]) -> list[tuple[Seen, Seen]]:
    """`people` in order of sign-up."""
    before: dict[Hashable, list[Seen]] = defaultdict(list)
    pairs = []
    for one in people:
        others = dict.fromkeys(other for sign in one.signs for other in before[sign])
        pairs += [(one, other) for other in others if are_alike(one, other)]
        for sign in one.signs:
            before[sign].append(one)
    return pairs


async def all_alike(training_id: UUID, wishes: Sequence[SignUp]) -> list[UUID | None]:
    """For each the group of the first live registration like this person."""
    names = {wish.keys[0].name_key for wish in wishes}
    named = Registration.filter(training_id=training_id, participant__name_key__in=sorted(names))
    first: dict[Hashable, UUID] = {}
    for columns in await named.exclude(state=RegistrationState.CANCELLED).order_by("id").values_list(*COLUMNS):
        one = Seen(*columns)
        for sign in one.signs:
            first.setdefault(sign, one.group_id)
    return [next((first[sign] for sign in signs_of_who_comes(wish) if sign in first), None) for wish in wishes]
