"""The people of one training, by surname, 50 at a time: all, or those of a state or a letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.datastructures import QueryParams

from trainings.db import reveal, sql
from trainings.lib.text import fold, short_name
from trainings.people.models import AgeGroup, Participant
from trainings.registrations.desk.look_alikes import look_alikes_in, look_alikes_named
from trainings.registrations.models import RegistrationState
from trainings.registrations.queries import guardians_phones
from trainings.registrations.words import STATES
from trainings.schedule.models import Training
from trainings.web.forms import Choice, ListPage, asked_page
from trainings.web.i18n import N_, gettext

PAGE = 50

COUNTS = """
    SELECT r.state, substr(p.sort_key, 1, 1) AS letter, COUNT(*)
    FROM registration r JOIN participant p ON p.id = r.participant_id WHERE r.training_id = ? GROUP BY 1, 2
"""
SHOWN = """
    SELECT r.id, r.state, p.id, p.given_names, p.surnames, p.name_key, p.community, p.phone, p.age_group,
        CASE WHEN r.state = 'waitlisted' THEN (
            SELECT COUNT(*) FROM registration_group w
            WHERE w.training_id = r.training_id AND w.state = 'waitlisted' AND w.wait_number <= g.wait_number
        ) ELSE 0 END,
        CASE WHEN g.childcare_places > 0 AND NOT EXISTS (
            SELECT 1 FROM registration mate WHERE mate.group_id = g.id AND mate.id < r.id
        ) THEN g.childcare_places ELSE 0 END
    FROM (
        SELECT r.id, p.sort_key FROM registration r JOIN participant p ON p.id = r.participant_id
        WHERE r.training_id = ? AND (? = '' OR r.state = ?) AND (? = '' OR substr(p.sort_key, 1, 1) = ?)
        ORDER BY p.sort_key, r.id LIMIT ? OFFSET ?
    ) AS page
    JOIN registration r ON r.id = page.id
    JOIN participant p ON p.id = r.participant_id
    JOIN registration_group g ON g.id = r.group_id
    ORDER BY page.sort_key, r.id
