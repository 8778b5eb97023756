"""What is asked before something cancelled takes place after all, and where a session was held at another time."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from trainings.people.forms import printable
from trainings.schedule.staff.forms import EndTime, Reason, Text240, required
from trainings.web.days import Day, HourHere
from trainings.web.forms import Form


class RestoreForm(Form):
    """Why people or places may be at two sessions at once, where they are."""

    override_reason: Reason = ""


class HeldForm(Form):
    """When a session was really held, and how that is known. `known_as`: when and where it was on the open form."""

    day: Day
    starts: HourHere
    ends: EndTime
    reason: Annotated[str, printable(240), AfterValidator(required)]
    known_as: Text240 = ""


class NotHeldForm(Form):
    """Why a session did not take place. `known_as`: when and where it was to be on the open form."""

    reason: Annotated[str, printable(240), AfterValidator(required)]
    known_as: Text240 = ""
