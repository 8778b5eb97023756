from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from trainings.people.forms import printable
from trainings.schedule.staff.forms import EndTime, Reason, Text240, required
from trainings.web.days import Day, HourHere
from trainings.web.forms import Form


class RestoreForm(Form):
    """The reason for people or places at two sessions at once, if there are clashes."""

    override_reason: Reason = ""


class HeldForm(Form):
    """A session's true time, and the source of it. `known_as`: time and place on the open form."""

    day: Day
    starts: HourHere
    ends: EndTime
    reason: Annotated[str, printable(240), AfterValidator(required)]
    known_as: Text240 = ""


class NotHeldForm(Form):
    """Why a session did not take place. `known_as`: time and place on the open form."""

    reason: Annotated[str, printable(240), AfterValidator(required)]
    known_as: Text240 = ""
