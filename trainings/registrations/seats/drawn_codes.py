"""Short codes for a batch, drawn before it is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from trainings.db import sql
from trainings.db.sql import Pairs, Statement
from trainings.lib import tokens
from trainings.registrations.commands import SignUp

CODES = "SELECT training_id, short_code FROM registration WHERE (training_id, short_code) IN ?pairs"


class Codes:
    """Short codes that no ticket of their training has: a refused row would undo the whole batch."""

    def __init__(self, wishes: Sequence[tuple[UUID, SignUp]]) -> None:
        self._drawn_before: set[tuple[str, str]] = set()
        written = {one: str(one) for one in {training_id for training_id, _wish in wishes}}
        self._drawn = [[self._draw(written[training_id]) for _member in wish.members] for training_id, wish in wishes]

    def questions(self) -> dict[str | UUID, Statement]:
        pairs = [pair for pairs in self._drawn for pair in pairs]
        return {"codes": Statement(CODES, (Pairs(pairs),))} if pairs else {}

    async def free(self, taken: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """Draws taken ones anew."""
        while taken:
            clashing = {(str(row["training_id"]), row["short_code"]) for row in taken}
            self._drawn = [
                [self._draw(pair[0]) if pair in clashing else pair for pair in pairs] for pairs in self._drawn
            ]
            [taken] = await sql.rows_of(list(self.questions().values()))
        return [[code for _training_id, code in pairs] for pairs in self._drawn]

    def _draw(self, training_id: str) -> tuple[str, str]:
        while True:
            pair = (training_id, tokens.short_code())
            if pair not in self._drawn_before:
                self._drawn_before.add(pair)
                return pair
