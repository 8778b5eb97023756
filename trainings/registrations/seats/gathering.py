"""Reads everything a batch touches, under its trainings' locks, in a constant number of statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.connection import get_connection
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.db import reveal, sql
from trainings.db.sql import Pairs, Statement
from trainings.lib import tokens
from trainings.limits.actions import Tally
from trainings.people.actions import Sameness
from trainings.people.merged import same_person_ids
from trainings.people.models import AgeGroup, Participant
from trainings.registrations.commands import Command, Draft, Enter, Move, Namesake, SignedUp, SignUp, Ticket, UseCard
from trainings.registrations.models import (
    Author,
    CardState,
    Farewell,
    HoldReason,
    LinkScope,
    OwnLink,
    Registration,
    RegistrationState,
    Source,
)
from trainings.registrations.seats.situation import Group, Known, Meeting, Person, Run, Situation, StandingGroup
from trainings.schedule.models import OF_REAL, SessionState, Training, TrainingState

Row = Mapping[str, Any]
RUNS = """
    SELECT t.id, t.hub_id, h.phone AS hub_phone, t.contact_phone, t.course_id, t.state, t.capacity, t.taken, t.reserved,
        t.childcare_capacity, t.childcare_taken, t.next_wait_number, t.has_waiting_list, t.offer_hours,
        t.approval_required, t.opens_at, t.closes_at, t.admits_minors, t.minimum_age, t.audience,
        t.required_courses
    FROM training t JOIN hub h ON h.id = t.hub_id
    WHERE t.id IN ?list ORDER BY t.id
"""
LOCKED = {"postgres": RUNS + " FOR UPDATE OF t", "sqlite": RUNS}
"""In key order, so that two batches never deadlock; SQLite locks as it begins."""

MEETINGS = "SELECT training_id, starts_at, ends_at, closed_at, state FROM training_session WHERE training_id IN ?list"
MUNICIPALITIES = "SELECT ine_code FROM municipality WHERE ine_code IN ?list"
BY_KEY = """
    SELECT id, training_id, idempotency_key, body_hash, created_at FROM registration_group
    WHERE idempotency_key IN ?list
"""
BY_BROWSER = """
    SELECT g.id, g.training_id, g.browser_key, g.body_hash, g.created_at, p.name_key, p.municipality_id, p.age_group,
        p.phone_key, p.email_key
    FROM registration_group g
    JOIN registration r ON r.group_id = g.id AND r.state <> 'cancelled'
    JOIN participant p ON p.id = r.participant_id
    WHERE (g.training_id, g.browser_key) IN ?pairs
    ORDER BY g.id
"""
MEMBER_COLUMNS = """
        r.id, r.group_id, r.state, r.source, p.email_key, r.confirmed_at, r.cancelled_at, r.cancelled_by, r.taken_off,
        r.detached_at, r.joined_to_id, r.joined_state, r.joined_childcare, r.participant_id, p.age_group,
        g.training_id, g.state AS group_state, g.n_people, g.childcare_places, g.wait_number, g.changed_at,
        g.hold_reason, g.reached_at, g.offered_until, g.moved_up_at,
        CASE WHEN r.state = 'held' AND r.source = 'card' THEN (
            SELECT MIN(CASE WHEN c.qr_hash = r.qr_hash THEN 'used' ELSE 'void' END) FROM card c
            WHERE c.registration_id = r.id AND c.state = 'held'
        ) END AS held_card,
        EXISTS (
            SELECT 1 FROM own_link l
            WHERE l.registration_id = r.id AND l.revoked_at IS NULL AND l.claimed_at IS NOT NULL
        ) AS has_own_link
"""
WHOLE_GROUPS = {
    "sqlite": """
    SELECT MEMBER_COLUMNS
    FROM registration r
    JOIN registration_group g ON g.id = r.group_id
    JOIN participant p ON p.id = r.participant_id
    WHERE r.group_id IN (WANTED)
    ORDER BY r.id
""",
    "postgres": """
    SELECT MEMBER_COLUMNS
    FROM (WANTED) wanted
    CROSS JOIN LATERAL (SELECT * FROM registration WHERE group_id = wanted.group_id OFFSET 0) r
    CROSS JOIN LATERAL (SELECT * FROM registration_group WHERE id = wanted.group_id OFFSET 0) g
    CROSS JOIN LATERAL (SELECT * FROM participant WHERE id = r.participant_id OFFSET 0) p
    ORDER BY r.id
