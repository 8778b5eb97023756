"""Which tests reach a place: one run of the whole suite, in which each drawn place says that it is reached."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from tools.faults.places import TURNED, Fault, with_fault
from tools.faults.reached import FILE, TELLER, probed

PROGRAM = Path("trainings/__init__.py")
"""What every process of the program reads."""

CLOSED_OFF = {
    "trainings/lib/workbooks.py": "tests/lib/test_tabular.py",
    "trainings/certificates/check/pdf_claims.py": "tests/certificates/check/test_dropped.py",
}
"""Programs that run without the others and without an environment cannot tell; who asks them stands here."""


def watch(root: Path, faults: Iterable[Fault], file: Path, arguments: list[str]) -> None:
    """Run the suite; who reached what stands in `file` afterwards. The sources are as before at the end."""
    before: dict[Path, str] = {root / PROGRAM: (root / PROGRAM).read_text()}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tools.faults.reached", *arguments]
    try:
        # From the last to the first: what is put into a line moves what stands behind it.
        telling = [fault for fault in faults if fault.file not in CLOSED_OFF]
        for fault in sorted(telling, key=lambda fault: (fault.file, fault.line, fault.column), reverse=True):
            path = root / fault.file
            before.setdefault(path, path.read_text())
            path.write_text(_telling(path.read_text(), fault))
        with (root / PROGRAM).open("a") as program:
            program.write(TELLER)
        subprocess.run(command, cwd=root, env={**os.environ, FILE: str(file)}, check=False)  # noqa: S603 - our own tests
    finally:
        for path, text in before.items():
            path.write_text(text)


def _telling(source: str, fault: Fault) -> str:
    if fault.file.endswith(".js"):
        lines = source.splitlines(keepends=True)
        lines[fault.line - 1] = probed(lines[fault.line - 1], fault.place)
        return "".join(lines)
    told = f"__reached__({fault.place!r})"
    text = f"({told} or ({fault.text}))" if fault.kind == TURNED else f"{told}; {fault.text}"
    return with_fault(source, fault, text)


class Reached:
    """What a watched run found out."""

    def __init__(self, file: Path) -> None:
        self._tests: dict[str, set[str]] = defaultdict(set)
        for line in file.read_text().splitlines():
            test, place = line.split("\t")
            self._tests[place].add(_test_of(test))
        self._n_places = Counter(test for tests in self._tests.values() for test in tests)

    def tests_of(self, fault: Fault) -> list[str]:
        """The names of the tests that reach the fault's line, those first that reach few places; maybe none."""
        if fault.file in CLOSED_OFF:
            return [CLOSED_OFF[fault.file]]
        return sorted(self._tests[fault.place] - {""}, key=lambda test: (self._n_places[test], test))


def _test_of(context: str) -> str:
    """`tests/test_x.py::test_y[sqlite] (call)`, as pytest names it in the environment, without the moment."""
    return context.rpartition(" (")[0]
