from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.outreach.queries import ListedActivity
from trainings.outreach.words import KINDS
from trainings.panel.public.activities import activities_of
from trainings.panel.public.event_data import event_of
from trainings.places.map import Marked, department_map
from trainings.registrations.own.queries import OfBrowser, of_browser
from trainings.registrations.signup.browser_cookie import browser_key
from trainings.schedule.ics import calendar_entry
from trainings.schedule.models import TrainingState
from trainings.schedule.months import Month
from trainings.schedule.phase import Phase
from trainings.schedule.public import filters
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public.facts import facts_of, invitation, rows_of
from trainings.schedule.public.filters import Filters
from trainings.schedule.public.pictures import training_card
from trainings.schedule.public.posted import Listed, Posted, next_change
from trainings.schedule.public.queries import UnknownTraining
from trainings.schedule.public.remembered import remembered
from trainings.web.allow import PUBLIC, allow
from trainings.web.forms import asked_page
from trainings.web.i18n import gettext
from trainings.web.og import picture_of
from trainings.web.render import absolute, render

PAGE_SIZE = 20
ACTIVITIES_AHEAD, MOST_ACTIVITIES = timedelta(days=60), 5
COUNTED = frozenset({Phase.NOT_YET_OPEN, Phase.OPEN, Phase.WAITING, Phase.FULL})
"""While the free places mean something."""


class Known(NamedTuple):
    """What the page says; `words`: by name in its template."""

    chosen: Filters
    trainings: Sequence[Listed]
    called_off: Sequence[Listed]
    words: Mapping[str, Any]


@allow(PUBLIC)
async def index(request: Request) -> Response:
    """`/capacitaciones`."""
    now = clock.now()
    known = await _known(request.query_params, now)
    until = next_change([*known.trainings, *known.called_off], now)
    return remembered(request, known, lambda: _list(request, known), until=until)


async def _known(query: QueryParams, now: datetime) -> Known:
    topics, coming = await public_queries.topic_names(), await public_queries.coming_sessions(now)
    chosen, notes = filters.read_filters(query, topics)
    ids = chosen.trainings(coming)
    page = min(asked_page(query), _n_pages(ids))
    first = (page - 1) * PAGE_SIZE
    return Known(
        chosen=chosen,
        trainings=await public_queries.listed_trainings(ids[first : first + PAGE_SIZE]),
        called_off=await _called_off(chosen) if page == 1 else [],
        words={
            **_told(len(ids), chosen, topics),
            **filters.choices(coming, topics, chosen),
            **_part(chosen, page, ids),
            "notes": notes,
            "activities": await _activities(chosen) if page == 1 else [],
        },
    )


def _list(request: Request, known: Known) -> Response:
    town, moment = known.chosen.town_code, known.chosen.starts_at
    rows = {
        "rows": rows_of(known.trainings, town, moment),
        "called_off": rows_of(known.called_off, town, moment),
    }
    return render(request, "panel/public/list.html", {**known.words, **rows})


def _n_pages(ids: Sequence[str]) -> int:
    return max(-(-len(ids) // PAGE_SIZE), 1)


def _part(chosen: Filters, page: int, ids: Sequence[str]) -> dict[str, Any]:
    """Which of all are shown, and ways to others."""
    return {
        "month_href": chosen.month(Month.of(chosen.since) if chosen.since else None),
        "n_trainings": len(ids),
        "first": (page - 1) * PAGE_SIZE + 1,
        "before": chosen.query(page - 1) if page > 1 else "",
        "after": chosen.query(page + 1) if page < _n_pages(ids) else "",
    }


def _told(n_trainings: int, chosen: Filters, topics: Mapping[str, str]) -> dict[str, Any]:
    applied = filters.applied(chosen, topics)
    return {"summary": filters.summary(n_trainings, applied), "filters": chosen, "applied": applied}


async def _called_off(chosen: Filters) -> list[Listed]:
    ids = chosen.trainings(await public_queries.called_off_lately(clock.now()))
    return await public_queries.listed_trainings(ids[:PAGE_SIZE])


async def _activities(chosen: Filters) -> list[tuple[ListedActivity, str]]:
    first = chosen.since or clock.today()
    found = [one for one in await activities_of(chosen, first, first + ACTIVITIES_AHEAD) if not one.is_over]
    return [
        (one, gettext("Cancelada") if one.is_cancelled else gettext(KINDS[one.kind])) for one in found[:MOST_ACTIVITIES]
    ]


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """`/capacitaciones/{slug}`."""
    training = await public_queries.public_training(request.path_params["slug"])
    here = await of_browser(browser_key(request), UUID(training.id))
    if here:
        return _page(request, training, here)
    until = next_change([training], clock.now())
    return remembered(request, training, lambda: _page(request, training), until=until)


def _page(request: Request, training: Posted, here: Sequence[OfBrowser] = ()) -> Response:
    """With names on it nobody keeps it, neither this program nor anything on the way."""
    place = training.next_session.place
    town = place.town
    context = {
        "training": training,
        "facts": facts_of(training),
        "invitation": invitation(training, absolute(training.path)),
        "map": None if place.is_online else department_map(town.department_code, {town.code: Marked(1)}),
        "shows_seats": training.phase in COUNTED,
        "is_coming": training.phase not in (Phase.CANCELLED, Phase.HELD),
        "has_entry": has_entry(training),
        "event": event_of(training),
        "of_browser": here,
    }
    headers = {"cache-control": "no-store"} if here else None
    return render(request, "panel/public/training.html", context, headers=headers)


def has_entry(training: Posted) -> bool:
    """The feeds show the training, and it is to come."""
    return training.state is TrainingState.PUBLISHED and training.phase is not Phase.HELD


@allow(PUBLIC)
async def entry(request: Request) -> Response:
    """`/capacitaciones/{slug}/evento.ics`."""
    training = await public_queries.public_training(request.path_params["slug"])
    events = await public_queries.event_texts(training.id) if has_entry(training) else []
    if not events:
        raise UnknownTraining
    text = calendar_entry(events, neutral_title=training.neutral_title)
    name = "evento" if training.neutral_title else training.slug
    headers = {"content-disposition": f'attachment; filename="{name}.ics"', "cache-control": "no-cache"}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


@allow(PUBLIC)
async def picture(request: Request) -> Response:
    """`/capacitaciones/{slug}/imagen.png`: for chats."""
    training = await public_queries.public_training(request.path_params["slug"])
    return await picture_of(training_card(training))


@allow(PUBLIC)
async def short(request: Request) -> Response:
    """`/c/{code}`: the short address on paper."""
    slug = await public_queries.slug_of_code(request.path_params["code"])
    return RedirectResponse(f"/capacitaciones/{slug}", 308)


routes: list[BaseRoute] = [
    Route("/capacitaciones", index),
    Route("/capacitaciones/{slug}", show),
    Route("/capacitaciones/{slug}/evento.ics", entry),
    Route("/capacitaciones/{slug}/imagen.png", picture),
    Route("/c/{code}", short),
]
