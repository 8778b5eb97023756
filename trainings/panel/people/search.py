"""Find a person by words of the name, digits of the telephone, or a code. What is found lies at the reader's hubs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads, reveal, sql
from trainings.db.sql import Statement, as_uuid
from trainings.errors import WrongInput
from trainings.lib.dates import date_span
from trainings.lib.phones import digits_of
from trainings.lib.text import like_terms, short_name, telling_words
from trainings.people.finding import TAIL_DIGITS, hub_number, phone_tails
from trainings.people.merged import whole_people
from trainings.people.models import NOBODY, AgeGroup, Guardian, Participant
from trainings.privacy.records import registrations_of_code, ticket_named
from trainings.registrations.models import Card, CardState, Registration, RegistrationState
from trainings.registrations.words import STATES
from trainings.schedule.models import OF_REAL, SessionState, TrainingSession
from trainings.web.i18n import N_, gettext, language

MOST_SHOWN = 20
CANDIDATES = 2 * MOST_SHOWN
"""Some may be joined as one person."""
LONGEST = 120
FEWEST_LETTERS = 2
COUNTED, BEGUN_WITH, READ = 2_000, 5_000, 1_000
"""So many people of one word are counted; so many whose words only begin so are looked at in the index; so many, the
latest, are read and compared. A word of more people than are counted is one of many, however many they are.
"""
BEGIN_WITH = 4
"""So many of the words, those of fewest people, bring people to compare."""
SHARE_A_TELEPHONE = 500
WITHOUT_NAME = N_("(nombre borrado)")


class NothingToFind(WrongInput):
    sentence = N_("Escriba por lo menos 2 letras del nombre, los últimos 4 números del teléfono o un código.")


class TooFewDigits(WrongInput):
    sentence = N_("Escriba por lo menos los últimos 4 números del teléfono.")


class NotByTelephone(WrongInput):
    sentence = N_("Busque por el nombre o por el código del boleto: los teléfonos los ve solo la ventanilla.")


class TooLong(WrongInput):
    sentence = N_("Es demasiado largo. Escriba solo el nombre, el teléfono o el código.")


@dataclass(frozen=True, slots=True)
class Hit:
    """A person at a hub, by one registration: the one meant by the code, else the last. `n_more`: further ones there.
    Of a minor, and for who facilitates, each registration that was not joined to another is a hit, as their page shows
    it alone.
    """

    registration_id: UUID
    name: str
    community: str
    title: str
    state: str
    days: str
    n_more: int


@dataclass(frozen=True, slots=True)
class Found:
    """`has_more`: also where not everybody was looked at. `card`: the code is one of a card without a name."""

    hits: Sequence[Hit] = ()
    has_more: bool = False
    is_card: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Hubs where the reader works at the desk; of other hubs the trainings where the reader is facilitator."""

    hubs: list[UUID]
    trainings: list[UUID]

    @property
    def registrations(self) -> Q:
        return OF_REAL & (Q(training__hub_id__in=self.hubs) | Q(training_id__in=self.trainings))


class Row(NamedTuple):
    """A registration in scope."""

    id: UUID
    participant_id: UUID
    training_id: UUID
    state: RegistrationState
    title: str
    given_names: str
    surnames: str
    community: str
    age_group: AgeGroup | None
    joined_to_id: UUID | None
    hub_id: UUID

    @property
    def is_minor(self) -> bool:
        return self.age_group is not None and self.age_group.is_minor


async def search(typed: str, actor: Actor) -> Found:
    """Refuses (NothingToFind, NotByTelephone, TooFewDigits, TooLong). A facilitator sees no telephones."""
    if len(typed) > LONGEST:
        raise TooLong
    scope = await _scope(actor)
    meant, is_card = await _by_code(typed, scope)
    if meant or is_card:
        return Found(await _hits(list(meant.values()), scope, meant), is_card=is_card)
    digits = digits_of(typed)
    if digits is None:
        people, has_more = await _by_words(typed, scope)
    elif not scope.hubs:
        raise NotByTelephone
    elif len(digits) < TAIL_DIGITS:
        raise TooFewDigits
    else:
        people, has_more = await _by_phone(digits, scope), False
    hits = await _hits(people, scope)
    return Found(hits[:MOST_SHOWN], has_more or len(hits) > MOST_SHOWN)


async def _scope(actor: Actor) -> Scope:
    hubs = sorted(actor.hubs_with(DESK))
    holds = reads(TrainingSession).filter(OF_REAL, facilitators__user_id=actor.id).exclude(training__hub_id__in=hubs)
    own = await holds.values_list("training_id") if actor.has_any(HUB_STAFF) else []
    return Scope(hubs, sorted({key for (key,) in own}))


