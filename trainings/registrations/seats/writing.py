"""Constant statements for both engines, each run once for all rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from trainings.db import sealer, sql
from trainings.db.sql import Insert, Statement
from trainings.lib import tokens
from trainings.outbox import actions
from trainings.people.actions import Sameness
from trainings.people.consents import version_read
from trainings.people.finding import NAME_WORD, hub_number, word_rows
from trainings.people.newcomers import Agreed, NewPeople
from trainings.registrations.commands import Member, SignUp, Ticket
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationState
from trainings.registrations.seats.situation import Changes, Entrant, Entry, Group, Letter, Line, Person, Run, Situation
from trainings.schedule.models import TrainingState

Values = tuple[Any, ...]

GROUP = Insert(
    "registration_group",
    "id uuid, created_at timestamptz, training_id uuid, state text, n_people int, childcare_places int, "
    "wait_number bigint, hold_reason text, filler_id uuid, idempotency_key text, body_hash text, browser_key text, "
    "changed_at timestamptz",
)
REGISTRATION = Insert(
    "registration",
    "id uuid, created_at timestamptz, training_id uuid, group_id uuid, participant_id uuid, "
    "state text, source text, short_code text, qr_hash text, qr_token text, "
    "needs text, confirmed_at timestamptz",
    minutes_attended="0",
)
LINK = Insert(
    "own_link",
    "id uuid, created_at timestamptz, group_id uuid, registration_id uuid, scope text, token_hash text, token text",
)
JOB = Insert(
    "outbox_job",
    "id uuid, created_at timestamptz, kind text, payload jsonb, dedup text, subject_id uuid, hub_id uuid, "
    "batch_id uuid, run_at timestamptz",
    lang="''",
    attempts="0",
    tries="0",
    n_unanswered="0",
    outcome="''",
    last_error="''",
)
LINE = Insert(
    "audit_line",
    "id uuid, created_at timestamptz, act text, actor_id uuid, actor_role text, object_id uuid, hub_id uuid, "
    "request_id text, detail jsonb",
)
SEALED_QR, SEALED_NEEDS = sealer(Registration, "qr_token"), sealer(Registration, "needs")
SEALED_LINK = sealer(OwnLink, "token")
MOVED_UP = """
    UPDATE registration SET state = ?, confirmed_at = COALESCE(?, confirmed_at)
    WHERE group_id = ? AND state <> 'cancelled'
"""
CHANGED_PERSON = """
    UPDATE registration SET group_id = ?, state = ?, confirmed_at = ?, cancelled_at = ?, cancelled_by = ?,
        taken_off = ?, detached_at = ?, joined_to_id = ?, joined_state = ?, joined_childcare = ?
    WHERE id = ?
"""
MOVED_LINK = "UPDATE own_link SET group_id = ? WHERE registration_id = ?"
SHIFTED = (
    "UPDATE registration_group SET wait_number = -1 - wait_number WHERE training_id = ? AND wait_number > ?",
    "UPDATE registration_group SET wait_number = -wait_number WHERE training_id = ? AND wait_number < 0",
)
"""In two steps: never two groups with one number, not even in passing."""
CHANGED_GROUP = """
    UPDATE registration_group SET state = ?, n_people = ?, childcare_places = ?, wait_number = ?, hold_reason = ?,
        changed_at = ?, reached_at = ?, offered_until = ?, moved_up_at = ?
    WHERE id = ?
"""
CARD_ANSWERED = "UPDATE card SET state = ? WHERE registration_id = ? AND state = 'held'"
CARD_USED = "UPDATE card SET state = ?, registration_id = ?, used_at = ? WHERE id = ?"
CHANGED_RUN = """
    UPDATE training SET capacity = ?, taken = ?, reserved = ?, childcare_capacity = ?, childcare_taken = ?,
        next_wait_number = ?
    WHERE id = ?
"""
TO_TELL = """
    SELECT r.id, r.group_id, p.email_key
    FROM registration r
    JOIN participant p ON p.id = r.participant_id
    WHERE r.group_id IN ?list AND r.state <> 'cancelled' AND p.email_key IS NOT NULL
    ORDER BY r.id
