"""The holder of nameless cards is called for everybody who will come with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings.db import reads
from trainings.outbox.models import CallList, CallReason, CallResult, HolderCall
from trainings.registrations.call_lists import standing_marks
from trainings.registrations.calls.facts import Around
from trainings.registrations.calls.overlaps import is_told_elsewhere
from trainings.registrations.calls.validity import CHANGES
from trainings.registrations.models import Card, CardState, ReservedBlock
from trainings.schedule.changes import Difference

TOLD = frozenset({CallReason.CHANGED, CallReason.CANCELLED, CallReason.REMINDER})
"""Reasons that concern holders; free places and certificates belong to people with names."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Holds `n_cards` nameless cards. `marks`: valid results of tries. `news`: what they do not know of sessions; None:
    not on record.
    """

    block: ReservedBlock
    n_cards: int
    marks: Sequence[HolderCall] = ()
    news: Sequence[Difference] | None = None

    @property
    def id(self) -> UUID:
        return self.block.id

    @property
    def is_reached(self) -> bool:
        return bool(self.marks) and self.marks[-1].result is CallResult.REACHED


Marks = dict[UUID, dict[UUID, list[HolderCall]]]


async def holders_on(lists: Sequence[CallList], around: Around) -> dict[UUID, list[Holder]]:
    """By list id, in the order of their blocks. A reached holder stays though all cards have names or were given
    back.
    """
    concerned = [one for one in lists if one.reason in TOLD]
    if not concerned:
        return {}
    blocks = await _blocks({one.training_id for one in concerned})
    n_cards = await _n_cards([one.id for one in blocks])
    marks = await _marks({one.id for one in (*concerned, *around.news.newest.values())}) if blocks else {}
    return {
        one.id: [
            _holder(one, block, n_cards[block.id], marks, around)
            for block in blocks
            if block.training_id == one.training_id and _is_on(one, block, n_cards[block.id], marks, around)
        ]
        for one in concerned
    }


def _holder(call_list: CallList, block: ReservedBlock, n_cards: int, marks: Marks, around: Around) -> Holder:
    own = standing_marks(_of(marks, call_list, block))
    return Holder(block, n_cards, own, around.news.of(call_list, block, own))


async def holders_of(training_id: UUID) -> list[ReservedBlock]:
    """Blocks with nameless cards of the training."""
    blocks = await _blocks([training_id])
    n_cards = await _n_cards([one.id for one in blocks])
    return [one for one in blocks if n_cards[one.id]]


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
    is_reached = bool(standing) and standing[-1].result is CallResult.REACHED
    if not is_reached and _is_told_elsewhere(call_list, block, marks, around):
        return False
    return is_reached or (n_cards > 0 and _is_concerned(call_list, block, standing, around))


def _is_concerned(call_list: CallList, block: ReservedBlock, marks: Sequence[HolderCall], around: Around) -> bool:
    if call_list.batch_id in around.stopped or call_list.id in around.moot:
        return False
    if call_list.reason in CHANGES and not around.news.is_newest(call_list):
        return False
    if block.created_at > call_list.created_at:
        return False  # who was given cards afterwards was told what holds now
    news = around.news.of(call_list, block, marks)
    return news is None or bool(news)


def _is_told_elsewhere(call_list: CallList, block: ReservedBlock, marks: Marks, around: Around) -> bool:
    def marks_of(one: CallList) -> Sequence[HolderCall]:
        return standing_marks(_of(marks, one, block))

    def is_to_call(one: CallList) -> bool:
        return _is_concerned(one, block, marks_of(one), around)

    return is_told_elsewhere(call_list, block, around, marks_of=marks_of, is_to_call=is_to_call)
