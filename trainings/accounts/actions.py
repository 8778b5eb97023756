from __future__ import annotations

import contextlib
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts import kept_forms, passwords
from trainings.accounts.models import Role, RoleGrant, SignInLink, StaffSession, User
from trainings.accounts.queries import actor_of, is_alive, is_kept_by, sign_in_link, signed_in
from trainings.audit import actions as audit
from trainings.audit.actor import VISITOR, Actor
from trainings.db import lock, transaction
from trainings.errors import NotAllowed, NotFound, Refusal
from trainings.lib import tokens
from trainings.limits import actions as limits
from trainings.web.i18n import N_

PER_ACCOUNT, PER_ADDRESS, WINDOW_SECONDS = 10, 30, 300
LINK_LIVES = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=1)

FIELD_ROLES = frozenset({Role.FACILITATOR, Role.ASSISTANT})
FIELD_TIMES = (timedelta(hours=12), timedelta(hours=16))
OFFICE_TIMES = (timedelta(hours=2), timedelta(hours=12))
"""(idle, absolute). Roles that take attendance stay signed in for a day."""

HUB_ROLES = frozenset({Role.FACILITATOR, Role.ASSISTANT, Role.HUB_COORDINATOR})
OPERATOR_ROLES = frozenset({Role.MUNICIPAL_ADMIN})


class Post(NamedTuple):
    role: Role
    hub_id: UUID | None = None
    operator_id: UUID | None = None


class NewAccount(NamedTuple):
    """`office`: the person's post in words, or empty."""

    email: str
    name: str
    office: str = ""


class WrongSignIn(Refusal):
    sentence = N_("El correo o la contraseña no coinciden. Revise los dos y pruebe otra vez.")


class WrongPassword(Refusal):
    sentence = N_("Esa no es su contraseña actual.")


class EmailTaken(Refusal):
    sentence = N_("Ya hay una cuenta con ese correo.")


class AccountClosed(Refusal):
    code = "account_closed"
    sentence = N_("Esa cuenta está cerrada. Ábrala otra vez en su página, o pídalo a quien administra la plataforma.")


class KeptElsewhere(NotAllowed):
    code = "account_kept_elsewhere"
    sentence = N_("Esta cuenta trabaja también en otro lugar: pida este cambio a quien administra la plataforma.")


class OwnAccount(Refusal):
    sentence = N_("Esta es su propia cuenta. Pida este cambio a otra persona que administre cuentas.")


class WrongScope(Refusal):
    sentence = N_("Ese rol necesita otro alcance: una ventanilla, una municipalidad, o ninguna.")


# -- signing in and out


async def sign_in(
    email: str, password: str, *, address: str, actor: Actor = VISITOR, previous: str = ""
) -> tuple[str, StaffSession]:
    """The cookie's token and the session. Ends `previous`, a cookie that came along.

    Raises TooManyTries (10 per account, 30 per address in five minutes), or WrongSignIn: in the same words and after
    the same work whether the account exists or not.
    """
    email = normal_email(email)
    await limits.hit("sign_in_address", address, PER_ADDRESS, WINDOW_SECONDS)
    await limits.hit("sign_in_account", email, PER_ACCOUNT, WINDOW_SECONDS)
    user = await User.get_or_none(email=email)
    known_hash = user.password_hash if user else ""
    is_right = await passwords.is_right(password, known_hash)
    if user is None or not user.is_active or not is_right:
        await audit.record("accounts.sign_in_refused", actor=actor, object_id=user.id if user else None)
        raise WrongSignIn
    new_hash = await passwords.make_hash(password) if passwords.needs_new_hash(known_hash) else known_hash
    async with transaction():
        # The account may have been closed, or its password ended, while the password was compared.
        standing = User.filter(id=user.id, is_active=True, password_hash=known_hash)
        if not await standing.update(password_hash=new_hash):
            raise WrongSignIn
        if previous:
            await _end(StaffSession.filter(token_hash=tokens.digest(previous, "session")))
        opened = await _open_session(user, act="accounts.sign_in", request_id=actor.request_id)
    await _forget_expired()
    return opened


async def sign_out(token: str, *, actor: Actor) -> None:
    async with transaction():
        if await _end(StaffSession.filter(token_hash=tokens.digest(token, "session"))):
            await audit.record("accounts.sign_out", actor=actor)


async def end_session(session_id: UUID, *, actor: Actor) -> None:
    """Raises NotFound for another person's session."""
    async with transaction():
        if not await _end(StaffSession.filter(id=session_id, user_id=actor.id)):
            raise NotFound
        await audit.record("accounts.end_session", actor=actor, object_id=session_id)


async def end_other_sessions(token: str, *, actor: Actor) -> int:
    async with transaction():
        n_ended = await _end_others(actor.id, keep=token)
        await audit.record("accounts.end_other_sessions", actor=actor, n=n_ended)
    return n_ended


