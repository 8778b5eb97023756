from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trainings.accounts.permissions import can_edit_activities
from trainings.outreach import queries
from trainings.outreach.cautions import cautions_in, days_off
from trainings.outreach.models import OutreachActivity
from trainings.people import choices
from trainings.places.models import Hub
from trainings.places.queries import venues_of
from trainings.schedule.staff.forms import at_the_day
from trainings.web.allow import WrongRole
from trainings.web.flash import flash
from trainings.web.forms import Typed
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect

INDEX = "/panel/actividades"


async def editable(request: Request) -> OutreachActivity:
    """If the actor may change it: 404 if unseen, 403 if seen only."""
    activity = await queries.for_staff(request.path_params["id"], request.state.actor)
    if not can_edit_activities(request.state.actor, activity.hub_id):
        raise WrongRole
    return activity


async def saved(activity: OutreachActivity, sentence: str) -> Response:
    """Back to its page, with a warning on holidays and feasts of the municipality."""
    response = redirect(f"{INDEX}/{activity.id}")
    days = await days_off(activity.starts_at, activity.ends_at, activity.municipality_id)
    if days:
        words = gettext(N_("Tome en cuenta que ese día es: %(days)s.")) % {"days": days}
        flash(response, f"{gettext(sentence)} {words}", "note")
    else:
        flash(response, gettext(sentence))
    return response


async def when_and_where(
    request: Request, hub: Hub, typed: Typed, activity: OutreachActivity | None, *, is_booked: bool
) -> dict[str, Any]:
    """Fields of time and place, with warnings.

    Offers the hub's venues and all municipalities, its own department first; a retired venue stays where it is in use.
    """
    also = [activity.venue_id] if activity is not None else []
    seat = await hub.seat
    cautions = await cautions_in(typed, hub=hub, actor=request.state.actor, activity=activity)
    return {
        "activity": activity,
        "form": at_the_day(typed),
        "cautions": cautions,
        "needs_reason": is_booked or bool(cautions.clashes) or bool(typed.value("override_reason")),
        "venues": [
            (venue.id, f"{venue.name}, {venue.municipality.full_name}") for venue in await venues_of(hub, also=also)
        ],
        "departments": choices.municipalities_by_department(seat.department)[:-1],
    }
