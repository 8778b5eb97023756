"""Series of meetings: the days of each rule, on the wall clock of Guatemala, and what is too long to be one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainings.errors import Refusal
from trainings.schedule.plans import MOST_SESSIONS
from trainings.schedule.staff import series as module
from trainings.schedule.staff.series import Pattern, Series, count, days_of, ordinal, same_weekday_in

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
BY_RULE = st.sampled_from([Pattern.WEEKLY, Pattern.BIWEEKLY, Pattern.MONTHLY])


def series(pattern: Pattern = Pattern.WEEKLY, first: date = date(2027, 3, 11), **fields: object) -> Series:
    return Series(pattern, first, **fields)  # type: ignore[arg-type]


def iso(days: list[date]) -> list[str]:
    return [day.isoformat() for day in days]


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        (Pattern.WEEKLY, ["2027-03-11", "2027-03-18", "2027-03-25"]),
        (Pattern.BIWEEKLY, ["2027-03-11", "2027-03-25", "2027-04-08"]),
        (Pattern.MONTHLY, ["2027-03-11", "2027-04-08", "2027-05-13"]),
    ],
)
def test_series_by_number_of_times(pattern: Pattern, days: list[str]) -> None:
    assert iso(days_of(series(pattern, times=3))) == days


@pytest.mark.parametrize(
    ("pattern", "until", "last"),
    [
        (Pattern.WEEKLY, date(2027, 4, 1), "2027-04-01"),
        (Pattern.WEEKLY, date(2027, 3, 31), "2027-03-25"),
        (Pattern.BIWEEKLY, date(2027, 4, 7), "2027-03-25"),
        (Pattern.MONTHLY, date(2027, 5, 12), "2027-04-08"),
        (Pattern.MONTHLY, date(2027, 5, 13), "2027-05-13"),
    ],
)
def test_series_until_a_day_holds_that_day_and_none_after(pattern: Pattern, until: date, last: str) -> None:
    assert iso(days_of(series(pattern, until=until)))[-1] == last


def test_of_two_ends_the_first_counts() -> None:
    assert count(series(times=3, until=date(2027, 12, 31))) == 3
    assert count(series(times=20, until=date(2027, 3, 20))) == 2


def test_fifth_weekday_is_the_last_of_each_month() -> None:
    days = days_of(series(Pattern.MONTHLY, date(2027, 4, 29), times=4))

    assert iso(days) == ["2027-04-29", "2027-05-27", "2027-06-24", "2027-07-29"]


def test_picked_days_are_told_once_and_in_order_beside_the_first() -> None:
    picked = (date(2027, 4, 2), date(2027, 3, 20), date(2027, 4, 2), date(2027, 3, 11))

    assert iso(days_of(series(Pattern.PICKED, days=picked))) == ["2027-03-11", "2027-03-20", "2027-04-02"]


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        (series(), "series_without_end", "repeat_times"),
        (series(until=date(2027, 3, 10)), "series_ends_before_start", "repeat_until"),
        (series(times=10_000), "series_too_long", "repeat_times"),
        (series(until=date(2100, 12, 31)), "series_too_long", "repeat_until"),
        (series(Pattern.MONTHLY, until=date(2100, 12, 31)), "series_too_long", "repeat_until"),
        (series(Pattern.PICKED), "series_without_days", "repeat_days"),
        (
            series(Pattern.PICKED, days=tuple(date(2027, 4, 1) + timedelta(days=n) for n in range(24))),
            "series_too_long",
            "repeat_days",
        ),
    ],
)
def test_what_is_no_series_is_refused_at_its_field(wrong: Series, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        days_of(wrong)

    assert (refused.value.code, refused.value.field) == (code, field)


def test_series_of_ten_thousand_is_refused_in_words_before_a_day_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_day(**_spans: int) -> timedelta:
        raise AssertionError("a day was made")

    monkeypatch.setattr(module, "timedelta", no_day)

    with pytest.raises(module.SeriesTooLong) as refused:
        days_of(series(times=10_000))

    assert refused.value.values == {"most": MOST_SESSIONS, "n": "10,000"}


def every_day_between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


@given(BY_RULE, DAYS, st.integers(1, MOST_SESSIONS))
def test_days_rise_and_keep_the_weekday(pattern: Pattern, first: date, times: int) -> None:
    days = days_of(series(pattern, first, times=times))

    assert len(days) == times
    assert days[0] == first
    assert {day.weekday() for day in days} == {first.weekday()}
    steps = {(after - before).days for before, after in pairwise(days)}
    assert steps <= {Pattern.WEEKLY: {7}, Pattern.BIWEEKLY: {14}, Pattern.MONTHLY: {28, 35}}[pattern]


@given(BY_RULE, DAYS, st.integers(0, 150))
def test_reckoned_count_is_that_of_the_days_listed_one_by_one(pattern: Pattern, first: date, span: int) -> None:
    until = first + timedelta(days=span)
    step = {Pattern.WEEKLY: 7, Pattern.BIWEEKLY: 14}

    def is_one(day: date) -> bool:
        if pattern is Pattern.MONTHLY:
            return day == same_weekday_in(first, day.year, day.month)
        return (day - first).days % step[pattern] == 0

    listed = [day for day in every_day_between(first, until) if is_one(day)]

    assert count(series(pattern, first, until=until)) == len(listed)
    if len(listed) <= MOST_SESSIONS:
        assert days_of(series(pattern, first, until=until)) == listed


@given(DAYS, st.integers(2000, 2099), st.integers(1, 12))
def test_same_weekday_of_another_month(day: date, year: int, month: int) -> None:
    found = same_weekday_in(day, year, month)

    assert (found.year, found.month, found.weekday()) == (year, month, day.weekday())
    assert ordinal(found) == ordinal(day) or (ordinal(day) == 5 and (found + timedelta(days=7)).month != month)
