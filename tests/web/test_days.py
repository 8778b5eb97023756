"""Days as browsers send them and as people write them."""

from __future__ import annotations

from datetime import date, time

import pytest
from pydantic import TypeAdapter, ValidationError

from trainings.web.forms import Day, HourHere

day = TypeAdapter(Day | None)
hour = TypeAdapter(HourHere)


@pytest.mark.parametrize("typed", ["2027-03-04", "04/03/2027", "4/3/2027", " 4-3-2027 ", "4.3.2027"])
def test_day_is_read_as_browsers_send_it_and_as_people_write_it(typed: str) -> None:
    assert day.validate_python(typed) == date(2027, 3, 4)


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("31/02/2027", "no es un día del calendario"),
        ("2027-02-31", "no es un día del calendario"),
        ("mañana", "Escriba la fecha así: 04/03/2027"),
        ("٤/٣/2027", "no es un día del calendario"),
        ("04/03/27", "no es un día del calendario"),
        ("1026-01-05", "Revise el año"),
        ("9999-12-31", "Revise el año"),
    ],
)
def test_day_that_no_calendar_has_is_refused_in_words(typed: str, part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        day.validate_python(typed)


def test_hour_is_the_one_on_the_wall_and_of_no_other_zone() -> None:
    assert hour.validate_python("08:30") == time(8, 30)
    for typed in ("08:30+14:00", "08:30Z"):
        with pytest.raises(ValidationError, match="time_parsing"):
            hour.validate_python(typed)
