from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, Protocol
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.models import Role, RoleGrant, SignInLink, StaffSession, User
from trainings.accounts.permissions import OPERATOR_ADMINS, can_give_role
from trainings.audit.actor import Actor
from trainings.db import reads, sql
from trainings.db.sql import as_moment, as_uuid
from trainings.errors import NotFound
from trainings.lib import tokens

RANK = (
    Role.PLATFORM_ADMIN,
    Role.MUNICIPAL_ADMIN,
    Role.HUB_COORDINATOR,
    Role.MONITORING_OFFICER,
    Role.ASSISTANT,
    Role.FACILITATOR,
)
"""The audit names the first of an actor's roles."""

NO_ROLE = "staff"

NAMES = "SELECT id, name FROM app_user WHERE id IN ?list"


async def names_of(user_ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    wanted = sorted({key for key in user_ids if key is not None})
    return {as_uuid(key): name for key, name in await sql.tuples(NAMES, wanted, are_few=True)} if wanted else {}


class Person(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def wants_slash(self) -> bool: ...


class Lasting(Protocol):
    @property
    def seen_at(self) -> datetime: ...
    @property
    def idle_minutes(self) -> int: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...


class Account(NamedTuple):
    id: UUID
    name: str
    email: str
    is_active: bool
    wants_slash: bool


class SignedIn(NamedTuple):
    """Times UTC."""

    id: UUID
    user: Account
    seen_at: datetime
    idle_minutes: int
    expires_at: datetime
    ended_at: datetime | None


async def actor_of(user: Person, *, request_id: str = "") -> Actor:
    """An operator's grant counts at all its hubs, later hubs included."""
    at: dict[UUID, set[str]] = {}
    everywhere: set[str] = set()
    operators: set[UUID] = set()
    places: set[str] = set()
    for row in await sql.reads(GRANTS, user.id, are_few=True):
        role = Role(row["role"])
        hub_id, operator_id, operators_hub_id = (_key(row[name]) for name in ("hub_id", "operator_id", "held_at"))
        places |= {name for name in (row["hub"], row["operator"]) if name}
        if operator_id is not None:
            operators.add(operator_id)
        if hub_id is None and operator_id is None:
            everywhere.add(role)
        for held_at in (hub_id, operators_hub_id):
            if held_at is not None:
                at.setdefault(held_at, set()).add(role)
    return Actor(
        id=user.id,
        role=_first_of(everywhere.union(*at.values())),
        name=user.name,
        email=user.email,
        place=places.pop() if len(places) == 1 else "",
        roles_at=MappingProxyType({hub_id: frozenset(roles) for hub_id, roles in at.items()}),
        roles_everywhere=frozenset(everywhere),
        operator_ids=frozenset(operators),
        request_id=request_id,
        wants_slash=user.wants_slash,
    )


GRANTS = """
    SELECT g.role, g.hub_id, g.operator_id, held.id AS held_at, h.name AS hub, o.name AS operator
    FROM role_grant g
    LEFT JOIN hub h ON h.id = g.hub_id
    LEFT JOIN operator o ON o.id = g.operator_id
    LEFT JOIN hub held ON held.operator_id = g.operator_id
    WHERE g.user_id = ?
"""


def _key(told: UUID | str | None) -> UUID | None:
    return as_uuid(told) if told is not None else None


def _first_of(roles: set[str]) -> str:
    return next((role.value for role in RANK if role in roles), NO_ROLE)


def is_alive(session: Lasting) -> bool:
    now = clock.now()
    is_idle = now >= session.seen_at + timedelta(minutes=session.idle_minutes)
    return session.ended_at is None and not is_idle and now < session.expires_at


SIGNED_IN = """
    SELECT s.id, s.seen_at, s.idle_minutes, s.expires_at, s.ended_at, u.id AS user_id, u.name, u.email, u.is_active,
        u.wants_slash
    FROM staff_session s
    JOIN app_user u ON u.id = s.user_id
    WHERE s.token_hash = ?
"""


async def signed_in(token: str) -> SignedIn | None:
    row = await sql.row_by_key(SIGNED_IN, tokens.digest(token, "session"))
    if row is None:
        return None
    return SignedIn(
        id=as_uuid(row["id"]),
        user=Account(
            as_uuid(row["user_id"]), row["name"], row["email"], bool(row["is_active"]), bool(row["wants_slash"])
        ),
        seen_at=as_moment(row["seen_at"]),
        idle_minutes=row["idle_minutes"],
        expires_at=as_moment(row["expires_at"]),
        ended_at=as_moment(row["ended_at"]) if row["ended_at"] else None,
    )


async def session_by_token(token: str) -> StaffSession | None:
    found = reads(StaffSession).filter(token_hash=tokens.digest(token, "session"))
    return await found.select_related("user").first()


async def own_sessions(user_id: UUID) -> list[StaffSession]:
    """Sessions not ended, last used first."""
    found = reads(StaffSession).filter(user_id=user_id, ended_at=None, expires_at__gt=clock.now())
    return [session for session in await found.order_by("-seen_at") if is_alive(session)]


async def own_grants(user_id: UUID) -> list[RoleGrant]:
    return await reads(RoleGrant).filter(user_id=user_id).select_related("hub", "operator").order_by("created_at")


async def sign_in_link(typed: str) -> SignInLink:
    """With its user. Raises NotFound for unknown, used and expired links and closed accounts alike."""
    token = tokens.read_own_link(typed)
    found = SignInLink.filter(token_hash=tokens.digest(token or "", "sign_in_link"), used_at=None)
    link = await found.filter(expires_at__gt=clock.now(), user__is_active=True).select_related("user").first()
    if link is None:
        raise NotFound
    return link


async def wants_digest(user_id: UUID) -> bool:
    return await reads(User).filter(id=user_id, wants_digest=True).exists()


def staff_visible_to(actor: Actor) -> QuerySet[User]:
    """Accounts with a role where the actor keeps accounts; all for the platform. By name, with grants, hubs,
    operators.
    """
    known = reads(User).prefetch_related("grants__hub", "grants__operator").order_by("name", "email")
    if Role.PLATFORM_ADMIN in actor.roles_everywhere:
        return known
    hub_ids = sorted(actor.hubs_with(OPERATOR_ADMINS))
    works_here = Q(grants__hub_id__in=hub_ids) | Q(grants__operator_id__in=sorted(actor.operator_ids))
    return known.filter(works_here).distinct()


def is_kept_by(user: User, actor: Actor) -> bool:
    """The actor reaches every role of the account. Otherwise giving another's coordinator a small role would be enough
    to take it over.
    """
    return all(
        can_give_role(actor, grant.role, hub_id=grant.hub_id, operator_id=grant.operator_id) for grant in user.grants
    )
