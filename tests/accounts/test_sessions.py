"""How long a session lasts, and how it is ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tortoise.exceptions import OperationalError

from tests.accounts.people import NOON, PASSWORD, Freeze, actor_behind, make_user, sign_in
from tests.cast import make_cast
from trainings.accounts import actions, passwords
from trainings.accounts.models import Role, RoleGrant, StaffSession, User
from trainings.audit.actor import VISITOR
from trainings.audit.models import AuditLine
from trainings.settings import Settings

# -- how long a session lasts


@pytest.mark.parametrize(
    ("name", "idle", "absolute"),
    [
        ("facilitator", timedelta(hours=12), timedelta(hours=16)),
        ("assistant", timedelta(hours=12), timedelta(hours=16)),
        ("coordinator", timedelta(hours=2), timedelta(hours=12)),
        ("admin", timedelta(hours=2), timedelta(hours=12)),
        ("monitor", timedelta(hours=2), timedelta(hours=12)),
        ("platform", timedelta(hours=2), timedelta(hours=12)),
    ],
)
async def test_session_ends_when_idle_or_old(
    sqlite_db: Settings, freeze: Freeze, name: str, idle: timedelta, absolute: timedelta
) -> None:
    freeze(NOON)
    user: User = getattr(await make_cast(), name)
    await User.filter(id=user.id).update(password_hash=await passwords.make_hash(PASSWORD))
    unused, used = await sign_in(user.email), await sign_in(user.email)

    freeze(NOON + idle - timedelta(seconds=1))
    assert await actions.load_actor(used) is not None
    freeze(NOON + idle)
    assert await actions.load_actor(unused) is None
    step = NOON + idle
    while step < NOON + absolute:
        freeze(step)
        assert await actions.load_actor(used) is not None, step
        step += timedelta(hours=1)
    freeze(NOON + absolute)
    assert await actions.load_actor(used) is None


async def test_session_of_several_roles_lasts_as_long_as_the_strictest(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    cast = await make_cast()
    await RoleGrant.create(user=cast.facilitator, role=Role.MONITORING_OFFICER)
    await User.filter(id=cast.facilitator.id).update(password_hash=await passwords.make_hash(PASSWORD))

    token = await sign_in(cast.facilitator.email)

    freeze(NOON + timedelta(hours=2))
    assert await actions.load_actor(token) is None


async def test_use_is_noted_at_most_once_a_minute(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    await make_user()
    token = await sign_in()

    freeze(NOON + timedelta(seconds=59))
    await actor_behind(token)
    assert (await StaffSession.get()).seen_at == NOON
    freeze(NOON + timedelta(seconds=60))
    await actor_behind(token)
    assert (await StaffSession.get()).seen_at == NOON + timedelta(seconds=60)


async def test_page_is_shown_while_nothing_can_be_written(
    sqlite_db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze(NOON)
    user = await make_user()
    token = await sign_in()
    freeze(NOON + timedelta(minutes=5))

    def full(**_columns: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(StaffSession, "filter", full)

    assert (await actor_behind(token)).id == user.id


async def test_closed_account_is_out_at_once(db: Settings) -> None:
    user = await make_user()
    token = await sign_in()

    await User.filter(id=user.id).update(is_active=False)

    assert await actions.load_actor(token) is None


# -- ending sessions


async def test_sign_out_kills_the_session_and_leaves_one_line(db: Settings) -> None:
    await make_user()
    token, other = await sign_in(), await sign_in()
    actor = await actor_behind(token)

    await actions.sign_out(token, actor=actor)
    await actions.sign_out(token, actor=VISITOR)
    await actions.sign_out("unknown", actor=VISITOR)

    assert await actions.load_actor(token) is None
    assert await actions.load_actor(other) is not None
    assert await AuditLine.filter(act="accounts.sign_out").count() == 1
