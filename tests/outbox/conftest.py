"""What tests of the outbox share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.outbox.make_jobs import Sending, with_smtp, working
from tests.outbox.smtp import Peer, smtp_server
from trainings.settings import get_settings


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with smtp_server() as server:
        yield server


@pytest.fixture
def sending(peer: Peer) -> Sending:
    """A worker that hands its messages to the peer, for the length of a block; it takes what `working` takes."""

    def start(*args: Any, **how: Any) -> Any:
        return working(with_smtp(get_settings(), peer.url), *args, **how)

    return start
