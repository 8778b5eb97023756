"""Each is written once: to facilitators, and to an activity's responsible person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import HUB_STAFF
from trainings.db import reads, transaction
from trainings.lib.dates import NBSP, day_and_time, time_range
from trainings.outbox.actions import enqueue
from trainings.outbox.letters import Item, Section, staff_mail
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outreach.calendar_texts import whole_place
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.people.words import NEEDS
from trainings.registrations.models import NeedState, Registration, RegistrationState, read_needs
from trainings.schedule.dated import Span, house_of
from trainings.schedule.models import SessionFacilitator, SessionState, TrainingSession, TrainingState
from trainings.web.i18n import SOURCE_LANGUAGE, language, ngettext, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

EVE, ACTIVITY_EVE = "facilitator_eve", "activity_eve"
HOUR = time(16)
EARLIEST = 6


@dataclass(frozen=True, slots=True)
class Note:
    payload: dict[str, Any]
    hub_id: UUID


class Coming(Span, Protocol):
    @property
    def id(self) -> UUID: ...


def due_until() -> datetime | None:
    """Notes are due about what begins before this: tomorrow's, before 16:00 only today's. None: by night."""
    now, today = clock.now(), clock.today()
    if clock.local(now).hour < EARLIEST:
        return None
    last = today + timedelta(days=1) if now >= clock.at(today, HOUR) else today
    return clock.midnight(last + timedelta(days=1))


def note_about(kind: str, key: str, thing: Coming, user_id: UUID, hub_id: UUID) -> tuple[str, Note]:
    """`key`: name of the thing in the payload. Returns its key too: one message for each thing, person and day."""
    on = clock.local(thing.starts_at).date().isoformat()
    payload = {"user_id": str(user_id), key: str(thing.id), "on": on}
    return f"{kind}:{thing.id}:{user_id}:{on}", Note(payload, hub_id)


async def reader_of(job: OutboxJob) -> User | None:
    """None: no role at a hub any more, or notes switched off."""
    working = reads(User).filter(id=UUID(job.payload["user_id"]), is_active=True, grants__role__in=list(HUB_STAFF))
    return await working.filter(wants_digest=True).first()


def still_comes(job: OutboxJob, thing: Span) -> bool:
    is_same_day = clock.local(thing.starts_at).date() == date.fromisoformat(job.payload["on"])
    return is_same_day and thing.starts_at > clock.now()


async def write_missing(kind: str, wanted: Mapping[str, Note]) -> int:
    written = {dedup for (dedup,) in await reads(OutboxJob).filter(dedup__in=list(wanted)).values_list("dedup")}
    missing = [dedup for dedup in wanted if dedup not in written]
    if not missing:
        return 0
    async with transaction():
        for dedup in missing:
            await enqueue(kind, wanted[dedup].payload, dedup=dedup, hub_id=wanted[dedup].hub_id)
    return len(missing)


async def write_eve_notes() -> int:
    """Enqueue what is due; returns how many. Safe from several processes at once."""
    until = due_until()
    if until is None:
        return 0
    holders = reads(SessionFacilitator).filter(
        user__is_active=True,
        user__wants_digest=True,
        session__state=SessionState.PLANNED,
        session__training__state__in=[TrainingState.PUBLISHED, TrainingState.UNLISTED],
        session__starts_at__gt=clock.now(),
        session__starts_at__lt=until,
    )
    wanted = [
        note_about(EVE, "session_id", one.session, one.user_id, one.session.training.hub_id)
        for one in await holders.order_by("id").prefetch_related("session__training")
    ]
    return await write_missing(EVE, dict(wanted))


async def compose_session(job: OutboxJob) -> Mail | None:
    """None: the reader is no facilitator of the session any more, has no role at a hub, or switched notes off."""
    user, session_id = await reader_of(job), UUID(job.payload["session_id"])
    if user is None or not await reads(SessionFacilitator).filter(session_id=session_id, user_id=user.id).exists():
        return None
    around = ("training__hub__seat", "training__venue__municipality", "venue__municipality")
    session = await reads(TrainingSession).get(id=session_id).prefetch_related(*around)
    expected = await _expected(session)
    with speaking(job.lang or SOURCE_LANGUAGE):
        when = day_and_time(session.starts_at, language()).replace(NBSP, " ")
        return staff_mail(
            user.email,
            _("Su sesión: %(when)s") % {"when": when},
            [session.training.title_told, _place_of(session)],
            [_people(session, expected), _to_do(session)],
            reply_to=session.training.hub.email,
            is_overtaken=not (session.is_on and still_comes(job, session)),
        )


async def _expected(session: TrainingSession) -> Sequence[Registration]:
    confirmed = reads(Registration).filter(training_id=session.training_id, state=RegistrationState.CONFIRMED)
    return await confirmed.prefetch_related("group")


def _place_of(session: TrainingSession) -> str:
    venue = session.venue or session.training.venue
    if venue is None:
        online = session.training.online_url
        return _("En línea: %(address)s") % {"address": online} if online else session.training.hub.seat.full_name
    return _("Lugar: %(place)s") % {"place": house_of(venue)}


def _people(session: TrainingSession, expected: Sequence[Registration]) -> Section:
    n, reserved = len(expected), session.training.reserved
    children = sum(group.childcare_places for group in {one.group_id: one.group for one in expected}.values())
    items = [Item(ngettext("Se espera a %(num)s persona", "Se espera a %(num)s personas", n) % {"num": n})]
    if reserved:
        words = ngettext("y %(num)s con tarjeta sin nombre", "y %(num)s con tarjeta sin nombre", reserved)
        items.append(Item(words % {"num": reserved}))
    if children:
        words = ngettext("%(num)s niña o niño en cuidado", "%(num)s niñas y niños en cuidado", children)
        items.append(Item(words % {"num": children}))
    items += _support(expected)
    return Section(_("Quiénes llegan"), items)


def _support(expected: Sequence[Registration]) -> list[Item]:
    asked: Counter[str] = Counter()
    arranged: Counter[str] = Counter()
    for one in expected:
        for code, state in read_needs(one.needs).items():
            asked[code] += state is not NeedState.IMPOSSIBLE
            arranged[code] += state is NeedState.ARRANGED
    return [
        Item(
            _("%(need)s: %(n)s, arreglado para %(arranged)s")
            % {"need": _(words), "n": asked[code], "arranged": arranged[code]}
        )
        for code, words in NEEDS.items()
        if asked[code]
    ]


def _to_do(session: TrainingSession) -> Section:
    is_tomorrow = clock.local(session.starts_at).date() > clock.today()
    return Section(
        _("Para mañana") if is_tomorrow else _("Para hoy"),
        [
            Item(
                _("Preparar este teléfono"),
                absolute(f"/panel/telefonos/este?sesion={session.id}"),
                _(
                    "Ábralo hoy, con señal, en el teléfono que va a llevar, y espere a que diga «listo». Mañana marca "
                    "sin señal y sin contraseña. Por si el teléfono falla, lleve la hoja impresa."
                )
                if is_tomorrow
                else _(
                    "Ábralo con señal en el teléfono que va a llevar, y espere a que diga «listo». Después marca sin "
                    "señal y sin contraseña. Por si el teléfono falla, lleve la hoja impresa."
                ),
            ),
            Item(_("Imprimir la hoja de asistencia"), absolute(f"/panel/sesiones/{session.id}/hojas")),
        ],
    )


async def write_activity_eves() -> int:
    """As `write_eve_notes`."""
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
    wanted = dict(note_about(ACTIVITY_EVE, "activity_id", one, one.responsible_id, one.hub_id) for one in found)
    return await write_missing(ACTIVITY_EVE, wanted)


async def compose_activity(job: OutboxJob) -> Mail | None:
    """None: the reader is not responsible any more, or switched notes off."""
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
            [part for part in (_materials(activity), _to_do_at_activity(activity)) if part.items],
            reply_to=activity.hub.email,
            is_overtaken=not (activity.state is ActivityState.PUBLISHED and still_comes(job, activity)),
        )


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


def _to_do_at_activity(activity: OutreachActivity) -> Section:
    base = f"/panel/actividades/{activity.id}"
    phone = Item(
        _("Preparar este teléfono"),
        absolute("/panel/telefonos/este"),
        _("Ábralo con señal en el teléfono que va a llevar: ahí cuenta a las personas aunque no haya señal."),
    )
    count = Item(_("Contar a las personas con botones grandes"), absolute(f"{base}/conteo"))
    return Section(_("Para ese día"), [phone, count, Item(_("Ver la actividad"), absolute(base))])


COMPOSERS: dict[str, Composer] = {EVE: compose_session, ACTIVITY_EVE: compose_activity}
