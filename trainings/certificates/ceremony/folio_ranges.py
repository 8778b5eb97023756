"""Folios as an address or a form writes them: `2027:1-60.62.70-72`, year after year."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Self

from trainings.certificates.models import Certificate
from trainings.errors import Refusal
from trainings.web.i18n import N_

_YEAR = re.compile(r"([0-9]{4}):([0-9]{1,9}(?:-[0-9]{1,9})?(?:\.[0-9]{1,9}(?:-[0-9]{1,9})?)*)")

MOST_RANGES = 5_000
"""Enough for every second of ten thousand papers of a training."""
LONGEST = 60_000
"""In letters; above every form of ours."""


class UnreadableFolios(Refusal):
    code = "unreadable_folios"
    status = 422
    sentence = N_("No se entiende qué folios pide. Corríjalo, o use un botón de esta página.")


class TooManyFolios(Refusal):
    code = "too_many_folios"
    status = 422
    sentence = N_("Son demasiados folios sueltos para una vez. Pida menos, o use un botón de esta página.")


@dataclass(frozen=True)
class FolioRanges:
    """(year, first, last)."""

    ranges: frozenset[tuple[int, int, int]]

    @classmethod
    def of(cls, papers: Iterable[Certificate], *, among: Iterable[Certificate] = ()) -> Self:
        """Of `papers`. A range may span numbers that belong to none of `among`: fewer ranges then say it."""
        numbers = sorted({(one.year, one.number) for one in papers})
        known = {pair: place for place, pair in enumerate(sorted({(one.year, one.number) for one in among}))}
        found = set()
        # Numbers in a row are as far from their places as one another.
        for _key, run in groupby(
            enumerate(numbers), key=lambda one: (one[1][0], known.get(one[1], one[1][1]) - one[0])
        ):
            row = [pair for _place, pair in run]
            found.add((row[0][0], row[0][1], row[-1][1]))
        return cls(frozenset(found))

    @classmethod
    def read(cls, text: str) -> Self:
        """Refuses: UnreadableFolios, TooManyFolios."""
        if len(text) > LONGEST or text.count(".") + text.count(";") >= MOST_RANGES:
            raise TooManyFolios(field="folios")
        found = set()
        for part in text.split(";"):
            year = _YEAR.fullmatch(part)
            if year is None:
                raise UnreadableFolios(field="folios")
            for run in year[2].split("."):
                first, _dash, last = run.partition("-")
                found.add((int(year[1]), int(first), int(last or first)))
        return cls(frozenset(found))

    def __contains__(self, paper: Certificate) -> bool:
        place = bisect_right(self._in_order, (paper.year, paper.number, sys.maxsize)) - 1
        if place < 0:
            return False
        year, first, last = self._in_order[place]
        return year == paper.year and first <= paper.number <= last

    @cached_property
    def _in_order(self) -> list[tuple[int, int, int]]:
        """Without overlaps: ten thousand papers are looked up in thousands of ranges."""
        found = list[tuple[int, int, int]]()
        for year, first, last in sorted(self.ranges):
            if found and found[-1][0] == year and first <= found[-1][2]:
                found[-1] = (year, found[-1][1], max(last, found[-1][2]))
            elif first <= last:
                found.append((year, first, last))
        return found

    def __str__(self) -> str:
        years = groupby(sorted(self.ranges), key=lambda one: one[0])
        return ";".join(
            f"{year}:" + ".".join(str(first) if first == last else f"{first}-{last}" for _year, first, last in runs)
            for year, runs in years
        )
