"""Row numbers read off a signed list: one table for the server, the phone reads it too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
