"""How many statements an answer costs: for tests that a list of three costs no more than a list of one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

LOGGER = logging.getLogger("tortoise.db_client")
"""Tortoise tells it every statement, of every alias and inside transactions too."""

WITH_VALUES = "%s: %s"


USELESS = re.compile(r"\bOR \(?1=0|1=0\)? OR\b")
"""What Tortoise makes of an empty list beside others, for which SQLite reads the whole table."""


def refuse_useless(texts: Iterable[str]) -> None:
    assert [text for text in texts if USELESS.search(text)] == []


class _Noting(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sent: list[str] = []
        self.first: dict[str, Sequence[Any]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == WITH_VALUES and isinstance(record.args, tuple):
            text, values = record.args
            self.sent.append(str(text))
            self.first.setdefault(str(text), values)  # type: ignore[arg-type]  # what Tortoise sends


@contextmanager
def statements() -> Iterator[list[str]]:
    """The texts of all statements sent meanwhile, none of which may hold a condition that makes others useless."""
    with _noting() as noting:
        yield noting.sent
        refuse_useless(noting.sent)


@contextmanager
def asked() -> Iterator[dict[str, Sequence[Any]]]:
    """Each text sent meanwhile, with the values that it was sent with first."""
    with _noting() as noting:
        yield noting.first


@contextmanager
def _noting() -> Iterator[_Noting]:
    noting, level = _Noting(), LOGGER.level
    LOGGER.addHandler(noting)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield noting
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(noting)
