"""Which tests reach a place: one run of the whole suite, watched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from coverage import Coverage, CoverageData

from tools.faults.places import Fault, js_faults
from tools.faults.reached import CURRENT, FOLDER, probed

RC = f"""\
[run]
branch = true
parallel = true
sigterm = true
source = trainings
data_file = {{folder}}/coverage
context = ${{{{{CURRENT}-}}}}
"""


def watch(root: Path, folder: Path, arguments: list[str]) -> None:
    """Run the suite; what it reached stands in `folder` afterwards. The scripts are as before at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    rc = folder / "coveragerc"
    rc.write_text(RC.format(folder=folder))
    environment = {**os.environ, "COVERAGE_PROCESS_START": str(rc), FOLDER: str(folder)}
    changed = _probe_scripts(root)
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tools.faults.reached", *arguments]
        subprocess.run(command, cwd=root, env=environment, check=False)  # noqa: S603 - our own tests
    finally:
        for path, text in changed.items():
            path.write_text(text)
    measured = Coverage(config_file=str(rc))
    measured.combine()
    measured.save()


def _probe_scripts(root: Path) -> dict[Path, str]:
    before: dict[Path, str] = {}
    for fault in js_faults(root):
        path = root / fault.file
        before.setdefault(path, path.read_text())
        lines = path.read_text().splitlines(keepends=True)
        lines[fault.line - 1] = probed(lines[fault.line - 1], fault.place)
        path.write_text("".join(lines))
    return before


class Reached:
    """What a watched run found out."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._data = CoverageData(str(folder / "coverage"))
        self._data.read()
        self._scripts: dict[str, set[str]] = defaultdict(set)
        for name in ("browser.txt", "node.txt"):
            for line in (folder / name).read_text().splitlines() if (folder / name).exists() else ():
                test, place = line.split("\t")
                self._scripts[place].add(_test_of(test))

    def tests_of(self, fault: Fault) -> list[str]:
        """The names of the tests that reach the fault's line; empty where none does."""
        if fault.file.endswith(".js"):
            return sorted(self._scripts[fault.place] - {""})
        contexts = self._data.contexts_by_lineno(str(self._root / fault.file))
        return sorted({_test_of(name) for name in contexts.get(fault.line, ())} - {""})


def _test_of(context: str) -> str:
    """`tests/test_x.py::test_y[sqlite] (call)`, as pytest names it in the environment, without the moment."""
    return context.rpartition(" (")[0] if context.endswith((" (call)", " (setup)", " (teardown)")) else context
