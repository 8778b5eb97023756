"""The day before, for who answers for an activity: place, hours, what to bring, what to do if it rains."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import HUB_STAFF
from trainings.db import reads
from trainings.lib.dates import NBSP, day_and_time, time_range
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outbox.staff_letters import Item, Section, staff_mail
from trainings.outreach.calendar_texts import whole_place
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.registrations.telling.eves import Note, due_until, write_missing
from trainings.web.i18n import SOURCE_LANGUAGE, language, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

EVE = "activity_eve"


async def write_activity_eves() -> int:
    """Enqueue what is due for the activities of tomorrow, and of today where that was missed; how many were written.

    Once for each activity, person and day. Safe at any time, and when several processes do it at once.
    """
    until = due_until()
    if until is None:
        return 0
    coming = reads(OutreachActivity).filter(
        state=ActivityState.PUBLISHED,
        responsible__is_active=True,
        responsible__wants_digest=True,
        starts_at__gt=clock.now(),
        starts_at__lt=until,
    )
    wanted = {}
    for one in await coming.order_by("id"):
        on = _day_of(one)
        about = {"user_id": str(one.responsible_id), "activity_id": str(one.id), "on": on.isoformat()}
        wanted[f"{EVE}:{one.id}:{one.responsible_id}:{on}"] = Note(about, one.hub_id)
    return await write_missing(EVE, wanted)


async def compose(job: OutboxJob) -> Mail | None:
    """The note as things are when it is sent; none for who does not answer for it any more, or wants none."""
    around = ("hub", "municipality", "venue")
    activity = await reads(OutreachActivity).get(id=UUID(job.payload["activity_id"])).prefetch_related(*around)
    working = reads(User).filter(id=UUID(job.payload["user_id"]), is_active=True, grants__role__in=list(HUB_STAFF))
    user = await working.filter(wants_digest=True).first()
    if user is None or activity.responsible_id != user.id:
        return None
    with speaking(job.lang or SOURCE_LANGUAGE):
        when = day_and_time(activity.starts_at, language()).replace(NBSP, " ")
        return staff_mail(
            user.email,
            _("Su actividad: %(when)s") % {"when": when},
            _about(activity),
            [part for part in (_materials(activity), _to_do(activity)) if part.items],
            reply_to=activity.hub.email,
            is_overtaken=not _still_holds(activity, date.fromisoformat(job.payload["on"])),
        )


COMPOSERS: dict[str, Composer] = {EVE: compose}


def _day_of(activity: OutreachActivity) -> date:
    return clock.local(activity.starts_at).date()


def _still_holds(activity: OutreachActivity, on: date) -> bool:
    is_on = activity.state is ActivityState.PUBLISHED
    return is_on and _day_of(activity) == on and activity.starts_at > clock.now()


def _about(activity: OutreachActivity) -> list[str]:
    hours = time_range(activity.starts_at, activity.ends_at, language()).replace(NBSP, " ")
    told = [
        _(KINDS[activity.kind]),
        _("Lugar: %(place)s") % {"place": whole_place(activity)},
        _("Hora: %(hours)s") % {"hours": hours},
    ]
    if activity.rain_plan:
        told.append(_("Si llueve: %(plan)s") % {"plan": activity.rain_plan})
    return told


def _materials(activity: OutreachActivity) -> Section:
    return Section(_("Qué llevar"), [Item(line) for line in activity.materials.splitlines() if line.strip()])


def _to_do(activity: OutreachActivity) -> Section:
    base = f"/panel/actividades/{activity.id}"
    phone = Item(
        _("Preparar este teléfono"),
        absolute("/panel/telefonos/este"),
        _("Ábralo con señal en el teléfono que va a llevar: ahí cuenta a las personas aunque no haya señal."),
    )
    count = Item(_("Contar a las personas con botones grandes"), absolute(f"{base}/conteo"))
    return Section(_("Para ese día"), [phone, count, Item(_("Ver la actividad"), absolute(base))])
