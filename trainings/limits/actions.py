from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import chain, islice
from typing import Any, NamedTuple

from tortoise.connection import get_connection

from trainings import clock
from trainings.db import is_in_transaction, keyring, sql, transaction
from trainings.db.group_commit import GroupCommit
from trainings.db.sql import Statement
from trainings.errors import Busy, TooMany
from trainings.limits.models import RateWindow
from trainings.settings import get_settings
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.limits")

_COUNT = """
    INSERT INTO rate_window (key, hits, expires_at) {rows}
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN rate_window.expires_at <= {now} THEN excluded.hits ELSE rate_window.hits + excluded.hits END,
        expires_at = CASE WHEN rate_window.expires_at <= {now} THEN excluded.expires_at ELSE rate_window.expires_at END
    RETURNING key, hits, expires_at
"""
ALL = _COUNT.format(rows="SELECT * FROM unnest($1::text[], $2::int[], $3::timestamptz[])", now="$4")


@cache
def _count_of(n_windows: int) -> str:
    return _COUNT.format(rows=f"VALUES {', '.join(['(?, ?, ?)'] * n_windows)}", now="?")


class TooManyTries(TooMany):
    code = "too_many"
    sentence = N_("Hubo demasiados intentos. Pruebe otra vez en %(minutes)s min.")


class Watch(NamedTuple):
    """One more try of `subject` (an address, a telephone; only its HMAC is stored) in a window of `seconds`. Beyond
    `limit` it `refuses`, or only tells.
    """

    purpose: str
    subject: str
    seconds: int
    limit: int
    refuses: bool = False


class Counted(NamedTuple):
    """The try's number in its window, and the window's end."""

    watch: Watch
    hits: int
    expires_at: datetime

    @property
    def is_beyond(self) -> bool:
        return self.hits > self.watch.limit and get_settings().rate_limits

    def refusal(self) -> TooManyTries:
        """Recorded for the first try beyond the limit."""
        if self.hits == self.watch.limit + 1:
            logger.warning("limit reached: %s", self.watch.purpose)
        return _refusal(self.expires_at)


class CountingBusy(Busy):
    code = "busy"
    sentence = N_("Hay mucha gente en la página. Espere unos segundos y vuelva a intentarlo.")


async def count_here(batch: Sequence[Sequence[Watch]]) -> list[tuple[Counted, ...]]:
    """In the transaction in progress, which must commit whatever comes of each. Windows are written once each, in key
    order: two processes never deadlock.
    """
    tally = Tally(batch)
    return tally.told([row for rows in await sql.rows_of(tally.statements()) for row in rows])


class Tally:
    """For a caller that sends the count along with other statements."""

    def __init__(self, batch: Sequence[Sequence[Watch]]) -> None:
        # Most of a rush come from few addresses.
        subjects = {(one.purpose, one.subject) for tries in batch for one in tries}
        keys = {subject: _key(*subject) for subject in subjects}
        self._keyed = [[(keys[one.purpose, one.subject], one) for one in tries] for tries in batch]
        self._seconds = {key: one.seconds for tries in self._keyed for key, one in tries}
        self._more = Counter(key for tries in self._keyed for key, _one in tries)

    def statements(self) -> list[Statement]:
        if not self._more:
            return []
        now = clock.now()
        lengths = sorted(set(self._seconds.values()))
        told_now, *ends = sql.moments([now, *[now + timedelta(seconds=each) for each in lengths]])
        until = dict(zip(lengths, ends, strict=True))
        rows = [(key, self._more[key], until[self._seconds[key]]) for key in sorted(self._more)]
        if get_connection("default").capabilities.dialect == "postgres":
            return [Statement(ALL, (*map(list, zip(*rows, strict=True)), told_now))]
        waiting = iter(rows)
        return [
            Statement(_count_of(n), (*chain.from_iterable(islice(waiting, n)), told_now, told_now))
            for n in sql.parts(len(rows))
        ]

    def told(self, rows: Iterable[Mapping[str, Any]]) -> list[tuple[Counted, ...]]:
        found = {row["key"]: (row["hits"], _moment(row["expires_at"])) for row in rows}
        numbers = {key: hits - self._more[key] for key, (hits, _expires_at) in found.items()}
        told: list[tuple[Counted, ...]] = []
        for tries in self._keyed:
            counted = []
            for key, one in tries:
                numbers[key] += 1
                counted.append(Counted(one, numbers[key], found[key][1]))
            told.append(tuple(counted))
        return told


async def _count_all(batch: Sequence[tuple[Watch, ...]]) -> list[tuple[Counted, ...] | Exception]:
    async with transaction():
        return [*await count_here(batch)]


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


_counter: GroupCommit[tuple[Watch, ...], tuple[Counted, ...]] = GroupCommit(_count_all, busy=CountingBusy)


async def hit(purpose: str, subject: str, limit: int, seconds: int) -> None:
    """Count one more try of `subject` (only its HMAC is stored). Raises TooManyTries with the time left beyond `limit`.

    Windows are fixed: the first try opens one of `seconds`. The count stands even if the caller refuses, so this never
    runs inside a transaction.
    """
    assert not is_in_transaction(), "a count must outlive the refusal that follows it"
    [counted] = await _counter.submit((Watch(purpose, subject, seconds, limit, refuses=True),))
    if counted.is_beyond:
        raise counted.refusal()


async def refuse_if_spent(purpose: str, subject: str, limit: int) -> None:
    """Without counting, for callers that count misses only. Raises TooManyTries."""
    window = await RateWindow.get_or_none(key=_key(purpose, subject))
    if window is None or window.hits < limit or not get_settings().rate_limits:
        return
    if window.expires_at > clock.now():
        raise _refusal(window.expires_at)


async def forget_expired() -> int:
    return await RateWindow.filter(expires_at__lte=clock.now()).delete()


def _key(purpose: str, subject: str) -> str:
    return f"{purpose}:{keyring().blind_index(subject, f'limit:{purpose}')[:40]}"


def _refusal(expires_at: datetime) -> TooManyTries:
    left = max(1, math.ceil((expires_at - clock.now()).total_seconds()))
    return TooManyTries(retry_after=left, minutes=math.ceil(left / 60))
