"""`/orientacion`: five situations, and what there is for each. Keeps nothing about visitors.

Sets no cookie, lets no browser or cache store an answer, and has the municipality in the address alone. There is no log
of addresses. People may read this on a stranger's phone: hence the way out on top of each page.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.errors import NotFound
from trainings.notes import contacts, orientation
from trainings.notes.models import Situation
from trainings.notes.shown import rows_of
from trainings.notes.words import BY_SLUG, TILES
from trainings.places.data import grouped_by_department
from trainings.schedule import towns
from trainings.schedule.public.rows import rows_of as training_rows
from trainings.web.allow import PUBLIC, allow
from trainings.web.i18n import N_
from trainings.web.render import render

INDEX = "/orientacion"
UNKEPT = {"cache-control": "no-store"}


class UnknownSituation(NotFound):
    code = "unknown_situation"
    sentence = N_("No encontramos esa página. Escoja una de las cinco situaciones.")


@allow(PUBLIC)
async def index(request: Request) -> Response:
    context = {"tiles": TILES, "urgent": await contacts.urgent_everywhere(), **_kept(request)}
    return render(request, "notes/orientation.html", context, headers=UNKEPT)


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """`/orientacion/{situation}`: whom to call, what to do, notes, trainings, the municipality's hub."""
    tile = BY_SLUG.get(request.path_params["situation"])
    if tile is None:
        raise UnknownSituation
    town = towns.by_slug().get(request.query_params.get("municipio", ""))
    offered = await orientation.offered(tile.situation, town)
    context = {
        "tile": tile,
        "town": town,
        "offered": offered,
        "urgent": [one for one in offered.helpers if one.is_emergency],
        "others": [one for one in offered.helpers if not one.is_emergency],
        "notes": rows_of(offered.notes),
        "trainings": training_rows(offered.trainings),
        "departments": _towns(),
        "is_child_alone": tile.situation is Situation.CHILD_ALONE,
        **_kept(request),
    }
    return render(request, "notes/situation.html", context, headers=UNKEPT)


def _towns() -> list[tuple[str, list[tuple[str, str]]]]:
    return [(name, [(row.slug, row.full_name) for row in rows]) for name, rows in grouped_by_department()]


def _kept(request: Request) -> dict[str, str]:
    """Links carry the chosen language, since no cookie does."""
    language = request.query_params.get("idioma", "")
    return {"language": language if language in request.app.state.settings.language_codes else ""}


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/{situation}", show),
]
