"""Writes what a batch decided: constant texts for both engines, each run once for all rows of the batch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from trainings.db import sealed, sql
from trainings.db.sql import Insert, Statement
from trainings.lib import tokens
from trainings.outbox import bell
from trainings.people.actions import Sameness, searchable
from trainings.people.consents import version_read
from trainings.people.models import Guardian, Participant
from trainings.registrations.changes import Changes, Entrant, Entry, Letter, Line
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationState
from trainings.registrations.situation import Group, Situation, Ticket
from trainings.registrations.wishes import Member

Values = tuple[Any, ...]

PARTICIPANT = Insert(
    "participant",
    "id uuid, created_at timestamptz, given_names text, surnames text, name_key text, search_text text, "
    "municipality_id text, community text, actor_type text, organization text, sex text, age_group text, "
    "public_official bool, phone text, email text, phone_key text, email_key text, language text, pueblo text",
)
CONSENT = Insert(
    "consent",
    "id uuid, created_at timestamptz, participant_id uuid, purpose text, text_version text, how text, "
    "recorded_by_id uuid",
)
GUARDIAN = Insert(
    "guardian",
    "id uuid, created_at timestamptz, participant_id uuid, name text, relation text, phone text, email text, "
    "text_version text, how text, recorded_by_id uuid",
)
ASSENT = Insert(
    "assent",
    "id uuid, created_at timestamptz, participant_id uuid, text_version text, how text, recorded_by_id uuid",
)
GROUP = Insert(
    "registration_group",
    "id uuid, created_at timestamptz, training_id uuid, state text, n_people int, childcare_places int, "
    "wait_number bigint, hold_reason text, idempotency_key text, body_hash text, browser_key text, "
    "changed_at timestamptz",
)
REGISTRATION = Insert(
    "registration",
    "id uuid, created_at timestamptz, training_id uuid, group_id uuid, participant_id uuid, "
    "duplicate_of_id uuid, state text, source text, short_code text, qr_hash text, qr_token text, "
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
    outcome="''",
    last_error="''",
)
LINE = Insert(
    "audit_line",
    "id uuid, created_at timestamptz, act text, actor_id uuid, actor_role text, object_id uuid, hub_id uuid, "
    "request_id text, detail jsonb",
)
LEFT = "UPDATE registration SET state = 'cancelled', cancelled_at = ? WHERE id = ?"
NEW_FIRST = "UPDATE registration SET duplicate_of_id = ? WHERE id = ?"
STOOD_IN = "UPDATE registration SET duplicate_of_id = ? WHERE duplicate_of_id = ? OR id = ?"
MOVED_UP = """
    UPDATE registration SET state = ?, confirmed_at = COALESCE(?, confirmed_at)
    WHERE group_id = ? AND state <> 'cancelled'
"""
CHANGED_GROUP = """
    UPDATE registration_group SET state = ?, n_people = ?, wait_number = ?, changed_at = ?,
        reached_at = CASE WHEN ? THEN reached_at END, offered_until = CASE WHEN ? THEN offered_until END
    WHERE id = ?
"""
"""Of whom one leaves while an offer stands, the others keep the time they have to answer."""
CARD_BACK = "UPDATE card SET state = 'released' WHERE registration_id = ? AND state = 'held'"
CHANGED_RUN = "UPDATE training SET taken = ?, childcare_taken = ?, reserved = ?, next_wait_number = ? WHERE id = ?"
TO_TELL = """
    SELECT r.id, r.group_id, p.email_key, f.email_key AS first_email_key
    FROM registration r
    JOIN participant p ON p.id = r.participant_id
    LEFT JOIN registration d ON d.id = r.duplicate_of_id
    LEFT JOIN participant f ON f.id = d.participant_id
    WHERE r.group_id IN ?list AND r.state <> 'cancelled' AND p.email_key IS NOT NULL
    ORDER BY r.id
