"""`/panel/mi-disponibilidad`"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ValidationInfo, model_validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import HUB_STAFF
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.schedule.absences import (
    absences_of,
    hours_of,
    planned_then,
    say_absent,
    take_back_absence,
    whole_days,
)
from trainings.schedule.bookings import span_in_words
from trainings.schedule.dated import Planned
from trainings.schedule.models import Unavailability
from trainings.schedule.staff.forms import EndTime
from trainings.web.allow import allow
from trainings.web.forms import Day, Form, FormErrors, HourHere, Typed, as_refused, check, read_form, wrong
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import redirect, render

INDEX = "/panel/mi-disponibilidad"


def _not_before_the_first(last: date, form: ValidationInfo) -> date:
    first = form.data.get("day")
    if first is not None and last < first:
        raise wrong(N_("Termina antes de empezar. Corrija el día."))
    return last


class AbsenceForm(Form):
    day: Day
    last_day: Annotated[Day, AfterValidator(_not_before_the_first)] | None = None
    starts: HourHere | None = None
    ends: EndTime | None = None

    @model_validator(mode="after")
    def _has_both_hours_of_one_day(self) -> AbsenceForm:
        if (self.starts is None) != (self.ends is None):
            raise wrong(N_("Escriba las dos horas, o ninguna si es todo el día."))
        if self.starts is not None and self.last_day not in (None, self.day):
            raise wrong(N_("Las horas son de un solo día. Deje vacío el último día, o las horas."))
        return self

    def span(self) -> tuple[datetime, datetime]:
        """UTC."""
        if self.starts is not None and self.ends is not None:
            return hours_of(self.day, self.starts, self.ends)
        return whole_days(self.day, self.last_day or self.day)


class RemoveForm(Form):
    absence: UUID


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    absence: Unavailability
    words: str
    sessions: list[str]
    activities: list[str]


@allow(*HUB_STAFF)
async def index(request: Request) -> Response:
    return await _page(request, Typed())


@allow(*HUB_STAFF)
async def create(request: Request) -> Response:
    typed = await read_form(request)
    try:
        await say_absent(*check(AbsenceForm, typed).span(), actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _page(request, typed, status=status)
    return _back(N_("Listo: quedó anotado. Quien programe una sesión con usted lo verá."))


@allow(*HUB_STAFF)
async def remove(request: Request) -> Response:
    try:
        form = check(RemoveForm, await read_form(request))
    except FormErrors:
        return redirect(INDEX)
    await take_back_absence(form.absence, actor=request.state.actor)
    return _back(N_("Listo: ya no está anotado."))


async def _page(request: Request, typed: Typed, *, status: int = 200) -> Response:
    actor: Actor = request.state.actor
    assert actor.id is not None, "only people who signed in come here"
    absences = await absences_of(actor.id)
    found = await planned_then(actor.id, absences)
    lines = [
        AbsenceLine(
            one,
            span_in_words(one),
            sessions=[_in_words(thing) for thing in found[one.id] if not thing.is_activity],
            activities=[_in_words(thing) for thing in found[one.id] if thing.is_activity],
        )
        for one in absences
    ]
    return render(request, "panel/trainings/absences.html", {"form": typed, "lines": lines}, status=status)


def _in_words(thing: Planned) -> str:
    return f"{thing.title}, {dates.day_and_time(thing.starts_at, language())}"


def _back(sentence: str) -> Response:
    return redirect(INDEX, gettext(sentence))


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX, create, methods=["POST"]),
    Route(INDEX + "/quitar", remove, methods=["POST"]),
]
