"""Rendered feeds in memory, one per address, until the version counter, the local day or the text format moves.

Bytes depend on rows alone, so several processes, and the same one after a restart, give the same bytes and ETags.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime

from trainings import clock
from trainings.feeds.calendar import calendar_text
from trainings.feeds.queries import event_texts
from trainings.feeds.scopes import Scope, ScopeKind, resolve
from trainings.settings import get_settings
from trainings.versions.queries import current

MEMO_SECONDS = 2.0
"""How long a version that was read is believed: a storm of polls costs one query in two seconds."""

MOST_FEEDS = 800


@dataclass(frozen=True, slots=True)
class Rendered:
    """A feed as it is sent: plain and gzipped, each with its own strong ETag."""

    scope: Scope
    version: int
    day: date
    plain: bytes
    gzipped: bytes
    etag: str
    etag_gzip: str
    last_modified: datetime


@dataclass(slots=True)
class _Kept:
    rendered: Rendered
    looked_at: float


_feeds: OrderedDict[tuple[ScopeKind, str], _Kept] = OrderedDict()
_locks: dict[tuple[ScopeKind, str], asyncio.Lock] = {}


async def feed(kind: ScopeKind, slug: str) -> Rendered:
    """The feed, from memory where nothing has changed. Raises UnknownFeed."""
    key = (kind, slug)
    kept = _feeds.get(key)
    if kept is not None and kept.rendered.day == clock.today() and clock.ticks() - kept.looked_at < MEMO_SECONDS:
        return kept.rendered
    scope = kept.rendered.scope if kept is not None else await resolve(kind, slug)
    lock = _locks.setdefault(key, asyncio.Lock())
    async with lock:
        return await _renewed(key, scope)


async def _renewed(key: tuple[ScopeKind, str], scope: Scope) -> Rendered:
    """Under the address's lock: one of many waiting requests renders, the others find it done."""
    looked_at, day = clock.ticks(), clock.today()
    version, changed_at = await current(scope.key)
    kept = _feeds.get(key)
    if kept is not None and (kept.rendered.version, kept.rendered.day) == (version, day):
        kept.looked_at = looked_at
        _feeds.move_to_end(key)
        return kept.rendered
    if kept is not None:
        scope = await resolve(*key)
    events = await event_texts(scope.key, day)
    rendered = await asyncio.to_thread(_render, scope, events, version, day, changed_at)
    _feeds[key] = _Kept(rendered, looked_at)
    _feeds.move_to_end(key)
    while len(_feeds) > MOST_FEEDS:
        oldest, _kept = _feeds.popitem(last=False)
        _locks.pop(oldest, None)
    return rendered


def _render(scope: Scope, events: list[str], version: int, day: date, changed_at: datetime) -> Rendered:
    plain = calendar_text(scope, events, base_url=get_settings().base_url).encode()
    # The window moves at local midnight, so the bytes may differ from then on.
    last_modified = max(changed_at, clock.midnight(day)).replace(microsecond=0)
    digest = hashlib.sha256(plain).hexdigest()[:32]
    return Rendered(
        scope=scope,
        version=version,
        day=day,
        plain=plain,
        gzipped=gzip.compress(plain, 6, mtime=0),
        etag=f'"{digest}"',
        etag_gzip=f'"{digest}-gz"',
        last_modified=last_modified,
    )


def forget() -> None:
    """Drop everything kept (another database in the same process: tests)."""
    _feeds.clear()
    _locks.clear()
