""" "Requiere atención" on the panel's first page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import (
    CLOCK_KEEPERS,
    MESSAGE_READERS,
    OPERATOR_ADMINS,
    can_close_session,
    can_edit_trainings,
    can_issue_certificates,
    can_merge,
    can_see_roster,
)
from trainings.attendance.review.queries import n_to_decide
from trainings.audit.actor import Actor
from trainings.certificates.issuing.actions import to_decide
from trainings.certificates.issuing.late_data import late_at
from trainings.certificates.issuing.preparing import left_over
from trainings.certificates.trust.signing_keys import running_out
from trainings.db import reads, sql
from trainings.lib import dates
from trainings.lib.text import fold
from trainings.outbox import holds
from trainings.outbox.words import HELD_WORDS, held_title
from trainings.panel.office.waiting import Waiting
from trainings.places.models import Hub
from trainings.privacy.guard import standing_stop
from trainings.privacy.models import WhyStopped
from trainings.registrations.calls.words import title_of
from trainings.registrations.desk.look_alikes import short_of_places
from trainings.registrations.desk.needs_queries import n_unanswered
from trainings.registrations.telling.changes import untold_at
from trainings.schedule import queries
from trainings.schedule.absences import unheld_at
from trainings.schedule.dated import Planned
from trainings.schedule.models import Training
from trainings.schedule.session_words import numbered
from trainings.schedule.staff_sessions import StaffSession
from trainings.web.i18n import N_, gettext, language, ngettext

UNCLOSED_FOR = timedelta(days=30)
DRAFTS_WITHIN = timedelta(days=7)
CALLS_WITHIN = timedelta(days=1)
SIGNATURE_ENDS_WITHIN = timedelta(days=30)
UNHELD_WITHIN = timedelta(days=7)
IS_AWAY = N_("«%(title)s», %(when)s: %(who)s avisó que no puede.")
HAS_LEFT = N_("«%(title)s», %(when)s: %(who)s ya no tiene acceso.")


@dataclass(frozen=True, slots=True)
class Concern:
    """`act`: where its `button` posts, if one press is enough."""

    icon: str
    href: str
    title: str
    sentence: str
    is_hot: bool = False
    act: str = ""
    button: str = ""


async def concerns_of(actor: Actor, waiting: Waiting) -> list[Concern]:
    found = [
        *await _held_mail(actor),
        *await _nothing_deleted(actor),
        *await _to_close(actor),
        *await _to_tell(actor),
        *_to_call(waiting),
        *await _unheld(actor),
        *await _to_decide(actor),
        *_to_approve(waiting),
        *await _to_join(actor),
        *await _to_arrange(actor),
        *await _to_publish(actor),
        *await _to_revoke(actor),
        *await _contradicted(actor),
        *await _left_over(actor),
        *await _to_certify(waiting),
        *await _to_sign_on(actor),
    ]
    return sorted(found, key=lambda concern: not concern.is_hot)


async def _held_mail(actor: Actor) -> list[Concern]:
    if not actor.has_any(MESSAGE_READERS):
        return []
    path = "/panel/mensajes"
    return [
        Concern("correo", path, held_title(hold), gettext(HELD_WORDS[hold.why]), is_hot=True)
        for hold in await holds.standing()
    ]


async def _nothing_deleted(actor: Actor) -> list[Concern]:
    stop = await standing_stop() if actor.has_any(CLOCK_KEEPERS) else None
    if stop is None:
        return []
    title = gettext(N_("No se borra nada por sí solo"))
    if stop.why is WhyStopped.ROWS:
        sentence = gettext(N_("Iban a borrarse demasiados datos de una vez. Avise a quien cuida el sistema."))
        return [Concern("reloj", "/privacidad", title, sentence, is_hot=True)]
    says = N_("El servidor dice que es el %(now)s. Si no es cierto, avise a quien cuida el sistema.")
    sentence = gettext(says) % {"now": dates.day_and_time(clock.now(), language(), with_year=True)}
    button = gettext(N_("La fecha y la hora están bien"))
    return [Concern("reloj", "/privacidad", title, sentence, is_hot=True, act="/panel/reloj", button=button)]


async def _to_close(actor: Actor) -> list[Concern]:
    concerns = []
    sessions = await queries.unclosed_sessions(actor, clock.now() - UNCLOSED_FOR)
    held = await _held_by(actor, sessions)
    for session in sessions:
        path, holds = f"/panel/sesiones/{session.id}/asistencia", session.id in held
        if session.is_running and can_see_roster(actor, session.hub_id, is_facilitator=holds):
            until = dates.time_of_day(session.ends_at, language())
            sentence = gettext(N_("En curso. Termina: %(until)s")) % {"until": until}
            concerns.append(Concern("lista", path, gettext(N_("Pasar asistencia")), f"{numbered(session)}. {sentence}"))
        elif not session.is_running and can_close_session(actor, session.hub_id, is_facilitator=holds):
            ended = dates.day_and_time(session.ends_at, language())
            sentence = gettext(N_("Terminó el %(when)s")) % {"when": ended}
            title = gettext(N_("Cerrar una sesión"))
            concerns.append(
                Concern("candado", path + "/cerrar", title, f"{numbered(session)}. {sentence}", is_hot=True)
            )
    return concerns


FACILITATED = "SELECT session_id FROM session_facilitator WHERE session_id IN ?list AND user_id = ?"


async def _held_by(actor: Actor, sessions: Iterable[StaffSession]) -> set[UUID]:
    keys = sorted(one.id for one in sessions)
    found = await sql.tuples(FACILITATED, keys, actor.id, are_few=True) if keys else ()
    return {sql.as_uuid(key) for (key,) in found}


async def _to_tell(actor: Actor) -> list[Concern]:
    sentence = N_("«%(title)s»: alguien detuvo los avisos.")
    return [
        Concern(
            "correo",
            f"/panel/capacitaciones/{one.training.id}/cambios",
            one.words,
            gettext(sentence) % {"title": one.training.title},
            is_hot=True,
            act=f"/panel/capacitaciones/{one.training.id}/cambios/avisar",
            button=gettext(N_("Avisar ahora")),
        )
        for one in await untold_at([hub_id for hub_id in actor.roles_at if can_edit_trainings(actor, hub_id)])
    ]


def _to_call(waiting: Waiting) -> list[Concern]:
    """Hot where people would come in vain or miss something within a day; certificates never are."""
    n_people, lists = waiting.n_to_call, waiting.lists
    if not n_people:
        return []
    first = lists[0]
    title = ngettext("%(num)s persona por llamar", "%(num)s personas por llamar", n_people) % {"num": n_people}
    sentence = gettext(N_("Lo más urgente, antes del %(when)s: «%(title)s»")) % {
        "title": first.call_list.training.title,
        "when": dates.day_and_time(first.begins_at, language()),
    }
    if not first.has_day:
        sentence = f"{title_of(first.call_list, first.changed)}: «{first.call_list.training.title}»"
    is_hot = first.has_day and first.begins_at < clock.now() + CALLS_WITHIN
    path = f"/panel/llamadas/{first.call_list.id}" if len(lists) == 1 else "/panel/llamadas"
    return [Concern("telefono", path, title, sentence, is_hot=is_hot)]


async def _unheld(actor: Actor) -> list[Concern]:
    hubs = [hub_id for hub_id in actor.roles_at if can_edit_trainings(actor, hub_id)]
    found = sorted(await unheld_at(hubs), key=lambda one: one.thing.is_activity)
    return [_to_hold(one.thing, gettext(HAS_LEFT if one.has_left else IS_AWAY), one.who) for one in found]


def _to_hold(thing: Planned, words: str, who: str) -> Concern:
    return Concern(
        "persona",
        f"/panel/{'actividades' if thing.is_activity else 'capacitaciones'}/{thing.owner_id}/editar",
        gettext(N_("Buscar quién responda")) if thing.is_activity else gettext(N_("Buscar quién facilite")),
        words % {"title": thing.title, "when": dates.day_and_time(thing.starts_at, language()), "who": who},
        is_hot=thing.starts_at < clock.now() + UNHELD_WITHIN,
    )


async def _to_decide(actor: Actor) -> list[Concern]:
    n_open = await n_to_decide(actor)
    if not n_open:
        return []
    title = ngettext("Decidir %(num)s marca de asistencia", "Decidir %(num)s marcas de asistencia", n_open)
    sentence = gettext(N_("Las hicieron teléfonos, y necesitan que alguien diga si cuentan."))
    return [Concern("lista", "/panel/revisar/asistencia", title % {"num": n_open}, sentence)]


def _to_approve(waiting: Waiting) -> list[Concern]:
    n_waiting = waiting.n_held
    if not n_waiting:
        return []
    title = ngettext("Responder a %(num)s inscripción", "Responder a %(num)s inscripciones", n_waiting)
    sentence = gettext(N_("Esperan que alguien les diga que sí."))
    return [Concern("persona", "/panel/revisar", title % {"num": n_waiting}, sentence)]


async def _to_join(actor: Actor) -> list[Concern]:
    title = gettext(N_("Revisar personas repetidas"))
    return [
        Concern(
            "personas",
            f"/panel/personas/repetidas?capacitacion={training.id}",
            title,
            ngettext(
                "«%(title)s»: hasta %(num)s lugar puede ser de personas repetidas.",
                "«%(title)s»: hasta %(num)s lugares pueden ser de personas repetidas.",
                n,
            )
            % {"title": training.title, "num": n},
        )
        for training, n in await short_of_places([one for one in actor.roles_at if can_merge(actor, one)])
    ]


async def _to_arrange(actor: Actor) -> list[Concern]:
    n_asked = await n_unanswered(actor)
    if not n_asked:
        return []
    title = ngettext("Conseguir %(num)s apoyo", "Conseguir %(num)s apoyos", n_asked)
    sentence = gettext(N_("Los piden para lo que viene, y nadie ha respondido."))
    return [Concern("acceso", "/panel/apoyos", title % {"num": n_asked}, sentence)]


async def _to_publish(actor: Actor) -> list[Concern]:
    drafts = await queries.drafts_starting_before(actor, clock.now() + DRAFTS_WITHIN)
    editable = {hub_id for hub_id in actor.roles_at if can_edit_trainings(actor, hub_id)}
    return [
        Concern(
            "calendario",
            f"/panel/capacitaciones/{draft.id}",
            gettext(N_("Publicar un borrador")),
            gettext(N_("«%(title)s» es el %(when)s"))
            % {"title": draft.title, "when": dates.day_and_time(draft.next_at, language())},
        )
        for draft in drafts
        if draft.hub_id in editable and draft.next_at is not None
    ]


async def _to_revoke(actor: Actor) -> list[Concern]:
    title = N_("Decidir si se anulan %(n)s documentos")
    return [
        Concern(
            "diploma",
            f"/panel/capacitaciones/{request.training_id}/diplomas/anular",
            gettext(title) % {"n": len(request.certificate_ids)},
            gettext(N_("«%(title)s»: otra persona lo pidió.")) % {"title": request.training.title},
        )
        for request in await to_decide(actor)
    ]


async def _contradicted(actor: Actor) -> list[Concern]:
    late = await late_at([hub_id for hub_id in actor.roles_at if can_issue_certificates(actor, hub_id)])
    concerns = []
    for one in late:
        n = one.n_failing + one.n_other_hours
        title = ngettext("Decidir sobre %(num)s documento emitido", "Decidir sobre %(num)s documentos emitidos", n)
        sentence = gettext(N_("«%(title)s»: la asistencia dice ahora otra cosa.")) % {"title": one.training.title}
        path = f"/panel/capacitaciones/{one.training.id}/diplomas/cambios"
        concerns.append(Concern("diploma", path, title % {"num": n}, sentence))
    return concerns


async def _left_over(actor: Actor) -> list[Concern]:
    hubs = [hub_id for hub_id in actor.roles_at if can_issue_certificates(actor, hub_id)]
    return [
        Concern(
            "diploma",
            f"/panel/capacitaciones/{training.id}/diplomas",
            ngettext("Ver %(num)s diploma que no se usó", "Ver %(num)s diplomas que no se usaron", n) % {"num": n},
            gettext(N_("«%(title)s»: estaban preparados y no valen.")) % {"title": training.title},
        )
        for training, n in await left_over(hubs)
    ]


async def _to_certify(waiting: Waiting) -> list[Concern]:
    numbers = waiting.diplomas
    titles = dict(await reads(Training).filter(id__in=list(numbers)).values_list("id", "title"))
    return [
        Concern(
            "diploma",
            f"/panel/capacitaciones/{training_id}/diplomas",
            ngettext("Emitir %(num)s diploma", "Emitir %(num)s diplomas", n) % {"num": n},
            gettext(N_("«%(title)s»: cumplieron las horas.")) % {"title": titles[training_id]},
        )
        for training_id, n in sorted(numbers.items(), key=lambda one: fold(titles[one[0]]))
    ]


async def _to_sign_on(actor: Actor) -> list[Concern]:
    hubs = sorted(actor.hubs_with(OPERATOR_ADMINS))
    if not hubs:
        return []
    operator_ids = {key for (key,) in await reads(Hub).filter(id__in=hubs).values_list("operator_id")}
    ended, ending = N_("Venció el %(day)s: los diplomas van sin firma."), N_("Vence el %(day)s: después van sin firma.")
    return [
        Concern(
            "diploma",
            "/panel/firma-electronica",
            gettext(N_("Cambiar la firma electrónica")),
            gettext(ended if key.not_after <= clock.now() else ending) % {"day": dates.numeric_date(key.not_after)},
        )
        for key in await running_out(operator_ids, SIGNATURE_ENDS_WITHIN)
    ]