"""


async def keep(changes: Changes, situation: Situation) -> None:
    """Write a decided batch, as the last of the transaction in progress."""
    at = situation.at
    jobs = [_job(letter, at) for letter in changes.letters]
    lines = [_line(line, at) for line in changes.lines]
    rows = _new_rows(changes.entries, at) + _changed_rows(changes, situation)
    await sql.write_all([*rows, Statement(JOB, jobs), Statement(LINE, lines)], ends_batch=not changes.promoted)
    if changes.promoted:
        more = [_job(letter, at) for letter in await _to_who_moved_up(changes, situation)]
        await sql.write_all([Statement(JOB, more)], ends_batch=True)
        jobs += more
    if jobs:
        bell.wake()


class _Newcomer(NamedTuple):
    """One person of an entry. Keys are texts, as SQLite holds them: each stands in several rows."""

    entry: Entry
    entrant: Entrant
    member: Member
    keys: Sameness
    ticket: Ticket
    group_id: str
    person_id: str
    registration_id: str
    at: datetime


def _new_rows(entries: Sequence[Entry], began_at: datetime) -> list[Statement]:
    """What came in, people first: the others refer to them."""
    people: list[Values] = []
    consents: list[Values] = []
    guardians: list[Values] = []
    assents: list[Values] = []
    groups: list[Values] = []
    registrations: list[Values] = []
    links: list[Values] = []
    for moment, entry in enumerate(entries):
        # In the order in which they came, also where only the time is looked at.
        at, group_id = began_at + timedelta(microseconds=moment), str(entry.draft.group_id)
        groups.append(_group(entry, group_id, at))
        if entry.has_group_link:
            links.append(_link(group_id, None, entry.draft.link, at))
        for one in _newcomers(entry, group_id, at):
            if one.entrant.known_id is None:
                people.append(_participant(one))
            if one.member.is_minor:
                guardians.append(_guardian(one))
                assents.append(_assent(one))
            else:
                consents.extend(_consents(one))
                links.append(_link(group_id, one.registration_id, one.ticket.link, at))
            registrations.append(_registration(one))
    return [
        Statement(PARTICIPANT, people),
        Statement(CONSENT, consents),
        Statement(GUARDIAN, guardians),
        Statement(ASSENT, assents),
        Statement(GROUP, groups),
        Statement(REGISTRATION, registrations),
        Statement(LINK, links),
    ]


def _newcomers(entry: Entry, group_id: str, at: datetime) -> Iterator[_Newcomer]:
    wish = entry.command.wish
    people = zip(entry.entrants, wish.members, wish.keys, entry.draft.tickets, strict=True)
    for entrant, member, keys, ticket in people:
        person_id, registration_id = str(entrant.known_id or tokens.uuid7_text()), str(ticket.registration_id)
        yield _Newcomer(entry, entrant, member, keys, ticket, group_id, person_id, registration_id, at)


def _participant(one: _Newcomer) -> Values:
    """A minor has no contact, only the keys of the guardian's."""
    wish, person, keys, key = one.entry.command.wish, one.member.person, one.keys, one.person_id
    phone, email = (None, None) if one.member.is_minor else (wish.contact_phone, wish.contact_email)
    return (
        key,
        one.at,
        person.given_names,
        person.surnames,
        keys.name_key,
        searchable(keys, person),
        keys.municipality,
        person.community,
        person.actor_type.value,
        person.organization,
        person.sex.value if person.sex else None,
        person.age_group.value if person.age_group else None,
        person.public_official,
        sealed(Participant, "phone", key, phone),
        sealed(Participant, "email", key, email),
        keys.phone_key,
        keys.email_key,
        sealed(Participant, "language", key, person.language),
        sealed(Participant, "pueblo", key, person.pueblo.value if person.pueblo else None),
    )


def _consents(one: _Newcomer) -> list[Values]:
    by, how, version = _agreed(one)
    return [
        (tokens.uuid7_text(), one.at, one.person_id, purpose.value, version, how, by)
        for purpose in sorted(one.entrant.purposes)
    ]


def _guardian(one: _Newcomer) -> Values:
    """Asked each time, also of who was here before. No photograph of a minor, and nothing else that the guardian's own
    permission is for.
    """
    key, guardian = tokens.uuid7_text(), one.entry.command.wish.guardian_contact
    by, how, version = _agreed(one)
    return (
        key,
        one.at,
        one.person_id,
        sealed(Guardian, "name", key, guardian.name),
        guardian.relation.value,
        sealed(Guardian, "phone", key, guardian.phone),
        sealed(Guardian, "email", key, guardian.email),
        version,
        how,
        by,
    )


def _assent(one: _Newcomer) -> Values:
    by, how, version = _agreed(one)
    return (tokens.uuid7_text(), one.at, one.person_id, version, how, by)


def _agreed(one: _Newcomer) -> tuple[UUID | None, str, str]:
    """Who wrote down what they agree to, how it was asked, and which sentence it was."""
    command = one.entry.command
    how = command.wish.consent_how
    return command.actor.id, how.value, version_read(command.lang, how)


