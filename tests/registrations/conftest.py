"""Browsers of the staff, for the tests of this folder."""

from __future__ import annotations

import pytest
from httpx2 import AsyncClient

from tests import make
from trainings.accounts.models import Role


@pytest.fixture
async def assistant(client: AsyncClient) -> AsyncClient:
    """A browser with somebody who works at the desk of La Libertad."""
    await make.sign_in(client, await make.make_user(Role.ASSISTANT, await make.make_hub()))
    return client
