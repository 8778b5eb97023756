"""Months and quarters by the days of Guatemala, in weeks that begin on Sunday."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from trainings.schedule.months import Month, Quarter, days_touched

WRONG = [
    "",
    "2027",
    "2027-13",
    "2027-00",
    "2027-3",
    "27-03",
    "2027-03-01",
    "1999-12",
    "2100-01",
    "2027-０3",
    "mes",
    "\0",
]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_month_is_read_and_written_alike() -> None:
    assert str(Month.read("2027-03")) == "2027-03"


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_no_month_is_none(typed: str) -> None:
    assert Month.read(typed) is None


def test_month_begins_and_ends_at_local_midnight() -> None:
    march = Month(2027, 3)

    assert (march.starts_at, march.ends_at) == (utc(2027, 3, 1, 6), utc(2027, 4, 1, 6))
    assert (march.days[0], march.days[-1], len(march.days)) == (date(2027, 3, 1), date(2027, 3, 31), 31)


@pytest.mark.parametrize(
    ("month", "column"), [(Month(2026, 11), 1), (Month(2027, 3), 2), (Month(2027, 5), 7), (Month(2028, 2), 3)]
)
def test_first_day_stands_under_its_weekday(month: Month, column: int) -> None:
    assert month.column == column


def test_steps_go_over_the_year() -> None:
    assert [str(Month(2027, 1).later(n)) for n in (-13, -1, 0, 11, 12)] == [
        "2025-12",
        "2026-12",
        "2027-01",
        "2027-12",
        "2028-01",
    ]


def test_day_is_that_of_guatemala_and_midnight_touches_none() -> None:
    evening = utc(2027, 4, 1, 2)

    assert days_touched(evening, evening + timedelta(hours=3)) == (date(2027, 3, 31),)
    assert days_touched(evening, utc(2027, 4, 1, 6)) == (date(2027, 3, 31),)
    assert days_touched(evening, utc(2027, 4, 1, 6, 1)) == (date(2027, 3, 31), date(2027, 4, 1))


@pytest.mark.parametrize(
    ("day", "written"), [(date(2027, 1, 1), "2027-1"), (date(2027, 3, 31), "2027-1"), (date(2027, 12, 31), "2027-4")]
)
def test_quarter_of_a_day(day: date, written: str) -> None:
    assert str(Quarter.of(day)) == written
    assert Quarter.read(written) == Quarter.of(day)


def test_quarter_begins_and_ends_at_local_midnight() -> None:
    last = Quarter(2027, 4)

    assert (last.starts_at, last.ends_at) == (utc(2027, 10, 1, 6), utc(2028, 1, 1, 6))
    assert [str(last.later(n)) for n in (-4, -1, 1)] == ["2026-4", "2027-3", "2028-1"]


@pytest.mark.parametrize("typed", ["", "2027-0", "2027-5", "1999-1", "2100-1", "2027", "2027-1-1", "\0"])
def test_what_is_no_quarter_is_none(typed: str) -> None:
    assert Quarter.read(typed) is None
