"""What waits for somebody, as numbers beside the places in the panel's head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from trainings import clock
from trainings.accounts.permissions import DESK, ISSUERS, MESSAGE_READERS
from trainings.audit.actor import Actor
from trainings.certificates.issuing.queries import n_to_issue
from trainings.outbox.queries import n_waiting
from trainings.privacy.erasing import n_to_confirm
from trainings.registrations.calls.queries import Progress, n_to_call
from trainings.registrations.desk.review_queries import n_held

FRESH_SECONDS = 30
"""What somebody else did meanwhile shows that late; what one did oneself shows at once."""
MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class _Kept:
    counted_at: float
    roles_at: Mapping[UUID, frozenset[str]]
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Sign-ups and erasures to answer; people to call and their lists; diplomas to issue by training; messages past
    their time.
    """

    n_held: int = 0
    n_erasures: int = 0
    n_to_call: int = 0
    lists: Sequence[Progress] = ()
    diplomas: Mapping[UUID, int] = field(default_factory=dict)
    n_messages: int = 0

    @property
    def numbers(self) -> dict[str, int]:
        """By the place's key."""
        return {
            "personas": self.n_held + self.n_erasures,
            "llamadas": self.n_to_call,
            "diplomas": sum(self.diplomas.values()),
            "mensajes": self.n_messages,
        }


_kept: OrderedDict[UUID, _Kept] = OrderedDict()


COUNTS_ITSELF = "/panel"
"""The first page shows what waits in words."""


class WaitingNumbers:
    """Puts them into `state["waiting"]` of pages of the panel that a browser shows, by the place's key."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/panel"):
            await self.app(scope, receive, send)
            return
        actor: Actor = scope["state"]["actor"]
        counts_itself = scope["path"] == COUNTS_ITSELF and not scope["query_string"]
        if not counts_itself and actor.id is not None and "text/html" in Headers(scope=scope).get("accept", ""):
            scope["state"]["waiting"] = await _numbers(actor.id, actor)
        try:
            await self.app(scope, receive, send)
        finally:
            if actor.id is not None and scope["method"] == "POST":
                _kept.pop(actor.id, None)


async def _numbers(key: UUID, actor: Actor) -> Mapping[str, int]:
    kept = _kept.get(key)
    if kept is None or kept.roles_at != actor.roles_at or clock.ticks() - kept.counted_at > FRESH_SECONDS:
        return (await count(actor)).numbers
    return kept.numbers


async def count(actor: Actor) -> Waiting:
    """As it stands now; pages asked for next show the same numbers."""
    waiting = await waiting_for(actor)
    if actor.id is not None:
        _kept[actor.id] = _Kept(clock.ticks(), actor.roles_at, waiting.numbers)
        if len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return waiting


async def waiting_for(actor: Actor) -> Waiting:
    found = Waiting()
    if actor.has_any(DESK):
        n_people, lists = await n_to_call(actor)
        n_erasures = await n_to_confirm(actor)
        found = Waiting(await n_held(actor), n_erasures, n_people, lists)
    if actor.has_any(ISSUERS):
        found = replace(found, diplomas=await n_to_issue(actor))
    if actor.has_any(MESSAGE_READERS):
        found = replace(found, n_messages=await n_waiting(actor))
    return found
