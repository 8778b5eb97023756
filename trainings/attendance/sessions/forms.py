from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from trainings.attendance.sessions.reports import Report
from trainings.people.forms import printable_lines
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

AGENDA_LENGTH, SUMMARY_LENGTH = 2000, 3000
MOST_RATIONS, MOST_MONEY = 5000, Decimal(5000)


def _money(typed: object) -> object:
    """`Q25`, `25.50`, `1,200`. A comma before two digits is taken for a point."""
    text = re.sub(r"[Qq\s\u00a0]", "", str(typed)).removesuffix(".")
    # A comma stands before two digits, or between thousands: "25,5,5" is nothing that anybody pays.
    parts = re.fullmatch(r"(\d{1,7}|\d{1,3}(?:,\d{3})+)(?:[.,](\d{1,2}))?", text, re.ASCII)
    if parts is None:
        raise wrong(N_("Escriba una cantidad en quetzales, como 25 o 25.50."))
    amount = Decimal(f"{parts[1].replace(',', '')}.{parts[2] or '0'}")
    if amount > MOST_MONEY:
        raise wrong(N_("Escriba %(most)s quetzales o menos por persona."), most=int(MOST_MONEY))
    return amount


Rations = Annotated[int | None, Field(ge=0, le=MOST_RATIONS)]


class ReportForm(Form):
    agenda: Annotated[str, printable_lines(AGENDA_LENGTH)] = ""
    summary: Annotated[str, printable_lines(SUMMARY_LENGTH)] = ""
    rations_planned: Rations = None
    rations_served: Rations = None
    transport_each: Annotated[Decimal | None, BeforeValidator(_money)] = None

    @property
    def report(self) -> Report:
        return Report(
            self.agenda,
            self.summary,
            self.rations_planned,
            self.rations_served,
            self.transport_each or None,
        )
