from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from trainings import clock
from trainings.outreach.actions import ActivityPlan, TimeAndPlace
from trainings.outreach.heads import CELLS, MOST_OF_A_CELL, Cell, Touch
from trainings.outreach.models import ActivityKind, OutreachActivity
from trainings.outreach.words import SUBJECTS, AgeBand
from trainings.people.forms import MunicipalityCode, printable
from trainings.people.models import Sex
from trainings.schedule.staff.forms import Lines, Reason, Text240, Title, typed_hours
from trainings.web.forms import Day, Form, FormErrors, HourHere, Typed, wrong
from trainings.web.i18n import N_, gettext

MOST_TOUCHES = 100
TYPED, SEEN = "n", "antes"
"""Prefixes of the totals' fields: the new number, and the number when the page was opened."""


class WhenAndWhereForm(Form):
    """A chosen venue decides the municipality. `revision`: of the row when opened."""

    day: Day
    starts: HourHere
    ends: HourHere
    venue: UUID | None = None
    municipality: MunicipalityCode = ""
    place: Annotated[str, printable(200)] = ""
    override_reason: Reason = ""
    revision: int | None = None

    def at(self) -> TimeAndPlace:
        """In UTC."""
        return TimeAndPlace(
            starts_at=clock.at(self.day, self.starts),
            ends_at=clock.at(self.day, self.ends),
            municipality=self.municipality,
            venue_id=self.venue,
            place=self.place,
        )


class LookForm(WhenAndWhereForm):
    responsible: UUID | None = None


class ActivityForm(WhenAndWhereForm):
    """`materials`: one a line."""

    kind: ActivityKind
    title: Title
    summary: Lines = ""
    responsible: UUID
    materials: Lines = ""
    rain_plan: Text240 = ""

    def plan(self, hub_id: UUID) -> ActivityPlan:
        return ActivityPlan(
            hub_id=hub_id,
            kind=self.kind,
            title=self.title,
            at=self.at(),
            responsible_id=self.responsible,
            summary=self.summary,
            materials=self.materials,
            rain_plan=self.rain_plan,
        )


def typed_time_and_place(activity: OutreachActivity) -> dict[str, Any]:
    where = {"venue": activity.venue_id, "municipality": activity.municipality_id, "place": activity.place}
    return typed_hours(activity) | where


def typed_activity(activity: OutreachActivity) -> Typed:
    names = ("title", "summary", "materials", "rain_plan", "revision")
    values = {name: getattr(activity, name) for name in names}
    about = {"kind": activity.kind.value, "responsible": activity.responsible_id}
    return Typed.of(values | about | typed_time_and_place(activity))


# -- counting


def cell_code(cell: Cell) -> str:
    """`mujer:18-59`."""
    return f"{cell.sex}:{cell.band}"


BY_CODE = {cell_code(cell): cell for cell in CELLS}


def _cell(code: str) -> str:
    if code not in BY_CODE:
        raise wrong(N_("Escoja una de las opciones."))
    return code


class CountForm(Form):
    """`key` comes with the page: a button pressed twice is one touch."""

    key: UUID
    cell: Annotated[str, AfterValidator(_cell)]

    def touch(self) -> Touch:
        return Touch(uuid5(self.key, self.cell), BY_CODE[self.cell])


class UndoForm(Form):
    """`key` as in CountForm."""

    key: UUID

    @property
    def undo_id(self) -> UUID:
        return uuid5(self.key, "undo")


class TouchBody(BaseModel):
    """Named by the phone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: UUID
    sex: Sex
    age_band: AgeBand
    number: Literal[1, -1] = 1

    def touch(self) -> Touch:
        return Touch(self.id, Cell(self.sex, self.age_band), self.number)


class TouchesBody(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    events: Annotated[list[TouchBody], Field(min_length=1, max_length=MOST_TOUCHES)]


def typed_totals(counts: dict[Cell, int]) -> Typed:
    """Each beside the number when the page was opened."""
    typed = {f"{TYPED}-{cell_code(cell)}": number for cell, number in counts.items()}
    seen = {f"{SEEN}-{cell_code(cell)}": number for cell, number in counts.items()}
    return Typed.of(typed | seen)


def read_totals(typed: Typed) -> tuple[dict[Cell, int], dict[Cell, int]]:
    """(as typed, empty is 0; as seen). Raises FormErrors."""
    wanted, seen = {}, {}
    for cell in CELLS:
        name = f"{TYPED}-{cell_code(cell)}"
        number = _number(typed.value(name))
        if number is None:
            typed.errors[name] = gettext(N_("Escriba un número de 0 a %(most)s.")) % {"most": MOST_OF_A_CELL}
        wanted[cell] = number or 0
        seen[cell] = _number(typed.value(f"{SEEN}-{cell_code(cell)}")) or 0
    if typed.errors:
        raise FormErrors(typed)
    return wanted, seen


def _number(text: str) -> int | None:
    text = text.strip() or "0"
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_OF_A_CELL))
    return int(text) if is_number and int(text) <= MOST_OF_A_CELL else None


def rows() -> list[tuple[AgeBand, list[Cell]]]:
    return [(band, [Cell(sex, band) for sex in Sex]) for band in AgeBand]


# -- orientations


def _subject(code: str) -> str:
    if code not in SUBJECTS:
        raise wrong(N_("Escoja una de las opciones."))
    return code


class TallyForm(Form):
    hub: UUID
    subject: Annotated[str, AfterValidator(_subject)]
    step: Literal["mas", "menos"]

    @property
    def number(self) -> int:
        return 1 if self.step == "mas" else -1
