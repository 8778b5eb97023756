"""People as messages and calls reach them, without names and contacts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from trainings import clock
from trainings.db import is_in_transaction, sql
from trainings.db.sql import Statement, as_moment, as_uuid
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY, enqueue
from trainings.outbox.models import Call, CallList, CallReason, CallResult, HolderCall, OutboxJob
from trainings.people.consents import without_permission
from trainings.people.models import AgeGroup, Participant
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.changes import Difference
from trainings.schedule.models import ChangeKind, Training, TrainingState
from trainings.settings import get_settings

REMINDER = "session_reminder"
ABOUT_CHANGES = ("training_changed", "training_cancelled")
"""Other messages show the days as they stand."""
ABOUT_ONE = frozenset({"own_link_again", "need_answered", "certificate_ready", "certificate_annulled"})
"""Other messages tell of everybody of a group with the same address."""
AT_ONCE = 10_000
"""Keys in one statement: the engines take some thirty thousand."""

Mailbox = tuple[UUID, str | None]
Mark = TypeVar("Mark", bound=Call | HolderCall)


async def announce(registration: Registration, participant: Participant, training: Training, kind: str) -> None:
    """Does nothing without an address, and in a practice. Each call is a message of its own."""
    if participant.email_key is None or training.state is TrainingState.PRACTICE:
        return
    await enqueue(
        kind,
        {"registration_id": str(registration.id)},
        dedup=f"{kind}:{registration.id}:{uuid7()}",
        hub_id=training.hub_id,
    )


async def open_list(
    training: Training,
    reason: CallReason,
    cause_id: UUID,
    *,
    session_id: UUID | None = None,
    due_at: datetime | None = None,
    batch_id: UUID | None = None,
) -> CallList:
    """Open a call list in the caller's transaction; the same cause twice is one list.

    `cause_id`: the change, the near session, the training called off. `session_id`: the list is about that session
    only. `due_at`: when calling begins; None: at once, or once messages of `batch_id` cannot be stopped any more.
    """
    assert is_in_transaction(), "a list is opened together with what causes it"
    due = due_at or (clock.now() + STAFF_DELAY if batch_id else clock.now())
    wanted = CallList(
        training_id=training.id,
        session_id=session_id,
        hub_id=training.hub_id,
        reason=reason,
        cause_id=cause_id,
        batch_id=batch_id,
        due_at=due,
    )
    return await kept(wanted)


async def kept(wanted: CallList) -> CallList:
    """The list of that cause: this one, or the earlier."""
    await CallList.bulk_create([wanted], ignore_conflicts=True)
    return await CallList.get(reason=wanted.reason, cause_id=wanted.cause_id)


def standing_marks(marks: Iterable[Mark]) -> list[Mark]:
    """ "Not reached" right after "reached" takes that back."""
    standing: list[Mark] = []
    for mark in marks:
        if mark.result is CallResult.NOT_REACHED and standing and standing[-1].result is CallResult.REACHED:
            standing.pop()
        else:
            standing.append(mark)
    return standing


@dataclass(frozen=True, slots=True)
class Recipient:
    id: UUID
    created_at: datetime
    group_id: UUID
    participant_id: UUID
    state: RegistrationState
    email_key: str | None
    refused_at: datetime | None
    is_minor: bool
    reached_at: datetime | None
    is_apart: bool
    told_number: int | None
    heard_number: int | None

    @property
    def takes_mail(self) -> bool:
        """False: no mail is sent, or the address refused the last message."""
        return self.email_key is not None and self.refused_at is None and get_settings().sends_mail

    @property
    def is_counted(self) -> bool:
        return self.state is not RegistrationState.CANCELLED

    @property
    def mailbox(self) -> Mailbox:
        """People of a group with one address share it; an adult with a claimed link does not."""
        return (self.id, None) if self.is_apart else (self.group_id, self.email_key)


PEOPLE = """
    SELECT this.training_id, this.id, this.created_at, this.group_id, this.participant_id, this.state, this.told_number,
        this.heard_number, person.email_key, person.email_refused_at, person.age_group, party.reached_at
    FROM registration AS this
    JOIN participant AS person ON person.id = this.participant_id
    JOIN registration_group AS party ON party.id = this.group_id
    WHERE this.training_id IN ?list ORDER BY this.id
