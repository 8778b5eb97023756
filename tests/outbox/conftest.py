"""What tests of the outbox share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.outbox.smtp import Peer, smtp_server


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with smtp_server() as server:
        yield server