def _group(entry: Entry, group_id: str, at: datetime) -> Values:
    wish = entry.command.wish
    return (
        group_id,
        at,
        entry.command.training_id,
        entry.state.value,
        wish.n_people,
        wish.childcare_places,
        entry.wait_number,
        entry.hold_reason.value if entry.hold_reason else None,
        wish.idempotency_key,
        wish.body_hash,
        wish.browser_key,
        at,
    )


def _registration(one: _Newcomer) -> Values:
    entry, ticket, key = one.entry, one.ticket, one.registration_id
    return (
        key,
        one.at,
        entry.command.training_id,
        one.group_id,
        one.person_id,
        one.entrant.first_id,
        entry.state.value,
        entry.command.wish.source.value,
        ticket.short_code,
        tokens.digest(ticket.qr, "qr"),
        sealed(Registration, "qr_token", key, ticket.qr),
        sealed(Registration, "needs", key, ",".join(one.member.needs) or None),
        one.at if entry.state is RegistrationState.CONFIRMED else None,
    )


def _link(group_id: str, registration_id: str | None, token: str, at: datetime) -> Values:
    """One person's link, or without a registration the whole group's."""
    key = tokens.uuid7_text()
    scope = LinkScope.GROUP if registration_id is None else LinkScope.PERSON
    hashed, kept = tokens.digest(token, "own"), sealed(OwnLink, "token", key, token)
    return (key, at, group_id, registration_id, scope.value, hashed, kept)


def _changed_rows(changes: Changes, situation: Situation) -> list[Statement]:
    """Who left and who moved up, in this order: who moved up and left in one batch has left."""
    at = situation.at
    moved = []
    for group_id in changes.promoted:
        state = _state_after(group_id, changes, situation)
        moved.append((state.value, at if state is RegistrationState.CONFIRMED else None, group_id))
    groups = [_changed_group(situation.groups[one], changes, at) for one in changes.groups]
    runs = [situation.runs[one] for one in changes.runs]
    numbers = [(one.taken, one.childcare_taken, one.reserved, one.next_wait_number, one.id) for one in runs]
    return [
        Statement(LEFT, [(at, one) for one in changes.left]),
        Statement(STOOD_IN, [(chosen_id, one, one) for one, chosen_id in changes.stand_ins.items()]),
        Statement(NEW_FIRST, [(first_id, one) for one, first_id in changes.firsts.items()]),
        Statement(MOVED_UP, moved),
        Statement(CHANGED_GROUP, groups),
        Statement(CARD_BACK, [(one,) for one in changes.cards]),
        Statement(CHANGED_RUN, numbers),
    ]


def _changed_group(group: Group, changes: Changes, at: datetime) -> Values:
    keeps_offer = group.state is RegistrationState.OFFERED and group.id not in changes.promoted
    return (group.state.value, group.n_people, group.wait_number, at, keeps_offer, keeps_offer, group.id)


def _state_after(group_id: UUID, changes: Changes, situation: Situation) -> RegistrationState:
    """What moving up made of a group."""
    is_offered = situation.runs[changes.promoted[group_id]].offer_hours is not None
    return RegistrationState.OFFERED if is_offered else RegistrationState.CONFIRMED


async def _to_who_moved_up(changes: Changes, situation: Situation) -> list[Letter]:
    """One message for each address of a group. A look-alike with the first one's address is told through that."""
    [rows] = await sql.rows_of([Statement(TO_TELL, (list(changes.promoted),))])
    letters: list[Letter] = []
    written_to: set[tuple[UUID, str]] = set()
    for row in rows:
        group_id = UUID(str(row["group_id"]))
        address = row["email_key"]
        if address == row["first_email_key"] or (group_id, address) in written_to:
            continue
        written_to.add((group_id, address))
        is_offered = _state_after(group_id, changes, situation) is RegistrationState.OFFERED
        kind = "registration_offered" if is_offered else "registration_promoted"
        hub_id = situation.runs[changes.promoted[group_id]].hub_id
        letters.append(Letter(kind, UUID(str(row["id"])), hub_id))
    return letters


def _job(letter: Letter, at: datetime) -> Values:
    key, subject = tokens.uuid7_text(), str(letter.registration_id)
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


def _line(line: Line, at: datetime) -> Values:
    return (
        tokens.uuid7_text(),
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
    """Kept, since most of a rush say the same."""
    return json.dumps(dict(detail))