# -- by a code


async def _by_code(typed: str, scope: Scope) -> tuple[dict[UUID, UUID], bool]:
    """Registrations that the code is of, each with its person; True: it is of a card without a name."""
    found = reads(Registration).filter(scope.registrations, id__in=await registrations_of_code(typed))
    meant = dict(await found.values_list("id", "participant_id"))
    code = ticket_named(typed)
    if meant or not code:
        return meant, False
    return {}, await reads(Card).filter(hub_id__in=scope.hubs, state=CardState.OPEN, **code).exists()


# -- by words of the name

HOW_MANY = f"""
    SELECT COUNT(*) FROM (
        SELECT 1 FROM name_word WHERE hub = ? AND word >= ? AND word < ? LIMIT {COUNTED}
    ) AS counted
"""  # noqa: S608 - constants of the program
WHOLE = "SELECT n.participant_id FROM name_word n WHERE n.hub = ? AND n.word = ?"
OTHER_WHOLE = """
    AND EXISTS (
        SELECT 1 FROM name_word o WHERE o.hub = n.hub AND o.word = ? AND o.participant_id = n.participant_id)
"""
BEGUN = f"""
    SELECT n.participant_id FROM (
        SELECT participant_id FROM name_word WHERE hub = ? AND word > ? AND word < ? LIMIT {BEGUN_WITH}
    ) AS n
"""  # noqa: S608 - constants of the program
AFTER_ALL = chr(0x10FFFF)
"""No word goes on with it."""


async def _by_words(typed: str, scope: Scope) -> tuple[list[UUID], bool]:
    """All words must begin words of one person's name or community, in any order. First whose words are whole, then who
    came last; True: there are more.
    """
    terms = like_terms(typed)
    words = [term.strip("% ") for term in terms]
    rare = [word for word in telling_words(words) if len(word) >= FEWEST_LETTERS]
    if not rare:
        raise NothingToFind
    asked = [Statement(_of_trainings(len(terms)), (scope.trainings, *terms))] if scope.trainings else []
    is_vague = False
    for hub_id in scope.hubs:
        n, of_hub = await _of_hub(hub_id, rare, terms)
        asked, is_vague = asked + of_hub, is_vague or n > READ
    tables = await sql.tables(asked)
    found = {as_uuid(key): f"{text} " for rows in tables for key, text in rows}
    people = sorted(found, key=lambda key: (sum(f" {word} " in found[key] for word in words), key), reverse=True)
    return people[:CANDIDATES], is_vague or any(len(rows) == CANDIDATES for rows in tables)


async def _of_hub(hub_id: UUID, rare: Sequence[str], terms: Sequence[str]) -> tuple[int, list[Statement]]:
    """Questions, and how many people have the word that fewest have: with all words whole, which the index alone
    answers; else among the latest people of that word, and of others that are no words of many: the first may be one of
    the community.
    """
    hub = hub_number(hub_id)
    counts = await sql.tables([Statement(HOW_MANY, (hub, word, word + AFTER_ALL)) for word in rare])
    # A word that nobody has may be one of the community.
    known = sorted((n, word) for ((n,),), word in zip(counts, rare, strict=True) if n)
    if not known:
        return 0, []
    words = [word for _n, word in known]
    n_terms, least = len(terms), known[0][0]
    together = Statement(_named(WHOLE + OTHER_WHOLE * (len(words) - 1), n_terms), (hub, *words, *terms))
    asked = [together] if len(words) > 1 else []
    for n, word in known[:BEGIN_WITH]:
        if n <= max(least, READ):
            asked.append(Statement(_named(BEGUN, n_terms), (hub, word, word + AFTER_ALL, *terms)))
            asked.append(Statement(_named(WHOLE, n_terms), (hub, word, *terms)))
    return least, asked


@cache
def _named(question: str, n_terms: int) -> str:
    """People in the order of the inner question, the latest first, for keys are in order of time: both engines stop at
    the last one wanted.
    """
    return f"""
        SELECT p.id, p.search_text FROM ({question} ORDER BY n.participant_id DESC LIMIT {READ}) AS named
        CROSS JOIN participant p
        WHERE p.id = named.participant_id {"AND p.search_text LIKE ? " * n_terms}
        LIMIT {CANDIDATES}
    """  # noqa: S608 - constants of the program


