"""Read in a constant number of statements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.db import reads, sql
from trainings.db.prepared import Select
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import Call, CallList, CallReason, HolderCall, OutboxJob, Outcome
from trainings.registrations.calls.told import Mark, News, news_of
from trainings.registrations.calls.validity import CHANGES, KINDS, moot_lists, sessions_told
from trainings.registrations.messages import Mailbox, Recipient, by_mailbox, people_of
from trainings.registrations.models import (
    Registration,
    RegistrationGroup,
    RegistrationState,
    ReservedBlock,
)

LOOK_BACK = timedelta(days=1)
"""A list of offers holds groups that moved up this long before it opened, unless an earlier list had them."""
HAS_PLACE = frozenset({RegistrationState.OFFERED, RegistrationState.CONFIRMED})
TO_HOLDERS = CHANGES | {CallReason.REMINDER, CallReason.OWN}
"""Free places and certificates belong to people with names, not to holders of cards."""


@dataclass(frozen=True, slots=True)
class Around:
    """`told`: sessions that each list tells of. `marks`: by list and reader. `chosen`: whom staff chose, by their own
    list.
    """

    people: Mapping[UUID, Sequence[Recipient]]
    blocks: Mapping[UUID, Sequence[ReservedBlock]]
    n_cards: Counter[UUID]
    jobs: Mapping[Mailbox, Sequence[OutboxJob]]
    marks: Mapping[UUID, Mapping[UUID, Sequence[Mark]]]
    stopped: frozenset[UUID]
    moved_up: Mapping[UUID, datetime]
    earlier: Mapping[UUID, datetime]
    moot: frozenset[UUID]
    told: Mapping[UUID, frozenset[UUID]]
    papers: Mapping[UUID, Mapping[UUID, datetime]]
    chosen: Mapping[UUID, frozenset[str]]
    news: News


async def around(asked: Sequence[CallList]) -> Around:
    news = await news_of(asked)
    lists = list({one.id: one for one in (*asked, *news.newest.values())}.values())
    trainings = sorted({one.training_id for one in lists})
    people = await people_of(trainings)
    everybody = [one for members in people.values() for one in members]
    blocks = await _blocks({one.training_id for one in lists if one.reason in TO_HOLDERS})
    jobs = await _jobs(lists, everybody)
    offers = [one for one in lists if one.reason is CallReason.OFFERED]
    return Around(
        people=people,
        blocks={key: [one for one in blocks if one.training_id == key] for key in trainings},
        n_cards=await _n_cards(blocks),
        jobs=jobs,
        marks=await _marks(lists, with_holders=bool(blocks)),
        stopped=frozenset(
            job.batch_id for found in jobs.values() for job in found if job.batch_id and job.outcome == Outcome.STOPPED
        ),
        moved_up=await _moved_up(offers),
        earlier=await _ends_of_earlier(offers),
        moot=await moot_lists(lists),
        told=await sessions_told(lists),
        papers=await told_of_papers(lists),
        chosen={one.id: frozenset(one.chosen or ()) for one in lists},
        news=news,
    )


OF_BATCHES = Select(OutboxJob, where="this.batch_id IN ?list")
OF_KINDS = Select(OutboxJob, where="this.hub_id IN ?list AND this.kind IN ?list AND this.run_at >= ?")


async def _jobs(lists: Sequence[CallList], everybody: Iterable[Recipient]) -> dict[Mailbox, list[OutboxJob]]:
    batches = sorted({one.batch_id for one in lists if one.batch_id is not None})
    found = await OF_BATCHES.rows(batches) if batches else []
    alone = [one for one in lists if one.batch_id is None and KINDS[one.reason]]
    if alone:
        found += await OF_KINDS.rows(
            sorted({one.hub_id for one in alone}),
            sorted(frozenset().union(*(KINDS[one.reason] for one in alone))),
            min(one.created_at for one in alone) - LOOK_BACK,
        )
    return by_mailbox(found, everybody)


CALLS = Select(Call, where="this.call_list_id IN ?list", order="this.created_at, this.id")
TO_HOLDERS_OF_CARDS = Select(HolderCall, where="this.call_list_id IN ?list", order="this.created_at, this.id")


async def _marks(lists: Sequence[CallList], *, with_holders: bool) -> dict[UUID, dict[UUID, list[Mark]]]:
    marks: dict[UUID, dict[UUID, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    ids = [one.id for one in lists]
    for call in await CALLS.rows(ids):
        marks[call.call_list_id][call.registration_id].append(call)
    for told in await TO_HOLDERS_OF_CARDS.rows(ids) if with_holders else ():
        marks[told.call_list_id][told.block_id].append(told)
    return marks


async def holders_of(training_ids: Collection[UUID]) -> list[ReservedBlock]:
    blocks = await _blocks(training_ids)
    n_cards = await _n_cards(blocks)
    return [one for one in blocks if n_cards[one.id]]


BLOCKS = Select(
    ReservedBlock,
    "municipality",
    where="this.training_id IN ?list",
    order="this.created_at, this.id",
    are_few=True,
)
NAMELESS = "SELECT block_id, COUNT(*) FROM card WHERE block_id IN ?list AND state = 'open' GROUP BY block_id"


async def _blocks(training_ids: Collection[UUID]) -> list[ReservedBlock]:
    return await BLOCKS.rows(sorted(training_ids)) if training_ids else []


async def _n_cards(blocks: Sequence[ReservedBlock]) -> Counter[UUID]:
    found = await sql.tuples(NAMELESS, [one.id for one in blocks]) if blocks else ()
    return Counter({sql.as_uuid(block_id): n for block_id, n in found})


async def _moved_up(offers: Sequence[CallList]) -> dict[UUID, datetime]:
    if not offers:
        return {}
    trainings = sorted({one.training_id for one in offers})
    groups = reads(RegistrationGroup).filter(training_id__in=trainings, state__in=list(HAS_PLACE))
    return dict(await groups.filter(moved_up_at__not_isnull=True).values_list("id", "moved_up_at"))


async def _ends_of_earlier(offers: Sequence[CallList]) -> dict[UUID, datetime]:
    """When the training's earlier list of offers was closed."""
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


