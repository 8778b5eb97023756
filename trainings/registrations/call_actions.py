"""What staff write down about a call list: who was reached and how, that it is closed, that it is open after all."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import Refusal
from trainings.outbox.models import Call, CallList, CallReason, CallResult, CallVia, HolderCall
from trainings.registrations import waiting
from trainings.registrations.call_households import Household, households
from trainings.registrations.call_people import audiences_of
from trainings.registrations.call_validity import is_overtaken
from trainings.registrations.sign_up import locked_training
from trainings.web.i18n import N_

TWICE = timedelta(minutes=1)
"""The same mark of the same person within this time is a second click."""
CLOSED = "calls.close"
"""The audit line that says why a list was closed."""


class WhyClosed(StrEnum):
    """Why a list is closed though people are left: they do not answer, leave no way, hear it otherwise, need not."""

    NO_ANSWER = "no_answer"
    NO_WAY = "no_way"
    OTHERWISE = "otherwise"
    NOT_NEEDED = "not_needed"


class Answer(StrEnum):
    """What somebody who is offered a place said on the telephone."""

    YES = "said_yes"
    NO = "said_no"


class ListClosed(Refusal):
    code = "call_list_closed"
    sentence = N_("La lista ya está cerrada. Ábrala otra vez para anotar.")


class ListOvertaken(Refusal):
    code = "call_list_overtaken"
    sentence = N_("Esta lista no se abre: hubo otro cambio antes de avisar este. Llame con la lista más nueva.")


class NotOnList(Refusal):
    code = "not_on_call_list"
    sentence = N_("Ya no está en esta lista: canceló su inscripción, le llegó el correo, o se le avisa con otra lista.")


class NoWhyClosed(Refusal):
    code = "no_why_closed"
    status = 422
    sentence = N_("Escoja por qué cierra la lista si faltan personas.")


async def mark(list_id: UUID, registration_id: UUID, result: CallResult, via: CallVia, *, actor: Actor) -> Household:
    """Write down what came of telling the household in which this person is; returns it as it was before.

    "Not reached" right after "reached" takes that back. The same click twice is one mark. Who is offered a place and is
    reached has from now on the time to answer. Refuses (ListClosed) a closed list, (NotOnList) whoever is not on it any
    more, and like `waiting.mark_reached`.
    """
    async with transaction():
        call_list = await _locked(list_id)
        if call_list.closed_at is not None:
            raise ListClosed
        found = [one for one in await households(call_list) if registration_id in one.registration_ids]
        if not found:
            raise NotOnList
        [household] = found
        if await _is_second_click(call_list, household, result, via, actor):
            return household
        for member in household.members:
            await Call.create(
                call_list=call_list,
                registration=member.registration,
                result=result,
                via=via,
                called_by_id=actor.id,
            )
        if call_list.reason is CallReason.OFFERED:
            await _tell_waiting_list(household, result, actor)
        await record(
            "calls.mark",
            actor=actor,
            object_id=registration_id,
            hub_id=call_list.hub_id,
            call_list=str(call_list.id),
            result=result.value,
            via=via.value,
            n=len(household.members),
        )
        return household


async def answer(list_id: UUID, registration_id: UUID, said: Answer, via: CallVia, *, actor: Actor) -> Household:
    """Write down the call and what the household said to the places it is offered: yes holds them, no gives them on.

    Refuses as `mark` does, and (NoOffer) where nothing is offered any more.
    """
    act = waiting.accept_offer if said is Answer.YES else waiting.decline_offer
    async with transaction():
        household = await mark(list_id, registration_id, CallResult.REACHED, via, actor=actor)
        groups = household.offered_groups
        if not groups:
            raise waiting.NoOffer
        for group_id in groups:
            await act(group_id, actor=actor)
        return household


async def mark_holder(list_id: UUID, block_id: UUID, result: CallResult, via: CallVia, *, actor: Actor) -> None:
    """The same for somebody who holds cards without a name. Refuses as `mark` does."""
    async with transaction():
        call_list = await _locked(list_id)
        if call_list.closed_at is not None:
            raise ListClosed
        if block_id not in {one.id for one in (await audiences_of([call_list]))[call_list.id].holders}:
            raise NotOnList
        marks = HolderCall.filter(call_list_id=call_list.id, block_id=block_id)
        if _is_same_click(await marks.order_by("-created_at", "-id").first(), result, via, actor):
            return
        await HolderCall.create(call_list=call_list, block_id=block_id, result=result, via=via, called_by_id=actor.id)
        detail = {"call_list": str(call_list.id), "result": result.value, "via": via.value, "n": 1}
        await record("calls.mark", actor=actor, object_id=block_id, hub_id=call_list.hub_id, **detail)


async def _is_second_click(
    call_list: CallList, household: Household, result: CallResult, via: CallVia, actor: Actor
) -> bool:
    ids = household.registration_ids
    last = await Call.filter(call_list_id=call_list.id, registration_id__in=ids).order_by("-created_at", "-id").first()
    return _is_same_click(last, result, via, actor)


def _is_same_click(last: Call | HolderCall | None, result: CallResult, via: CallVia, actor: Actor) -> bool:
    if last is None or last.created_at < clock.now() - TWICE:
        return False
    return (last.result, last.via, last.called_by_id) == (result, via, actor.id)


async def _tell_waiting_list(household: Household, result: CallResult, actor: Actor) -> None:
    """A deadline applies only to people who were reached: it begins with the call, and ends when that is taken back."""
    for group_id in household.offered_groups:
        if result is CallResult.REACHED:
            await waiting.mark_reached(group_id, actor=actor)
        elif household.is_reached:
            await waiting.take_back_reached(group_id, actor=actor)


async def close(list_id: UUID, reason: WhyClosed | None, *, actor: Actor) -> None:
    """Close a list. Closing twice is closing once. Refuses (NoWhyClosed) without a reason while people are left."""
    async with transaction():
        call_list = await _locked(list_id)
        if call_list.closed_at is not None:
            return
        audience = (await audiences_of([call_list]))[call_list.id]
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
    """Open a closed list again; an open one stays so. Refuses (ListOvertaken) what another list tells."""
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
    """The list under its training's lock and its own: offers are decided there, marks here."""
    where = await CallList.get(id=list_id)
    await locked_training(where.training_id)
    [call_list] = await lock(CallList, [list_id])
    return call_list
