from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.accounts.queries import names_of as names_of_staff
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import Refusal, WrongInput
from trainings.lib.dates import day_and_time
from trainings.lib.text import short_name
from trainings.lib.tokens import uuid7
from trainings.outbox.models import Call, CallList, CallReason, CallResult, CallVia
from trainings.outbox.placeholders import check_call
from trainings.registrations.calls.facts import HAS_PLACE, LOOK_BACK
from trainings.registrations.calls.households import (
    Household,
    Part,
    ToCall,
    is_asked,
    left_in,
    n_people_of,
    names_of,
    newest_mark_of,
    sign_of,
    to_call,
)
from trainings.registrations.calls.people import Audience, Holder, audience_of
from trainings.registrations.calls.queries import Group
from trainings.registrations.calls.told import MARKS, Mark, Readers, may_have_heard, note_call, take_back
from trainings.registrations.calls.validity import CHANGES, is_overtaken
from trainings.registrations.messages import kept, open_list
from trainings.registrations.models import Registration, RegistrationGroup, RegistrationState, ReservedBlock
from trainings.registrations.seats import waiting
from trainings.registrations.seats.actions import UnknownGroup
from trainings.registrations.seats.allocation import NoOffer
from trainings.registrations.seats.waiting import for_each
from trainings.schedule.models import OF_REAL, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.public import sentences
from trainings.schedule.session_actions import locked_training
from trainings.schedule.snapshots import last_number
from trainings.web.i18n import N_, gettext, language

TWICE = timedelta(minutes=1)
"""Equal marks of one person within this time are one double click."""
OPENED, PRINTED = "calls.open", "calls.print"
CLOSED = "calls.close"


class WhyClosed(StrEnum):
    NO_ANSWER = "no_answer"
    NO_WAY = "no_way"
    OTHERWISE = "otherwise"
    NOT_NEEDED = "not_needed"


class Answer(StrEnum):
    YES = "said_yes"
    NO = "said_no"


