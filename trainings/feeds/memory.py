"""Rendered feeds in memory, until the version counter or the local day moves. All processes give equal bytes and
ETags.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from weakref import WeakValueDictionary

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asked

from trainings import clock
from trainings.feeds.answers import Answers
from trainings.feeds.calendar import calendar_text
from trainings.feeds.queries import event_texts
from trainings.feeds.scopes import PREFIX, Filter, Scope, ScopeKind, address_of, resolve
from trainings.settings import get_settings
from trainings.versions.actions import moved_at
from trainings.versions.queries import current
from trainings.web.conditional import asked_in

MEMO_SECONDS = 2.0
"""A version read is trusted this long."""

SETTLING_SECONDS = 10.0
"""After a change in this process every poll queries: its transaction may be open."""

MOST_FEEDS, MOST_BYTES = 4096, 64 * 1024 * 1024


@dataclass(slots=True)
class Kept:
    scope: Scope
    version: int
    day: date
    answers: Answers
    rendered_at: float
    looked_at: float

    @property
    def is_fresh(self) -> bool:
        now, moved = clock.ticks(), max(map(moved_at, self.scope.counters))
        is_settled = self.rendered_at > moved or now - moved > SETTLING_SECONDS
        return is_settled and now - self.looked_at < MEMO_SECONDS and self.day == clock.today()


_feeds: OrderedDict[str, Kept] = OrderedDict()
"""By address, last used at the end. Unknown feeds are never kept."""

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def ready(path: str, asked: Mapping[bytes, str]) -> Response | None:
    """None: the database must be asked, or bytes made."""
    kept = _feeds.get(path)
    if kept is None or not kept.is_fresh:
        return None
    _feeds.move_to_end(path)
    return kept.answers.to(asked)


async def answer(kind: ScopeKind, slug: str, asked: Mapping[bytes, str], filtered_by: Filter | None = None) -> Response:
    """Raises UnknownFeed. Of many requests for a feed the first renders; all others wait."""
    path = address_of(kind, slug, filtered_by)
    lock = _locks.setdefault(path, asyncio.Lock())
    async with lock:
        answers = await _renewed(path, kind, slug, filtered_by)
        return await answers.give(asked)


async def _renewed(path: str, kind: ScopeKind, slug: str, filtered_by: Filter | None) -> Answers:
    kept = _feeds.get(path)
    if kept is not None and kept.is_fresh:
        return kept.answers
    looked_at, day = clock.ticks(), clock.today()
    scope = kept.scope if kept is not None else await resolve(kind, slug, filtered_by)
    # Asked before the texts are read: a change in between is then rendered again, never missed.
    version, changed_at = await current(*scope.counters)
    if kept is not None:
        if (kept.version, kept.day) == (version, day):
            kept.looked_at = looked_at
            return kept.answers
        scope = await resolve(kind, slug, filtered_by)
    texts = await event_texts(scope.key, day, filtered_by)
    plain = calendar_text(scope, texts, base_url=get_settings().base_url).encode()
    # The window moves at local midnight, so the bytes may differ from then on.
    last_modified = max(changed_at, clock.midnight(day))
    dated = min(last_modified, clock.now())
    answers = Answers(plain, filename=scope.filename, last_modified=last_modified, dated=dated)
    _keep(path, Kept(scope, version, day, answers, rendered_at=looked_at, looked_at=looked_at))
    return answers


def _keep(path: str, kept: Kept) -> None:
    _feeds[path] = kept
    _feeds.move_to_end(path)
    n_bytes = sum(one.answers.n_bytes for one in _feeds.values())
    while len(_feeds) > 1 and (len(_feeds) > MOST_FEEDS or n_bytes > MOST_BYTES):
        _path, oldest = _feeds.popitem(last=False)
        n_bytes -= oldest.answers.n_bytes


def forget() -> None:
    _feeds.clear()


class FeedsFromMemory:
    """Polls of thousands of clients end here, before layers that only pages need."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and scope["path"].startswith(PREFIX) and scope["method"] in ("GET", "HEAD"):
            app = ready(scope["path"], asked_in(scope)) or app
        await app(scope, receive, send)
