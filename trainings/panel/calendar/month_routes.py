from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import STAFF
from trainings.audit.actor import Actor
from trainings.panel.calendar.spans import Loaded, asked_month, entries_by_day, load, month_frame, next_change
from trainings.panel.calendar.views import View
from trainings.schedule.months import Month
from trainings.schedule.public.entries import cells_of, weekdays_of
from trainings.schedule.public.remembered import remembered
from trainings.web.allow import allow
from trainings.web.render import render


@allow(*STAFF)
async def month(request: Request) -> Response:
    """`/panel/mes?mes=2027-03`."""
    shown, notes = asked_month(request)
    loaded = await load(request, shown.first, shown.last)
    page = (notes, loaded, request.scope["state"].get("waiting"))
    return remembered(
        request,
        page,
        lambda: _page(request, loaded, notes),
        until=next_change(loaded),
        query=loaded.wanted.query(mes=shown),
        is_staff=True,
    )


def _page(request: Request, loaded: Loaded, notes: tuple[str, ...]) -> Response:
    actor: Actor = request.state.actor
    shown = Month.of(loaded.first)
    context = {
        **month_frame(loaded, actor, View.MONTH),
        "notes": notes + loaded.notes,
        "column": shown.column,
        "weekdays": weekdays_of(shown),
        "cells": cells_of(shown, entries_by_day(loaded, actor), loaded.day_notes()),
    }
    return render(request, "panel/calendar/month.html", context)


routes: list[BaseRoute] = [Route("/panel/mes", month)]