@cache
def _of_trainings(n_terms: int) -> str:
    """As they stand in the index, those of the last training first: SQLite stops at the last one wanted."""
    return f"""
        SELECT p.id, p.search_text FROM registration r CROSS JOIN participant p
        WHERE r.training_id IN ?list AND p.id = r.participant_id {"AND p.search_text LIKE ? " * n_terms}
        ORDER BY r.training_id DESC LIMIT {CANDIDATES}
    """  # noqa: S608 - constants of the program


# -- by digits of the telephone

BY_TAIL = f"""
    SELECT p.id, p.phone, p.other_phone FROM participant p
    WHERE (p.phone_tail IN ?list OR p.other_phone_tail IN ?list) AND EXISTS (
        SELECT 1 FROM registration r JOIN training t ON t.id = r.training_id
        WHERE r.participant_id = p.id AND t.hub_id IN ?list
    )
    ORDER BY p.id DESC LIMIT {SHARE_A_TELEPHONE}
"""  # noqa: S608 - constants of the program


async def _by_phone(digits: str, scope: Scope) -> list[UUID]:
    """A guardian's finds the minor."""
    tails = phone_tails(digits)
    phones = {}
    for text, *sealed in await sql.tuples(BY_TAIL, tails, tails, scope.hubs):
        key = as_uuid(text)
        told = zip(("phone", "other_phone"), sealed, strict=True)
        phones[key] = [reveal(Participant, column, key, phone) for column, phone in told]
    without = [key for key, told in phones.items() if not any(told)]
    for guardian in await reads(Guardian).filter(participant_id__in=without):
        phones[guardian.participant_id].append(guardian.phone)
    return [key for key, told in phones.items() if any(phone and _is_meant(phone, digits) for phone in told)]


def _is_meant(phone: str, digits: str) -> bool:
    return phone.endswith(digits) or digits == f"00{phone[1:]}"


# -- as shown

COLUMNS = ("id", "participant_id", "training_id", "state", "training__title", "participant__given_names")
MORE_COLUMNS = (
    "participant__surnames",
    "participant__community",
    "participant__age_group",
    "joined_to_id",
    "training__hub_id",
)


async def _hits(people: Sequence[UUID], scope: Scope, meant: Collection[UUID] = ()) -> list[Hit]:
    """In order of the people, those joined as one person once for each hub."""
    into = dict(await reads(Participant).filter(id__in=list(people)).values_list("id", "merged_into_id"))
    person_of = await whole_people(into) if into else {}
    rows = reads(Registration).filter(scope.registrations, participant_id__in=list(person_of))
    apart = frozenset(scope.trainings)
    by_person: dict[UUID, dict[UUID, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for told in await rows.order_by("-id").values_list(*COLUMNS, *MORE_COLUMNS):
        row = Row(*told)
        person = person_of[row.participant_id]
        if not (row.is_minor or row.training_id in apart):
            by_person[person][row.hub_id].append(row)
        elif row.joined_to_id is None or row.id in meant:
            by_person[person][row.id].append(row)
    of_person = [by_person[person].values() for person in dict.fromkeys(person_of[key] for key in people)]
    found = [rows for each in of_person for rows in each if not meant or any(row.id in meant for row in rows)]
    shown = [_best(rows, meant) for rows in found]
    days = await _days({one.training_id for one in shown})
    return [_hit(one, days.get(one.training_id, ""), len(rows) - 1) for one, rows in zip(shown, found, strict=True)]


def _best(rows: Sequence[Row], meant: Container[UUID]) -> Row:
    """The one meant by a code, else of those with a name the last that stands, else the last."""
    return max(rows, key=lambda one: (one.id in meant, one.given_names != NOBODY, _stands(one), one.id))


def _stands(row: Row) -> bool:
    return row.state is not RegistrationState.CANCELLED


async def _days(training_ids: Collection[UUID]) -> dict[UUID, str]:
    """When they are or were held; of those without a session left, when they would have been."""
    found = reads(TrainingSession).filter(training_id__in=list(training_ids))
    days: dict[UUID, dict[bool, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    for training_id, starts_at, state in await found.values_list("training_id", "starts_at", "state"):
        days[training_id][state is SessionState.PLANNED].append(starts_at)
    return {key: date_span(of.get(True) or of[False], language()) for key, of in days.items()}


def _hit(one: Row, days: str, n_more: int) -> Hit:
    name = gettext(WITHOUT_NAME) if one.given_names == NOBODY else short_name(one.given_names, one.surnames)
    return Hit(one.id, name, one.community, one.title, gettext(STATES[one.state]), days, n_more)
