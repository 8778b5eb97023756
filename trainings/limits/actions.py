"""Counting hits against a limit, and refusing what goes beyond."""

from __future__ import annotations

import logging
import math
from datetime import datetime, timedelta

from trainings import clock
from trainings.db import is_in_transaction, keyring, sql, transaction
from trainings.errors import TooMany
from trainings.limits.models import RateWindow
from trainings.settings import get_settings
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.limits")

COUNT = """
    INSERT INTO rate_window (key, hits, expires_at) VALUES (?, 1, ?)
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN rate_window.expires_at <= ? THEN 1 ELSE rate_window.hits + 1 END,
        expires_at = CASE WHEN rate_window.expires_at <= ? THEN excluded.expires_at ELSE rate_window.expires_at END
    RETURNING hits, expires_at
"""


class TooManyTries(TooMany):
    sentence = N_("Hubo demasiados intentos. Pruebe otra vez en %(minutes)s min.")


async def hit(purpose: str, subject: str, limit: int, seconds: int) -> None:
    """Count one more try of `subject` (an address, an account; only its HMAC is stored) and refuse beyond the limit.

    Windows are fixed: the first try opens one of that many seconds. Raises TooManyTries with the time that is left.
    The count stands even if the caller refuses for another reason, so it never runs inside a transaction.
    """
    hits, expires_at = await _count(purpose, subject, seconds)
    if not get_settings().rate_limits or hits <= limit:
        return
    if hits == limit + 1:
        logger.warning("limit reached: %s", purpose)
    raise _refusal(expires_at)


async def count(purpose: str, subject: str, seconds: int) -> int:
    """Count one more without refusing: how many there were in this window with this one (0 while limits are off)."""
    hits, _expires_at = await _count(purpose, subject, seconds)
    return hits if get_settings().rate_limits else 0


async def count_together(*tries: tuple[str, str, int]) -> list[int]:
    """The same for several (purpose, subject, seconds) in one commit, each written to the disk only once."""
    assert not is_in_transaction(), "a count must outlive the refusal that follows it"
    hits = {}
    async with transaction():
        # In one order, so that two requests never wait for each other's windows in a ring.
        for one in sorted(set(tries), key=lambda each: _key(each[0], each[1])):
            hits[one], _expires_at = await _count_now(*one)
    return [hits[one] if get_settings().rate_limits else 0 for one in tries]


async def refuse_if_spent(purpose: str, subject: str, limit: int) -> None:
    """Refuse where `limit` were counted before, without counting: for what counts misses only. Raises TooManyTries."""
    window = await RateWindow.get_or_none(key=_key(purpose, subject))
    if window and window.hits >= limit and window.expires_at > clock.now() and get_settings().rate_limits:
        raise _refusal(window.expires_at)


async def forget_expired() -> int:
    """Delete the windows that are over; how many there were."""
    return await RateWindow.filter(expires_at__lte=clock.now()).delete()


async def _count(purpose: str, subject: str, seconds: int) -> tuple[int, datetime]:
    assert not is_in_transaction(), "a count must outlive the refusal that follows it"
    return await _count_now(purpose, subject, seconds)


async def _count_now(purpose: str, subject: str, seconds: int) -> tuple[int, datetime]:
    now = clock.now()
    (row,) = await sql.rows(COUNT, _key(purpose, subject), now + timedelta(seconds=seconds), now, now)
    expires_at = row["expires_at"]
    return row["hits"], datetime.fromisoformat(expires_at) if isinstance(expires_at, str) else expires_at


def _key(purpose: str, subject: str) -> str:
    return f"{purpose}:{keyring().blind_index(subject, f'limit:{purpose}')[:40]}"


def _refusal(expires_at: datetime) -> TooManyTries:
    left = max(1, math.ceil((expires_at - clock.now()).total_seconds()))
    return TooManyTries(retry_after=left, minutes=math.ceil(left / 60))
