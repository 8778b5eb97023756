"""`/panel/lugares`"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS
from trainings.attendance.sessions.rescheduling import coming_at, is_said_otherwise, relocate
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound, Refusal
from trainings.lib.text import fold
from trainings.outreach.place_actions import correct_venue
from trainings.people import choices
from trainings.places.actions import create_venue
from trainings.places.models import Venue
from trainings.places.queries import one_of
from trainings.places.words import ACCESS
from trainings.schedule.staff.editing import editable_hubs
from trainings.schedule.staff.forms import ANOTHER, CORRECTION, TICKED, VenueForm, typed_venue
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/lugares"
MOVED = N_(
    "Listo: lo que viene se hace en este lugar. En diez minutos se le avisa a la gente. Abajo puede detenerlo y ver "
    "qué papel hay que imprimir otra vez."
)
MEANINGS = (
    (CORRECTION, N_("Es el mismo lugar, mejor escrito: no se le avisa a nadie")),
    (ANOTHER, N_("Es otro lugar: avisar a la gente, como en todo cambio de lugar")),
)


class UnknownVenue(NotFound):
    sentence = N_("No encontramos ese lugar entre los de su ventanilla.")


@allow(*EDITORS)
async def index(request: Request) -> Response:
    hubs = await editable_hubs(request.state.actor)
    found = await reads(Venue).filter(hub_id__in=[hub.id for hub in hubs]).select_related("hub", "municipality")
    venues = sorted(found, key=lambda venue: (not venue.is_active, fold(venue.name)))
    context = {"venues": venues, "shows_hubs": len(hubs) > 1}
    return render(request, "panel/trainings/venues.html", context)


@allow(*EDITORS)
async def new(request: Request) -> Response:
    hubs = await editable_hubs(request.state.actor)
    first = {"hub": hubs[0].id, "municipality": hubs[0].seat_id} if len(hubs) == 1 else {}
    return await _form(request, Typed.of({**first, "is_active": TICKED}))


@allow(*EDITORS)
async def create(request: Request) -> Response:
    return await _save(request, None)


@allow(*EDITORS)
async def edit(request: Request) -> Response:
    venue = await _venue(request)
    return await _form(request, typed_venue(venue), venue)


@allow(*EDITORS)
async def update(request: Request) -> Response:
    return await _save(request, await _venue(request))


async def _venue(request: Request) -> Venue:
    venue = await Venue.get_or_none(id=request.path_params["id"]).select_related("hub")
    if venue is None or venue.hub_id not in {hub.id for hub in await editable_hubs(request.state.actor)}:
        raise UnknownVenue
    return venue


async def _save(request: Request, venue: Venue | None) -> Response:
    typed = await read_form(request)
    if venue is not None:
        typed.fields["hub"] = [str(venue.hub_id)]
    try:
        form = check(VenueForm, typed)
        if venue is not None and await _has_to_be_asked(form, venue):
            return await _ask(request, typed, venue)
        kept = await _keep(form, venue, request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _form(request, typed, venue, status=status)
    is_other = venue is not None and kept.id != venue.id
    return redirect(
        f"{INDEX}/{kept.id}/editar" if is_other else INDEX,
        gettext(MOVED if is_other else N_("Listo: el lugar está guardado.")),
    )


async def _has_to_be_asked(form: VenueForm, venue: Venue) -> bool:
    return not form.meaning and is_said_otherwise(venue, form.details()) and bool(await coming_at(venue))


async def _ask(request: Request, typed: Typed, venue: Venue) -> Response:
    is_again = bool(typed.value("asked"))
    if is_again:
        typed.errors["meaning"] = gettext(N_("Diga si es el mismo lugar u otro."))
    typed.fields["asked"] = [TICKED]
    return await _form(request, typed, venue, status=422 if is_again else 200)


async def _keep(form: VenueForm, venue: Venue | None, actor: Actor) -> Venue:
    if venue is None:
        return await create_venue(form.details(), hub=one_of(await editable_hubs(actor), form.hub), actor=actor)
    if form.meaning == ANOTHER and is_said_otherwise(venue, form.details()):
        return await relocate(venue, form.details(), hub=venue.hub, actor=actor)
    await correct_venue(venue, form.details(), hub=venue.hub, actor=actor)
    return venue


async def _form(request: Request, typed: Typed, venue: Venue | None = None, *, status: int = 200) -> Response:
    hubs = await editable_hubs(request.state.actor)
    context = {
        "form": typed,
        "venue": venue,
        "coming": await coming_at(venue) if venue is not None else [],
        "is_asked": bool(typed.value("asked")),
        "meanings": [(meaning, gettext(words)) for meaning, words in MEANINGS],
        "hubs": [(hub.id, hub.name) for hub in hubs],
        "departments": choices.municipalities_by_department(hubs[0].seat.department if hubs else "")[:-1],
        "access": [(feature.value, gettext(words)) for feature, words in ACCESS.items()],
    }
    return render(request, "panel/trainings/venue_form.html", context, status=status)


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nuevo", new),
    Route(INDEX + "/nuevo", create, methods=["POST"]),
    Route(INDEX + "/{id:uuid}/editar", edit),
    Route(INDEX + "/{id:uuid}/editar", update, methods=["POST"]),
]
