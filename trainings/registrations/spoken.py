"""What calls told: which marks of a list stand, and what somebody who was reached heard then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from trainings.db import reads
from trainings.outbox.models import Call, CallList, CallResult, HolderCall
from trainings.registrations.call_validity import CHANGES, PAPERS, sessions_told
from trainings.registrations.knowing import Word

Mark = TypeVar("Mark", Call, HolderCall)
Marks = Mapping[UUID, Mapping[UUID, Sequence[Mark]]]
"""The marks of lists, in order: by list, and by who was called."""


def standing_marks(marks: Iterable[Mark]) -> list[Mark]:
    """The marks that stand: "not reached" right after "reached" takes that one back."""
    standing: list[Mark] = []
    for mark in marks:
        if mark.result is CallResult.NOT_REACHED and standing and standing[-1].result is CallResult.REACHED:
            standing.pop()
        else:
            standing.append(mark)
    return standing


async def words_by_voice(registration_ids: Collection[UUID]) -> dict[UUID, list[Word]]:
    """What these people were told by calls, about sessions of their trainings."""
    marks: dict[UUID, dict[UUID, list[Call]]] = defaultdict(lambda: defaultdict(list))
    for mark in await reads(Call).filter(registration_id__in=list(registration_ids)).order_by("created_at", "id"):
        marks[mark.call_list_id][mark.registration_id].append(mark)
    if not marks:
        return {}
    lists = await reads(CallList).filter(id__in=sorted(marks))
    return words_of_marks(lists, await sessions_told(lists), marks)


def words_of_marks(
    lists: Iterable[CallList], about: Mapping[UUID, frozenset[UUID]], marks: Marks[Mark]
) -> dict[UUID, list[Word]]:
    """What everybody heard who was reached: each call says how the sessions of its list stand then."""
    words: dict[UUID, list[Word]] = defaultdict(list)
    for one in lists:
        if one.reason in PAPERS:
            continue
        for reader, tries in marks.get(one.id, {}).items():
            standing = standing_marks(tries)
            if standing and standing[-1].result is CallResult.REACHED:
                words[reader].append(Word(standing[-1].created_at, one.reason in CHANGES, about[one.id], one.id))
    return words
