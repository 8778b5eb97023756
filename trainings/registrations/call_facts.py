"""Everything from which it is worked out who is on a call list, read at once: people, their messages, the marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

from tortoise.expressions import Subquery

from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.outbox.models import Call, CallList, CallReason, CallResult, HolderCall, OutboxJob, Outcome
from trainings.people.consent_actions import without_permission
from trainings.people.models import AgeGroup, Guardian
from trainings.registrations.call_papers import told_of_papers
from trainings.registrations.call_validity import KINDS, moot_lists, sessions_told, told_in_passing
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationGroup, RegistrationState

LOOK_BACK = timedelta(days=1)
"""Who moved up so long before a list of offers was opened is on it, unless an earlier list had them."""
MOVED_UP = "registrations.promote"
"""The audit line of a group that moved up from the waiting list."""
AT_ONCE = 10_000
"""So many keys are asked for in one question: the engines take some thirty thousand."""
TELLING_DATES = frozenset({CallReason.CHANGED, CallReason.REMINDER})
HAS_PLACE = frozenset({RegistrationState.OFFERED, RegistrationState.CONFIRMED})

Mailbox = tuple[UUID, str | None]
Mark = TypeVar("Mark", Call, HolderCall)


@dataclass(frozen=True, slots=True)
class Person:
    """One registration as the working out needs it: no name, no contact."""

    id: UUID
    created_at: datetime
    group_id: UUID
    participant_id: UUID
    state: RegistrationState
    email_key: str | None
    refused_at: datetime | None
    is_minor: bool
    is_look_alike: bool
    reached_at: datetime | None
    is_apart: bool

    @property
    def takes_mail(self) -> bool:
        """Whether there is an address, and it has not refused what was sent there last."""
        return self.email_key is not None and self.refused_at is None

    @property
    def is_counted(self) -> bool:
        """Whether somebody is to hear of it: who cancelled is not, and a look-alike is told as the first one."""
        return self.state is not RegistrationState.CANCELLED and not self.is_look_alike

    @property
    def mailbox(self) -> Mailbox:
        """People of a group with one address are told together; who made their link their own is not."""
        return (self.id, None) if self.is_apart else (self.group_id, self.email_key)


@dataclass(frozen=True, slots=True)
class Around:
    """Everything around some lists of call, read at once."""

    people: Mapping[UUID, Sequence[Person]]
    jobs: Mapping[Mailbox, Sequence[OutboxJob]]
    marks: Mapping[UUID, Mapping[UUID, Sequence[Call]]]
    stopped: frozenset[UUID]
    moved_up: Mapping[UUID, datetime]
    earlier: Mapping[UUID, datetime] = field(default_factory=dict)
    moot: frozenset[UUID] = frozenset()
    before: Mapping[UUID, Sequence[CallList]] = field(default_factory=dict)
    papers: Mapping[UUID, Mapping[UUID, datetime]] = field(default_factory=dict)


async def _before(lists: Sequence[CallList]) -> dict[UUID, list[CallList]]:
    """For each list those whose call tells of all its sessions: of earlier changes, for a reminder of any."""
    asked = [one for one in lists if one.reason in TELLING_DATES]
    if not asked:
        return {}
    trainings = sorted({one.training_id for one in asked})
    found = await reads(CallList).filter(training_id__in=trainings, reason=CallReason.CHANGED).order_by("created_at")
    told = await sessions_told([*asked, *found])
    passing = await told_in_passing(found)
    return {
        one.id: [
            other
            for other in found
            if other.training_id == one.training_id
            and told[one.id]
            and (
                told[one.id] <= told[other.id] | passing.get(other.id, frozenset())
                if one.reason is CallReason.REMINDER
                else told[one.id] <= told[other.id] and other.created_at < one.created_at
            )
        ]
        for one in asked
    }


async def around(asked: Sequence[CallList]) -> Around:
    """What decides who is on these lists. A constant number of questions."""
    before = await _before(asked)
    lists = list({one.id: one for one in (*asked, *chain.from_iterable(before.values()))}.values())
    trainings = sorted({one.training_id for one in lists})
    people = await people_of(trainings)
    everybody = [one for members in people.values() for one in members]
    jobs = await _jobs(lists, everybody)
    offers = [one for one in lists if one.reason is CallReason.OFFERED]
    return Around(
        people=people,
        jobs=jobs,
        marks=await _marks(lists),
        stopped=frozenset(
            job.batch_id for found in jobs.values() for job in found if job.batch_id and job.outcome == Outcome.STOPPED
        ),
        moved_up=await _moved_up(offers),
        earlier=await _ends_of_earlier(offers),
        moot=await moot_lists(lists),
        before=before,
        papers=await told_of_papers(lists),
    )


async def people_of(training_ids: Collection[UUID]) -> dict[UUID, list[Person]]:
    """Everybody who signed up, by training, in the order in which they did; without whom nobody speaks to."""
    rows = await _with_permission(await _registrations(training_ids))
    apart = await _apart(training_ids)
    refusals = await _guardians_refusals([row["participant_id"] for row in rows if _is_minor(row)])
    people: dict[UUID, list[Person]] = defaultdict(list)
    for row in rows:
        people[row["training_id"]].append(_person(row, apart, refusals))
    return people


async def _registrations(training_ids: Collection[UUID]) -> list[dict[str, Any]]:
    found = reads(Registration).filter(training_id__in=list(training_ids)).order_by("id")
    rows: list[dict[str, Any]] = await found.values(
        *("id", "created_at", "training_id", "group_id", "participant_id", "state", "duplicate_of_id"),
        email_key="participant__email_key",
        refused_at="participant__email_refused_at",
        age_group="participant__age_group",
        reached_at="group__reached_at",
    )
    return rows


async def _with_permission(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those who took back the permission for their data, of a minor the guardian's: nobody calls them."""
    people = sorted({row["participant_id"] for row in rows})
    gone: set[UUID] = set()
    for first in range(0, len(people), AT_ONCE):
        gone |= await without_permission(people[first : first + AT_ONCE])
    return [row for row in rows if row["participant_id"] not in gone]