""",
}


def _whole_groups(wanted: str) -> dict[str, str]:
    return {
        dialect: text.replace("WANTED", wanted).replace("MEMBER_COLUMNS", MEMBER_COLUMNS)
        for dialect, text in WHOLE_GROUPS.items()
    }


OF_PEOPLE = _whole_groups("SELECT DISTINCT group_id FROM registration WHERE id IN ?list")
OF_GROUPS = _whole_groups("SELECT id AS group_id FROM registration_group WHERE id IN ?list")
GROUPS = """
    SELECT id AS group_id, training_id, state AS group_state, n_people, childcare_places, wait_number, changed_at,
        hold_reason, reached_at, offered_until, moved_up_at
    FROM registration_group WHERE id IN ?list
"""
"""Groups without people too: all left for groups of their own."""

WAITING = """
    SELECT id, n_people, childcare_places, wait_number, changed_at, hold_reason FROM registration_group
    WHERE training_id = ? AND state = 'waitlisted' ORDER BY wait_number
"""
LINKS = """
    SELECT id, group_id, token FROM own_link WHERE group_id IN ?list AND revoked_at IS NULL ORDER BY group_id, scope, id
"""
MEMBERS = "SELECT id, group_id FROM registration WHERE group_id IN ?list ORDER BY id"
CODES = "SELECT training_id, short_code FROM registration WHERE (training_id, short_code) IN ?pairs"


async def gather_situation(commands: Sequence[Command]) -> Situation:
    """The trainings stay locked until the caller's transaction ends."""
    enters = [(number, one) for number, one in enumerate(commands) if isinstance(one, Enter)]
    codes = Codes([(one.training_id, one.wish) for _number, one in enters])
    tally = Tally([one.watched for _number, one in enters])
    questions = _questions(commands) | codes.questions()
    counts = tally.statements()
    answers = await sql.rows_of([*questions.values(), *counts])
    found = dict(zip(questions, answers, strict=False))
    runs = _runs(found)
    situation = Situation(
        at=clock.now(),
        runs=runs,
        drafts=_drafts(enters, await codes.free(found.get("codes", ()))),
        municipalities=frozenset(row["ine_code"] for row in found.get("municipalities", ())),
        spare_keys={number: str(tokens.uuid7()) for number, one in enumerate(commands) if isinstance(one, Move)},
    )
    counted = tally.told([row for rows in answers[len(questions) :] for row in rows])
    situation.counted = dict(zip([number for number, _command in enters], counted, strict=True))
    await _add_standing(situation, found.get("keys", ()), found.get("browsers", ()))
    for row in found.get("groups", ()):
        _group_of(situation, row)
    _add_people(situation, [*found.get("of people", ()), *found.get("of groups", ())])
    for key, rows in found.items():
        if isinstance(key, UUID) and key in runs:
            _add_waiting(situation, runs[key], rows)
    for number, command in enters:
        if command.wish.earlier_code:
            known = await known_by_code(command.training_id, command.wish)
            if known is not None:
                situation.known[number] = known
    return situation


def _questions(commands: Sequence[Command]) -> dict[str | UUID, Statement]:
    """The locks first. Waiting lists of trainings where somebody moves are under their id."""
    ids = sorted({one.training_id for one in commands})
    wishes = [one.wish for one in commands if isinstance(one, Enter)]
    people = [keys for one in commands if isinstance(one, Enter | UseCard) for keys in one.wish.keys]
    moves = [one for one in commands if isinstance(one, Move)]
    dialect = get_connection("default").capabilities.dialect
    lists: dict[str, tuple[str, Sequence[UUID | str | None]]] = {
        "municipalities": (MUNICIPALITIES, [keys.municipality for keys in people]),
        "keys": (BY_KEY, [wish.idempotency_key for wish in wishes]),
    }
    questions: dict[str | UUID, Statement] = {
        "runs": Statement(LOCKED[dialect], (ids,)),
        "meetings": Statement(MEETINGS, (ids,)),
    }
    for name, (text, values) in lists.items():
        wanted = sorted({value for value in values if value is not None}, key=str)
        if wanted:
            questions[name] = Statement(text, (wanted,))
    people_of_moves = sorted({one for move in moves for one in move.concerned})
    if people_of_moves:
        questions["of people"] = Statement(OF_PEOPLE[dialect], (people_of_moves,))
    groups_of_moves = sorted({one for move in moves for one in move.group_ids})
    if groups_of_moves:
        questions["groups"] = Statement(GROUPS, (groups_of_moves,))
        questions["of groups"] = Statement(OF_GROUPS[dialect], (groups_of_moves,))
    browsers = _browsers(commands)
    if browsers:
        questions["browsers"] = Statement(BY_BROWSER, (Pairs(browsers),))
    for training_id in sorted({move.training_id for move in moves}):
        questions[training_id] = Statement(WAITING, (training_id,))
    return questions


