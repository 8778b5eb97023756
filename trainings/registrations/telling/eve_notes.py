"""The note of the evening before to a session's facilitator: place, people expected, childcare, support, what to
print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.lib.dates import NBSP, day_and_time
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outbox.staff_letters import Item, Section, staff_mail
from trainings.people.words import NEEDS
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.needs import NeedState, read_needs
from trainings.registrations.telling.eves import due_until, note_about, reader_of, still_comes, write_missing
from trainings.schedule.dated import house_of
from trainings.schedule.models import SessionFacilitator, SessionState, TrainingSession, TrainingState
from trainings.web.i18n import SOURCE_LANGUAGE, language, ngettext, speaking
from trainings.web.i18n import gettext as _
from trainings.web.render import absolute

EVE = "facilitator_eve"


async def write_eve_notes() -> int:
    """Enqueue what is due for sessions of tomorrow, and of today where missed; returns how many. Safe from several
    processes at once.
    """
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


async def compose(job: OutboxJob) -> Mail | None:
    """As things are when it is sent. None: its reader does not hold the session any more, has no role at a hub, or
    wants no notes.
    """
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
            [session.training.neutral_title or session.training.title, _place_of(session)],
            [_people(session, expected), _to_do(session)],
            reply_to=session.training.hub.email,
            is_overtaken=not (session.is_on and still_comes(job, session)),
        )


COMPOSERS: dict[str, Composer] = {EVE: compose}


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
    """Needs by kind; impossible ones are not promised."""
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
