"""Set each fault in turn, ask the tests that reach it, and say which were caught."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from tools.faults.map import Reached
from tools.faults.places import Fault, found_again, with_fault

TOO_LONG_S = 1800
UNENDING = ("-o", "faulthandler_timeout=180", "-o", "faulthandler_exit_on_timeout=true", "-p", "no:cacheprovider")
"""A test that does not end has caught the fault."""

CAUGHT, PASSED, UNREACHED, UNENDED = "caught", "passed", "unreached", "unended"


def judge(root: Path, faults: Iterable[Fault], reached: Reached, verdicts: Path, caught_elsewhere: Path | None) -> None:
    """Write a line for each fault as it is judged; those that have one already are left out.

    What another revision's tests caught is asked first of the test that did.
    """
    faults = list(faults)
    known = {tuple(row["identity"]) for row in rows_of(verdicts)}
    catchers = {tuple(row["identity"]): row["by"] for row in rows_of(caught_elsewhere)} if caught_elsewhere else {}
    here = found_again(root, faults)
    for wanted in faults:
        if wanted.identity in known:
            continue
        fault = here.get(wanted.identity)
        tests = [] if fault is None else reached.tests_of(fault)
        first = [test for test in tests if test == catchers.get(wanted.identity)]
        verdict, by = ("gone", "") if fault is None else _verdict(root, fault, [first, tests] if first else [tests])
        row = {"identity": wanted.identity, "place": wanted.place, "verdict": verdict, "by": by}
        with verdicts.open("a") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(verdict.ljust(10), wanted.place, wanted.kind, wanted.text.splitlines()[0][:60], by, flush=True)


def rows_of(verdicts: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in verdicts.read_text().splitlines()] if verdicts.exists() else []


def _verdict(root: Path, fault: Fault, turns: list[list[str]]) -> tuple[str, str]:
    if not turns[-1]:
        return UNREACHED, ""
    path = root / fault.file
    before = path.read_text()
    path.write_text(with_fault(before, fault))
    try:
        for tests in turns:
            verdict, by = _asked(root, tests)
            if verdict == CAUGHT:
                break
        return verdict, by
    finally:
        path.write_text(before)


def _asked(root: Path, tests: list[str]) -> tuple[str, str]:
    with NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(tests))
        names.flush()
        command = [sys.executable, "-m", "pytest", "-q", "-x", *UNENDING, "--no-header", f"@{names.name}"]
        try:
            done = subprocess.run(  # noqa: S603 - the names of our own tests
                command, cwd=root, capture_output=True, text=True, timeout=TOO_LONG_S, check=False
            )
        except subprocess.TimeoutExpired:
            return UNENDED, f"{len(tests)} tests"
    if done.returncode == 0:
        return PASSED, f"{len(tests)} tests"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    return CAUGHT, failed[0].split(" ", 1)[1].split(" - ")[0] if failed else f"exit {done.returncode}"
