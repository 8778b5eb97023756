from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from trainings.db import reads
from trainings.outbox.models import Call, CallList, CallReason, OutboxJob, Outcome
from trainings.registrations.calls.news import News, news_of
from trainings.registrations.calls.papers import told_of_papers
from trainings.registrations.calls.validity import KINDS, moot_lists, sessions_told
from trainings.registrations.models import RegistrationGroup, RegistrationState
from trainings.registrations.recipients import Mailbox, Person, by_mailbox, people_of

LOOK_BACK = timedelta(days=1)
"""A list of offers also holds groups that moved up so long before it opened, unless an earlier list had them."""
HAS_PLACE = frozenset({RegistrationState.OFFERED, RegistrationState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Around:
    """What decides who is on some call lists. `told`: sessions that each list tells of."""

    people: Mapping[UUID, Sequence[Person]]
    jobs: Mapping[Mailbox, Sequence[OutboxJob]]
    marks: Mapping[UUID, Mapping[UUID, Sequence[Call]]]
    stopped: frozenset[UUID]
    moved_up: Mapping[UUID, datetime]
    earlier: Mapping[UUID, datetime] = field(default_factory=dict)
    moot: frozenset[UUID] = frozenset()
    told: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    papers: Mapping[UUID, Mapping[UUID, datetime]] = field(default_factory=dict)
    news: News = field(default_factory=News)


async def around(asked: Sequence[CallList]) -> Around:
    """A constant number of statements."""
    news = await news_of(asked)
    lists = list({one.id: one for one in (*asked, *news.newest.values())}.values())
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
        told=await sessions_told(lists),
        papers=await told_of_papers(lists),
        news=news,
    )


async def _jobs(lists: Sequence[CallList], everybody: Iterable[Person]) -> dict[Mailbox, list[OutboxJob]]:
    """Messages that may have told the same, by mailbox."""
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


async def _marks(lists: Sequence[CallList]) -> dict[UUID, dict[UUID, list[Call]]]:
    marks: dict[UUID, dict[UUID, list[Call]]] = defaultdict(lambda: defaultdict(list))
    for mark in await reads(Call).filter(call_list_id__in=[one.id for one in lists]).order_by("created_at", "id"):
        marks[mark.call_list_id][mark.registration_id].append(mark)
    return marks


async def _moved_up(offers: Sequence[CallList]) -> dict[UUID, datetime]:
    """The last time, by group."""
    if not offers:
        return {}
    trainings = sorted({one.training_id for one in offers})
    groups = reads(RegistrationGroup).filter(training_id__in=trainings, state__in=list(HAS_PLACE))
    return dict(await groups.filter(moved_up_at__not_isnull=True).values_list("id", "moved_up_at"))


async def _ends_of_earlier(offers: Sequence[CallList]) -> dict[UUID, datetime]:
    """When the training's list of offers before each was closed."""
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
