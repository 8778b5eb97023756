"""One moment for all of a run: in this process, in those that it starts, in browsers."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from tests import moment
from trainings import clock

A_YEAR = timedelta(days=366)
MINUTE = timedelta(minutes=1)
TOLD = "from trainings import clock; print(clock.now().isoformat())"
"""By a child as by this process: the program's own clock."""


def test_pages_know_the_time_of_the_run(browser: Browser) -> None:
    with browser.new_context() as context:
        told = context.new_page().evaluate("() => [Date.now(), +new Date(), new Date(2028, 1, 29).getDate()]")

    now = clock.now()
    assert [abs(datetime.fromtimestamp(one / 1000, UTC) - now) < MINUTE for one in told[:2]] == [True, True]
    assert told[2] == 29


def test_child_of_a_run_that_began_next_year_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(moment.AHEAD, str(A_YEAR.total_seconds()))
    monkeypatch.setenv("PYTHONPATH", moment.IN_CHILDREN)

    told = subprocess.run([sys.executable, "-c", TOLD], env=os.environ, capture_output=True, text=True, check=True)

    assert abs(datetime.fromisoformat(told.stdout.strip()) - datetime.now(UTC) - A_YEAR) < MINUTE


@pytest.mark.parametrize(("left", "moves"), [(timedelta(seconds=5), True), (timedelta(minutes=5), False)])
def test_no_test_begins_in_the_last_seconds_of_a_day(
    monkeypatch: pytest.MonkeyPatch, left: timedelta, moves: bool
) -> None:
    by: list[timedelta] = []
    monkeypatch.setattr(clock, "go_ahead", by.append)
    monkeypatch.setenv(moment.AHEAD, "60")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")

    with clock.frozen(clock.midnight(clock.today()) - left):
        moment.let_the_day_end()

    assert by == ([MINUTE + left] if moves else [])
    assert os.environ["PYTHONPATH"].split(os.pathsep) == ([moment.IN_CHILDREN, "elsewhere"] if moves else ["elsewhere"])
