"""Days and times in forms: as a browser's fields send them, and days as people here write them by hand."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticKnownError

from trainings.web.forms import wrong
from trainings.web.i18n import N_

FIRST_YEAR, LAST_YEAR = 2000, 2100
BY_HAND = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
LONGEST_SHOWN = 20


def day_in(text: str) -> date:
    """The day of `2027-03-04`, or of `4/3/2027` as Guatemala writes it. Raises the form's own error, in a sentence."""
    written = text.strip()
    by_hand = BY_HAND.fullmatch(written)
    try:
        day = date(int(by_hand[3]), int(by_hand[2]), int(by_hand[1])) if by_hand else date.fromisoformat(written)
    except ValueError as exc:
        raise wrong(
            N_("«%(word)s» no es un día del calendario. Escriba la fecha así: 04/03/2027."),
            word=written[:LONGEST_SHOWN],
        ) from exc
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise wrong(N_("Revise el año de «%(word)s»."), word=written[:LONGEST_SHOWN])
    return day


def _typed(value: Any) -> Any:
    return day_in(value) if isinstance(value, str) else value


def _here(read: time) -> time:
    if read.tzinfo is not None:
        raise PydanticKnownError("time_parsing", {"error": "zone"})
    return read


Day = Annotated[date, BeforeValidator(_typed)]
"""A day between 2000 and 2100."""
HourHere = Annotated[time, AfterValidator(_here)]
"""A time of day as the clock on the wall here shows it."""
