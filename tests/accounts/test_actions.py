"""Signing in, accounts and the roles they hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from tests import make
from tests.accounts.people import ANOTHER, NOON, PASSWORD, Freeze, actor_behind, make_user, sign_in
from trainings.accounts import actions, passwords
from trainings.accounts.actions import EmailTaken, WrongScope, WrongSignIn
from trainings.accounts.models import Role, RoleGrant, StaffSession, User
from trainings.accounts.passwords import PasswordTooShort
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.limits.actions import TooManyTries
from trainings.limits.models import RateWindow
from trainings.settings import Settings

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
    known = await make_user()
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

    assert [cost_of(kept) for kept in checked] == [cost_of(known.password_hash)] * 3


def cost_of(password_hash: str) -> list[str]:
    """Kind, version and parameters."""
    return password_hash.split("$")[1:4]


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
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await User.filter(id=user.id).update(password_hash=weak)

    await sign_in()

    renewed = (await User.get()).password_hash
    assert cost_of(renewed) == cost_of(await passwords.make_hash(PASSWORD)) != cost_of(weak)
    await sign_in()


async def test_sign_in_clears_away_windows_that_are_over(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    await make_user()
    await sign_in()
    assert await RateWindow.all().count() == 2
    freeze(NOON + timedelta(hours=1))

    await sign_in(address="10.0.0.2")

    assert all(window.expires_at > NOON + timedelta(hours=1) for window in await RateWindow.all())


# -- accounts and roles


@pytest.mark.both_engines
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


@pytest.mark.both_engines
async def test_granting_twice_is_once(db: Settings) -> None:
    user, hub = await make_user(), await make.make_hub()

    for _ in range(2):
        await actions.grant_role(user, Role.ASSISTANT, actor=PROGRAM, hub_id=hub.id)

    assert await RoleGrant.all().count() == 1
    line = await AuditLine.get(act="accounts.grant_role")
    assert (line.object_id, line.hub_id, line.detail) == (user.id, hub.id, {"role": "assistant"})


@pytest.mark.parametrize(
    ("held", "given", "goes_on"),
    [
        (Role.ASSISTANT, Role.FACILITATOR, True),
        (Role.HUB_COORDINATOR, Role.ASSISTANT, True),
        (Role.HUB_COORDINATOR, Role.HUB_COORDINATOR, True),
        (Role.FACILITATOR, Role.HUB_COORDINATOR, False),
    ],
)
async def test_granting_ends_sessions_only_where_they_would_be_shorter_with_the_role(
    db: Settings, held: Role, given: Role, *, goes_on: bool
) -> None:
    user, hub = await make_user(), await make.make_hub()
    other = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await actions.grant_role(user, held, actor=PROGRAM, hub_id=hub.id)
    token = await sign_in()

    await actions.grant_role(user, given, actor=PROGRAM, hub_id=other.id)

    actor = await actions.load_actor(token)
    assert (actor is not None) is goes_on
    if actor is not None:
        assert actor.has_at(other.id, (given,))