async def load_actor(token: str, *, request_id: str = "") -> Actor | None:
    """None: the session has ended. Writes its use at most once a minute."""
    session = await signed_in(token)
    if session is None or not session.user.is_active or not is_alive(session):
        return None
    now = clock.now()
    if now - session.seen_at >= SEEN_EVERY:
        # Pages are still shown while the disk is full or the database busy.
        with contextlib.suppress(OperationalError):
            await StaffSession.filter(id=session.id).update(seen_at=now)
    return await actor_of(session.user, request_id=request_id)


# -- accounts


async def create_user(
    email: str, *, name: str, actor: Actor, office: str = "", password: str = "", is_demo: bool = False
) -> User:
    """Without roles. Without a password the account opens by a sign-in link. Raises EmailTaken, WeakPassword."""
    email = normal_email(email)
    if password and not is_demo:
        passwords.refuse_weak(password, name=name, email=email)
    password_hash = await passwords.make_hash(password) if password else ""
    try:
        async with transaction():
            user = await User.create(
                email=email, name=name, office=office, password_hash=password_hash, is_demo=is_demo
            )
            await audit.record("accounts.create_user", actor=actor, object_id=user.id)
    except IntegrityError as exc:
        raise EmailTaken(field="email") from exc
    return user


async def open_account(account: NewAccount, post: Post, *, actor: Actor) -> tuple[User, str]:
    """With its first role, and the token of a link for its password. An existing account is given the role, as
    `give_role`.
    """
    async with transaction():
        known = await User.get_or_none(email=normal_email(account.email))
        if known is not None:
            return known, await give_role(known, post, actor=actor)
        user = await create_user(account.email, name=account.name, office=account.office, actor=actor)
        await grant_role(user, post.role, actor=actor, hub_id=post.hub_id, operator_id=post.operator_id)
        return user, await make_sign_in_link(user, actor=actor)


async def give_role(user: User, post: Post, *, actor: Actor) -> str:
    """One more role for an account; returns the token of a link, or empty.

    An administrator of all its places gives the role alone. Where the platform gives it, or it is the first, the
    password ends, because an earlier keeper may know it. Raises OwnAccount, KeptElsewhere, AccountClosed, WrongScope.
    """
    async with transaction():
        await _check_kept(user.id, actor)
        is_anothers = await changes_hands(user.id, actor)
        await grant_role(user, post.role, actor=actor, hub_id=post.hub_id, operator_id=post.operator_id)
        return await make_sign_in_link(user, actor=actor) if is_anothers else ""


async def changes_hands(user_id: UUID, actor: Actor) -> bool:
    """Other administrators may have kept this account before."""
    return _is_platform(actor) or not await RoleGrant.exists(user_id=user_id)


def _is_platform(actor: Actor) -> bool:
    return actor.id is None or Role.PLATFORM_ADMIN in actor.roles_everywhere


async def _check_kept(user_id: UUID, actor: Actor) -> None:
    """Under the account's row lock: roles may be given elsewhere at this moment."""
    if user_id == actor.id:
        raise OwnAccount
    await lock(User, [user_id])
    user = await User.get(id=user_id).prefetch_related("grants")
    if not _is_platform(actor) and not is_kept_by(user, actor):
        raise KeptElsewhere


async def grant_role(
    user: User, role: Role, *, actor: Actor, hub_id: UUID | None = None, operator_id: UUID | None = None
) -> None:
    """Twice is once. It counts at once; sessions that last longer than the new role allows end. Raises WrongScope,
    AccountClosed.
    """
    if (hub_id is not None, operator_id is not None) != (role in HUB_ROLES, role in OPERATOR_ROLES):
        raise WrongScope
    async with transaction():
        (locked,) = await lock(User, [user.id])
        if not locked.is_active:
            raise AccountClosed
        if await RoleGrant.exists(user_id=user.id, role=role, hub_id=hub_id, operator_id=operator_id):
            return
        held = {one for (one,) in await RoleGrant.filter(user_id=user.id).values_list("role")}
        await RoleGrant.create(user_id=user.id, role=role, hub_id=hub_id, operator_id=operator_id)
        if _times({*held, role}) < _times(held):
            await _end(StaffSession.filter(user_id=user.id))
        await audit.record("accounts.grant_role", actor=actor, object_id=user.id, hub_id=hub_id, role=role.value)


async def take_role(grant: RoleGrant, *, actor: Actor) -> None:
    """Ends the person's sessions. Raises OwnAccount."""
    if grant.user_id == actor.id:
        raise OwnAccount
    async with transaction():
        await lock(User, [grant.user_id])
        if await RoleGrant.filter(id=grant.id).delete():
            await _end(StaffSession.filter(user_id=grant.user_id))
            act, where = "accounts.take_role", grant.hub_id
            await audit.record(act, actor=actor, object_id=grant.user_id, hub_id=where, role=grant.role.value)


async def close_account(user_id: UUID, *, actor: Actor) -> None:
    """Ends its sessions, password and links; the roles stay for reopening. Raises OwnAccount, KeptElsewhere."""
    async with transaction():
        await _check_kept(user_id, actor)
        await User.filter(id=user_id).update(is_active=False)
        await _end_ways_in(user_id)
        await audit.record("accounts.close_account", actor=actor, object_id=user_id)


