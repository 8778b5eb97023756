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

DATE_AHEAD = """(() => {
    const Real = Date;
    globalThis.Date = class extends Real {
        constructor(...parts) { super(...(parts.length ? parts : [Real.now() + AHEAD])); }
        static now() { return Real.now() + AHEAD; }
    };
})()"""


def begin(at: str) -> None:
    """Let this run begin at a local moment, as `2026-12-07 07:05`; the first process decides for all. Empty: now."""
    if at and AHEAD not in os.environ:
        moment = datetime.fromisoformat(at).replace(tzinfo=clock.GUATEMALA)
        os.environ[AHEAD] = str((moment - datetime.now(UTC)).total_seconds())
        children = str(Path(__file__).with_name("moved_clock"))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [children, os.environ.get("PYTHONPATH", "")]))
    if AHEAD in os.environ:
        seconds = float(os.environ[AHEAD])
        clock.go_ahead(timedelta(seconds=seconds))
        _move_browsers(DATE_AHEAD.replace("AHEAD", str(round(seconds * 1000))))


def _move_browsers(script: str) -> None:
    """Every page gets this before its own scripts; a worker of ours asks for no date."""

    def moved(make: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
        @wraps(make)
        def made(*args: Any, **options: Any) -> BrowserContext:
            context = make(*args, **options)
            context.add_init_script(script)
            return context

        return made

    for owner, name in ((Browser, "new_context"), (BrowserType, "launch_persistent_context")):
        setattr(owner, name, moved(getattr(owner, name)))
