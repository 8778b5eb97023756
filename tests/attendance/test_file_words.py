"""What a session's file says in numbers is read by who pays: each line by itself says what it counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attendance.doors import open_door
from tests.attendance.test_file_lists import file_of
from trainings.attendance.session_reports import Report, write_report
from trainings.audit.actor import PROGRAM
from trainings.settings import Settings


async def data_with(**account: Any) -> dict[str, Any]:
    door = await open_door()
    known: dict[str, Any] = {"agenda": "", "summary": "", "transport_each": None}
    await write_report(door.key, Report(**known | account), actor=PROGRAM)
    return await file_of(door)


@pytest.mark.parametrize(
    ("planned", "served", "line"),
    [
        (10, 8, ["Sobraron", "2"]),
        (10, 10, ["Sobraron", "0"]),
        (10, 13, ["Servidas de más", "3"]),
        (10, None, ["Sobraron", ""]),
    ],
)
async def test_more_rations_than_planned_were_served_and_nobody_went_without(
    sqlite_db: Settings, planned: int, served: int | None, line: list[str]
) -> None:
    data = await data_with(rations_planned=planned, rations_served=served)

    assert data["rations"]["rows"][2] == line


async def test_counts_of_the_report_stand_in_two_columns_and_none_leans_on_the_one_above(sqlite_db: Settings) -> None:
    words = [line[0] for line in (await data_with(rations_planned=None, rations_served=None))["report"]["counts"]]

    assert words[2] == "Llegaron sin inscripción, con nombre"
    assert not [one for one in words if one.startswith("De ellas")]
