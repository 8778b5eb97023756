"""The holidays of any year, as people in Guatemala keep them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from trainings import clock
from trainings.schedule.holidays import easter, holiday_during, holidays, to_monday


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return clock.at(day, time(hour, minute))


def test_holidays_of_2027_are_those_of_the_calendar() -> None:
    days = [(holiday.day.isoformat(), holiday.is_half) for holiday in holidays(2027)]

    assert days == [
        ("2027-01-01", False),
        ("2027-03-25", False),
        ("2027-03-26", False),
        ("2027-03-27", False),
        ("2027-05-01", False),
        ("2027-06-28", False),
        ("2027-09-15", False),
        ("2027-10-20", False),
        ("2027-11-01", False),
        ("2027-12-24", True),
        ("2027-12-25", False),
        ("2027-12-31", True),
    ]


@pytest.mark.parametrize(
    ("year", "day"),
    [(1961, "1961-04-02"), (2000, "2000-04-23"), (2024, "2024-03-31"), (2026, "2026-04-05"), (2038, "2038-04-25")],
)
def test_easter(year: int, day: str) -> None:
    assert easter(year).isoformat() == day


@pytest.mark.parametrize(("year", "monday"), [(2023, 3), (2024, 1), (2025, 30), (2026, 29), (2027, 28)], ids=str)
def test_army_day_moves_to_the_nearest_monday_of_the_law(year: int, monday: int) -> None:
    kept = to_monday(date(year, 6, 30))

    assert (kept.weekday(), kept.day) == (0, monday)


@pytest.mark.parametrize(
    ("day", "hours", "name"),
    [
        (date(2027, 3, 25), (8, 12), "Jueves Santo"),
        (date(2027, 3, 24), (8, 12), None),
        (date(2027, 12, 24), (8, 12), None),
        (date(2027, 12, 24), (8, 13), "Nochebuena"),
        (date(2027, 12, 31), (14, 16), "Fin de año"),
        (date(2027, 12, 31), (20, 23), "Fin de año"),
    ],
)
def test_holiday_during_a_session(day: date, hours: tuple[int, int], name: str | None) -> None:
    holiday = holiday_during(at(day, hours[0]), at(day, hours[1]))

    assert (holiday.name if holiday else None) == name
