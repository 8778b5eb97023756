"""How a place says that a test reached it, in child processes and browsers too.

A process takes the test's name from its environment. A script in a browser tells the console, which this plugin of
pytest (`-p tools.faults.reached`) listens to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

CURRENT = "PYTEST_CURRENT_TEST"
"""Pytest keeps it up to date, and child processes inherit it."""

FILE = "FAULTS_REACHED"
SAID = "reached "

TELLER = f"""

import builtins as _builtins
import os as _os

_told: set[tuple[str, str]] = set()


def _tell(place: str) -> None:
    told = _os.environ.get("{CURRENT}", ""), place
    if "{FILE}" in _os.environ and told not in _told:
        _told.add(told)
        try:
            with open(_os.environ["{FILE}"], "a") as file:
                file.write("\\t".join(told) + "\\n")
        except OSError:
            pass  # who may not write anything was started by one that told


_builtins.__reached__ = _tell
"""

PROBE = (
    "(globalThis.__reached ??= ((seen) => (place) => {"
    "if (globalThis.document && seen.has(place)) return;"
    "seen.add(place);"
    "if (!globalThis.process?.versions?.node) return console.debug('" + SAID + "' + place);"
    "const { appendFileSync } = process.getBuiltinModule('fs');"
    "appendFileSync(process.env." + FILE + ", (process.env." + CURRENT + " ?? '') + '\\t' + place + '\\n');"
    "})(new Set()))"
)


def probed(line: str, place: str) -> str:
    """The line of a script, saying its place before it does anything."""
    indent = line[: len(line) - len(line.lstrip())]
    return f'{indent}{PROBE}("{place}");{line.lstrip()}'


def pytest_configure() -> None:
    make = Browser.new_context

    def listening(self: Browser, **options: Any) -> Any:
        context = make(self, **options)
        context.on("console", _write)
        context.on("serviceworker", lambda worker: worker.on("console", _write))
        return context

    Browser.new_context = listening  # type: ignore[method-assign]


def _write(message: Any) -> None:
    if message.text.startswith(SAID):
        with Path(os.environ[FILE]).open("a") as file:
            file.write(f"{os.environ.get(CURRENT, '')}\t{message.text.removeprefix(SAID)}\n")
