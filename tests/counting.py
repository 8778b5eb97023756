"""How many statements an answer costs: for tests that a list of three costs no more than a list of one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == WITH_VALUES and isinstance(record.args, tuple):
            self.sent.append(str(record.args[0]))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The texts of all statements sent meanwhile, none of which may hold a condition that makes others useless."""
    noting, level = _Noting(), LOGGER.level
    LOGGER.addHandler(noting)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield noting.sent
        refuse_useless(noting.sent)
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(noting)
