"""Erasure at the desk: a coordinator's word starts the 72 hours, an assistant's waits for one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.accounts.permissions import DESK, ERASERS, can_erase, can_see_registrations
from trainings.accounts.queries import names_of
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import NotAllowed, NotFound
from trainings.privacy.models import ErasureRequest
from trainings.registrations.models import Registration
from trainings.registrations.own import erasures
from trainings.registrations.own.erasures import What
from trainings.web.i18n import N_

WAITING = "/panel/personas/por-borrar"
"""The page of what waits to be confirmed and what is going to be erased."""


class UnknownRequest(NotFound):
    sentence = N_("Ese pedido ya tiene respuesta, o es de otra ventanilla. Vuelva a abrir la lista.")


class OnlyCoordination(NotAllowed):
    sentence = N_("Eso lo decide quien coordina la ventanilla.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Person and training are loaded. `request_id`: of what is to be confirmed; `due_at`: when it is erased."""

    registration: Registration
    papers: What
    asked_by: str
    request_id: UUID | None = None
    due_at: datetime | None = None
    can_be_undone: bool = True


async def ask(registrations: Sequence[Registration], papers: What, *, actor: Actor) -> None:
    """That the people of these registrations (training loaded) be erased. Twice is once. Staff who may not confirm
    leave a request.
    """
    async with transaction():
        for one in registrations:
            request = ErasureRequest.filter(registration_id=one.id)
            if can_erase(actor, one.training.hub_id):
                await request.delete()
                await erasures.ask_for_erasure(one.id, actor=actor, papers=papers)
            elif not await request.exists():
                assert actor.id is not None, "a link asks by itself"
                await ErasureRequest.create(registration_id=one.id, papers=papers.value, asked_by_id=actor.id)
                await _record("privacy.request_erasure", one, actor)


async def confirm(request_id: UUID, *, actor: Actor) -> None:
    """The 72 hours begin. Refuses (UnknownRequest) an answered request, and with OnlyCoordination an assistant."""
    async with transaction():
        request = await _taken(request_id, actor)
        if not can_erase(actor, request.registration.training.hub_id):
            raise OnlyCoordination
        await erasures.ask_for_erasure(request.registration_id, actor=actor, papers=What(request.papers))


async def drop(request_id: UUID, *, actor: Actor) -> None:
    """Nothing is erased. Refuses (UnknownRequest) an answered request."""
    async with transaction():
        request = await _taken(request_id, actor)
        await _record("privacy.drop_erasure", request.registration, actor)


async def keep(registration_id: UUID, *, actor: Actor) -> None:
    """Take back an erasure asked for at a desk of the actor's. Refuses UnknownRequest, OnlyCoordination, and
    (TooLateToKeep) once the 72 hours are over.
    """
    registration = await Registration.get_or_none(id=registration_id).select_related("training")
    if registration is None or not can_see_registrations(actor, registration.training.hub_id):
        raise UnknownRequest
    if not can_erase(actor, registration.training.hub_id):
        raise OnlyCoordination
    await erasures.keep_data(registration_id, actor=actor)


async def _taken(request_id: UUID, actor: Actor) -> ErasureRequest:
    """Deleted: who deletes it answers it."""
    request = await ErasureRequest.get_or_none(id=request_id).select_related("registration__training")
    if request is None or not can_see_registrations(actor, request.registration.training.hub_id):
        raise UnknownRequest
    if not await ErasureRequest.filter(id=request_id).delete():
        raise UnknownRequest
    return request


async def _record(act: str, registration: Registration, actor: Actor) -> None:
    await record(act, actor=actor, object_id=registration.id, hub_id=registration.training.hub_id)


# -- what waits


async def n_to_confirm(actor: Actor) -> int:
    """At the hubs where the actor may confirm."""
    return await reads(ErasureRequest).filter(registration__training__hub_id__in=_hubs(actor, ERASERS)).count()


async def to_confirm(actor: Actor) -> list[Waiting]:
    asked = reads(ErasureRequest).filter(registration__training__hub_id__in=_hubs(actor, DESK)).order_by("id")
    rows = await asked.select_related("registration__participant", "registration__training")
    names = await names_of(one.asked_by_id for one in rows)
    return [
        Waiting(one.registration, What(one.papers), names.get(one.asked_by_id, ""), request_id=one.id) for one in rows
    ]


async def going(actor: Actor) -> list[Waiting]:
    asked = await erasures.erasures_at_desk(_hubs(actor, DESK))
    names = await names_of(one.asked_by for one in asked)
    return [
        Waiting(
            one.registration,
            one.papers,
            names.get(one.asked_by, ""),
            due_at=one.due_at,
            can_be_undone=one.can_be_undone,
        )
        for one in asked
    ]


async def asked_of(registration_ids: Collection[UUID]) -> dict[UUID, datetime | None]:
    """Asked for already, at the desk: when it is done; None: to be confirmed."""
    requests = reads(ErasureRequest).filter(registration_id__in=list(registration_ids))
    unconfirmed: dict[UUID, datetime | None] = {key: None for (key,) in await requests.values_list("registration_id")}
    due = await erasures.erasures_of(registration_ids)
    return unconfirmed | {one.registration.id: one.due_at for one in due if one.asked_by is not None}


def _hubs(actor: Actor, roles: Collection[str]) -> list[UUID]:
    return list(actor.hubs_with(roles))