ANSWERS = {
    Answer.YES: (waiting.accept_offer, RegistrationState.CONFIRMED),
    Answer.NO: (waiting.decline_offer, RegistrationState.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class Said:
    result: CallResult
    via: CallVia
    at_once_id: UUID | None = None


class ListClosed(Refusal):
    code = "call_list_closed"
    sentence = N_("La lista ya está cerrada. Ábrala otra vez para anotar.")


class ListOvertaken(Refusal):
    code = "call_list_overtaken"
    sentence = N_("Esta lista no se abre: hubo otro cambio antes de avisar este. Llame con la lista más nueva.")


class NotOnList(Refusal):
    code = "not_on_call_list"
    sentence = N_("Ya no está en esta lista: canceló su inscripción, le llegó el correo, o se le avisa con otra lista.")


class NotedMeanwhile(Refusal):
    """A colleague noted that they were told, after the page was shown."""

    sentence = N_(
        "No anotamos «No se pudo»: %(who)s anotó el %(when)s que sí se avisó a %(names)s, y esta página ya lo muestra. "
        "Si no es así, cámbielo aquí."
    )


class NobodyToCall(Refusal):
    sentence = N_("En ese grupo ya no hay a quién llamar. Escoja otro.")


class BegunOtherwise(Refusal):
    """The page was changed and sent again, with its old key."""

    sentence = N_(
        "Desde esta página ya se empezó una lista con otro texto: está en Llamadas. Si quiere otra lista con este "
        "texto, envíelo otra vez."
    )


class NoDayToCome(WrongInput):
    sentence = N_("Ya no hay fecha por venir, así que {fecha} quedaría vacío. Quítelo del texto.")


class AskEachOne(Refusal):
    sentence = N_("A quienes se ofrece un lugar se les pregunta una por una: anote lo que dijo cada quien.")


class OtherNumber(Refusal):
    """Somebody called, signed up or cancelled since the page was shown: others are left, if not another number."""

    sentence = N_("La lista cambió: ahora son %(n)s. Revise y confirme otra vez.")


class NobodyLeft(Refusal):
    sentence = N_("Ya nadie falta de avisar ahí.")


class NoWhyClosed(WrongInput):
    sentence = N_("Escoja por qué cierra la lista si faltan personas.")


async def begin(training_id: UUID, group: Group, words: str, *, key: UUID, actor: Actor) -> CallList:
    """Open a list of staff's own for the people of the group as of now; the same `key` twice is one list.

    Refuses as `check_call`, and with NobodyToCall, NoDayToCome, BegunOtherwise.
    """
    check_call(words)
    if not group.n_people:
        raise NobodyToCall
    async with transaction():
        training = await locked_training(training_id)
        if "{fecha}" in words and not await _has_day_to_come(training):
            raise NoDayToCome(field="body")
        wanted = CallList(
            training_id=training.id,
            hub_id=training.hub_id,
            reason=CallReason.OWN,
            cause_id=key,
            due_at=clock.now(),
            whom=group.whom,
            community=group.community,
            words=words,
            chosen=[str(one) for one in (*group.people, *group.holders)],
        )
        begun = await kept(wanted)
        if _asked(begun) != _asked(wanted):
            raise BegunOtherwise
        if begun.id == wanted.id:
            await record(
                "calls.begin",
                actor=actor,
                object_id=begun.id,
                hub_id=begun.hub_id,
                whom=group.whom.value,
                n=group.n_people,
            )
        return begun


def _asked(call_list: CallList) -> tuple[object, ...]:
    return call_list.training_id, call_list.whom, call_list.community, call_list.words


async def _has_day_to_come(training: Training) -> bool:
    coming = TrainingSession.filter(training_id=training.id, state=SessionState.PLANNED, ends_at__gt=clock.now())
    return training.state is not TrainingState.CANCELLED and await coming.exists()


async def note_seen(call_list: CallList, audience: Audience, act: str, *, actor: Actor) -> None:
    """Log that staff opened or printed the list: from then on its text may have been read out by loudspeaker."""
    async with transaction():
        await record(act, actor=actor, object_id=call_list.id, hub_id=call_list.hub_id, n=audience.n_people)
        if call_list.reason not in CHANGES or call_list.closed_at is not None or call_list.due_at > clock.now():
            return
        number = await last_number(call_list.training_id)
        people = [one.person.id for one in audience.listed if not one.is_reached]
        await may_have_heard(Registration, people, number)
        await may_have_heard(ReservedBlock, [one.id for one in audience.holders if not one.is_reached], number)


async def mark(
    list_id: UUID, key: UUID, result: CallResult, via: CallVia, *, seen: UUID | None = None, actor: Actor
) -> ToCall:
    """Record one call's result; returns the household or card holder of `key` as before.

    "Not reached" after "reached" takes that back; told twice, or the same click twice, is one mark. The time to answer
    an offer begins. `seen`: the newest mark that the page showed. Refuses with ListClosed, NotOnList, NotedMeanwhile,
    and as `waiting.mark_reached`.
    """
    async with transaction():
        call_list = await _locked(list_id)
        called = await _called(call_list, key)
        model = ReservedBlock if isinstance(called, Holder) else Registration
        if result is CallResult.REACHED and called.is_reached:
            return called
        if await _is_same_click(model, called.keys, Said(result, via), actor, call_list_id=call_list.id):
            return called
        newest = newest_mark_of(called)
        if result is CallResult.NOT_REACHED and newest is not None and newest.id != seen:
            await _keep_told(newest, names_of(called))
        await _write(call_list, model, called.keys, Said(result, via), actor)
        if result is CallResult.NOT_REACHED and called.is_reached:
            await take_back(call_list, model, called.last_marks)
        if call_list.reason is CallReason.OFFERED and isinstance(called, Household):
            await _tell_waiting_list(called, result, actor)
        return called


async def tell_at_once(list_id: UUID, part: Part, via: CallVia, *, seen: str, actor: Actor) -> int:
    """Record a part of a list as reached; returns how many. People with an offered place are left to be asked.

    Refuses with ListClosed, AskEachOne, NobodyLeft, and (OtherNumber) where others than `seen` (`sign_of`) are left.
    """
    async with transaction():
        call_list = await _open_list(list_id)
        if call_list.reason is CallReason.OFFERED:
            raise AskEachOne
        hub = (await Training.get(id=call_list.training_id).prefetch_related("hub")).hub
        left = await left_in(await to_call(await audience_of(call_list)), part, hub.seat_id)
        told = [one for one in left if not is_asked(one)]
        if not told:
            raise NobodyLeft
        if sign_of(told) != seen:
            raise OtherNumber(n=n_people_of(told))
        said = Said(CallResult.REACHED, via, uuid7())
        for model, keys in _by_model(told):
            await _write(call_list, model, keys, said, actor)
        return n_people_of(told)


async def _keep_told(newest: Mark, names: str) -> None:
    """Refuses (NotedMeanwhile) to take back what the page did not show."""
    if newest.result is CallResult.REACHED:
        callers = await names_of_staff([newest.called_by_id])
        who = callers.get(newest.called_by_id) or gettext(N_("otra persona"))
        raise NotedMeanwhile(who=who, when=day_and_time(newest.created_at, language()), names=names)


def _by_model(found: Sequence[ToCall]) -> list[tuple[Readers, list[UUID]]]:
    people = [key for one in found if isinstance(one, Household) for key in one.keys]
    holders = [one.id for one in found if isinstance(one, Holder)]
    both: list[tuple[Readers, list[UUID]]] = [(Registration, people), (ReservedBlock, holders)]
    return [(model, keys) for model, keys in both if keys]


async def take_back_at_once(list_id: UUID, at_once_id: UUID, *, actor: Actor) -> int:
    """Nobody was told by this act; returns how many. People told otherwise since stay told. Refuses with ListClosed."""
    async with transaction():
        call_list = await _open_list(list_id)
        audience = await audience_of(call_list)
        everybody = [*(one.marks for one in audience.listed), *(one.marks for one in audience.holders)]
        last = [marks[-1] for marks in everybody if marks and marks[-1].at_once_id == at_once_id]
        for model, (table, column) in MARKS.items():
            told = [mark for mark in last if isinstance(mark, table)]
            if told:
                keys = [getattr(mark, column) for mark in told]
                await _write(call_list, model, keys, Said(CallResult.NOT_REACHED, told[0].via), actor)
                await take_back(call_list, model, told)
        return len(last)


async def _open_list(list_id: UUID) -> CallList:
    """Locked. Refuses with ListClosed."""
    call_list = await _locked(list_id)
    if call_list.closed_at is not None:
        raise ListClosed
    return call_list


async def _called(call_list: CallList, key: UUID) -> ToCall:
    """Refuses with ListClosed, NotOnList."""
    if call_list.closed_at is not None:
        raise ListClosed
    called = next((one for one in await to_call(await audience_of(call_list)) if key in one.keys), None)
    if called is None:
        raise NotOnList
    return called


async def _write(call_list: CallList, model: Readers, keys: Sequence[UUID], said: Said, actor: Actor) -> None:
    table, column = MARKS[model]
    readers = await model.filter(id__in=list(keys)).order_by("id")
    act: dict[str, Any] = {"result": said.result, "via": said.via, "at_once_id": said.at_once_id}
    rows: list[Any] = [
        table(
            call_list=call_list,
            called_by_id=actor.id,
            knew_number=one.told_number,
            knew_heard=one.heard_number,
            **{column: one.id},
            **act,
        )
        for one in readers
    ]
    await table.bulk_create(rows)
    if said.result is CallResult.REACHED:
        await note_call(call_list, model, readers)
    await record(
        "calls.mark",
        actor=actor,
        object_id=keys[0],
        hub_id=call_list.hub_id,
        call_list=str(call_list.id),
        result=said.result.value,
        via=said.via.value,
        n=len(keys),
    )


async def _is_same_click(model: Readers, keys: Sequence[UUID], said: Said, actor: Actor, **where: object) -> bool:
    table, column = MARKS[model]
    last = await table.filter(**{f"{column}__in": list(keys)}, **where).order_by("-created_at", "-id").first()
    if last is None or last.created_at < clock.now() - TWICE:
        return False
    return (last.result, last.via, last.called_by_id) == (said.result, said.via, actor.id)


async def answer(list_id: UUID, registration_id: UUID, said: Answer, via: CallVia, *, actor: Actor) -> bool:
    """Record the call and the answer to one offer: yes confirms, no gives the places on. False: the answer was known.

    An adult with a claimed link answers alone, anybody else for the group; other offers on this telephone do not begin
    to run. Refuses as `mark`, with UnknownGroup, NoOffer, and as `waiting.decline_offer`.
    """
    act, outcome = ANSWERS[said]
    async with transaction():
        call_list = await _locked(list_id)
        one = await Registration.get_or_none(id=registration_id, training_id=call_list.training_id)
        if one is None:
            raise UnknownGroup
        if one.state is outcome:
            return False
        if one.state is not RegistrationState.OFFERED:
            raise NoOffer
        called = await _called(call_list, one.id)
        group_id = await waiting.answering_group(one.id)
        people = await _offered_people(group_id)
        keys = [key for key in called.keys if key in people]
        await _write(call_list, Registration, keys, Said(CallResult.REACHED, via), actor)
        await act(group_id, actor=actor)
        return True


async def mark_offer(group_id: UUID, result: CallResult, *, seen: datetime | None = None, actor: Actor) -> None:
    """Record a call about an offer on the training's list of offers.

    `seen`: since when the page showed them as told. Refuses with NotedMeanwhile, and as `waiting.mark_reached`.
    """
    async with transaction():
        group, training = await waiting.locked_offer(group_id)
        lists = CallList.filter(training_id=training.id, reason=CallReason.OFFERED).order_by("-created_at", "-id")
        call_list = await lists.first() or await open_list(training, CallReason.OFFERED, uuid7())
        people = await _offered_people(group_id)
        since = {"created_at__gte": group.changed_at}
        said = Said(result, CallVia.CALL)
        if await _is_same_click(Registration, people, said, actor, **since):
            return
        tries = Call.filter(registration_id__in=people, **since)
        last = await tries.order_by("-created_at", "-id").first()
        if result is CallResult.NOT_REACHED and last is not None and group.reached_at != seen:
            await _keep_told(last, await _short_names(people))
        await _write(call_list, Registration, people, said, actor)
        if result is CallResult.REACHED:
            await waiting.mark_reached(group_id, actor=actor)
        elif last is not None and last.result is CallResult.REACHED:
            await waiting.take_back_reached(group_id, actor=actor)


async def _offered_people(group_id: UUID) -> list[UUID]:
    people = Registration.filter(group_id=group_id, state=RegistrationState.OFFERED).order_by("id")
    return [key for (key,) in await people.values_list("id")]


async def _short_names(registration_ids: Sequence[UUID]) -> str:
    found = await Registration.filter(id__in=registration_ids).order_by("id").prefetch_related("participant")
    people = [one.participant for one in found]
    return sentences.listing([short_name(one.given_names, one.surnames) for one in people])


async def _tell_waiting_list(household: Household, result: CallResult, actor: Actor) -> None:
    for group_id in household.offered_groups:
        if result is CallResult.REACHED:
            await waiting.mark_reached(group_id, actor=actor)
        elif household.is_reached:
            await waiting.take_back_reached(group_id, actor=actor)


async def close(list_id: UUID, reason: WhyClosed | None, *, actor: Actor) -> None:
    """Twice is once. Refuses (NoWhyClosed) without a reason while people are left."""
    async with transaction():
        call_list = await _locked(list_id)
        if call_list.closed_at is not None:
            return
        audience = await audience_of(call_list)
        n_left = len(audience.left)
        if n_left and reason is None:
            raise NoWhyClosed(field="reason")
        call_list.closed_at = clock.now()
        await call_list.save(update_fields=["closed_at"])
        detail = {"reason": reason.value} if n_left and reason is not None else {}
        await record(
            CLOSED,
            actor=actor,
            object_id=call_list.id,
            hub_id=call_list.hub_id,
            n=audience.n_people,
            n_left=n_left,
            **detail,
        )


async def reopen(list_id: UUID, *, actor: Actor) -> None:
    """Refuses (ListOvertaken) where another list tells the same."""
    async with transaction():
        call_list = await _locked(list_id)
        if call_list.closed_at is None:
            return
        if await is_overtaken(call_list):
            raise ListOvertaken
        call_list.closed_at = None
        await call_list.save(update_fields=["closed_at"])
        await record("calls.reopen", actor=actor, object_id=call_list.id, hub_id=call_list.hub_id)


async def _locked(list_id: UUID) -> CallList:
    """Under its training's lock, where offers are decided, and its own."""
    where = await CallList.get(id=list_id)
    await locked_training(where.training_id)
    [call_list] = await lock(CallList, [list_id])
    return call_list


async def open_for_offers() -> int:
    """Open a list for each training where people without an address moved up; returns how many.

    A training has one open list of offers; people who move up later stand on it. Outside the transaction that frees the
    place: sign-ups must not wait for it. Safe from several processes at once.
    """
    return await for_each(await _trainings_with_news(), _open, trouble="the list of offers could not be opened")


async def _trainings_with_news() -> list[UUID]:
    moved = reads(RegistrationGroup).filter(moved_up_at__gt=clock.now() - LOOK_BACK, reached_at=None)
    trainings = {key for (key,) in await moved.filter(state__in=list(HAS_PLACE)).values_list("training_id")}
    coming = reads(TrainingSession).filter(OF_REAL, training_id__in=sorted(trainings), ends_at__gt=clock.now())
    ahead = {key for (key,) in await coming.exclude(training__state=TrainingState.CANCELLED).values_list("training_id")}
    open_lists = reads(CallList).filter(training_id__in=sorted(ahead), reason=CallReason.OFFERED, closed_at=None)
    return sorted(ahead - {key for (key,) in await open_lists.values_list("training_id")})


async def _open(training_id: UUID) -> bool:
    async with transaction():
        training = await locked_training(training_id)
        if await CallList.exists(training_id=training_id, reason=CallReason.OFFERED, closed_at=None):
            return False
        if not await _is_needed(training):
            return False
        await open_list(training, CallReason.OFFERED, uuid7())
        return True


async def _is_needed(training: Training) -> bool:
    moment = clock.now()
    wanted = CallList(
        training_id=training.id,
        hub_id=training.hub_id,
        reason=CallReason.OFFERED,
        cause_id=training.id,
        due_at=moment,
        created_at=moment,
    )
    return bool((await audience_of(wanted)).listed)
