"""The only source of time. UTC inside, America/Guatemala (UTC−6 all year) for people."""

from __future__ import annotations

import time as time_module
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

GUATEMALA = ZoneInfo("America/Guatemala")

_frozen: list[datetime] = []
_ahead = [timedelta()]


def now() -> datetime:
    return _frozen[-1] if _frozen else datetime.now(UTC) + _ahead[0]


def running_ns() -> int:
    """Nanoseconds since 1970, also while `frozen`: for keys, which must not stand still."""
    return time_module.time_ns() + _ahead[0] // timedelta(microseconds=1) * 1000


def today() -> date:
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """Refuses a datetime without a zone."""
    if moment.tzinfo is GUATEMALA:
        return moment
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(GUATEMALA)


def at(day: date, hour: time) -> datetime:
    """UTC of a local date and time."""
    return datetime.combine(day, hour, GUATEMALA).astimezone(UTC)


def midnight(day: date) -> datetime:
    return at(day, time())


def whole_second_after(previous: datetime | None) -> datetime:
    """In whole seconds, but later than `previous`: stamps of calendar entries strictly grow."""
    current = now().replace(microsecond=0)
    if previous is None or current > previous:
        return current
    return previous + timedelta(seconds=1)


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """For tests, and the demo world's past."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    _frozen.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.pop()


def go_ahead(by: timedelta) -> None:
    """Tests only."""
    _ahead[0] = by


def ticks() -> float:
    """Monotonic seconds, for the age of things in memory; never a date."""
    return time_module.monotonic()