"""


async def write_changes(changes: Changes, situation: Situation) -> None:
    [at], keys = sql.moments([situation.at]), tokens.uuid7_texts()
    letters = [*changes.letters, *await _to_who_moved_up(changes, situation)]
    jobs = [_job(next(keys), letter, at) for letter in letters]
    lines = [_line(next(keys), line, at) for line in changes.lines]
    rows = _shifts(changes) + _new_rows(changes.entries, situation, keys) + _changed_rows(changes, situation)
    await sql.write_all([*rows, Statement(JOB, jobs), Statement(LINE, lines)], ends_batch=True)
    if jobs:
        actions.wake()


class _Arrival(NamedTuple):
    """An entry for all its rows. Keys are texts, as SQLite holds them. `str` of a state takes a third of the time of
    `value`.
    """

    entry: Entry
    wish: SignUp
    at: datetime | str
    group_id: str
    training_id: str
    state: str


def _new_rows(entries: Sequence[Entry], situation: Situation, keys: Iterator[str]) -> list[Statement]:
    """People first: the other rows refer to them."""
    people = NewPeople(keys)
    groups: list[Values] = []
    registrations: list[Values] = []
    links: list[Values] = []
    words: list[Values] = []
    # In order of arrival, also by time alone.
    moments = sql.moments(situation.at + timedelta(microseconds=number) for number in range(len(entries)))
    for entry, at in zip(entries, moments, strict=True):
        arrival = _arrival(entry, at)
        groups.append(_group(arrival))
        if entry.has_group_link:
            links.append(_link(next(keys), arrival, None, entry.draft.link))
        run = situation.runs[entry.command.training_id]
        agreed, hub, is_practice = _agreed(arrival), hub_number(run.hub_id), run.state is TrainingState.PRACTICE
        for entrant, member, same, ticket in _people(entry, is_practice=is_practice):
            contact, guardian = _contact(arrival, member), arrival.wish.guardian_contact if member.is_minor else None
            if is_practice:
                contact, guardian = NO_CONTACT, guardian and replace(guardian, phone=None, email=None)
            person_id = str(entrant.known_id or people.add(member.person, same, contact, at))
            if guardian is not None:
                people.assent(person_id, guardian, agreed)
            else:
                people.consent(person_id, entrant.purposes, agreed)
                links.append(_link(next(keys), arrival, ticket.registration_id, ticket.link))
            registrations.append(_registration(arrival, member, ticket, person_id))
            # An earlier code opens nobody of another name: what was typed is the name that is known.
            words += word_rows(hub, same.name_key, person_id) if not is_practice else ()
    return [
        *people.statements(),
        Statement(GROUP, groups),
        Statement(REGISTRATION, registrations),
        Statement(LINK, links),
        Statement(NAME_WORD, words),
    ]


def _arrival(entry: Entry, at: datetime | str) -> _Arrival:
    command = entry.command
    return _Arrival(entry, command.wish, at, entry.draft.group_id, _text(command.training_id), str(entry.state))


NO_CONTACT = None, None, None
"""In a practice: somebody's real telephone may be typed to try things out."""


def _people(entry: Entry, *, is_practice: bool) -> Iterable[tuple[Entrant, Member, Sameness, Ticket]]:
    wish = entry.command.wish
    keys = (
        [replace(one, phone_keys=(), phone_tail=None, email_keys=()) for one in wish.keys] if is_practice else wish.keys
    )
    return zip(entry.entrants, wish.members, keys, entry.draft.tickets, strict=True)


def _contact(arrival: _Arrival, member: Member) -> tuple[str | None, str | None, str | None]:
    if member.is_minor:
        return None, None, None
    return arrival.wish.contact_phone, member.other_phone, arrival.wish.contact_email


def _agreed(arrival: _Arrival) -> Agreed:
    command = arrival.entry.command
    how = command.wish.consent_how
    return Agreed(arrival.at, command.actor.id, str(how), version_read(command.lang, how))


def _group(arrival: _Arrival) -> Values:
    entry, wish, at, group_id, training_id, state = arrival
    return (
        group_id,
        at,
        training_id,
        state,
        wish.n_people,
        wish.childcare_places,
        entry.wait_number,
        _word(entry.hold_reason),
        entry.draft.tickets[0].registration_id,
        wish.idempotency_key,
        wish.body_hash,
        wish.browser_key,
        at,
    )


def _registration(arrival: _Arrival, member: Member, ticket: Ticket, person_id: str) -> Values:
    entry, wish, at, group_id, training_id, state = arrival
    key = ticket.registration_id
    return (
        key,
        at,
        training_id,
        group_id,
        person_id,
        state,
        str(wish.source),
        ticket.short_code,
        tokens.digest(ticket.qr, "qr"),
        SEALED_QR(key, ticket.qr),
        SEALED_NEEDS(key, ",".join(member.needs) or None),
        at if entry.state is RegistrationState.CONFIRMED else None,
    )


def _link(key: str, arrival: _Arrival, registration_id: str | None, token: str) -> Values:
    scope = LinkScope.GROUP if registration_id is None else LinkScope.PERSON
    hashed, kept = tokens.digest(token, "own"), SEALED_LINK(key, token)
    return (key, arrival.at, arrival.group_id, registration_id, str(scope), hashed, kept)