def _browsers(commands: Sequence[Command]) -> list[tuple[UUID, str]]:
    return [
        (one.training_id, one.wish.browser_key)
        for one in commands
        if isinstance(one, Enter) and one.wish.browser_key and one.wish.browser_is_known
    ]


def _runs(found: Mapping[str | UUID, Sequence[Row]]) -> dict[UUID, Run]:
    runs = {_key(row["id"]): _run(row) for row in found["runs"]}
    for row in found["meetings"]:
        meeting = Meeting(
            _moment(row["starts_at"]),
            _moment(row["ends_at"]),
            _moment_or_none(row["closed_at"]),
            SessionState(row["state"]),
        )
        runs[_key(row["training_id"])].meetings.append(meeting)
    return runs


def _run(row: Row) -> Run:
    return Run(
        id=_key(row["id"]),
        hub_id=str(row["hub_id"]),
        hub_phone=row["hub_phone"],
        contact_phone=row["contact_phone"],
        course_id=_key(row["course_id"]),
        required_courses=frozenset(map(_key, _codes(row["required_courses"]))),
        state=TrainingState(row["state"]),
        capacity=row["capacity"],
        taken=row["taken"],
        reserved=row["reserved"],
        childcare_capacity=row["childcare_capacity"],
        childcare_taken=row["childcare_taken"],
        next_wait_number=row["next_wait_number"],
        has_waiting_list=bool(row["has_waiting_list"]),
        offer_hours=row["offer_hours"],
        approval_required=bool(row["approval_required"]),
        opens_at=_moment_or_none(row["opens_at"]),
        closes_at=_moment_or_none(row["closes_at"]),
        admits_minors=bool(row["admits_minors"]),
        minimum_age=row["minimum_age"],
        audience=_codes(row["audience"]),
    )


async def _add_standing(situation: Situation, by_key: Sequence[Row], by_browser: Sequence[Row]) -> None:
    members: dict[str, list[Row]] = defaultdict(list)
    for row in by_browser:
        members[str(row["id"])].append(row)
    answers = await _answers({str(row["id"]) for row in [*by_key, *by_browser]})
    for row in by_key:
        situation.by_key[row["idempotency_key"]] = _standing(row, answers)
    for rows in members.values():
        contacts = frozenset(key for row in rows for key in (row["phone_key"], row["email_key"]) if key)
        standing = _standing(rows[0], answers)._replace(people=sorted(map(_namesake, rows)), contact_keys=contacts)
        situation.runs[standing.training_id].by_browser.setdefault(rows[0]["browser_key"], []).append(standing)


def _namesake(row: Row) -> Namesake:
    return row["name_key"], row["municipality_id"] or "", _is_minor(row["age_group"])


def _is_minor(age_group: str | None) -> bool:
    return AgeGroup(age_group).is_minor if age_group else False


def _standing(row: Row, answers: Mapping[str, SignedUp]) -> StandingGroup:
    return StandingGroup(
        training_id=_key(row["training_id"]),
        body_hash=row["body_hash"],
        created_at=_moment(row["created_at"]),
        answer=answers.get(str(row["id"])),
    )


