from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.accounts.queries import names_of
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.lib.text import short_name
from trainings.outbox.models import UNTRIED, CallList, OutboxJob
from trainings.places.models import Hub
from trainings.registrations.calls.people import n_to_tell, n_written_to
from trainings.registrations.calls.views import Calls
from trainings.registrations.models import InvitationLetter, Registration, ReservedBlock
from trainings.registrations.telling.changes import Readers, waiting_batches, who_would_hear
from trainings.registrations.telling.facilitator_notes import (
    at_work,
    n_facilitators_written_to,
)
from trainings.schedule.changes import Difference, differences, recent_changes
from trainings.schedule.models import (
    ChangeKind,
    PlaceShown,
    PrintKind,
    Printout,
    SessionFacilitator,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.public.pictures import change_text
from trainings.schedule.public.sentences import sentence_of
from trainings.schedule.staff.printouts import outdated
from trainings.web.i18n import N_, gettext

KINDS_OF_PAPER = {
    PrintKind.LETTER: N_("Convocatoria"),
    PrintKind.SHEET: N_("Listado de asistencia"),
    PrintKind.TICKETS: N_("Boleto"),
    PrintKind.CARDS: N_("Tarjetas apartadas"),
    PrintKind.POSTER: N_("Cartel"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that can still be stopped. May be for nobody: a person who signs up again in that time would be
    called.
    """

    batch_id: UUID
    n_people: int
    n_facilitators: int
    n_calls: int
    leaves_at: datetime

    @property
    def is_for_nobody(self) -> bool:
        return not (self.n_people or self.n_facilitators or self.n_calls)


@dataclass(frozen=True, slots=True)
class Changed:
    session_id: UUID
    sentence: str
    picture: str
    text: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class WrongPaper:
    """A printout with a date that no longer holds. `anew`: where to print it again; empty: nowhere."""

    what: str
    whom: str
    printed_at: datetime
    by: str
    anew: str


async def waiting(training: Training, calls: Iterable[Calls]) -> Waiting | None:
    n_calls = {one.batch_id: one.n_people for one in calls}
    batches, now = await waiting_batches(training.id), clock.now()
    jobs = reads(OutboxJob).filter(batch_id__in=batches, run_at__gt=now, **UNTRIED).order_by("run_at")
    found = await jobs.values_list("batch_id", "run_at")
    if found:
        batch_id, leaves_at = found[0]
        n_people = (await n_written_to([batch_id]))[batch_id]
        n_facilitators = await n_facilitators_written_to(batch_id)
        return Waiting(batch_id, n_people, n_facilitators, n_calls.get(batch_id, 0), leaves_at)
    lists = reads(CallList).filter(batch_id__in=batches, closed_at=None, due_at__gt=now)
    call_list = await lists.order_by("-created_at").first()
    if call_list is None or call_list.batch_id is None:
        return None
    return Waiting(call_list.batch_id, 0, 0, n_calls.get(call_list.batch_id, 0), call_list.due_at)


async def who_is_told(
    training: Training,
    session_ids: Collection[UUID],
    *,
    actor: Actor,
    readers: Readers | None = None,
) -> dict[str, Any]:
    """How many people would be told of a change, and how. `readers` None: everybody, and the facilitators of these
    sessions.
    """
    if readers is None:
        held = reads(SessionFacilitator).filter(session_id__in=list(session_ids))
        holders = {user_id for (user_id,) in await held.values_list("user_id")}
        unheard = (await who_would_hear(training)).facilitators
        n_facilitators = len((unheard | await at_work(holders)) - {actor.id})
    else:
        n_facilitators = len(readers.facilitators - {actor.id})
    if readers is not None and readers.is_known:
        return {"n_mails": 0, "n_calls": 0, "n_facilitators": n_facilitators, "is_known": True}
    n_mails, n_calls = await n_to_tell(training.id, readers.unknowing if readers is not None else None)
    return {"n_mails": n_mails, "n_calls": n_calls, "n_facilitators": n_facilitators, "is_known": False}


async def changed(training: Training) -> list[Changed]:
    recent = (await recent_changes([training.id])).get(training.id, [])
    is_off = training.state is TrainingState.CANCELLED
    found = differences(reversed(recent), list(training.sessions), training, is_called_off=is_off)
    return [
        Changed(
            session_id=one.session.id,
            sentence=_sentence(one, training),
            picture=f"/panel/sesiones/{one.session.id}/cambio.png",
            text=change_text(training, one),
            is_off=one.kind is ChangeKind.CANCELLED,
        )
        for one in found
    ]


def _sentence(one: Difference, training: Training) -> str:
    """A protected place is not told, not even "online"."""
    if training.place_shown is PlaceShown.PUBLIC:
        return sentence_of(one, knows_place=True)
    return sentence_of(replace(one, is_other_link=False, was_online=False, online_url=None), knows_place=False)


# -- paper


async def wrong_papers(training: Training) -> list[WrongPaper]:
    found = await outdated(training, list(training.sessions))
    names = await _names(found)
    people = await names_of(one.printed_by_id for one in found)
    sessions = {session.id: session for session in training.sessions}
    return [
        WrongPaper(
            what=gettext(KINDS_OF_PAPER[one.kind]),
            whom=names.get(one.subject_id, "") if one.subject_id else _number(one, sessions),
            printed_at=one.created_at,
            by=people.get(one.printed_by_id, "") if one.printed_by_id else gettext(N_("Quien tiene el enlace")),
            anew=_anew(training, one, names),
        )
        for one in found
    ]


async def _names(papers: Iterable[Printout]) -> dict[UUID, str]:
    ids = {one.subject_id for one in papers if one.subject_id is not None}
    names = {one.id: one.addressee for one in await reads(InvitationLetter).filter(id__in=ids)}
    names |= {one.id: one.community for one in await reads(ReservedBlock).filter(id__in=ids)}
    names |= {one.id: gettext(N_("El del mes")) for one in await reads(Hub).filter(id__in=ids)}
    for one in await reads(Registration).filter(id__in=ids).select_related("participant"):
        names[one.id] = short_name(one.participant.given_names, one.participant.surnames)
    return names


def _number(paper: Printout, sessions: Mapping[UUID, TrainingSession]) -> str:
    session = sessions.get(paper.session_id) if paper.session_id else None
    return gettext(N_("Sesión %(n)s")) % {"n": session.position} if session else ""


def _anew(training: Training, paper: Printout, names: Mapping[UUID, str]) -> str:
    base = f"/panel/capacitaciones/{training.id}"
    if paper.subject_id is not None and paper.subject_id not in names:
        return ""
    if training.state is TrainingState.CANCELLED:
        return ""
    match paper.kind:
        case PrintKind.LETTER:
            return f"{base}/convocatorias/{paper.subject_id}.pdf"
        case PrintKind.TICKETS:
            return f"/panel/inscripciones/{paper.subject_id}/boleto"
        case PrintKind.CARDS:
            return f"/panel/tarjetas/bloques/{paper.subject_id}/tarjetas.pdf"
        case PrintKind.SHEET:
            return f"/panel/sesiones/{paper.session_id}/hojas"
        case PrintKind.POSTER:
            return f"{base}/cartel.pdf" if paper.subject_id is None else "/panel/difundir"
