"""People who can sign in, for the tests of signing in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from trainings.accounts import actions
from trainings.accounts.models import User
from trainings.audit.actor import PROGRAM, Actor

PASSWORD = "cuatro tamales verdes"
ANOTHER = "siete garzas al amanecer"
NOON = datetime(2026, 11, 25, 18, tzinfo=UTC)
Freeze = Callable[[datetime], None]


async def make_user(email: str = "ana@muni.example") -> User:
    return await actions.create_user(email, name="Ana Coc", actor=PROGRAM, password=PASSWORD)


async def sign_in(email: str = "ana@muni.example", password: str = PASSWORD, address: str = "10.0.0.1") -> str:
    token, _session = await actions.sign_in(email, password, address=address)
    return token


async def actor_behind(token: str) -> Actor:
    actor = await actions.load_actor(token)
    assert actor is not None
    return actor