"""
WITHDRAWN = """
    SELECT consent.participant_id FROM registration AS this
    JOIN consent ON consent.participant_id = this.participant_id
    WHERE this.training_id IN ?list AND consent.withdrawn_at IS NOT NULL AND consent.purpose = 'data'
    UNION SELECT guardian.participant_id FROM registration AS this
    JOIN guardian ON guardian.participant_id = this.participant_id
    WHERE this.training_id IN ?list AND guardian.withdrawn_at IS NOT NULL
"""
CLAIMED = """
    SELECT link.registration_id FROM own_link AS link JOIN registration_group AS party ON party.id = link.group_id
    WHERE party.training_id IN ?list AND link.scope = 'person' AND link.claimed_at IS NOT NULL
        AND link.revoked_at IS NULL
"""
"""Their holders read nothing of others of the form, nor the reverse."""
REFUSALS = """
    SELECT participant_id, email_refused_at FROM guardian
    WHERE participant_id IN ?list AND withdrawn_at IS NULL AND email IS NOT NULL ORDER BY created_at, id
"""


async def people_of(training_ids: Collection[UUID]) -> dict[UUID, list[Recipient]]:
    """By training, in order of sign-up; without people whom nobody may call: for minors the guardian's consent
    counts.
    """
    asked = list(training_ids)
    if not asked:
        return {}
    everybody, withdrawn, claimed = await sql.tables(
        [Statement(PEOPLE, [asked]), Statement(WITHDRAWN, [asked, asked]), Statement(CLAIMED, [asked])]
    )
    apart = {as_uuid(key) for (key,) in claimed}
    # Withdrawals are few, so only those are checked for a later consent.
    gone = await _gone(sorted(as_uuid(key) for (key,) in withdrawn))
    people: dict[UUID, list[Recipient]] = defaultdict(list)
    for training_id, *columns in everybody:
        person = _person(columns, apart)
        if person.participant_id not in gone:
            people[as_uuid(training_id)].append(person)
    refusals = await _guardians_refusals([one.participant_id for own in people.values() for one in own if one.is_minor])
    return {key: [_as_refused(one, refusals) for one in own] for key, own in people.items()}


async def _gone(people: Sequence[UUID]) -> set[UUID]:
    gone = set[UUID]()
    for first in range(0, len(people), AT_ONCE):
        gone |= await without_permission(people[first : first + AT_ONCE])
    return gone


def _person(columns: Sequence[Any], apart: Collection[UUID]) -> Recipient:
    key, created_at, group_id, participant_id, state, told, heard, email_key, refused_at, age, reached_at = columns
    registration_id = as_uuid(key)
    return Recipient(
        id=registration_id,
        created_at=as_moment(created_at),
        group_id=as_uuid(group_id),
        participant_id=as_uuid(participant_id),
        state=RegistrationState(state),
        email_key=email_key,
        refused_at=refused_at and as_moment(refused_at),
        is_minor=age is not None and AgeGroup(age).is_minor,
        reached_at=reached_at and as_moment(reached_at),
        is_apart=registration_id in apart,
        told_number=told,
        heard_number=heard,
    )


def _as_refused(person: Recipient, refusals: Mapping[UUID, datetime]) -> Recipient:
    """A minor's address is the guardian's."""
    return replace(person, refused_at=refusals.get(person.participant_id)) if person.is_minor else person


async def _guardians_refusals(minors: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the last guardian's address refused, by minor."""
    if not minors:
        return {}
    newest: dict[str | UUID, str | datetime | None] = dict(await sql.tuples(REFUSALS, list(minors), are_few=True))
    return {as_uuid(minor): as_moment(refused_at) for minor, refused_at in newest.items() if refused_at is not None}


def by_mailbox(jobs: Iterable[OutboxJob], everybody: Iterable[Recipient]) -> dict[Mailbox, list[OutboxJob]]:
    mailbox_of = {one.id: one.mailbox for one in everybody}
    found: dict[Mailbox, list[OutboxJob]] = defaultdict(list)
    for job in jobs:
        if job.subject_id in mailbox_of:
            found[mailbox_of[job.subject_id]].append(job)
    return found


def for_who_waits(news: Iterable[Difference]) -> list[Difference]:
    """People without a place are not told the address of an online meeting."""
    return [one for one in news if not one.is_other_link or one.kind is not ChangeKind.PLACE]
