"""Counting hits against a limit, and refusing what goes beyond."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
ONE = _COUNT.format(rows="VALUES (?, ?, ?)", now="?")
ALL = _COUNT.format(rows="SELECT * FROM unnest($1::text[], $2::int[], $3::timestamptz[])", now="$4")


class TooManyTries(TooMany):
    sentence = N_("Hubo demasiados intentos. Pruebe otra vez en %(minutes)s min.")


@dataclass(frozen=True, slots=True)
class _Try:
    """One more, under the key of a window of so many seconds."""

    key: str
    seconds: int


class CountingBusy(Busy):
    code = "busy"
    sentence = N_("Hay mucha gente en la página. Espere unos segundos y vuelva a intentarlo.")

    def __init__(self) -> None:
        super().__init__(retry_after=10)


@dataclass(frozen=True, slots=True)
class _Counted:
    hits: int
    expires_at: datetime


async def _count_all(batch: Sequence[tuple[_Try, ...]]) -> list[tuple[_Counted, ...] | Exception]:
    """Count the tries of a moment in one commit: each window is written once, in key order, so that two processes never
    wait for each other's in a ring. Each try is told the number it was.
    """
    seconds = {one.key: one.seconds for tries in batch for one in tries}
    more = Counter(one.key for tries in batch for one in tries)
    async with transaction():
        found = await _write(more, seconds)
    numbers = {key: counted.hits - more[key] for key, counted in found.items()}
    told: list[tuple[_Counted, ...] | Exception] = []
    for tries in batch:
        for one in tries:
            numbers[one.key] += 1
        told.append(tuple(_Counted(numbers[one.key], found[one.key].expires_at) for one in tries))
    return told


async def _write(more: Mapping[str, int], seconds: Mapping[str, int]) -> dict[str, _Counted]:
    now = clock.now()
    rows = [(key, more[key], now + timedelta(seconds=seconds[key])) for key in sorted(more)]
    if get_connection("default").capabilities.dialect == "postgres":
        [found] = await sql.rows_of([Statement(ALL, (*map(list, zip(*rows, strict=True)), now))])
    else:
        found = [row for [row] in await sql.rows_of([Statement(ONE, (*values, now, now)) for values in rows])]
    return {row["key"]: _Counted(row["hits"], _moment(row["expires_at"])) for row in found}


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


_counter: GroupCommit[tuple[_Try, ...], tuple[_Counted, ...]] = GroupCommit(_count_all, busy=CountingBusy)


async def hit(purpose: str, subject: str, limit: int, seconds: int) -> None:
    """Count one more try of `subject` (an address, an account; only its HMAC is stored) and refuse beyond the limit.

    Windows are fixed: the first try opens one of that many seconds. Raises TooManyTries with the time that is left.
    The count stands even if the caller refuses for another reason, so it never runs inside a transaction.
    """
    [counted] = await _count((purpose, subject, seconds))
    if not get_settings().rate_limits or counted.hits <= limit:
        return
    if counted.hits == limit + 1:
        logger.warning("limit reached: %s", purpose)
    raise _refusal(counted.expires_at)


async def count(purpose: str, subject: str, seconds: int) -> int:
    """Count one more without refusing: how many there were in this window with this one (0 while limits are off)."""
    [counted] = await _count((purpose, subject, seconds))
    return counted.hits if get_settings().rate_limits else 0


async def count_together(*tries: tuple[str, str, int]) -> list[int]:
    """The same for several (purpose, subject, seconds) in one commit."""
    counted = await _count(*tries)
    return [one.hits if get_settings().rate_limits else 0 for one in counted]


async def refuse_if_spent(purpose: str, subject: str, limit: int) -> None:
    """Refuse where `limit` were counted before, without counting: for what counts misses only. Raises TooManyTries."""
    window = await RateWindow.get_or_none(key=_key(purpose, subject))
    if window and window.hits >= limit and window.expires_at > clock.now() and get_settings().rate_limits:
        raise _refusal(window.expires_at)


async def forget_expired() -> int:
    """Delete the windows that are over; how many there were."""
    return await RateWindow.filter(expires_at__lte=clock.now()).delete()


async def _count(*tries: tuple[str, str, int]) -> tuple[_Counted, ...]:
    assert not is_in_transaction(), "a count must outlive the refusal that follows it"
    return await _counter.submit(tuple(_Try(_key(purpose, subject), seconds) for purpose, subject, seconds in tries))


def _key(purpose: str, subject: str) -> str:
    return f"{purpose}:{keyring().blind_index(subject, f'limit:{purpose}')[:40]}"


def _refusal(expires_at: datetime) -> TooManyTries:
    left = max(1, math.ceil((expires_at - clock.now()).total_seconds()))
    return TooManyTries(retry_after=left, minutes=math.ceil(left / 60))