async def _answers(group_ids: set[str]) -> dict[str, SignedUp]:
    if not group_ids:
        return {}
    wanted = sorted(group_ids)
    links, members = await sql.rows_of([Statement(LINKS, (wanted,)), Statement(MEMBERS, (wanted,))])
    people: dict[str, list[str]] = defaultdict(list)
    for row in members:
        people[str(row["group_id"])].append(str(row["id"]))
    answers: dict[str, SignedUp] = {}
    for row in links:
        group_id = str(row["group_id"])
        token = reveal(OwnLink, "token", _key(row["id"]), row["token"])
        if token is not None and group_id not in answers:
            answers[group_id] = SignedUp(group_id, tuple(people[group_id]), token, is_new=False)
    return answers


def _add_people(situation: Situation, rows: Iterable[Row]) -> None:
    for row in rows:
        group = _group_of(situation, row)
        situation.add_person(
            group,
            Person(
                id=str(row["id"]),
                email_key=row["email_key"],
                state=RegistrationState(row["state"]),
                source=Source(row["source"]),
                held_card=CardState(row["held_card"]) if row["held_card"] else None,
                confirmed_at=_moment_or_none(row["confirmed_at"]),
                cancelled_at=_moment_or_none(row["cancelled_at"]),
                cancelled_by=Author(row["cancelled_by"]) if row["cancelled_by"] else None,
                taken_off=Farewell(row["taken_off"]) if row["taken_off"] else None,
                detached_at=_moment_or_none(row["detached_at"]),
                joined_to=_text_or_none(row["joined_to_id"]),
                joined_state=RegistrationState(row["joined_state"]) if row["joined_state"] else None,
                joined_childcare=row["joined_childcare"],
                participant_id=_key(row["participant_id"]),
                is_minor=_is_minor(row["age_group"]),
                has_own_link=bool(row["has_own_link"]),
            ),
        )


def _group_of(situation: Situation, row: Row) -> Group:
    group_id = str(row["group_id"])
    known = situation.groups.get(group_id)
    if known is not None:
        return known
    group = _add_group(situation, group_id, _key(row["training_id"]), RegistrationState(row["group_state"]), row)
    group.reached_at, group.offered_until = _moment_or_none(row["reached_at"]), _moment_or_none(row["offered_until"])
    group.moved_up_at = _moment_or_none(row["moved_up_at"])
    return group


def _add_waiting(situation: Situation, run: Run, rows: Iterable[Row]) -> None:
    """Reads only what moving up needs: lists are long, and read whole where somebody leaves."""
    for row in rows:
        group_id = str(row["id"])
        group = situation.groups.get(group_id)
        run.waiting[group_id] = group or _add_group(situation, group_id, run.id, RegistrationState.WAITLISTED, row)


def _add_group(situation: Situation, group_id: str, training_id: UUID, state: RegistrationState, row: Row) -> Group:
    reason = HoldReason(row["hold_reason"]) if row["hold_reason"] else None
    places = (row["n_people"], row["childcare_places"], row["wait_number"])
    group = Group(group_id, training_id, state, *places, _moment(row["changed_at"]), reason)
    situation.groups[group_id] = group
    return group


# -- keys and codes of new rows


def _drafts(enters: Sequence[tuple[int, Enter]], codes: Sequence[Sequence[str]]) -> dict[int, Draft]:
    """For all possible entries, drawn under the lock: keys follow the order of the list."""
    keys, drafts = tokens.uuid7_texts(), dict[int, Draft]()
    for (number, _command), of_group in zip(enters, codes, strict=True):
        group_id, link = next(keys), tokens.own_link()
        tickets = tuple([Ticket(next(keys), code, tokens.qr_token(), tokens.own_link()) for code in of_group])
        drafts[number] = Draft(group_id, link, tickets)
    return drafts