async def reopen_account(user: User, *, actor: Actor) -> str:
    """With its roles; returns the token of a link for a new password. Raises KeptElsewhere."""
    async with transaction():
        await _check_kept(user.id, actor)
        await User.filter(id=user.id).update(is_active=True)
        await audit.record("accounts.reopen_account", actor=actor, object_id=user.id)
        return await make_sign_in_link(user, actor=actor)


async def make_sign_in_link(user: User, *, actor: Actor) -> str:
    """The token of a link that sets a password once within 24 hours. The password, sessions and earlier links end at
    once: somebody else may know them.
    """
    token = tokens.own_link()
    async with transaction():
        await _end_ways_in(user.id)
        await SignInLink.create(
            user_id=user.id, token_hash=tokens.digest(token, "sign_in_link"), expires_at=clock.now() + LINK_LIVES
        )
        await audit.record("accounts.make_sign_in_link", actor=actor, object_id=user.id)
    return token


async def _end_ways_in(user_id: UUID) -> None:
    # The password first: a sign-in at this moment waits for its row, and finds it changed.
    await User.filter(id=user_id).update(password_hash="")
    await SignInLink.filter(user_id=user_id, used_at=None).update(expires_at=clock.now())
    await _end(StaffSession.filter(user_id=user_id))


async def use_sign_in_link(typed: str, password: str, *, actor: Actor = VISITOR) -> tuple[str, StaffSession]:
    """Ends all other sessions and opens one. Raises NotFound for a spent link; WeakPassword leaves it good."""
    link = await sign_in_link(typed)
    passwords.refuse_weak(password, name=link.user.name, email=link.user.email)
    password_hash = await passwords.make_hash(password)
    async with transaction():
        await lock(User, [link.user_id])
        now = clock.now()
        if not await SignInLink.filter(id=link.id, used_at=None, expires_at__gt=now).update(used_at=now):
            raise NotFound
        await User.filter(id=link.user_id).update(password_hash=password_hash)
        await _end(StaffSession.filter(user_id=link.user_id))
        return await _open_session(link.user, act="accounts.use_sign_in_link", request_id=actor.request_id)


async def change_password(current: str, new: str, *, token: str, actor: Actor) -> None:
    """Ends the actor's other sessions. Raises WrongPassword, WeakPassword or TooManyTries."""
    user = await User.get(id=actor.id)
    await limits.hit("sign_in_account", user.email, PER_ACCOUNT, WINDOW_SECONDS)
    if not await passwords.is_right(current, user.password_hash):
        raise WrongPassword(field="current_password")
    passwords.refuse_weak(new, name=user.name, email=user.email)
    password_hash = await passwords.make_hash(new)
    async with transaction():
        # A link made meanwhile has ended this password: it does not come back.
        standing = User.filter(id=user.id, is_active=True, password_hash=user.password_hash)
        if not await standing.update(password_hash=password_hash):
            raise WrongPassword(field="current_password")
        await _end_others(user.id, keep=token)
        await audit.record("accounts.change_password", actor=actor, object_id=user.id)


def normal_email(email: str) -> str:
    return email.strip().lower()


# -- sessions


async def _open_session(user: User, *, act: str, request_id: str) -> tuple[str, StaffSession]:
    actor = await actor_of(user, request_id=request_id)
    idle, absolute = _times(actor.roles_everywhere.union(*actor.roles_at.values()))
    token, now = tokens.session_id(), clock.now()
    session = await StaffSession.create(
        token_hash=tokens.digest(token, "session"),
        user_id=user.id,
        seen_at=now,
        idle_minutes=idle // timedelta(minutes=1),
        expires_at=now + absolute,
    )
    await audit.record(act, actor=actor, object_id=session.id)
    return token, session


def _times(held: AbstractSet[str]) -> tuple[timedelta, timedelta]:
    return FIELD_TIMES if held and held <= FIELD_ROLES else OFFICE_TIMES


async def _end(sessions: QuerySet[StaffSession]) -> int:
    return await sessions.filter(ended_at=None).update(ended_at=clock.now())


async def _end_others(user_id: UUID | None, *, keep: str) -> int:
    kept = tokens.digest(keep, "session")
    return await _end(StaffSession.filter(user_id=user_id).exclude(token_hash=kept))


async def _forget_expired() -> None:
    await kept_forms.forget_expired()
    await limits.forget_expired()


async def set_digest(*, wants: bool, actor: Actor) -> None:
    async with transaction():
        await User.filter(id=actor.id).update(wants_digest=wants)
        await audit.record("accounts.set_digest", actor=actor, object_id=actor.id, wants=wants)


async def set_slash(*, wants: bool, actor: Actor) -> None:
    async with transaction():
        await User.filter(id=actor.id).update(wants_slash=wants)
        await audit.record("accounts.set_slash", actor=actor, object_id=actor.id, wants=wants)
