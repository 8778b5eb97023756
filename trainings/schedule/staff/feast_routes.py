"""`/panel/fiestas`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.people.forms import printable, required
from trainings.places.feasts import (
    LONGEST_FEAST,
    FeastDetails,
    UnknownFeast,
    add_feast,
    change_feast,
    feasts_in,
    remove_feast,
    served_codes,
)
from trainings.places.models import FeastDay, Municipality
from trainings.schedule.holidays import feast_begins
from trainings.schedule.staff.editing import editable_hubs
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import redirect, render

INDEX = "/panel/fiestas"
ONE = INDEX + "/{id:uuid}"


class FeastForm(Form):
    """First day without a year, and number of days."""

    municipality: Annotated[str, Field(max_length=4)]
    name: Annotated[str, printable(120), AfterValidator(required)]
    day: int = Field(ge=1, le=31)
    month: int = Field(ge=1, le=12)
    n_days: int = Field(default=1, ge=1, le=LONGEST_FEAST)

    def details(self) -> FeastDetails:
        return FeastDetails(self.municipality, self.name, self.month, self.day, self.n_days)


@dataclass(frozen=True, slots=True)
class FeastLine:
    feast: FeastDay
    days: str


@dataclass(frozen=True, slots=True)
class Town:
    name: str
    feasts: Sequence[FeastLine]


@allow(*EDITORS)
async def index(request: Request) -> Response:
    codes = await _served(request.state.actor)
    feasts = await feasts_in(codes)
    towns = [
        Town(town.full_name, [FeastLine(feast, _next_days(feast)) for feast in feasts[town.ine_code]])
        for town in await _towns(codes)
    ]
    return render(request, "schedule/staff/feasts.html", {"towns": towns})


@allow(*EDITORS)
async def new(request: Request) -> Response:
    return await _form(request, Typed.of({"n_days": 1}))


@allow(*EDITORS)
async def create(request: Request) -> Response:
    typed = await read_form(request)
    actor: Actor = request.state.actor
    try:
        await add_feast(check(FeastForm, typed).details(), served=await _served(actor), actor=actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _form(request, typed, status=status)
    return _back(N_("Listo: la fiesta está guardada. Los formularios avisan de ella."))


@allow(*EDITORS)
async def edit(request: Request) -> Response:
    feast = await _feast(request)
    values = {name: getattr(feast, name) for name in ("name", "day", "month", "n_days")}
    return await _form(request, Typed.of({"municipality": feast.municipality_id, **values}), feast)


@allow(*EDITORS)
async def update(request: Request) -> Response:
    feast = await _feast(request)
    typed = await read_form(request)
    actor: Actor = request.state.actor
    try:
        await change_feast(feast.id, check(FeastForm, typed).details(), served=await _served(actor), actor=actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _form(request, typed, feast, status=status)
    return _back(N_("Listo: la fiesta está guardada. Los formularios avisan de ella."))


@allow(*EDITORS)
async def remove(request: Request) -> Response:
    actor: Actor = request.state.actor
    await remove_feast(request.path_params["id"], served=await _served(actor), actor=actor)
    return _back(N_("Listo: la fiesta ya no está en la lista."))


def _next_days(feast: FeastDay) -> str:
    year = clock.today().year
    begun = (feast_begins(feast.month, feast.day, one) for one in (year - 1, year, year + 1))
    first = next(day for day in begun if day + timedelta(days=feast.n_days) > clock.today())
    return dates.date_span((first + timedelta(days=n) for n in range(feast.n_days)), language())


async def _served(actor: Actor) -> set[str]:
    return await served_codes([hub.id for hub in await editable_hubs(actor)])


async def _towns(codes: set[str]) -> list[Municipality]:
    return await reads(Municipality).filter(ine_code__in=sorted(codes)).order_by("department", "name")


async def _feast(request: Request) -> FeastDay:
    feast = await reads(FeastDay).get_or_none(id=request.path_params["id"])
    if feast is None or feast.municipality_id not in await _served(request.state.actor):
        raise UnknownFeast
    return feast


async def _form(request: Request, typed: Typed, feast: FeastDay | None = None, *, status: int = 200) -> Response:
    towns = await _towns(await _served(request.state.actor))
    context = {
        "form": typed,
        "feast": feast,
        "towns": [(town.ine_code, town.full_name) for town in towns],
        "months": [(month, dates.month_name(date(2000, month, 1), language())) for month in range(1, 13)],
    }
    return render(request, "schedule/staff/feast_form.html", context, status=status)


def _back(sentence: str) -> Response:
    return redirect(INDEX, gettext(sentence))


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nueva", new),
    Route(INDEX + "/nueva", create, methods=["POST"]),
    Route(ONE + "/editar", edit),
    Route(ONE + "/editar", update, methods=["POST"]),
    Route(ONE + "/quitar", remove, methods=["POST"]),
]
