"""`/actividades/{slug}`: one public activity."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.db import reads
from trainings.lib import dates
from trainings.outreach.calendar_texts import PATH, place_in_words, whole_place
from trainings.outreach.changes import recent
from trainings.outreach.models import ActivityState, ActivityText, OutreachActivity
from trainings.outreach.queries import UnknownPublicActivity, listed, public_activity
from trainings.outreach.words import KINDS
from trainings.places.map import Marked, department_map
from trainings.places.models import Venue
from trainings.schedule import towns
from trainings.schedule.ics import calendar_entry
from trainings.schedule.public.pictures import FOOT
from trainings.schedule.public.posted import Place
from trainings.schedule.public.sentences import capital, stopped
from trainings.schedule.towns import Town
from trainings.web.allow import PUBLIC, allow
from trainings.web.i18n import SOURCE_LANGUAGE, gettext, language, speaking
from trainings.web.og import Card, picture_of
from trainings.web.render import absolute, render

ONE = PATH + "{slug}"


@allow(PUBLIC)
async def show(request: Request) -> Response:
    activity = await public_activity(request.path_params["slug"])
    town, venue, path = towns.by_code()[activity.municipality_id], activity.venue, PATH + activity.slug
    now = clock.now()
    context = {
        "activity": activity,
        "kind": gettext(KINDS[activity.kind]),
        "change": listed([activity], await recent([activity]))[0].note,
        "place": place_in_words(activity),
        "town": town,
        "address": path,
        "description": _description(activity),
        "hours": dates.time_range(activity.starts_at, activity.ends_at, language()),
        "map_address": _map_address(town, venue),
        "map": department_map(town.department_code, {town.code: Marked(1)}),
        "is_off": activity.state is ActivityState.CANCELLED,
        "is_over": activity.ends_at <= now,
        "is_running": activity.starts_at <= now < activity.ends_at,
        "invitation": _invitation(activity),
    }
    return render(request, "outreach/show.html", context)


def _description(activity: OutreachActivity) -> str:
    """`Feria. Sábado 6 de marzo, 8:30 a. m. Parque central, La Libertad, Petén.`"""
    moment = dates.day_and_time(activity.starts_at, language())
    return f"{gettext(KINDS[activity.kind])}. {stopped(capital(moment))} {whole_place(activity)}."


def _map_address(town: Town, venue: Venue | None) -> str:
    if venue is None or venue.lat is None or venue.lon is None:
        return ""
    return Place(town, lat=float(venue.lat), lon=float(venue.lon)).map_address


def _invitation(activity: OutreachActivity) -> str:
    text = f"{activity.title}. {_description(activity)} {absolute(PATH + activity.slug)}"
    return f"https://wa.me/?text={quote(text, safe='')}"


@allow(PUBLIC)
async def entry(request: Request) -> Response:
    activity = await public_activity(request.path_params["slug"])
    text = await reads(ActivityText).get_or_none(activity_id=activity.id)
    is_coming = activity.state is ActivityState.PUBLISHED and activity.ends_at > clock.now()
    if text is None or not is_coming:
        raise UnknownPublicActivity
    headers = {"content-disposition": f'attachment; filename="{activity.slug}.ics"', "cache-control": "no-cache"}
    return Response(calendar_entry([text.body]), media_type="text/calendar; charset=utf-8", headers=headers)


@allow(PUBLIC)
async def picture(request: Request) -> Response:
    """`…/imagen.png`: for chats, in Spanish."""
    activity = await public_activity(request.path_params["slug"])
    return await picture_of(_card(activity))


def _card(activity: OutreachActivity) -> Card:
    with speaking(SOURCE_LANGUAGE):
        return Card(
            title=activity.title,
            above=gettext(KINDS[activity.kind]),
            place=activity.municipality.full_name,
            foot=gettext(FOOT),
            weekday=dates.weekday(activity.starts_at, SOURCE_LANGUAGE),
            day=str(clock.local(activity.starts_at).day),
            month=gettext("de %(month)s") % {"month": dates.month_name(activity.starts_at, SOURCE_LANGUAGE)},
            clock=dates.time_of_day(activity.starts_at, SOURCE_LANGUAGE),
        )


routes: list[BaseRoute] = [
    Route(ONE, show),
    Route(ONE + "/evento.ics", entry),
    Route(ONE + "/imagen.png", picture),
]
