"""Who is on a call list: people concerned whom no message reached, worked out whenever it is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any
from uuid import UUID

from tortoise.expressions import Subquery

from trainings import clock
from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.outbox.models import Call, CallList, CallReason, CallResult, OutboxJob, Outcome
from trainings.people.consent_actions import without_permission
from trainings.people.models import AgeGroup, Guardian
from trainings.registrations.call_papers import told_of_papers
from trainings.registrations.call_validity import KINDS, PAPERS, moot_lists, sessions_told
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationGroup, RegistrationState

PATIENCE = timedelta(hours=2)
"""So long after its hour a message may still leave before somebody is called instead."""
LOOK_BACK = timedelta(days=1)
"""Who moved up so long before a list of offers was opened is on it, unless an earlier list had them."""
SAME_MESSAGE = timedelta(hours=12)
"""A reminder's message is of the same day as its list."""
MOVED_UP = "registrations.promote"
"""The audit line of a group that moved up from the waiting list."""
AT_ONCE = 10_000
"""So many keys are asked for in one question: the engines take some thirty thousand."""
TELLING_DATES = frozenset({CallReason.CHANGED, CallReason.REMINDER})
HAS_PLACE = frozenset({RegistrationState.OFFERED, RegistrationState.CONFIRMED})


class Why(StrEnum):
    """Why a message did not do: no address; the address takes nothing; it was not sent; it has not left yet."""

    NO_EMAIL = "no_email"
    REFUSED = "refused"
    FAILED = "failed"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a list. `marks`: what came of each try, a mark that was taken back is not among them."""

    registration_id: UUID
    group_id: UUID
    participant_id: UUID
    state: RegistrationState
    is_apart: bool
    why: Why | None
    marks: Sequence[Call] = ()

    @property
    def is_reached(self) -> bool:
        return bool(self.marks) and self.marks[-1].result is CallResult.REACHED


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
    def mailbox(self) -> tuple[UUID, str | None]:
        """People of a group with one address are told together; who made their link their own is not."""
        return (self.id, None) if self.is_apart else (self.group_id, self.email_key)


@dataclass(frozen=True, slots=True)
class Around:
    """Everything around some lists of call, read at once."""

    people: Mapping[UUID, Sequence[Person]]
    jobs: Mapping[tuple[UUID, str | None], Sequence[OutboxJob]]
    marks: Mapping[UUID, Mapping[UUID, Sequence[Call]]]
    stopped: frozenset[UUID]
    moved_up: Mapping[UUID, datetime]
    earlier: Mapping[UUID, datetime] = field(default_factory=dict)
    moot: frozenset[UUID] = frozenset()
    before: Mapping[UUID, Sequence[CallList]] = field(default_factory=dict)
    papers: Mapping[UUID, Mapping[UUID, datetime]] = field(default_factory=dict)


async def people_on(lists: Sequence[CallList]) -> dict[UUID, list[Listed]]:
    """The people of each list, by its id, in the order in which they signed up. A constant number of questions.

    Who cancelled is on none; who was reached by a message only where a call had reached them before.
    """
    around = await _around(lists, await _before(lists))
    return {one.id: _people_of(one, around) for one in lists}


async def n_to_tell(training_id: UUID) -> tuple[int, int]:
    """How many people on a training a message would reach, and how many only a call: no address, or it takes nothing.

    Of whom nobody speaks: who cancelled, look-alikes, who took back the permission.
    """
    rows = await _with_permission(await _registrations([training_id]))
    refusals = await _guardians_refusals([row["participant_id"] for row in rows if _is_minor(row)])
    people = [_person(row, frozenset(), refusals) for row in rows]
    told = [one for one in people if one.state is not RegistrationState.CANCELLED and not one.is_look_alike]
    with_mail = sum(one.email_key is not None and one.refused_at is None for one in told)
    return with_mail, len(told) - with_mail


def _people_of(call_list: CallList, around: Around) -> list[Listed]:
    found = []
    for person in around.people.get(call_list.training_id, ()):
        standing = _marks_of(call_list, person, around)
        if person.state is RegistrationState.CANCELLED or person.is_look_alike:
            continue
        why = _why(call_list, person, around) if _is_concerned(call_list, person, around) else None
        if not standing and _is_told_elsewhere(call_list, person, around):
            continue
        listed = Listed(person.id, person.group_id, person.participant_id, person.state, person.is_apart, why, standing)
        if why is not None or listed.is_reached:
            found.append(listed)
    return found


def _marks_of(call_list: CallList, person: Person, around: Around) -> list[Call]:
    """The marks that stand. A call about a place that was given back tells nothing of the one that they have now, nor
    one about a certificate of what became of the next.
    """
    marks = around.marks.get(call_list.id, {}).get(person.id, ())
    since = around.moved_up.get(person.group_id) if call_list.reason is CallReason.OFFERED else None
    since = around.papers.get(call_list.id, {}).get(person.id, since)
    return standing_marks(one for one in marks if since is None or one.created_at >= since)


def standing_marks(marks: Iterable[Call]) -> list[Call]:
    """The marks that stand: "not reached" right after "reached" takes that one back."""
    standing: list[Call] = []
    for mark in marks:
        if mark.result is CallResult.NOT_REACHED and standing and standing[-1].result is CallResult.REACHED:
            standing.pop()
        else:
            standing.append(mark)
    return standing


# -- whom it concerns


def _is_concerned(call_list: CallList, person: Person, around: Around) -> bool:
    if call_list.batch_id in around.stopped or call_list.id in around.moot:
        return False
    if call_list.reason is CallReason.OFFERED:
        return _moved_up_unknowing(call_list, person, around)
    if call_list.reason in PAPERS:
        return person.id in around.papers.get(call_list.id, {})
    if person.created_at > call_list.created_at:
        return False  # who signed up afterwards was shown what holds now
    return call_list.reason is not CallReason.REMINDER or person.state is RegistrationState.CONFIRMED


def _moved_up_unknowing(call_list: CallList, person: Person, around: Around) -> bool:
    """Whether the person moved up in the time of this list, and nobody knows yet that they know."""
    moved_at = around.moved_up.get(person.group_id)
    if moved_at is None or person.state not in HAS_PLACE or person.reached_at is not None:
        return False
    earlier = around.earlier.get(call_list.id)
    is_later = earlier is None or moved_at > earlier
    is_recent = moved_at >= call_list.created_at - LOOK_BACK
    return is_later and is_recent and (call_list.closed_at is None or moved_at <= call_list.closed_at)


def _why(call_list: CallList, person: Person, around: Around) -> Why | None:
    """Why somebody concerned has to be called; none where a message reached them, or still may."""
    if person.email_key is None:
        return Why.NO_EMAIL
    jobs = [job for job in around.jobs.get(person.mailbox, ()) if _is_about(call_list, job, person, around)]
    sent_at = max((job.done_at for job in jobs if job.outcome == Outcome.SENT and job.done_at), default=None)
    if person.refused_at is not None and (sent_at is None or sent_at <= person.refused_at):
        return Why.REFUSED
    if sent_at is not None:
        return None
    outcomes = {job.outcome for job in jobs}
    if not jobs or "" in outcomes:
        return Why.LATE if clock.now() > call_list.due_at + PATIENCE else None
    if outcomes <= {Outcome.OVERTAKEN, Outcome.STOPPED}:
        return None
    return Why.REFUSED if Outcome.REFUSED in outcomes else Why.FAILED


def _is_about(call_list: CallList, job: OutboxJob, person: Person, around: Around) -> bool:
    """Whether a message tells what the list does."""
    if call_list.batch_id is not None:
        return job.batch_id == call_list.batch_id
    if job.kind not in KINDS[call_list.reason]:
        return False
    if call_list.reason is CallReason.OFFERED:
        return job.created_at >= around.moved_up[person.group_id]
    if call_list.reason in PAPERS:
        since = around.papers.get(call_list.id, {}).get(person.id)
        return since is not None and job.created_at >= since
    if call_list.reason is CallReason.REMINDER:
        return job.run_at >= call_list.due_at - SAME_MESSAGE
    return job.created_at >= call_list.created_at


def _is_told_elsewhere(call_list: CallList, person: Person, around: Around) -> bool:
    """Whether the call about an earlier change of the same session tells this too: it says what holds now.

    It is right for who was not reached before: they know the date that was left first, not the one in between.
    """
    for earlier in around.before.get(call_list.id, ()):
        marks = _marks_of(earlier, person, around)
        if marks and marks[-1].result is CallResult.REACHED:
            is_told = marks[-1].created_at >= call_list.created_at
        else:
            is_open = earlier.closed_at is None and _is_concerned(earlier, person, around)
            is_told = is_open and _why(earlier, person, around) is not None
        if is_told:
            return True
    return False


# -- reading


async def _before(lists: Sequence[CallList]) -> dict[UUID, list[CallList]]:
    """For each list those whose call tells of all its sessions: of earlier changes, for a reminder of any."""
    asked = [one for one in lists if one.reason in TELLING_DATES]
    if not asked:
        return {}
    trainings = sorted({one.training_id for one in asked})
    found = await reads(CallList).filter(training_id__in=trainings, reason=CallReason.CHANGED).order_by("created_at")
    told = await sessions_told([*asked, *found])
    return {
        one.id: [
            other
            for other in found
            if other.training_id == one.training_id
            and told[one.id]
            and told[one.id] <= told[other.id]
            and (one.reason is CallReason.REMINDER or other.created_at < one.created_at)
        ]
        for one in asked
    }


async def _around(asked: Sequence[CallList], before: Mapping[UUID, Sequence[CallList]]) -> Around:
    lists = list({one.id: one for one in (*asked, *chain.from_iterable(before.values()))}.values())
    trainings = sorted({one.training_id for one in lists})
    rows = await _with_permission(await _registrations(trainings))
    apart = await _apart(trainings)
    refusals = await _guardians_refusals([row["participant_id"] for row in rows if _is_minor(row)])
    people: dict[UUID, list[Person]] = defaultdict(list)
    for row in rows:
        people[row["training_id"]].append(_person(row, apart, refusals))
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


async def _jobs(
    lists: Sequence[CallList], everybody: Sequence[Person]
) -> dict[tuple[UUID, str | None], list[OutboxJob]]:
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
    mailbox_of = {one.id: one.mailbox for one in everybody}
    jobs: dict[tuple[UUID, str | None], list[OutboxJob]] = defaultdict(list)
    for job in found:
        if job.subject_id in mailbox_of:
            jobs[mailbox_of[job.subject_id]].append(job)
    return jobs


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
