"""Signing in and out, sessions and their ends, links, roles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from tortoise.exceptions import OperationalError

from tests import make
from tests.cast import make_cast
from trainings.accounts import actions, passwords
from trainings.accounts.actions import EmailTaken, WrongPassword, WrongScope, WrongSignIn
from trainings.accounts.models import Role, RoleGrant, SignInLink, StaffSession, User
from trainings.accounts.passwords import PasswordCommon, PasswordTooShort
from trainings.audit.actor import PROGRAM, VISITOR, Actor
from trainings.audit.models import AuditLine
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.limits.actions import TooManyTries
from trainings.limits.models import RateWindow
from trainings.settings import Settings

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


async def acts() -> list[str]:
    return [line.act for line in await AuditLine.all().order_by("created_at", "id")]


# -- signing in


async def test_sign_in_opens_a_session_of_which_only_the_hash_is_kept(db: Settings) -> None:
    user = await make_user()

    token, session = await actions.sign_in(" Ana@Muni.example ", PASSWORD, address="10.0.0.1")

    assert (await actor_behind(token)).id == user.id
    stored = await StaffSession.get()
    assert (stored.id, stored.token_hash) == (session.id, tokens.digest(token, "session"))
    line = await AuditLine.get(act="accounts.sign_in")
    assert (line.actor_id, line.object_id, line.detail) == (user.id, session.id, {})


async def test_wrong_password_unknown_account_and_closed_account_are_refused_alike(db: Settings) -> None:
    await make_user()
    closed = await make_user("luis@muni.example")
    await User.filter(id=closed.id).update(is_active=False)
    refusals = []

    for email, password in (
        ("ana@muni.example", ANOTHER),
        ("nadie@muni.example", PASSWORD),
        ("luis@muni.example", PASSWORD),
    ):
        with pytest.raises(WrongSignIn) as refused:
            await sign_in(email, password)
        refusals.append((refused.value.status, refused.value.code, str(refused.value)))

    assert set(refusals) == {
        (409, "wrong_sign_in", "El correo o la contraseña no coinciden. Revise los dos y pruebe otra vez.")
    }
    assert await StaffSession.all().count() == 0


async def test_unknown_account_costs_the_same_work(db: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_user()
    never = await make.make_user(None, email="nunca@muni.example")
    checked: list[str] = []
    matches = passwords._matches

    def noted(password: str, password_hash: str) -> bool:
        checked.append(password_hash)
        return matches(password, password_hash)

    monkeypatch.setattr(passwords, "_matches", noted)

    for email in ("ana@muni.example", "nadie@muni.example", never.email):
        with pytest.raises(WrongSignIn):
            await sign_in(email, ANOTHER)

    assert [kept.split("$")[1:4] for kept in checked] == [["argon2id", "v=19", "m=19456,t=2,p=1"]] * 3


async def test_account_without_a_password_cannot_be_signed_into(db: Settings) -> None:
    await make.make_user(None, email="nunca@muni.example")

    for password in ("", PASSWORD):
        with pytest.raises(WrongSignIn):
            await sign_in("nunca@muni.example", password)


async def test_refused_sign_in_leaves_a_line_without_what_was_typed(db: Settings) -> None:
    user = await make_user()

    for email in (user.email, "nadie@muni.example"):
        with pytest.raises(WrongSignIn):
            await sign_in(email, ANOTHER)

    lines = await AuditLine.filter(act="accounts.sign_in_refused").order_by("created_at", "id")
    assert [(line.actor_id, line.object_id, line.detail) for line in lines] == [(None, user.id, {}), (None, None, {})]


async def test_eleventh_try_at_one_account_is_refused_even_when_right(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    await make_user()
    for number in range(10):
        with pytest.raises(WrongSignIn):
            await sign_in(password=ANOTHER, address=f"10.0.0.{number}")

    with pytest.raises(TooManyTries) as refused:
        await sign_in(address="10.0.0.99")

    assert refused.value.retry_after == 300
    freeze(NOON + timedelta(minutes=5))
    await sign_in()


async def test_unknown_account_is_limited_like_a_known_one(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    for number in range(10):
        with pytest.raises(WrongSignIn):
            await sign_in("nadie@muni.example", address=f"10.0.0.{number}")

    with pytest.raises(TooManyTries):
        await sign_in(" NADIE@muni.example", address="10.0.0.99")


async def test_thirty_first_try_from_one_address_is_refused(sqlite_db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    for number in range(30):
        with pytest.raises(WrongSignIn):
            await sign_in(f"nadie{number}@muni.example")

    with pytest.raises(TooManyTries):
        await sign_in("otra@muni.example")
    with pytest.raises(WrongSignIn):
        await sign_in("otra@muni.example", address="10.0.0.2")


async def test_signing_in_again_ends_the_session_whose_cookie_came_along(db: Settings) -> None:
    await make_user()
    first = await sign_in()

    second, _session = await actions.sign_in("ana@muni.example", PASSWORD, address="10.0.0.1", previous=first)

    assert first != second
    assert await actions.load_actor(first) is None
    assert await actions.load_actor(second) is not None


async def test_hash_of_weaker_times_is_renewed_at_sign_in(db: Settings) -> None:
    user = await make_user()
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    await User.filter(id=user.id).update(password_hash=weak)

    await sign_in()

    renewed = (await User.get()).password_hash
    assert "m=19456,t=2,p=1" in renewed
    await sign_in()


async def test_sign_in_clears_away_windows_that_are_over(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    await make_user()
    await sign_in()
    assert await RateWindow.all().count() == 2
    freeze(NOON + timedelta(hours=1))

    await sign_in(address="10.0.0.2")

    assert all(window.expires_at > NOON + timedelta(hours=1) for window in await RateWindow.all())


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
    assert (await acts()).count("accounts.sign_out") == 1


async def test_own_session_can_be_ended_and_anothers_not(db: Settings) -> None:
    await make_user()
    await make_user("luis@muni.example")
    token, second = await sign_in(), await sign_in()
    luis = await sign_in("luis@muni.example")
    actor = await actor_behind(token)
    sessions = {session.token_hash: session.id for session in await StaffSession.all()}

    await actions.end_session(sessions[tokens.digest(second, "session")], actor=actor)
    with pytest.raises(NotFound):
        await actions.end_session(sessions[tokens.digest(luis, "session")], actor=actor)

    assert await actions.load_actor(second) is None
    assert await actions.load_actor(luis) is not None


async def test_all_other_own_sessions_can_be_ended(db: Settings) -> None:
    await make_user()
    await make_user("luis@muni.example")
    token, second, third = await sign_in(), await sign_in(), await sign_in()
    luis = await sign_in("luis@muni.example")

    n_ended = await actions.end_other_sessions(token, actor=await actor_behind(token))

    assert n_ended == 2
    alive = [one for one in (token, second, third, luis) if await actions.load_actor(one)]
    assert alive == [token, luis]


# -- accounts and roles


async def test_create_user_refuses_an_email_that_is_taken(db: Settings) -> None:
    await make_user()

    with pytest.raises(EmailTaken) as refused:
        await make_user("ANA@muni.example")

    assert refused.value.field == "email"
    assert await User.all().count() == 1


async def test_create_user_refuses_a_weak_password_but_not_for_the_demo(db: Settings) -> None:
    with pytest.raises(PasswordTooShort):
        await actions.create_user("ana@muni.example", name="Ana", actor=PROGRAM, password="demo")

    await actions.create_user("demo@demo.example", name="Demo", actor=PROGRAM, password="demo", is_demo=True)

    await sign_in("demo@demo.example", "demo")


@pytest.mark.parametrize("role", list(Role))
async def test_role_is_granted_only_in_its_scope(sqlite_db: Settings, role: Role) -> None:
    user, hub = await make_user(), await make.make_hub()
    scopes = {"hub": {"hub_id": hub.id}, "operator": {"operator_id": hub.operator_id}, "none": {}}
    granted = []

    for name, scope in scopes.items():
        try:
            await actions.grant_role(user, role, actor=PROGRAM, **scope)
        except WrongScope:
            continue
        granted.append(name)

    at_hub = {Role.FACILITATOR, Role.ASSISTANT, Role.HUB_COORDINATOR}
    assert granted == [("hub" if role in at_hub else "operator" if role is Role.MUNICIPAL_ADMIN else "none")]


async def test_granting_twice_is_once_and_ends_sessions_only_when_something_changes(db: Settings) -> None:
    user, hub = await make_user(), await make.make_hub()
    token = await sign_in()

    await actions.grant_role(user, Role.ASSISTANT, actor=PROGRAM, hub_id=hub.id)
    assert await actions.load_actor(token) is None
    token = await sign_in()
    await actions.grant_role(user, Role.ASSISTANT, actor=PROGRAM, hub_id=hub.id)

    assert await actions.load_actor(token) is not None
    assert await RoleGrant.all().count() == 1
    line = await AuditLine.get(act="accounts.grant_role")
    assert (line.object_id, line.hub_id, line.detail) == (user.id, hub.id, {"role": "assistant"})


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


async def test_new_link_voids_the_earlier_one(db: Settings) -> None:
    user = await make_user()
    first = await actions.make_sign_in_link(user, actor=PROGRAM)
    second = await actions.make_sign_in_link(user, actor=PROGRAM)

    with pytest.raises(NotFound):
        await actions.use_sign_in_link(first, ANOTHER)
    await actions.use_sign_in_link(second, ANOTHER)


@pytest.mark.parametrize("typed", ["", "x", "0" * 32, "0" * 5000])
async def test_unknown_link_is_not_found(sqlite_db: Settings, typed: str) -> None:
    await make_user()

    with pytest.raises(NotFound):
        await actions.use_sign_in_link(typed, ANOTHER)


async def test_link_of_a_closed_account_is_not_found(db: Settings) -> None:
    user = await make_user()
    link = await actions.make_sign_in_link(user, actor=PROGRAM)
    await User.filter(id=user.id).update(is_active=False)

    with pytest.raises(NotFound):
        await actions.use_sign_in_link(link, ANOTHER)


async def test_link_is_still_good_after_a_weak_password(db: Settings) -> None:
    link = await actions.make_sign_in_link(await make_user(), actor=PROGRAM)

    with pytest.raises(PasswordCommon):
        await actions.use_sign_in_link(link, "Guatemala2026")

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
    assert (await acts()).count("accounts.change_password") == 1


async def test_current_password_cannot_be_guessed_without_end(db: Settings) -> None:
    await make_user()
    token = await sign_in()
    actor = await actor_behind(token)
    for _ in range(9):
        with pytest.raises(WrongPassword):
            await actions.change_password(ANOTHER, ANOTHER, token=token, actor=actor)

    with pytest.raises(TooManyTries):
        await actions.change_password(PASSWORD, ANOTHER, token=token, actor=actor)
