"""Reads all that a batch of commands touches, under the locks of its trainings, in a constant number of statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.connection import get_connection

from trainings import clock
from trainings.audit.actor import FILLER_OF_FORM
from trainings.db import reveal, sql
from trainings.db.sql import Pairs, Statement
from trainings.lib import tokens, tokens_ahead
from trainings.limits.actions import Tally
from trainings.people.models import AgeGroup
from trainings.registrations.commands import Command, Enter, Leave, SignedUp
from trainings.registrations.drawn_codes import Codes
from trainings.registrations.models import HoldReason, OwnLink, RegistrationState, Source
from trainings.registrations.sameness import known_by_code
from trainings.registrations.situation import Alike, Draft, Group, Meeting, Person, Run, Situation, Standing, Ticket
from trainings.registrations.wishes import Namesake
from trainings.schedule.models import SessionState, TrainingState

Row = Mapping[str, Any]

MOST_WAITING = 300
"""So many of a waiting list are read at first: with free places for more, it is read whole."""

RUNS = """
    SELECT t.id, t.hub_id, h.phone AS hub_phone, t.contact_phone, t.course_id, t.state, t.capacity, t.taken, t.reserved,
        t.childcare_capacity, t.childcare_taken, t.next_wait_number, t.has_waiting_list, t.offer_hours,
        t.approval_required, t.opens_at, t.closes_at, t.admits_minors, t.minimum_age, t.audience,
        t.required_courses
    FROM training t JOIN hub h ON h.id = t.hub_id
    WHERE t.id IN ?list ORDER BY t.id
"""
LOCKED = {"postgres": RUNS + " FOR UPDATE OF t", "sqlite": RUNS}
"""The trainings in key order, so that two batches never wait for each other in a ring; SQLite locks as it begins."""

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
_ALIKE = {
    "sqlite": """
        SELECT r.training_id, r.id, r.group_id, r.state, p.name_key, p.municipality_id, p.phone_key, p.email_key
        FROM participant p CROSS JOIN registration r
        WHERE p.{key} IN ?list AND r.participant_id = p.id AND r.training_id IN ?list
            AND r.duplicate_of_id IS NULL AND r.state <> 'cancelled'
    """,
    "postgres": """
        SELECT r.training_id, r.id, r.group_id, r.state, p.name_key, p.municipality_id, p.phone_key, p.email_key
        FROM unnest(?::text[]) AS wanted (key)
        CROSS JOIN LATERAL (SELECT * FROM participant WHERE {key} = wanted.key OFFSET 0) p
        CROSS JOIN LATERAL (SELECT * FROM registration WHERE participant_id = p.id OFFSET 0) r
        WHERE r.training_id IN ?list AND r.duplicate_of_id IS NULL AND r.state <> 'cancelled'
    """,
}
ALIKE_BY_PHONE = {dialect: text.format(key="phone_key") for dialect, text in _ALIKE.items()}
ALIKE_BY_EMAIL = {dialect: text.format(key="email_key") for dialect, text in _ALIKE.items()}
"""By contact, then by person: a join that may be turned round would go through everybody of a training, as it does
where a table has grown since the server looked at it last.
"""

LEAVING = {
    "sqlite": """
    SELECT r.id, r.group_id, r.state, r.source, r.duplicate_of_id, p.name_key, p.municipality_id, p.phone_key,
        p.email_key, g.state AS group_state, g.hold_reason, g.n_people, g.childcare_places, g.wait_number,
        CASE WHEN r.state = 'held' AND r.source = 'card' THEN EXISTS (
            SELECT 1 FROM card c WHERE c.registration_id = r.id AND c.state = 'held'
        ) ELSE FALSE END AS keeps_card
    FROM registration r
    JOIN registration_group g ON g.id = r.group_id
    JOIN participant p ON p.id = r.participant_id
    WHERE r.group_id IN (
        SELECT group_id FROM registration WHERE id IN ?list
        UNION SELECT group_id FROM registration WHERE duplicate_of_id IN ?list
    )
    ORDER BY r.id
""",
    "postgres": """
    SELECT r.id, r.group_id, r.state, r.source, r.duplicate_of_id, p.name_key, p.municipality_id, p.phone_key,
        p.email_key, g.state AS group_state, g.hold_reason, g.n_people, g.childcare_places, g.wait_number,
        CASE WHEN r.state = 'held' AND r.source = 'card' THEN EXISTS (
            SELECT 1 FROM card c WHERE c.registration_id = r.id AND c.state = 'held'
        ) ELSE FALSE END AS keeps_card
    FROM (
        SELECT group_id FROM registration WHERE id IN ?list
        UNION SELECT group_id FROM registration WHERE duplicate_of_id IN ?list
    ) wanted
    CROSS JOIN LATERAL (SELECT * FROM registration WHERE group_id = wanted.group_id OFFSET 0) r
    CROSS JOIN LATERAL (SELECT * FROM registration_group WHERE id = wanted.group_id OFFSET 0) g
    CROSS JOIN LATERAL (SELECT * FROM participant WHERE id = r.participant_id OFFSET 0) p
    ORDER BY r.id
