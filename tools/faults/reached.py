"""A pytest plugin (`-p tools.faults.reached`): which test reaches which line, child processes and browsers included.

Lines of Python are kept by coverage, with the test as the context. A child process takes the test's name from the
environment. In scripts each place where a fault can stand says its name: to a browser's console, to a file in Node.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import coverage
import pytest
from playwright.sync_api import Browser

CURRENT = "PYTEST_CURRENT_TEST"
"""Pytest keeps it up to date, and child processes inherit it."""

FOLDER = "FAULTS_REACHED"
SAID = "reached "

PROBE = (
    "(globalThis.__reached ??= ((seen) => (place) => {"
    "if (globalThis.document && seen.has(place)) return;"
    "seen.add(place);"
    "if (!globalThis.process?.versions?.node) return console.debug('" + SAID + "' + place);"
    "const { appendFileSync } = process.getBuiltinModule('fs');"
    "appendFileSync(process.env." + FOLDER + " + '/node.txt',"
    " (process.env." + CURRENT + " ?? '') + '\\t' + place + '\\n');"
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
        with Path(os.environ[FOLDER], "browser.txt").open("a") as file:
            file.write(f"{os.environ.get(CURRENT, '')}\t{message.text.removeprefix(SAID)}\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    if measured := coverage.Coverage.current():
        measured.switch_context(item.nodeid)
    return (yield)
