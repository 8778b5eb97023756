"""Expectations look ten times a second and wait long: a busy machine is slow, not wrong.

Playwright looks ten times a second where it may wait for less than two and a half seconds, else twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from playwright.sync_api import expect
from playwright.sync_api._generated import LocatorAssertions, PageAssertions

LOOKS_OFTEN_MS = 2_400
PATIENCE_S = 45


def be_patient() -> None:
    """From now on, wherever an expectation names no time of its own."""
    expect.set_options(timeout=LOOKS_OFTEN_MS)
    for assertions in (LocatorAssertions, PageAssertions):
        for name in dir(assertions):
            if name.startswith(("to_", "not_to_")):
                setattr(assertions, name, _patient(getattr(assertions, name)))


def _patient(look: Callable[..., None]) -> Callable[..., None]:
    @wraps(look)
    def patient(*args: Any, **options: Any) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                return look(*args, **options)
            except AssertionError:
                if "timeout" in options or time.monotonic() > give_up_at:
                    raise

    return patient