""",
}
"""Their whole groups, and those of their look-alikes."""

WAITING = """
    SELECT g.id, g.n_people, g.childcare_places, g.wait_number, r.id AS alike_id, r.duplicate_of_id AS first_id,
        (SELECT f.group_id FROM registration f WHERE f.id = r.duplicate_of_id AND f.state = 'waitlisted') AS first_in
    FROM (
        SELECT id, n_people, childcare_places, wait_number FROM registration_group
        WHERE training_id = ? AND state = 'waitlisted' ORDER BY wait_number, id LIMIT ?
    ) g
    LEFT JOIN registration r ON r.group_id = g.id AND r.duplicate_of_id IS NOT NULL AND r.state = 'waitlisted'
    ORDER BY g.wait_number, g.id, r.id
"""
"""In order, each group once, or once for each look-alike in it; `first_in` is the group where its first waits too."""

LINKS = """
    SELECT id, group_id, token FROM own_link WHERE group_id IN ?list AND revoked_at IS NULL ORDER BY group_id, scope, id
"""
CLAIMED = """
    SELECT registration_id FROM own_link
    WHERE registration_id IN ?list AND revoked_at IS NULL AND claimed_at IS NOT NULL
"""
MEMBERS = "SELECT id, group_id FROM registration WHERE group_id IN ?list ORDER BY id"


async def gather(commands: Sequence[Command], *, whole_lists: bool = False) -> Situation:
    """The situation of a batch, in the transaction in progress; its trainings stay locked until that ends."""
    enters = [(number, one) for number, one in enumerate(commands) if isinstance(one, Enter)]
    codes = Codes([(one.training_id, one.wish) for _number, one in enters])
    tally = Tally([one.watched for _number, one in enters])
    questions = _questions(commands, whole_lists=whole_lists) | codes.questions()
    counts = tally.statements()
    answers = await sql.rows_of([*questions.values(), *counts])
    found = dict(zip(questions, answers, strict=False))
    runs = _runs(found)
    situation = Situation(
        at=clock.now(),
        runs=runs,
        drafts=_drafts(enters, await codes.free(found.get("codes", ()))),
        municipalities=frozenset(row["ine_code"] for row in found.get("municipalities", ())),
        claimed=frozenset(str(row["registration_id"]) for row in found.get("claimed", ())),
    )
    counted = tally.told([row for rows in answers[len(questions) :] for row in rows])
    situation.counted = dict(zip([number for number, _command in enters], counted, strict=True))
    _add_alike(situation, [*found.get("phones", ()), *found.get("emails", ())])
    await _add_standing(situation, found.get("keys", ()), found.get("browsers", ()))
    _add_leaving(situation, found.get("leaving", ()))
    for key, rows in found.items():
        if isinstance(key, UUID) and key in runs:
            _add_waiting(situation, runs[key], rows)
            runs[key].is_cut = not whole_lists and len(runs[key].waiting) == MOST_WAITING
    if whole_lists:
        await _add_waiting_alike(situation)
    for number, command in enters:
        if command.wish.earlier_code:
            known = await known_by_code(command.training_id, command.wish)
            if known is not None:
                situation.known[number] = known
                if known.standing is not None:
                    _note_waiting(situation, known.standing)
    return situation


def _questions(commands: Sequence[Command], *, whole_lists: bool) -> dict[str | UUID, Statement]:
    """What has to be read, the locks first. The waiting lists of trainings where somebody leaves are under their id."""
    ids = sorted({one.training_id for one in commands})
    wishes = [one.wish for one in commands if isinstance(one, Enter)]
    people = [keys for wish in wishes for keys in wish.keys]
    leaves = [one for one in commands if isinstance(one, Leave)]
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
    leaving = sorted({one for leave in leaves for one in leave.registration_ids})
    if leaving:
        questions["leaving"] = Statement(LEAVING[dialect], (leaving, leaving))
    by_filler = sorted({one for leave in leaves if leave.actor == FILLER_OF_FORM for one in leave.registration_ids})
    if by_filler:
        questions["claimed"] = Statement(CLAIMED, (by_filler,))
    phones = sorted({key for keys in people for key in keys.phone_keys})
    emails = sorted({key for keys in people for key in keys.email_keys})
    if phones:
        questions["phones"] = Statement(ALIKE_BY_PHONE[dialect], (phones, ids))
    if emails:
        questions["emails"] = Statement(ALIKE_BY_EMAIL[dialect], (emails, ids))
    browsers = _browsers(commands)
    if browsers:
        questions["browsers"] = Statement(BY_BROWSER, (Pairs(browsers),))
    limit = 1_000_000 if whole_lists else MOST_WAITING
    for training_id in sorted({leave.training_id for leave in leaves}):
        questions[training_id] = Statement(WAITING, (training_id, limit))
    return questions


def _browsers(commands: Sequence[Command]) -> list[tuple[UUID, str]]:
    """The browsers that were here before, each with the training it asks for."""
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


def _add_alike(situation: Situation, rows: Iterable[Row]) -> None:
    """Keys are in time order: the first registration comes first."""
    for _registration_id, row in sorted({str(row["id"]): row for row in rows}.items()):
        alike = _looks(row)
        situation.runs[_key(row["training_id"])].alike.setdefault(alike.name_key, []).append(alike)
        _note_waiting(situation, alike)


def _note_waiting(situation: Situation, alike: Alike) -> None:
    if alike.waits_in is not None:
        situation.waits[alike.id] = alike.waits_in


def _looks(row: Row) -> Alike:
    is_held = row["state"] == RegistrationState.HELD
    waits_in = str(row["group_id"]) if row["state"] == RegistrationState.WAITLISTED else None
    contacts = row["phone_key"], row["email_key"]
    return Alike(str(row["id"]), row["name_key"], row["municipality_id"], *contacts, is_held, waits_in)


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
    is_minor = bool(row["age_group"]) and AgeGroup(row["age_group"]).is_minor
    return row["name_key"], row["municipality_id"] or "", is_minor


def _standing(row: Row, answers: Mapping[str, SignedUp]) -> Standing:
    return Standing(
        training_id=_key(row["training_id"]),
        body_hash=row["body_hash"],
        created_at=_moment(row["created_at"]),
        answer=answers.get(str(row["id"])),
    )


async def _answers(group_ids: set[str]) -> dict[str, SignedUp]:
    """The address of each group that stands: of all of it, else of the one person."""
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


def _add_leaving(situation: Situation, rows: Iterable[Row]) -> None:
    for row in rows:
        group_id = str(row["group_id"])
        group = situation.groups.get(group_id)
        if group is None:
            group = _group(group_id, RegistrationState(row["group_state"]), row)
            group.hold_reason = HoldReason(row["hold_reason"]) if row["hold_reason"] else None
            situation.groups[group_id] = group
        first_id = _text_or_none(row["duplicate_of_id"])
        state, source = RegistrationState(row["state"]), Source(row["source"])
        person = Person(_looks(row), state, source, first_id, bool(row["keeps_card"]))
        situation.add_person(group, person)


def _add_waiting(situation: Situation, run: Run, rows: Iterable[Row]) -> None:
    for row in rows:
        group_id = str(row["id"])
        group = situation.groups.get(group_id)
        if group is None:
            group = _group(group_id, RegistrationState.WAITLISTED, row)
            situation.groups[group_id] = group
        run.waiting[group_id] = group
        if row["alike_id"] is not None:
            group.alike[str(row["alike_id"])] = first_id = str(row["first_id"])
            if row["first_in"] is not None:
                situation.waits[first_id] = str(row["first_in"])


async def _add_waiting_alike(situation: Situation) -> None:
    """The people who may move up before the one that they look like, and all who look like that one."""
    groups = [group for run in situation.runs.values() for group in run.waiting.values()]
    pairs = [pair for group in groups for pair in group.alike.items() if pair[1] in situation.waits]
    wanted = sorted({*situation.waits, *(one for pair in pairs for one in pair)})
    if wanted:
        dialect = get_connection("default").capabilities.dialect
        [rows] = await sql.rows_of([Statement(LEAVING[dialect], (wanted, wanted))])
        _add_leaving(situation, [row for row in rows if str(row["id"]) not in situation.group_of])


def _group(group_id: str, state: RegistrationState, row: Row) -> Group:
    return Group(group_id, state, row["n_people"], row["childcare_places"], row["wait_number"])


def _drafts(enters: Sequence[tuple[int, Enter]], codes: Sequence[Sequence[str]]) -> dict[int, Draft]:
    """Keys and codes for everybody who may come in, drawn under the lock: keys are in the order of the list."""
    n_people = sum(map(len, codes))
    keys, qrs = tokens.uuid7_texts(), iter(tokens_ahead.qr_tokens(n_people))
    links = iter(tokens_ahead.own_links(len(enters) + n_people))
    drafts: dict[int, Draft] = {}
    for (number, _command), of_group in zip(enters, codes, strict=True):
        group_id, link = next(keys), next(links)
        tickets = tuple([Ticket(next(keys), code, next(qrs), next(links)) for code in of_group])
        drafts[number] = Draft(group_id, link, tickets)
    return drafts


def _key(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _codes(stored: str | list[str]) -> list[str]:
    """PostgreSQL hands a list over read, SQLite as text."""
    return json.loads(stored) if isinstance(stored, str) else stored


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _moment_or_none(value: Any) -> datetime | None:
    return None if value is None else _moment(value)