class Codes:
    """Short codes that no ticket of their training has: a refused row would undo the whole batch."""

    def __init__(self, wishes: Sequence[tuple[UUID, SignUp]]) -> None:
        self._drawn_before: set[tuple[str, str]] = set()
        written = {one: str(one) for one in {training_id for training_id, _wish in wishes}}
        self._drawn = [[self._draw(written[training_id]) for _member in wish.members] for training_id, wish in wishes]

    def questions(self) -> dict[str | UUID, Statement]:
        pairs = [pair for pairs in self._drawn for pair in pairs]
        return {"codes": Statement(CODES, (Pairs(pairs),))} if pairs else {}

    async def free(self, taken: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        while taken:
            clashing = {(str(row["training_id"]), row["short_code"]) for row in taken}
            self._drawn = [
                [self._draw(pair[0]) if pair in clashing else pair for pair in pairs] for pairs in self._drawn
            ]
            [taken] = await sql.rows_of(list(self.questions().values()))
        return [[code for _training_id, code in pairs] for pairs in self._drawn]

    def _draw(self, training_id: str) -> tuple[str, str]:
        while True:
            pair = (training_id, tokens.short_code())
            if pair not in self._drawn_before:
                self._drawn_before.add(pair)
                return pair


# -- people who return with an earlier code


async def known_by_code(training_id: UUID, wish: SignUp) -> Known | None:
    """The person behind a sign-up's earlier code, with what counts for this training.

    A minor is no adult of the same name, nor the reverse: who permits, and what, differs. A person already in this
    training whose registration must not be shown comes in as without a code; nobody is known in a practice.
    """
    if await Training.exists(id=training_id, state=TrainingState.PRACTICE):
        return None
    participant = await _earlier_participant(wish.earlier_code, wish.keys[0])
    if participant is None or _is_minor(participant.age_group) is not wish.first.is_minor:
        return None
    everybody = await same_person_ids(participant.id)
    here = Registration.filter(training_id=training_id, participant_id__in=everybody)
    live = await here.exclude(state=RegistrationState.CANCELLED).order_by("id").first()
    standing = await _shown(live, participant, wish) if live is not None else None
    if live is not None and standing is None:
        return None
    done = Registration.filter(participant_id__in=everybody, completed_at__not_isnull=True)
    completed = await done.values_list("training__course_id")
    return Known(participant.id, participant.email_key, standing, frozenset(course_id for (course_id,) in completed))


async def _shown(live: Registration, participant: Participant, wish: SignUp) -> SignedUp | None:
    """The registration of a person who comes alone, with the link to it alone. Others of the form must not be lost.

    Others can read a ticket and a name on paper: they open nothing without the contact. Nor does a code open the data
    of a person merged with its holder.
    """
    is_own_link = tokens.read_own_link(_last_part(wish.earlier_code)) is not None
    is_sure = is_own_link or bool(wish.keys[0].phone_keys or wish.keys[0].email_keys)
    if not is_sure or wish.n_people > 1 or live.participant_id != participant.id:
        return None
    own = await OwnLink.filter(registration_id=live.id, scope=LinkScope.PERSON, revoked_at=None).first()
    if own is None or own.token is None:
        return None
    return SignedUp(str(live.group_id), (str(live.id),), own.token, is_new=False)


async def _earlier_participant(typed: str, keys: Sameness) -> Participant | None:
    """The person behind an earlier ticket, certificate or own link, if the name matches.

    A code alone must not open or change anything: with another name or an unknown contact it is ignored, without a
    hint.
    """
    standing = _behind(typed)
    if standing is None:
        return None
    named = standing.filter(OF_REAL, participant__name_key=keys.name_key).prefetch_related("participant")
    registration = await named.order_by("-created_at").first()
    if registration is None:
        return None
    person = registration.participant
    has_other_contact = (keys.phone_keys and person.phone_key not in keys.phone_keys) or (
        keys.email_keys and person.email_key not in keys.email_keys
    )
    return None if has_other_contact else person


def _last_part(typed: str) -> str:
    return typed.strip().rstrip("/").rpartition("/")[2]


def _behind(typed: str) -> QuerySet[Registration] | None:
    link = tokens.read_own_link(_last_part(typed))
    if link is not None:
        return Registration.filter(links__token_hash=tokens.digest(link, "own"), links__revoked_at=None)
    if (qr := tokens.read_qr(typed)) is not None:
        return Registration.filter(qr_hash=tokens.digest(qr, "qr"))
    if (code := tokens.read_certificate_code(typed)) is not None:
        return Registration.filter(certificates__code=code)
    if (code := tokens.read_short_code(typed)) is not None:
        return Registration.filter(short_code=code)
    return None


# -- as stored


def _key(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _codes(stored: str | list[str]) -> list[str]:
    return json.loads(stored) if isinstance(stored, str) else stored


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _moment_or_none(value: Any) -> datetime | None:
    return None if value is None else _moment(value)
