"""Browsers of the staff, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from trainings.accounts.models import Role


@pytest.fixture
async def assistant(client: AsyncClient) -> AsyncClient:
    """A browser with somebody who works at the desk of La Libertad."""
    await make.sign_in(client, await make.make_user(Role.ASSISTANT, await make.make_hub()))
    return client


@pytest.fixture
async def desk(new_client: Callable[[], AsyncClient], cast: Cast) -> AsyncClient:
    """A browser of the assistant of this cast."""
    client = new_client()
    await make.sign_in(client, cast.assistant)
    return client
