from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.errors import NotFound
from trainings.feeds.links import feed_links
from trainings.lib.dates import day_and_time
from trainings.lib.text import clean, fold
from trainings.notes.queries import Line, Wanted, listed_notes
from trainings.notes.shown import rows_of as note_rows
from trainings.outreach.queries import ListedActivity, listed_activities
from trainings.places.data import department_name, departments
from trainings.places.map import Marked, country_map, department_map
from trainings.places.models import Municipality
from trainings.places.queries import search_municipalities
from trainings.schedule import towns
from trainings.schedule.phase import Phase
from trainings.schedule.public import overview
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public.facts import hub_facts, rows_of
from trainings.schedule.public.pictures import list_card
from trainings.schedule.public.posted import HubCard, Listed, next_change
from trainings.schedule.public.queries import Coming
from trainings.schedule.public.remembered import remembered
from trainings.schedule.towns import Town
from trainings.web.allow import PUBLIC, allow
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, language, speaking
from trainings.web.og import picture_of
from trainings.web.render import redirect, render

MOST_SHOWN = 6
MOST_FOUND = 50
MOST_NOTES = 3
LONGEST_QUERY = 100
ALIKE = 0.7
"""One wrong letter in a short name, two in a long one."""
PAST = timedelta(days=90)
ACTIVITIES_AHEAD = timedelta(days=365)


class UnknownPlace(NotFound):
    sentence = N_("No encontramos ese municipio. Búsquelo por su nombre en el inicio.")


@dataclass(frozen=True, slots=True)
class Found:
    place: Municipality
    words: str


@dataclass(frozen=True, slots=True)
class Near:
    sentence: str
    href: str
    action: str


@dataclass(frozen=True, slots=True)
class Known:
    town: Town
    trainings: tuple[Listed, ...]
    hubs: tuple[HubCard, ...]
    near: Coming | None
    near_hubs: tuple[HubCard, ...]
    activities: tuple[ListedActivity, ...]
    notes: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Agenda:
    here: list[Listed]
    elsewhere: list[Listed]
    past: list[Listed]


@allow(PUBLIC)
async def index(request: Request) -> Response:
    """`/`; with `?q=` municipalities of that name."""
    typed = request.query_params.get("q", "").strip()
    if typed:
        return await _search(request, typed)
    coming = await public_queries.coming_sessions(clock.now())
    ids = list(dict.fromkeys(one.training_id for one in coming))
    trainings = await public_queries.listed_trainings(ids[:MOST_SHOWN])

    def made() -> Response:
        numbers = overview.counts(coming)
        context = {
            "rows": rows_of(trainings),
            "n_trainings": len(ids),
            "ahead": overview.days_ahead(coming),
            "map": country_map(overview.marks(numbers), departments=overview.department_marks(numbers)),
            "feed": feed_links("/cal/guatemala.ics", gettext("Capacitaciones de las ventanillas")),
        }
        return render(request, "panel/public/home.html", context)

    until = next_change(trainings, clock.now())
    return remembered(request, (coming, trainings), made, until=until)


async def _search(request: Request, typed: str) -> Response:
    text = _readable(typed)
    found = await search_municipalities(text, limit=MOST_FOUND)
    meant = [place for place in found if fold(place.full_name) == fold(text)] or found
    if len(meant) == 1:
        return redirect(f"/municipios/{meant[0].slug}")
    numbers = overview.counts(await public_queries.coming_sessions(clock.now()))
    code = next((code for code, name in departments().items() if fold(name) == fold(text)), "")
    context = {
        "typed": text,
        "found": [Found(place, _n_trainings(numbers.get(place.ine_code, 0))) for place in found],
        "alike": [] if found else _alike(text),
        "department": department_name(code) if code else "",
        "map": department_map(code, overview.marks(numbers)) if code else None,
        "departments": [
            (name, overview.department_href(one))
            for one, name in sorted(departments().items(), key=lambda item: fold(item[1]))
        ],
    }
    return render(request, "panel/public/found.html", context)


def _n_trainings(n: int) -> str:
    return overview.n_trainings(n) if n else ""


