"""The note of the evening before an activity to its responsible person: place, hours, what to bring, plan for rain."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.lib.dates import NBSP, day_and_time, time_range
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outbox.staff_letters import Item, Section, staff_mail
from trainings.outreach.calendar_texts import whole_place
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.registrations.telling.eves import due_until, note_about, reader_of, still_comes, write_missing
from trainings.web.i18n import SOURCE_LANGUAGE, language, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

EVE = "activity_eve"


async def write_activity_eves() -> int:
    """Enqueue what is due for activities of tomorrow, and of today where missed; returns how many. Safe from several
    processes at once.
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
    found = await coming.order_by("id")
    wanted = dict(note_about(EVE, "activity_id", one, one.responsible_id, one.hub_id) for one in found)
    return await write_missing(EVE, wanted)


async def compose(job: OutboxJob) -> Mail | None:
    """As things are when it is sent. None: its reader is not responsible any more, or wants no notes."""
    around = ("hub", "municipality", "venue")
    activity = await reads(OutreachActivity).get(id=UUID(job.payload["activity_id"])).prefetch_related(*around)
    user = await reader_of(job)
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
            is_overtaken=not (activity.state is ActivityState.PUBLISHED and still_comes(job, activity)),
        )


COMPOSERS: dict[str, Composer] = {EVE: compose}


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
