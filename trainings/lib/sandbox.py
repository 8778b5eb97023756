"""Other people's designs are set in a process with little memory, little time and no network: Typst alone cannot stop a
loop within a loop or a list as long as the memory.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import typst

from trainings.lib.typst import CannotTypeset, Design

SECONDS = 8.0
"""Of processor time."""
WAITED = 3
"""Times SECONDS by the clock: the machine may be busy."""
MEMORY = 1 << 30
"""Bytes of address space; a usual certificate takes a tenth of it."""

Job: TypeAlias = "tuple[Sequence[Mapping[str, Any]], typst.OutputFormat, Mapping[str, Any]]"
"""Sheets, how they are set, and Typst's other options."""

_CHILD = Path(__file__).with_name("sandbox_child.py")
_ENVIRONMENT = {
    # Packages are fetched through the named proxy: nobody listens there.
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    # Each thread reserves address space of its own: on a machine of many cores that alone would use it up.
    "RAYON_NUM_THREADS": "2",
    "MALLOC_ARENA_MAX": "2",
}


class TookTooLong(CannotTypeset):
    pass


class TookTooMuch(CannotTypeset):
    """More memory than allowed, or no answer."""


class DesignApart(Design):
    def __init__(self, file: Path, *, root: Path, fonts: Path, seconds: float = SECONDS) -> None:
        super().__init__(file, root=root, fonts=fonts)
        self.seconds = seconds

    def make(self, data: Mapping[str, Any], output: typst.OutputFormat, *, name: str, **options: Any) -> list[bytes]:
        """As `Design.make`; refuses also with TookTooLong, TookTooMuch."""
        return self.make_all([data], output, name=name, **options)[0]

    def make_all(
        self, sheets: Sequence[Mapping[str, Any]], output: typst.OutputFormat, *, name: str, **options: Any
    ) -> list[list[bytes]]:
        """As `make_several`, of one job."""
        return self.make_several([(sheets, output, options)], name=name)[0]

    def make_several(self, jobs: Sequence[Job], *, name: str) -> list[list[list[bytes]]]:
        """All from one process; refuses all where one sheet cannot be set."""
        return _pages(self._answer(self._order(jobs), name), name)

    def families(self) -> dict[str, str]:
        """By file name. Refuses as `make`."""
        told = json.loads(self._answer(self._order([]), "fonts").partition(b"\n")[0])
        return {Path(path).name: family for family, path in told["fonts"]}

    def _order(self, jobs: Sequence[Job]) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "root": str(self.root),
            "fonts": str(self.fonts),
            "jobs": [
                {
                    "sheets": [json.dumps(data, ensure_ascii=False) for data in sheets],
                    "format": output,
                    "options": {k: one.timestamp() if k == "timestamp" else one for k, one in options.items()},
                }
                for sheets, output, options in jobs
            ],
            "memory": MEMORY,
            "seconds": self.seconds,
        }

    def _answer(self, order: Mapping[str, Any], name: str) -> bytes:
        try:
            ended = subprocess.run(  # noqa: S603 - our own file and interpreter
                [sys.executable, "-I", str(_CHILD)],
                input=json.dumps(order).encode(),
                capture_output=True,
                timeout=WAITED * self.seconds,
                env=_ENVIRONMENT,
                cwd=self.root,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise self._too_long(name) from error
        if ended.returncode == -signal.SIGXCPU:
            raise self._too_long(name)
        if ended.returncode != 0:
            raise TookTooMuch(f"{name}: {self.file.parent.name} ended with {ended.returncode}")
        return ended.stdout

    def _too_long(self, name: str) -> TookTooLong:
        return TookTooLong(f"{name}: {self.file.parent.name} is not done after {self.seconds:g} seconds")


def _pages(answer: bytes, name: str) -> list[list[list[bytes]]]:
    head, _newline, rest = answer.partition(b"\n")
    told = json.loads(head)
    if "error" in told:
        raise CannotTypeset(f"{name}: {told['error']}", diagnostic=told["diagnostic"])
    pages = BytesIO(rest)
    return [[[pages.read(size) for size in sizes] for sizes in job] for job in told["sizes"]]
