"""Writes what a batch decided: constant texts for both engines, each run once for all rows of the batch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trainings.db import sealed, sql
from trainings.db.sql import Statement
from trainings.lib import tokens
from trainings.outbox import bell
from trainings.people.actions import searchable
from trainings.people.consents import TEXT_VERSION
from trainings.people.models import ConsentPurpose, Guardian, Participant
from trainings.registrations.changes import Changes, Entrant, Entry, Letter, Line
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationState
from trainings.registrations.situation import Situation, Ticket

Values = tuple[Any, ...]

PARTICIPANT = """
    INSERT INTO participant (id, created_at, given_names, surnames, name_key, search_text, municipality_id, community,
        actor_type, organization, sex, age_group, public_official, phone, email, phone_key, email_key, language, pueblo)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
CONSENT = """
    INSERT INTO consent (id, created_at, participant_id, purpose, text_version, how, recorded_by_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
GUARDIAN = """
    INSERT INTO guardian (id, created_at, participant_id, name, relation, phone, email, text_version, how,
        recorded_by_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ASSENT = """
    INSERT INTO assent (id, created_at, participant_id, text_version, how, recorded_by_id) VALUES (?, ?, ?, ?, ?, ?)
"""
GROUP = """
    INSERT INTO registration_group (id, created_at, training_id, state, n_people, childcare_places, wait_number,
        hold_reason, idempotency_key, body_hash, browser_key, changed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
REGISTRATION = """
    INSERT INTO registration (id, created_at, training_id, group_id, participant_id, duplicate_of_id, state, source,
        short_code, qr_hash, qr_token, needs, confirmed_at, minutes_attended)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
"""
LINK = """
    INSERT INTO own_link (id, created_at, group_id, registration_id, scope, token_hash, token)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
JOB = """
    INSERT INTO outbox_job (id, created_at, kind, payload, dedup, subject_id, hub_id, batch_id, lang, run_at, attempts,
        tries, outcome, last_error)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '', '')
"""
LINE = """
    INSERT INTO audit_line (id, created_at, act, actor_id, actor_role, object_id, hub_id, request_id, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LEFT = "UPDATE registration SET state = 'cancelled', cancelled_at = ? WHERE id = ?"
MOVED_UP = """
    UPDATE registration SET state = ?, confirmed_at = COALESCE(?, confirmed_at)
    WHERE group_id = ? AND state <> 'cancelled'
"""
CHANGED_GROUP = """
    UPDATE registration_group SET state = ?, n_people = ?, wait_number = ?, changed_at = ?, reached_at = NULL,
        offered_until = NULL
    WHERE id = ?
"""
CHANGED_RUN = "UPDATE training SET taken = ?, childcare_taken = ?, next_wait_number = ? WHERE id = ?"
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
    """Write a decided batch, in the transaction in progress."""
    at = situation.at
    await sql.write_all(_new_rows(changes.entries, at) + _changed_rows(changes, situation))
    letters = [*changes.letters, *await _to_who_moved_up(changes, situation)]
    jobs = [_job(letter, at) for letter in letters]
    await sql.write_all([Statement(JOB, jobs), Statement(LINE, [_line(line, at) for line in changes.lines])])
    if jobs:
        bell.wake()


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
        at = began_at + timedelta(microseconds=moment)
        groups.append(_group(entry, at))
        if entry.has_group_link:
            links.append(_link(entry, None, entry.draft.link, at))
        for number, entrant in enumerate(entry.entrants):
            ticket = entry.draft.tickets[number]
            member = entry.command.wish.members[number]
            if entrant.known_id is None:
                people.append(_participant(entry, number, ticket, at))
            if member.is_minor and entrant.known_id is None:
                guardians.append(_guardian(entry, ticket, at))
                assents.append(_assent(entry, ticket, at))
            else:
                consents.extend(_consents(entry, entrant, ticket, at))
            registrations.append(_registration(entry, number, entrant, ticket, at))
            if not member.is_minor:
                links.append(_link(entry, ticket, ticket.link, at))
    return [
        Statement(PARTICIPANT, people),
        Statement(CONSENT, consents),
        Statement(GUARDIAN, guardians),
        Statement(ASSENT, assents),
        Statement(GROUP, groups),
        Statement(REGISTRATION, registrations),
        Statement(LINK, links),
    ]


def _participant(entry: Entry, number: int, ticket: Ticket, at: datetime) -> Values:
    """A minor has no contact, only the keys of the guardian's."""
    wish = entry.command.wish
    member, keys, key = wish.members[number], wish.keys[number], ticket.participant_id
    person = member.person
    phone, email = (None, None) if member.is_minor else (wish.contact_phone, wish.contact_email)
    return (
        key,
        at,
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


def _consents(entry: Entry, entrant: Entrant, ticket: Ticket, at: datetime) -> Iterator[Values]:
    wish, person_id = entry.command.wish, entrant.known_id or ticket.participant_id
    by, how = entry.command.actor.id, wish.consent_how.value
    purposes: Iterable[ConsentPurpose] = sorted(entrant.purposes)
    return ((tokens.uuid7(), at, person_id, one.value, TEXT_VERSION, how, by) for one in purposes)


def _guardian(entry: Entry, ticket: Ticket, at: datetime) -> Values:
    """No photograph of a minor, and nothing else that the guardian's own permission is for."""
    wish, key = entry.command.wish, tokens.uuid7()
    guardian = wish.guardian_contact
    return (
        key,
        at,
        ticket.participant_id,
        sealed(Guardian, "name", key, guardian.name),
        guardian.relation.value,
        sealed(Guardian, "phone", key, guardian.phone),
        sealed(Guardian, "email", key, guardian.email),
        TEXT_VERSION,
        wish.consent_how.value,
        entry.command.actor.id,
    )


def _assent(entry: Entry, ticket: Ticket, at: datetime) -> Values:
    how = entry.command.wish.consent_how.value
    return (tokens.uuid7(), at, ticket.participant_id, TEXT_VERSION, how, entry.command.actor.id)


def _group(entry: Entry, at: datetime) -> Values:
    wish = entry.command.wish
    return (
        entry.draft.group_id,
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


def _registration(entry: Entry, number: int, entrant: Entrant, ticket: Ticket, at: datetime) -> Values:
    wish, key = entry.command.wish, ticket.registration_id
    return (
        key,
        at,
        entry.command.training_id,
        entry.draft.group_id,
        entrant.known_id or ticket.participant_id,
        entrant.first_id,
        entry.state.value,
        wish.source.value,
        ticket.short_code,
        tokens.digest(ticket.qr, "qr"),
        sealed(Registration, "qr_token", key, ticket.qr),
        sealed(Registration, "needs", key, ",".join(wish.members[number].needs) or None),
        at if entry.state is RegistrationState.CONFIRMED else None,
    )


def _link(entry: Entry, ticket: Ticket | None, token: str, at: datetime) -> Values:
    """One person's link, or without a ticket the whole group's."""
    key = tokens.uuid7()
    scope = LinkScope.GROUP if ticket is None else LinkScope.PERSON
    return (
        key,
        at,
        entry.draft.group_id,
        ticket.registration_id if ticket is not None else None,
        scope.value,
        tokens.digest(token, "own"),
        sealed(OwnLink, "token", key, token),
    )


def _changed_rows(changes: Changes, situation: Situation) -> list[Statement]:
    """Who left and who moved up, in this order: who moved up and left in one batch has left."""
    at = situation.at
    moved = []
    for group_id in changes.promoted:
        state = _state_after(group_id, changes, situation)
        moved.append((state.value, at if state is RegistrationState.CONFIRMED else None, group_id))
    groups = [situation.groups[one] for one in changes.groups]
    runs = [situation.runs[one] for one in changes.runs]
    return [
        Statement(LEFT, [(at, one) for one in changes.left]),
        Statement(MOVED_UP, moved),
        Statement(CHANGED_GROUP, [(one.state.value, one.n_people, one.wait_number, at, one.id) for one in groups]),
        Statement(CHANGED_RUN, [(one.taken, one.childcare_taken, one.next_wait_number, one.id) for one in runs]),
    ]


def _state_after(group_id: UUID, changes: Changes, situation: Situation) -> RegistrationState:
    """What moving up made of a group."""
    is_offered = situation.runs[changes.promoted[group_id]].offer_hours is not None
    return RegistrationState.OFFERED if is_offered else RegistrationState.CONFIRMED


async def _to_who_moved_up(changes: Changes, situation: Situation) -> list[Letter]:
    """One message for each address of a group. A look-alike with the first one's address is told through that."""
    if not changes.promoted:
        return []
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
        letters.append(Letter(kind, UUID(str(row["id"])), hub_id, changes.lang_of[group_id]))
    return letters


def _job(letter: Letter, at: datetime) -> Values:
    subject = str(letter.registration_id)
    return (
        tokens.uuid7(),
        at,
        letter.kind,
        json.dumps({"registration_id": subject}),
        f"{letter.kind}:{subject}:{tokens.uuid7()}",
        letter.registration_id,
        letter.hub_id,
        letter.batch_id,
        letter.lang,
        letter.run_at or at,
    )


def _line(line: Line, at: datetime) -> Values:
    return (
        tokens.uuid7(),
        at,
        line.act,
        line.actor.id,
        line.actor.role,
        line.object_id,
        line.hub_id,
        line.actor.request_id,
        json.dumps(line.detail),
    )
