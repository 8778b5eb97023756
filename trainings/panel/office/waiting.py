"""What waits for somebody, as numbers beside the places in the panel's head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from trainings import clock
from trainings.accounts.permissions import DESK, ISSUERS, MESSAGE_READERS
from trainings.audit.actor import Actor
from trainings.certificates.issuing.queries import n_to_issue
from trainings.outbox.queries import n_waiting
from trainings.privacy.erasing import n_to_confirm
from trainings.registrations.calls.queries import n_to_call
from trainings.registrations.desk.review_queries import n_held

FRESH_SECONDS = 30
"""What somebody else did meanwhile shows that late; what one did oneself shows at once."""
MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class _Kept:
    counted_at: float
    roles_at: Mapping[UUID, frozenset[str]]
    numbers: Mapping[str, int]


_kept: OrderedDict[UUID, _Kept] = OrderedDict()


class WaitingNumbers:
    """Puts them into `state["waiting"]` of pages of the panel that a browser shows, by the place's key."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/panel"):
            await self.app(scope, receive, send)
            return
        actor: Actor = scope["state"]["actor"]
        if actor.id is not None and "text/html" in Headers(scope=scope).get("accept", ""):
            scope["state"]["waiting"] = await _numbers(actor.id, actor)
        try:
            await self.app(scope, receive, send)
        finally:
            if actor.id is not None and scope["method"] == "POST":
                _kept.pop(actor.id, None)


async def _numbers(key: UUID, actor: Actor) -> Mapping[str, int]:
    kept, now = _kept.get(key), clock.ticks()
    if kept is None or kept.roles_at != actor.roles_at or now - kept.counted_at > FRESH_SECONDS:
        kept = _kept[key] = _Kept(now, actor.roles_at, await waiting_for(actor))
        if len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return kept.numbers


async def waiting_for(actor: Actor) -> dict[str, int]:
    """Sign-ups and erasures to answer, people to call, diplomas to issue, messages past their time."""
    found: dict[str, int] = {}
    if actor.has_any(DESK):
        found["personas"] = await n_held(actor) + await n_to_confirm(actor)
        found["llamadas"], _lists = await n_to_call(actor)
    if actor.has_any(ISSUERS):
        found["diplomas"] = sum((await n_to_issue(actor)).values())
    if actor.has_any(MESSAGE_READERS):
        found["mensajes"] = await n_waiting(actor)
    return found
