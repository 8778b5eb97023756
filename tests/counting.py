"""How many statements an answer costs: for tests that a list of three costs no more than a list of one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger("tortoise.db_client")
"""Tortoise tells it every statement, of every alias and inside transactions too."""

WITH_VALUES = "%s: %s"


class _Noting(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sent: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == WITH_VALUES and isinstance(record.args, tuple):
            self.sent.append(str(record.args[0]))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The texts of all statements sent meanwhile."""
    noting, level = _Noting(), LOGGER.level
    LOGGER.addHandler(noting)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield noting.sent
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(noting)