Paper = tuple[UUID, str]
KEPT = timedelta(days=30)
"""Letters are deleted after this; their readers count as told."""
AT_LONGEST = timedelta(days=1)
"""A list tells of nothing annulled earlier than this before it opened: earlier lists get deleted."""


async def told_of_papers(lists: Sequence[CallList]) -> dict[UUID, dict[UUID, datetime]]:
    """By list: registrations to tell, each with since when; calls before were about another paper.

    A person with a valid paper of the kind, or a certificado instead of a diploma, is told of that alone. Papers never
    valid nor handed over, handed over already, or without their name are not told.
    """
    asked = [one for one in lists if one.reason in (CallReason.CERTIFICATE, CallReason.ANNULLED)]
    if not asked:
        return {}
    rows = await _known_papers({one.training_id for one in asked})
    waiting = {
        row["id"]
        for row in rows
        if row["state"] == "valid" and row["handed_over_at"] is None and row["erased_at"] is None
    }
    valid: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    standing: set[Paper] = set()
    annulled: dict[UUID, list[tuple[datetime, Paper]]] = defaultdict(list)
    for row in rows:
        if row["state"] == "valid":
            own = valid[row["training_id"]]
            own[row["id"]] = max(row["validated_at"], own.get(row["id"], row["validated_at"]))
            standing.add((row["id"], row["kind"]))
            if row["kind"] == "certificado":
                standing.add((row["id"], "diploma"))
        elif row["revoked_at"] is not None and row["erased_at"] is None:
            annulled[row["training_id"]].append((row["revoked_at"], (row["id"], row["kind"])))
    still_kept = clock.now() - KEPT
    before = await _lists_before(asked)
    return {
        one.id: {key: at for key, at in valid[one.training_id].items() if key in waiting and at > still_kept}
        if one.reason is CallReason.CERTIFICATE
        else _since(before.get(one.id), one, annulled[one.training_id], but=standing)
        for one in asked
    }


async def _known_papers(training_ids: Collection[UUID]) -> list[dict[str, Any]]:
    known = Q(certificates__validated_at__not_isnull=True) | Q(certificates__handed_over_at__not_isnull=True)
    papers = reads(Registration).filter(known, training_id__in=sorted(training_ids))
    return await papers.values(
        "id",
        "training_id",
        kind="certificates__kind",
        state="certificates__state",
        validated_at="certificates__validated_at",
        revoked_at="certificates__revoked_at",
        handed_over_at="certificates__handed_over_at",
        erased_at="certificates__erased_at",
    )


def _since(
    before: datetime | None, call_list: CallList, acts: Iterable[tuple[datetime, Paper]], *, but: Collection[Paper]
) -> dict[UUID, datetime]:
    """When each was annulled after the earlier list; `but` have a valid paper."""
    until, since = _annulled_till(call_list.due_at), before or call_list.created_at - AT_LONGEST
    own = [(at, paper) for at, paper in sorted(acts) if since < at <= until]
    return {paper[0]: at for at, paper in own if paper not in but}


async def _lists_before(lists: Sequence[CallList]) -> dict[UUID, datetime]:
    trainings = sorted({one.training_id for one in lists if one.reason is CallReason.ANNULLED})
    if not trainings:
        return {}
    every = reads(CallList).filter(training_id__in=trainings, reason=CallReason.ANNULLED).order_by("due_at", "id")
    newest: dict[UUID, datetime] = {}
    before = {}
    for list_id, training_id, due_at in await every.values_list("id", "training_id", "due_at"):
        if training_id in newest:
            before[list_id] = _annulled_till(newest[training_id])
        newest[training_id] = due_at
    return before


def _annulled_till(due_at: datetime) -> datetime:
    """A list opens with its act and is due once that cannot be stopped any more."""
    return due_at - STAFF_DELAY
