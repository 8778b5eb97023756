"""The forms of the desk about names, hand-over and marks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainings.people.forms import printable
from trainings.web.forms import Form

LONGEST_NAME = 260


class NameReadForm(Form):
    """The name that somebody read when they said that it is right."""

    name: Annotated[str, printable(LONGEST_NAME)] = Field(min_length=1)
