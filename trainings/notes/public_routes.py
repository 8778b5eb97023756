"""`/notas`: valid notes, recordings and feeds. `/orientacion`: five situations.

The orientation pages keep nothing about visitors, who may read them on a stranger's phone: no cookie, no cache, the
municipality in the address alone, a way out on top.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.errors import NotFound
from trainings.notes import orientation, queries, recordings
from trainings.notes.atom import MEDIA_TYPE, Channel, atom
from trainings.notes.models import NoteKind, Situation
from trainings.notes.queries import Wanted
from trainings.notes.shown import card_of, kind_choices, rows_of, shown
from trainings.notes.words import BY_SLUG, TILES
from trainings.places.data import grouped_by_department
from trainings.schedule import towns
from trainings.schedule.public.facts import rows_of as training_rows
from trainings.schedule.towns import Town
from trainings.web.allow import PUBLIC, allow
from trainings.web.conditional import asked_in, is_unchanged
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking
from trainings.web.og import picture_of
from trainings.web.render import render

INDEX = "/notas"
AN_HOUR = "public, max-age=3600"
A_QUARTER = "public, max-age=900"
NEVER = datetime.max.replace(tzinfo=UTC)
"""Feeds are compared by bytes alone: a feed that lost an expired note has no later date."""


class UnknownRecording(NotFound):
    sentence = N_("No hay grabación en esta dirección. La nota puede haber cambiado: ábrala otra vez.")


class UnknownFeed(NotFound):
    sentence = N_("No encontramos esas notas. Busque su municipio en el inicio.")


@allow(PUBLIC)
async def index(request: Request) -> Response:
    asked = request.query_params
    town = towns.by_slug().get(asked.get("municipio", ""))
    hubs = dict(await queries.hubs_with_notes())
    hub = asked.get("ventanilla", "") if asked.get("ventanilla", "") in hubs else ""
    kind = next((kind for kind in NoteKind if kind.value == asked.get("tipo")), None)
    wanted = Wanted(town.code if town else "", hub, kind)
    context = {
        "rows": rows_of(await queries.listed_notes(wanted)),
        "town": town,
        "hub": hub,
        "hub_name": hubs.get(hub, ""),
        "kind": kind.value if kind else "",
        "is_filtered": wanted != Wanted(),
        "hubs": list(hubs.items()),
        "kinds": kind_choices(),
        "feed": _feed_of(town, hub),
    }
    return render(request, "notes/index.html", context)


def _feed_of(town: Town | None, hub: str) -> str:
    if hub:
        return f"{INDEX}/{hub}.atom"
    return f"{town.path}/avisos.atom" if town else "/avisos.atom"


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """`/notas/{slug}`: a note, its recording first."""
    note = await queries.public_note(request.path_params["slug"])
    return render(request, "notes/show.html", {"shown": shown(note)})


@allow(PUBLIC)
async def picture(request: Request) -> Response:
    """For links shared in a chat."""
    note = await queries.public_note(request.path_params["slug"])
    return await picture_of(card_of(note))


@allow(PUBLIC)
async def recording(request: Request) -> Response:
    """Public and cached only while a valid note has it; staff also hear their drafts', uncached."""
    name = request.path_params["name"]
    found = recordings.found(name)
    if found is None:
        raise UnknownRecording
    is_public = await queries.is_heard(name)
    if not is_public and not await queries.may_hear(name, request.state.actor):
        raise UnknownRecording
    headers = {"cache-control": _until_midnight() if is_public else "no-store"}
    return FileResponse(found.path, media_type=found.media_type, headers=headers)


def _until_midnight() -> str:
    """An hour at most, within the day: notes expire at midnight."""
    left = clock.midnight(clock.today() + timedelta(days=1)) - clock.now()
    return f"public, max-age={min(3600, int(left.total_seconds()))}"


# -- feeds


@allow(PUBLIC)
async def feed_of_all(request: Request) -> Response:
    """`/avisos.atom`."""
    channel = Channel("/avisos.atom", INDEX, _title(N_("Notas de las ventanillas sobre migración"), ""))
    return await _feed(request, channel, Wanted())


@allow(PUBLIC)
async def feed_of_town(request: Request) -> Response:
    """`/municipios/{slug}/avisos.atom`: notes of hubs that serve the municipality."""
    town = towns.by_slug().get(request.path_params["slug"])
    if town is None:
        raise UnknownFeed
    title = _title(N_("Notas para %(name)s"), town.full_name)
    channel = Channel(f"{town.path}/avisos.atom", f"{INDEX}?municipio={town.slug}", title)
    return await _feed(request, channel, Wanted(town_code=town.code))


@allow(PUBLIC)
async def feed_of_hub(request: Request) -> Response:
    """`/notas/{hub}.atom`."""
    hub = await queries.public_hub(request.path_params["hub"])
    channel = Channel(
        f"{INDEX}/{hub.slug}.atom", f"{INDEX}?ventanilla={hub.slug}", _title(N_("Notas de la %(name)s"), hub.name)
    )
    return await _feed(request, channel, Wanted(hub_slug=hub.slug))


def _title(sentence: str, name: str) -> str:
    with speaking(SOURCE_LANGUAGE):
        return gettext(sentence) % {"name": name} if name else gettext(sentence)


async def _feed(request: Request, channel: Channel, wanted: Wanted) -> Response:
    written = atom(channel, await queries.whole_notes(wanted))
    etag = f'"{sha256(written).hexdigest()[:32]}"'
    # Weak: compression on the way changes its bytes.
    headers = {"etag": f"W/{etag}", "cache-control": A_QUARTER, "content-language": SOURCE_LANGUAGE}
    if is_unchanged(asked_in(request.scope), etag, NEVER):
        return Response(status_code=304, headers=headers)
    return Response(written, media_type=MEDIA_TYPE, headers=headers)


ORIENTATION = "/orientacion"
UNKEPT = {"cache-control": "no-store"}


class UnknownSituation(NotFound):
    sentence = N_("No encontramos esa página. Escoja una de las cinco situaciones.")


@allow(PUBLIC)
async def situations(request: Request) -> Response:
    context = {"tiles": TILES, "urgent": await orientation.urgent_everywhere(), **_kept(request)}
    return render(request, "notes/orientation.html", context, headers=UNKEPT)


@allow(PUBLIC)
async def situation(request: Request) -> Response:
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
    Route(INDEX + "/{hub}.atom", feed_of_hub),
    Route(INDEX + "/{slug}", show),
    Route(INDEX + "/{slug}/imagen.png", picture),
    Route(recordings.ADDRESS + "{name}", recording),
    Route("/avisos.atom", feed_of_all),
    Route("/municipios/{slug}/avisos.atom", feed_of_town),
    Route(ORIENTATION, situations),
    Route(ORIENTATION + "/{situation}", situation),
]
