"""Status lists start from an empty memory in every test: the database behind them is another one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trainings.certificates.status_lists import forget


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    forget()
    yield
    forget()
