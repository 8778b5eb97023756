"""One-time links, and changing the password."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.accounts.people import ANOTHER, NOON, PASSWORD, Freeze, actor_behind, make_user, sign_in
from trainings.accounts import actions
from trainings.accounts.actions import WrongPassword, WrongSignIn
from trainings.accounts.models import SignInLink, StaffSession, User
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.errors import NotFound
from trainings.limits.actions import TooManyTries
from trainings.settings import Settings

# -- one-time links


async def test_link_sets_the_password_signs_in_and_works_once(db: Settings) -> None:
    user = await make_user()
    old = await sign_in()
    link = await actions.make_sign_in_link(user, actor=PROGRAM)

    token, _session = await actions.use_sign_in_link(link, ANOTHER)

    assert (await actor_behind(token)).id == user.id
    assert await actions.load_actor(old) is None
    await sign_in(password=ANOTHER)
    with pytest.raises(WrongSignIn):
        await sign_in(password=PASSWORD)
    with pytest.raises(NotFound):
        await actions.use_sign_in_link(link, PASSWORD)


async def test_link_lives_24_hours(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    link = await actions.make_sign_in_link(await make_user(), actor=PROGRAM)

    freeze(NOON + timedelta(hours=24))

    with pytest.raises(NotFound):
        await actions.use_sign_in_link(link, ANOTHER)


async def test_link_of_a_closed_account_is_not_found(db: Settings) -> None:
    user = await make_user()
    link = await actions.make_sign_in_link(user, actor=PROGRAM)
    await User.filter(id=user.id).update(is_active=False)

    with pytest.raises(NotFound):
        await actions.use_sign_in_link(link, ANOTHER)


async def test_link_used_twice_at_the_same_moment_works_once(db: Settings) -> None:
    link = await actions.make_sign_in_link(await make_user(), actor=PROGRAM)

    outcomes = await asyncio.gather(
        actions.use_sign_in_link(link, ANOTHER),
        actions.use_sign_in_link(link, "ocho ranas en la poza"),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound", "tuple"]
    assert (await SignInLink.get()).used_at is not None
    assert await StaffSession.filter(ended_at=None).count() == 1


# -- changing the password


async def test_change_password_needs_the_current_one_and_ends_other_sessions(db: Settings) -> None:
    await make_user()
    token, other = await sign_in(), await sign_in()
    actor = await actor_behind(token)

    with pytest.raises(WrongPassword) as refused:
        await actions.change_password(ANOTHER, ANOTHER, token=token, actor=actor)
    assert refused.value.field == "current_password"
    await actions.change_password(PASSWORD, ANOTHER, token=token, actor=actor)

    assert await actions.load_actor(token) is not None
    assert await actions.load_actor(other) is None
    await sign_in(password=ANOTHER)
    assert await AuditLine.filter(act="accounts.change_password").count() == 1


async def test_current_password_cannot_be_guessed_without_end(db: Settings) -> None:
    await make_user()
    token = await sign_in()
    actor = await actor_behind(token)
    for _ in range(9):
        with pytest.raises(WrongPassword):
            await actions.change_password(ANOTHER, ANOTHER, token=token, actor=actor)

    with pytest.raises(TooManyTries):
        await actions.change_password(PASSWORD, ANOTHER, token=token, actor=actor)
