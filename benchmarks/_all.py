"""All benchmarks, one after the other; at the end a table of what each took and missed: `python benchmarks/_all.py`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

MISSED = "MISSED"


def main() -> int:
    told: list[str] = []
    failed = False
    for script in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        print(f"== {script.name}", flush=True)
        begin = time.monotonic()
        lines, code = run(script)
        failed |= code != 0
        verdict = "ok" if code == 0 else f"exit code {code}"
        told.append(f"{script.name:20} {time.monotonic() - begin:6.0f} s   {verdict}")
        told += [f"    {line.strip()}" for line in lines if MISSED in line]
    print("== all", *told, sep="\n")
    return int(failed)


def run(script: Path) -> tuple[list[str], int]:
    """Its lines, shown as they come, and its exit code."""
    lines = []
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return lines, process.returncode


if __name__ == "__main__":
    sys.exit(main())
