"""Who holds cards without a name for a community: those who will come with them are nobody yet, so the holder is called
for all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from trainings.db import reads
from trainings.outbox.models import CallList, CallReason, CallResult, HolderCall
from trainings.registrations.call_facts import Around, standing_marks
from trainings.registrations.models import Card, CardState, ReservedBlock

TOLD = frozenset({CallReason.CHANGED, CallReason.CANCELLED, CallReason.REMINDER})
"""What concerns somebody who has cards; a place that became free and a certificate are of people with names."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with `n_cards` cards that nobody has put a name on. `marks`: what came of each try, as they stand."""

    block: ReservedBlock
    n_cards: int
    marks: Sequence[HolderCall] = ()

    @property
    def id(self) -> UUID:
        return self.block.id

    @property
    def is_reached(self) -> bool:
        return bool(self.marks) and self.marks[-1].result is CallResult.REACHED


Marks = dict[UUID, dict[UUID, list[HolderCall]]]


async def holders_on(lists: Sequence[CallList], around: Around) -> dict[UUID, list[Holder]]:
    """The holders of each list, by its id, in the order in which the cards were set apart.

    Who was reached stays on it though all cards have names by now, or were given back.
    """
    concerned = [one for one in lists if one.reason in TOLD]
    if not concerned:
        return {}
    blocks = await _blocks({one.training_id for one in concerned})
    n_cards = await _n_cards([one.id for one in blocks])
    earlier = chain.from_iterable(around.before.get(one.id, ()) for one in concerned)
    marks = await _marks({one.id for one in (*concerned, *earlier)}) if blocks else {}
    return {
        one.id: [
            Holder(block, n_cards[block.id], standing_marks(_of(marks, one, block)))
            for block in blocks
            if block.training_id == one.training_id and _is_on(one, block, n_cards[block.id], marks, around)
        ]
        for one in concerned
    }


async def n_holders(training_id: UUID) -> int:
    """How many people hold cards without a name of this training."""
    return len(await _n_cards([one.id for one in await _blocks([training_id])]))


async def _blocks(training_ids: Collection[UUID]) -> list[ReservedBlock]:
    found = reads(ReservedBlock).filter(training_id__in=sorted(training_ids)).order_by("created_at", "id")
    return await found.prefetch_related("municipality")


async def _n_cards(block_ids: Collection[UUID]) -> Counter[UUID]:
    if not block_ids:
        return Counter()
    nameless = reads(Card).filter(block_id__in=list(block_ids), state=CardState.OPEN)
    return Counter(block_id for (block_id,) in await nameless.values_list("block_id"))


async def _marks(list_ids: Collection[UUID]) -> Marks:
    marks: Marks = defaultdict(lambda: defaultdict(list))
    for mark in await reads(HolderCall).filter(call_list_id__in=sorted(list_ids)).order_by("created_at", "id"):
        marks[mark.call_list_id][mark.block_id].append(mark)
    return marks


def _of(marks: Marks, call_list: CallList, block: ReservedBlock) -> Sequence[HolderCall]:
    return marks.get(call_list.id, {}).get(block.id, ())


def _is_on(call_list: CallList, block: ReservedBlock, n_cards: int, marks: Marks, around: Around) -> bool:
    standing = standing_marks(_of(marks, call_list, block))
    if not standing and _is_told_elsewhere(call_list, block, marks, around):
        return False
    is_reached = bool(standing) and standing[-1].result is CallResult.REACHED
    return is_reached or (n_cards > 0 and _is_concerned(call_list, block, around))


def _is_concerned(call_list: CallList, block: ReservedBlock, around: Around) -> bool:
    if call_list.batch_id in around.stopped or call_list.id in around.moot:
        return False
    return block.created_at <= call_list.created_at  # who was given cards afterwards was told what holds now


def _is_told_elsewhere(call_list: CallList, block: ReservedBlock, marks: Marks, around: Around) -> bool:
    """Whether the call about an earlier change tells this too, as for everybody else."""
    return _is_told_by(around.before.get(call_list.id, ()), call_list, block, marks, around)


def _is_told_by(lists: Sequence[CallList], of: CallList, block: ReservedBlock, marks: Marks, around: Around) -> bool:
    for n, earlier in enumerate(lists):
        standing = standing_marks(_of(marks, earlier, block))
        if standing and standing[-1].result is CallResult.REACHED:
            is_told = standing[-1].created_at >= of.created_at
        else:
            is_open = earlier.closed_at is None and _is_concerned(earlier, block, around)
            is_told = is_open and not _is_told_by(lists[:n], earlier, block, marks, around)
        if is_told:
            return True
    return False