"""
"""A family waits with one number, and has the childcare that one member asked for."""
NAME_KEY = 5


@dataclass(frozen=True, slots=True)
class PersonRow:
    """`name`: in full where `PeopleList.is_full`, else initials. `phone`: of a minor, the guardian's. `position`: 1
    waits first.
    """

    id: UUID
    name: str
    community: str
    phone: str | None
    state: RegistrationState
    words: str
    position: int
    n_childcare: int
    is_look_alike: bool


@dataclass(frozen=True, slots=True)
class PeopleList:
    """`is_full`: with full names and telephones. `states` and `letters`: choices, with how many people each has.
    `query`: of
    this part, `before`, `after`: addresses or empty.
    """

    page: ListPage[PersonRow]
    counts: Mapping[str, int]
    states: Sequence[Choice]
    letters: Sequence[Choice]
    query: str
    before: str
    after: str
    is_full: bool
    has_look_alikes: bool
    """In the training, shown or not."""

    @property
    def n_people(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class _Asked:
    """Empty: all of them."""

    state: str
    letter: str

    @classmethod
    def of(cls, query: QueryParams) -> _Asked:
        state = query.get("estado", "")
        return cls(state if state in set(RegistrationState) else "", fold(query.get("letra", "")[:1])[:1])


async def people_of(training: Training, query: QueryParams, *, is_full: bool) -> PeopleList:
    """As asked for with `estado`, `letra` and `pagina`; a page after the last is the last."""
    asked, cells = _Asked.of(query), await _cells(training.id)
    n_found = sum(n for (state, letter), n in cells.items() if _has(asked, state, letter))
    number = min(asked_page(query), max(1, -(-n_found // PAGE)))
    start = PAGE * (number - 1)
    page = ListPage(await _rows(training.id, asked, start, is_full=is_full), start, n_found)
    return PeopleList(
        page=page,
        counts=_counted(cells, 0),
        states=_states(training.id, asked, cells),
        letters=_letters(training.id, asked, cells),
        query=_query(asked, number),
        before=_address(training.id, asked, number - 1) if number > 1 else "",
        after=_address(training.id, asked, number + 1) if page.end < n_found else "",
        is_full=is_full,
        has_look_alikes=await _has_look_alikes(training.id, page.rows, sum(cells.values())),
    )


async def _has_look_alikes(training_id: UUID, shown: Sequence[PersonRow], n_people: int) -> bool:
    """All others are looked at only where they stand on other pages."""
    if any(one.is_look_alike for one in shown):
        return True
    return n_people > len(shown) and bool(await look_alikes_in([training_id]))


# -- what there is to choose

Cells = Mapping[tuple[str, str], int]
"""How many people, by state and first letter of the surname."""


async def _cells(training_id: UUID) -> Cells:
    return {(state, letter): n for state, letter, n in await sql.tuples(COUNTS, training_id)}


def _has(asked: _Asked, state: str, letter: str) -> bool:
    return asked.state in ("", state) and asked.letter in ("", letter)


def _counted(cells: Cells, part: int) -> Counter[str]:
    """By state (`part` 0) or letter (1)."""
    counted: Counter[str] = Counter()
    for key, n in cells.items():
        counted[key[part]] += n
    return counted


def _states(training_id: UUID, asked: _Asked, cells: Cells) -> list[Choice]:
    """Those that somebody is in."""
    counted = _counted(cells, 0)
    found = {"": (gettext(N_("Todas")), sum(counted.values()))}
    found |= {code.value: (gettext(words), counted[code]) for code, words in STATES.items() if counted[code]}
    return [
        Choice(_address(training_id, _Asked(code, "")), text, n, code == asked.state)
        for code, (text, n) in found.items()
    ]


def _letters(training_id: UUID, asked: _Asked, cells: Cells) -> list[Choice]:
    """Within the state; none where all stand on one page."""
    counted = _counted({key: n for key, n in cells.items() if asked.state in ("", key[0])}, 1)
    n_all = sum(counted.values())
    if n_all <= PAGE and not asked.letter:
        return []
    found = {"": (gettext(N_("Todas")), n_all)} | {one: (one.upper(), n) for one, n in sorted(counted.items()) if one}
    return [
        Choice(_address(training_id, _Asked(asked.state, letter)), text, n, letter == asked.letter)
        for letter, (text, n) in found.items()
    ]


def address_of(training_id: UUID, query: QueryParams) -> str:
    """The same part of the list."""
    return _address(training_id, _Asked.of(query), asked_page(query))


def query_of(query: QueryParams) -> str:
    return _query(_Asked.of(query), asked_page(query))


def _address(training_id: UUID, asked: _Asked, page: int = 1) -> str:
    return f"/panel/capacitaciones/{training_id}{_query(asked, page)}#personas"


def _query(asked: _Asked, page: int) -> str:
    wanted = {"estado": asked.state, "letra": asked.letter, "pagina": str(page) if page > 1 else ""}
    typed = urlencode({name: value for name, value in wanted.items() if value})
    return f"?{typed}" if typed else ""


# -- who is shown


async def _rows(training_id: UUID, asked: _Asked, start: int, *, is_full: bool) -> list[PersonRow]:
    filters = (asked.state, asked.state, asked.letter, asked.letter)
    found = await sql.tuples(SHOWN, training_id, *filters, PAGE, start)
    look_alikes = await look_alikes_named([row[NAME_KEY] for row in found], training_id)
    phones = await _phones(found) if is_full else {}
    return [
        PersonRow(
            id=sql.as_uuid(key),
            name=_full_name(given, surnames) if is_full else short_name(given, surnames),
            community=community,
            phone=phones.get(sql.as_uuid(person_id)),
            state=RegistrationState(state),
            words=gettext(STATES[RegistrationState(state)]),
            position=position,
            n_childcare=n_childcare,
            is_look_alike=sql.as_uuid(key) in look_alikes,
        )
        for key, state, person_id, given, surnames, _name, community, _phone, _age, position, n_childcare in found
    ]


def _full_name(given_names: str, surnames: str) -> str:
    return f"{surnames}, {given_names}" if surnames else given_names


async def _phones(found: Sequence[tuple[Any, ...]]) -> dict[UUID, str | None]:
    """By person."""
    people = {sql.as_uuid(person_id): (phone, age) for _key, _state, person_id, *_name, phone, age, _n, _c in found}
    minors = [key for key, (_phone, age) in people.items() if age and AgeGroup(age).is_minor]
    own = {key: reveal(Participant, "phone", key, phone) for key, (phone, _age) in people.items() if phone}
    return own | (await guardians_phones(minors))
