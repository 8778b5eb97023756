"""People as messages and calls reach them, without names and contacts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tortoise.expressions import Subquery

from trainings import clock
from trainings.db import is_in_transaction, reads
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY, enqueue
from trainings.outbox.models import Call, CallList, CallReason, CallResult, HolderCall, OutboxJob
from trainings.people.consents import without_permission
from trainings.people.models import AgeGroup, Consent, ConsentPurpose, Guardian, Participant
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationState
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


async def people_of(training_ids: Collection[UUID]) -> dict[UUID, list[Recipient]]:
    """By training, in order of sign-up; without people whom nobody may call."""
    gone = await _without_permission(training_ids)
    rows = [row for row in await _registrations(training_ids) if row["participant_id"] not in gone]
    apart = await _apart(training_ids)
    refusals = await _guardians_refusals([row["participant_id"] for row in rows if _is_minor(row)])
    people: dict[UUID, list[Recipient]] = defaultdict(list)
    for row in rows:
        people[row["training_id"]].append(_person(row, apart, refusals))
    return people


async def _registrations(training_ids: Collection[UUID]) -> list[dict[str, Any]]:
    found = reads(Registration).filter(training_id__in=list(training_ids)).order_by("id")
    rows: list[dict[str, Any]] = await found.values(
        *("id", "created_at", "training_id", "group_id", "participant_id", "state"),
        *("told_number", "heard_number"),
        email_key="participant__email_key",
        refused_at="participant__email_refused_at",
        age_group="participant__age_group",
        reached_at="group__reached_at",
    )
    return rows


async def _without_permission(training_ids: Collection[UUID]) -> set[UUID]:
    """Nobody calls them; for minors the guardian's consent counts. Withdrawals are few, so only those are checked for a
    later consent.
    """
    everybody = Subquery(Registration.filter(training_id__in=list(training_ids)).values("participant_id"))
    consents = reads(Consent).filter(participant_id__in=everybody, purpose=ConsentPurpose.DATA)
    guardians = reads(Guardian).filter(participant_id__in=everybody)
    found: set[UUID] = set()
    for given in (consents, guardians):
        taken_back = given.filter(withdrawn_at__not_isnull=True)
        found.update([key for (key,) in await taken_back.values_list("participant_id")])
    people, gone = sorted(found), set[UUID]()
    for first in range(0, len(people), AT_ONCE):
        gone |= await without_permission(people[first : first + AT_ONCE])
    return gone


def _is_minor(row: Mapping[str, Any]) -> bool:
    return row["age_group"] is not None and AgeGroup(row["age_group"]).is_minor


def _person(row: Mapping[str, Any], apart: frozenset[UUID], refusals: Mapping[UUID, datetime]) -> Recipient:
    is_minor = _is_minor(row)
    return Recipient(
        id=row["id"],
        created_at=row["created_at"],
        group_id=row["group_id"],
        participant_id=row["participant_id"],
        state=RegistrationState(row["state"]),
        email_key=row["email_key"],
        refused_at=refusals.get(row["participant_id"]) if is_minor else row["refused_at"],
        is_minor=is_minor,
        reached_at=row["reached_at"],
        is_apart=row["id"] in apart,
        told_number=row["told_number"],
        heard_number=row["heard_number"],
    )


async def _apart(training_ids: Collection[UUID]) -> frozenset[UUID]:
    """Claimed links: their holders read nothing of others of the form, nor the reverse."""
    links = reads(OwnLink).filter(scope=LinkScope.PERSON, claimed_at__not_isnull=True, revoked_at=None)
    claimed = await links.filter(group__training_id__in=list(training_ids)).values_list("registration_id")
    return frozenset(registration_id for (registration_id,) in claimed)


async def _guardians_refusals(minors: Collection[UUID]) -> dict[UUID, datetime]:
    """When the last guardian's address refused, by minor."""
    if not minors:
        return {}
    permitting = reads(Guardian).filter(participant_id__in=list(minors), withdrawn_at=None, email__not_isnull=True)
    rows = await permitting.order_by("created_at", "id").values_list("participant_id", "email_refused_at")
    newest = dict(rows)
    return {minor: refused_at for minor, refused_at in newest.items() if refused_at is not None}


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
