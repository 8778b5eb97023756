"""A run of the tests that begins at another moment: the clocks of the program and of browsers run on from there.

They go ahead of the machine's by the same seconds in every process of the run; its own clock nobody moves, so cookies
and certificates of the transport age as ever.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, BrowserType

from trainings import clock

AHEAD = "TESTS_AHEAD_S"
"""By how many seconds; the processes of the run inherit it, and `moved_clock` reads it in those of Python."""

TURN = "TESTS_TURN"
"""What is asked of one of many is asked of another at each run of another day."""

IN_CHILDREN = str(Path(__file__).with_name("moved_clock"))

DUSK = timedelta(seconds=20)
"""As long before midnight no test begins any more."""

DATE_AHEAD = """(() => {
    const Real = Date;
    globalThis.Date = class extends Real {
        constructor(...parts) { super(...(parts.length ? parts : [Real.now() + AHEAD])); }
        static now() { return Real.now() + AHEAD; }
    };
})()"""


def begin(at: str) -> None:
    """Let this run begin at a local moment, as `2026-12-07 07:05`; the first process decides for all. Empty: now."""
    _move_browsers()
    turn()
    if AHEAD in os.environ:
        _go_ahead(_ahead())
    elif at:
        _go_ahead(datetime.fromisoformat(at).replace(tzinfo=clock.GUATEMALA) - datetime.now(UTC))


def turn() -> int:
    """A number of the machine's own day, whatever day the run takes it for: those four would come again and again."""
    return int(os.environ.setdefault(TURN, str(datetime.now(UTC).toordinal())))


def go_on() -> None:
    """Be as far ahead as the environment says, in a process that was forked from one of another environment."""
    clock.go_ahead(_ahead())


def let_the_day_end() -> None:
    """Where the local day is all but over, be in the next: a short test need not be right on both sides of midnight."""
    left = clock.midnight(clock.today() + timedelta(days=1)) - clock.now()
    if left < DUSK:
        _go_ahead(_ahead() + left)


def _ahead() -> timedelta:
    return timedelta(seconds=float(os.environ.get(AHEAD, "0")))


def _go_ahead(by: timedelta) -> None:
    """From now on, also in processes and in browsers' contexts that are made from now on."""
    os.environ[AHEAD] = str(by.total_seconds())
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([IN_CHILDREN, *(one for one in path if one and one != IN_CHILDREN)])
    clock.go_ahead(by)


def _move_browsers() -> None:
    """Every page gets its `Date` before its own scripts; a worker of ours asks for no date."""

    def moved(make: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
        @wraps(make)
        def made(*args: Any, **options: Any) -> BrowserContext:
            context = make(*args, **options)
            if AHEAD in os.environ:
                context.add_init_script(DATE_AHEAD.replace("AHEAD", str(_ahead() // timedelta(milliseconds=1))))
            return context

        return made

    for owner, name in ((Browser, "new_context"), (BrowserType, "launch_persistent_context")):
        setattr(owner, name, moved(getattr(owner, name)))