def _shifts(changes: Changes) -> list[Statement]:
    away, back = SHIFTED
    return [
        each
        for training_id, number in changes.shifts
        for each in (Statement(away, [(training_id, number)]), Statement(back, [(training_id,)]))
    ]


def _changed_rows(changes: Changes, situation: Situation) -> list[Statement]:
    """Promotions, then each person looked at: a person who moved up and left in one batch has left."""
    moved = []
    for group_id in changes.promoted:
        state = _state_after(group_id, situation)
        moved.append((str(state), situation.at if state is RegistrationState.CONFIRMED else None, group_id))
    runs = [situation.runs[one] for one in changes.runs]
    return [
        Statement(GROUP, [_made_group(situation.groups[one], situation.at) for one in changes.made]),
        Statement(MOVED_UP, moved),
        Statement(CHANGED_PERSON, [_changed_person(*situation.person(one)) for one in changes.people]),
        Statement(MOVED_LINK, [(situation.group_of[one], one) for one in changes.moved]),
        Statement(CHANGED_GROUP, [_changed_group(situation.groups[one]) for one in changes.groups]),
        Statement(CARD_ANSWERED, [(str(state), one) for one, state in changes.cards.items()]),
        Statement(CARD_USED, [(str(state), one, situation.at, card_id) for card_id, state, one in changes.used]),
        Statement(CHANGED_RUN, [_changed_run(one) for one in runs]),
    ]


def _made_group(one: Group, at: datetime) -> Values:
    places = (one.n_people, one.childcare_places, one.wait_number, _word(one.hold_reason))
    return (one.id, at, one.training_id, str(one.state), *places, None, None, "", None, one.changed_at)


def _changed_person(group: Group, one: Person) -> Values:
    gone = (one.cancelled_at, _word(one.cancelled_by), _word(one.taken_off))
    joined = (one.joined_to, _word(one.joined_state), one.joined_childcare)
    return (group.id, str(one.state), one.confirmed_at, *gone, one.detached_at, *joined, one.id)


def _changed_group(one: Group) -> Values:
    places = (str(one.state), one.n_people, one.childcare_places, one.wait_number, _word(one.hold_reason))
    return (*places, one.changed_at, one.reached_at, one.offered_until, one.moved_up_at, one.id)


def _changed_run(one: Run) -> Values:
    seats = (one.capacity, one.taken, one.reserved)
    return (*seats, one.childcare_capacity, one.childcare_taken, one.next_wait_number, one.id)


def _word(one: StrEnum | None) -> str | None:
    return None if one is None else str(one)


def _state_after(group_id: str, situation: Situation) -> RegistrationState:
    is_offered = situation.run_of(group_id).offer_hours is not None
    return RegistrationState.OFFERED if is_offered else RegistrationState.CONFIRMED


async def _to_who_moved_up(changes: Changes, situation: Situation) -> list[Letter]:
    """Reads only people who are not loaded: no command changes them."""
    groups = [situation.groups[one] for one in changes.promoted]
    people = [(group.id, one.id, one.email_key) for group in groups for one in group.live]
    unread = [group.id for group in groups if not group.people]
    if unread:
        [rows] = await sql.rows_of([Statement(TO_TELL, (unread,))])
        people += [(str(row["group_id"]), str(row["id"]), row["email_key"]) for row in rows]
    first: dict[tuple[str, str], str] = {}
    for group_id, person_id, address in people:
        if address is not None:
            first.setdefault((group_id, address), person_id)
    return [_promotion(situation, group_id, person_id) for (group_id, _address), person_id in first.items()]


def _promotion(situation: Situation, group_id: str, person_id: str) -> Letter:
    is_offered = _state_after(group_id, situation) is RegistrationState.OFFERED
    kind = "registration_offered" if is_offered else "registration_promoted"
    return Letter(kind, person_id, situation.run_of(group_id).hub_id)


def _job(key: str, letter: Letter, at: datetime | str) -> Values:
    subject = letter.registration_id
    return (
        key,
        at,
        letter.kind,
        f'{{"registration_id": "{subject}"}}',
        # Each is a message of its own.
        f"{letter.kind}:{subject}:{key}",
        subject,
        letter.hub_id,
        letter.batch_id,
        letter.run_at or at,
    )


def _line(key: str, line: Line, at: datetime | str) -> Values:
    return (
        key,
        at,
        line.act,
        line.actor.id,
        line.actor.role,
        line.object_id,
        line.hub_id,
        line.actor.request_id,
        _as_json(tuple(line.detail.items())),
    )


@lru_cache
def _as_json(detail: tuple[tuple[str, str | int], ...]) -> str:
    return json.dumps(dict(detail))


@lru_cache
def _text(key: UUID) -> str:
    return str(key)
