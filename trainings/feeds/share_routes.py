"""`/panel/…/difundir`"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import NotFound
from trainings.feeds import posters
from trainings.feeds.posters import MONTH, TRAINING, Form
from trainings.lib.typst import Design
from trainings.outreach import changes
from trainings.places.models import Hub
from trainings.registrations.desk.person import training_at_desk
from trainings.schedule.models import PrintKind
from trainings.schedule.staff.printouts import note_month_poster, note_printed
from trainings.web.allow import allow
from trainings.web.i18n import N_
from trainings.web.render import render

OF_TRAINING, OF_MONTH = "/panel/capacitaciones/{id:uuid}", "/panel/difundir"
MEDIA = {"pdf": "application/pdf", "png": "image/png"}
FIRST_YEAR, LAST_YEAR = 2020, 2100


class UnknownMonth(NotFound):
    sentence = N_("No encontramos ese mes. Escójalo otra vez en la página para difundir.")


@allow(*DESK)
async def training(request: Request) -> Response:
    found = await training_at_desk(request.path_params["id"], request.state.actor)
    data = await posters.training_data(found)
    context = {
        "here": "capacitaciones",
        "training": found,
        "text": posters.text_of_training(data),
        "base": f"/panel/capacitaciones/{found.id}",
    }
    return render(request, "feeds/share_training.html", context)


@allow(*DESK)
async def training_poster(request: Request) -> Response:
    found = await training_at_desk(request.path_params["id"], request.state.actor)
    form = _form(request)
    if form == "pdf":
        await note_printed(found.id, PrintKind.POSTER, actor=request.state.actor)
    return await _file(TRAINING, await posters.training_data(found), form, f"cartel-{found.slug}")


@allow(*DESK)
async def month(request: Request) -> Response:
    """`?mes=2027-03&ventanilla=…`"""
    hubs, hub = await _hub(request)
    first = _month(request)
    data = await posters.month_data(hub, first)
    context = {
        "here": "semana",
        "hubs": hubs,
        "hub": hub,
        "first": first,
        "before": _shifted(first, -1),
        "after": _shifted(first, 1),
        "n_pages": len(data["pages"]),
        "text": posters.text_of_month(data),
        "query": f"mes={first:%Y-%m}&ventanilla={hub.slug}",
    }
    return render(request, "feeds/share_month.html", context)


@allow(*DESK)
async def month_poster(request: Request) -> Response:
    _hubs, hub = await _hub(request)
    first, form = _month(request), _form(request)
    if form == "pdf":
        async with transaction():
            await note_month_poster(hub.id, first, actor=request.state.actor)
            await changes.note_month_poster(hub.id, first, actor=request.state.actor)
    return await _file(MONTH, await posters.month_data(hub, first), form, f"cartel-{hub.slug}-{first:%Y-%m}")


async def _file(design: Design, data: dict[str, Any], form: Form, name: str) -> Response:
    made = await asyncio.to_thread(posters.poster, design, data, form, made_at=clock.now())
    headers = {"content-disposition": f'inline; filename="{name}.{form}"', "cache-control": "private, no-store"}
    return Response(made, media_type=MEDIA[form], headers=headers)


def _form(request: Request) -> Form:
    return "png" if request.url.path.endswith(".png") else "pdf"


async def _hub(request: Request) -> tuple[list[Hub], Hub]:
    actor: Actor = request.state.actor
    hubs = (
        await reads(Hub)
        .filter(id__in=sorted(actor.hubs_with(DESK)))
        .order_by("name", "id")
        .prefetch_related("seat", "operator")
    )
    wanted = request.query_params.get("ventanilla", "")
    chosen = next((hub for hub in hubs if hub.slug == wanted or not wanted), None)
    if chosen is None:
        raise NotFound(N_("No encontramos esa ventanilla."))
    return list(hubs), chosen


def _month(request: Request) -> date:
    asked = request.query_params.get("mes", "")
    if not asked:
        return clock.today().replace(day=1)
    try:
        first = date.fromisoformat(f"{asked}-01")
    except ValueError:
        raise UnknownMonth from None
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise UnknownMonth
    return first


def _shifted(first: date, by: int) -> date:
    number = first.year * 12 + first.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)


routes: list[BaseRoute] = [
    Route(OF_TRAINING + "/difundir", training),
    Route(OF_TRAINING + "/cartel.pdf", training_poster),
    Route(OF_TRAINING + "/cartel.png", training_poster, name="training_poster_png"),
    Route(OF_MONTH, month),
    Route(OF_MONTH + "/cartel.pdf", month_poster),
    Route(OF_MONTH + "/cartel.png", month_poster, name="month_poster_png"),
]