def _is_minor(row: Mapping[str, Any]) -> bool:
    return row["age_group"] is not None and AgeGroup(row["age_group"]).is_minor


def _person(row: Mapping[str, Any], apart: frozenset[UUID], refusals: Mapping[UUID, datetime]) -> Person:
    is_minor = _is_minor(row)
    return Person(
        id=row["id"],
        created_at=row["created_at"],
        group_id=row["group_id"],
        participant_id=row["participant_id"],
        state=RegistrationState(row["state"]),
        email_key=row["email_key"],
        refused_at=refusals.get(row["participant_id"]) if is_minor else row["refused_at"],
        is_minor=is_minor,
        is_look_alike=row["duplicate_of_id"] is not None,
        reached_at=row["reached_at"],
        is_apart=row["id"] in apart,
    )


async def _apart(training_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those who made their link their own: what others of the form read is not for them, nor theirs for the others."""
    links = reads(OwnLink).filter(scope=LinkScope.PERSON, claimed_at__not_isnull=True, revoked_at=None)
    claimed = await links.filter(group__training_id__in=list(training_ids)).values_list("registration_id")
    return frozenset(registration_id for (registration_id,) in claimed)


async def _guardians_refusals(minors: Collection[UUID]) -> dict[UUID, datetime]:
    """Of minors the guardian's address counts: the last one left. Only those are told that it refuses."""
    if not minors:
        return {}
    permitting = reads(Guardian).filter(participant_id__in=list(minors), withdrawn_at=None, email__not_isnull=True)
    rows = await permitting.order_by("created_at", "id").values_list("participant_id", "email_refused_at")
    newest = dict(rows)
    return {minor: refused_at for minor, refused_at in newest.items() if refused_at is not None}


async def _jobs(lists: Sequence[CallList], everybody: Iterable[Person]) -> dict[Mailbox, list[OutboxJob]]:
    """The messages that may have told what these lists do, by mailbox."""
    batches = sorted({one.batch_id for one in lists if one.batch_id is not None})
    found = list(await reads(OutboxJob).filter(batch_id__in=batches)) if batches else []
    alone = [one for one in lists if one.batch_id is None]
    if alone:
        about = reads(OutboxJob).filter(
            hub_id__in=sorted({one.hub_id for one in alone}),
            kind__in=sorted(frozenset().union(*(KINDS[one.reason] for one in alone))),
            run_at__gte=min(one.created_at for one in alone) - LOOK_BACK,
        )
        found += await about
    return by_mailbox(found, everybody)


def by_mailbox(jobs: Iterable[OutboxJob], everybody: Iterable[Person]) -> dict[Mailbox, list[OutboxJob]]:
    """The messages to these people, by the mailbox in which each is read."""
    mailbox_of = {one.id: one.mailbox for one in everybody}
    found: dict[Mailbox, list[OutboxJob]] = defaultdict(list)
    for job in jobs:
        if job.subject_id in mailbox_of:
            found[mailbox_of[job.subject_id]].append(job)
    return found


async def _marks(lists: Sequence[CallList]) -> dict[UUID, dict[UUID, list[Call]]]:
    marks: dict[UUID, dict[UUID, list[Call]]] = defaultdict(lambda: defaultdict(list))
    for mark in await reads(Call).filter(call_list_id__in=[one.id for one in lists]).order_by("created_at", "id"):
        marks[mark.call_list_id][mark.registration_id].append(mark)
    return marks


async def _moved_up(offers: Sequence[CallList]) -> dict[UUID, datetime]:
    """When each group moved up from the waiting list last."""
    if not offers:
        return {}
    trainings = sorted({one.training_id for one in offers})
    groups = reads(RegistrationGroup).filter(training_id__in=trainings, state__in=list(HAS_PLACE))
    moved = Subquery(groups.values("id"))
    lines = reads(AuditLine).filter(act=MOVED_UP, object_id__in=moved).order_by("created_at", "id")
    return dict(await lines.values_list("object_id", "created_at"))


async def _ends_of_earlier(offers: Sequence[CallList]) -> dict[UUID, datetime]:
    """When the list of offers before each of these was closed."""
    if not offers:
        return {}
    trainings = sorted({one.training_id for one in offers})
    closed = reads(CallList).filter(training_id__in=trainings, reason=CallReason.OFFERED, closed_at__not_isnull=True)
    ends: dict[UUID, datetime] = {}
    for training_id, closed_at in await closed.order_by("closed_at").values_list("training_id", "closed_at"):
        for one in offers:
            if one.training_id == training_id and closed_at <= one.created_at:
                ends[one.id] = closed_at
    return ends


def standing_marks(marks: Iterable[Mark]) -> list[Mark]:
    """The marks that stand: "not reached" right after "reached" takes that one back."""
    standing: list[Mark] = []
    for mark in marks:
        if mark.result is CallResult.NOT_REACHED and standing and standing[-1].result is CallResult.REACHED:
            standing.pop()
        else:
            standing.append(mark)
    return standing