def _readable(typed: str) -> str:
    """Empty where it was damaged on its way here."""
    try:
        return clean(typed[:LONGEST_QUERY], LONGEST_QUERY)
    except ValueError:
        return ""


def _alike(text: str) -> list[Town]:
    names: dict[str, list[Town]] = {}
    for town in towns.by_code().values():
        names.setdefault(town.sort_key[0], []).append(town)
    near = get_close_matches(fold(text), names, n=3, cutoff=ALIKE)
    return [town for name in near for town in names[name]]


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """`/municipios/{slug}`."""
    known = await _known(_town(request))
    until = next_change(known.trainings, clock.now())
    return remembered(request, known, lambda: _page(request, known), until=until)


async def _known(town: Town) -> Known:
    since = clock.midnight(clock.today()) - PAST
    trainings = tuple(await public_queries.trainings_around(town.code, since))
    hubs = tuple(await public_queries.hubs_serving(town.code))
    is_busy = any(not training.is_over for training in trainings)
    return Known(
        town=town,
        trainings=trainings,
        hubs=hubs,
        near=None
        if is_busy
        else overview.nearest_session(town.code, await public_queries.coming_sessions(clock.now())),
        near_hubs=() if hubs else tuple(overview.nearest_hubs(town.code, await public_queries.all_hubs())),
        activities=await _open_activities(town),
        notes=tuple(await listed_notes(Wanted(town_code=town.code), most=MOST_NOTES)),
    )


async def _open_activities(town: Town) -> tuple[ListedActivity, ...]:
    today = clock.today()
    found = await listed_activities(today, today + ACTIVITIES_AHEAD, municipality=town.code)
    return tuple(one for one in found if not one.is_over)


def _page(request: Request, known: Known) -> Response:
    town, agenda = known.town, _agenda(known)
    context = {
        "town": town,
        "hubs": [hub_facts(hub) for hub in known.hubs],
        "near_hubs": known.near_hubs,
        "in_town": rows_of(agenda.here, town.code),
        "nearby": rows_of(agenda.elsewhere),
        "past": rows_of(agenda.past, town.code),
        "activities": known.activities,
        "notes": note_rows(known.notes),
        "near": _near(known.near) if known.near else None,
        "map": department_map(town.department_code, {town.code: Marked(1)}),
        "feed": feed_links(
            f"/cal/municipio/{town.slug}.ics", gettext("Capacitaciones en %(place)s") % {"place": town.full_name}
        ),
    }
    return render(request, "panel/public/place.html", context)


@allow(PUBLIC)
async def picture(request: Request) -> Response:
    """`/municipios/{slug}/imagen.png`: for chats, in Spanish."""
    town = _town(request)
    with speaking(SOURCE_LANGUAGE):
        title = gettext("Capacitaciones en %(place)s") % {"place": town.full_name}
    return await picture_of(list_card(title))


def _town(request: Request) -> Town:
    town = towns.by_slug().get(request.path_params["slug"])
    if town is None:
        raise UnknownPlace
    return town


def _near(session: Coming) -> Near:
    there, moment = towns.by_code()[session.town_code], day_and_time(session.starts_at, language())
    sentence = gettext("La más cercana: %(moment)s, en %(place)s.") % {"place": there.full_name, "moment": moment}
    return Near(sentence, there.path, gettext("Ver las de %(place)s") % {"place": there.name})


def _agenda(known: Known) -> Agenda:
    code = known.town.code
    trainings = sorted(known.trainings, key=lambda one: (one.next_session_in(code).starts_at, one.id))
    coming = [training for training in trainings if not training.is_over]
    here = [training for training in coming if _is_held_in(training, known.town)]
    return Agenda(
        here=here,
        elsewhere=[training for training in coming if training not in here],
        past=[training for training in reversed(trainings) if training.phase is Phase.HELD],
    )


def _is_held_in(training: Listed, town: Town) -> bool:
    return training.next_session_in(town.code).place.town.code == town.code


routes: list[BaseRoute] = [
    Route("/", index),
    Route("/municipios/{slug}", show),
    Route("/municipios/{slug}/imagen.png", picture),
]
