"""Withdraw consent: as easy as giving it, and as provable."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import Refusal
from trainings.people.merged import same_person_ids
from trainings.people.models import Consent, ConsentPurpose, Guardian, Participant
from trainings.web.i18n import N_

WITHDRAWABLE = (ConsentPurpose.CONTACT, ConsentPurpose.PHOTO)
"""Withdrawn alone. The data consent goes with the registrations (`privacy.withdrawal`)."""


class PermissionGone(Refusal):
    code = "permission_gone"
    sentence = N_(
        "Se retiró el permiso de guardar estos datos, y sin él no guardamos nada más. Para venir, hay que inscribirse "
        "de nuevo en la página de la capacitación."
    )


class NotByItself(Refusal):
    code = "not_by_itself"
    sentence = N_("El permiso para guardar sus datos se retira junto con sus inscripciones.")


async def withdraw(participant_id: UUID, purpose: ConsentPurpose, *, actor: Actor, hub_id: UUID | None = None) -> None:
    """Withdraw the consent to be invited or photographed, for all participants merged with this person.

    Twice is once, at the first moment. Refuses (NotByItself) the data consent.
    """
    if purpose not in WITHDRAWABLE:
        raise NotByItself
    async with transaction():
        ids = await same_person_ids(participant_id)
        standing = Consent.filter(participant_id__in=ids, purpose=purpose, withdrawn_at=None)
        n_withdrawn = await standing.update(withdrawn_at=clock.now())
        if n_withdrawn:
            await record(
                "people.withdraw_consent",
                actor=actor,
                object_id=participant_id,
                hub_id=hub_id,
                purpose=purpose.value,
                n=n_withdrawn,
            )


async def without_permission(participant_ids: Collection[UUID]) -> frozenset[UUID]:
    """People (a minor's guardian) whose data consent was withdrawn and not given again."""
    people = list(participant_ids)
    own = reads(Consent).filter(participant_id__in=people, purpose=ConsentPurpose.DATA)
    protectors = reads(Guardian).filter(participant_id__in=people)
    columns = ("participant_id", "withdrawn_at")
    given = [*await own.values_list(*columns), *await protectors.values_list(*columns)]
    standing = {person for person, withdrawn_at in given if withdrawn_at is None}
    return frozenset(person for person, _withdrawn_at in given) - standing


async def check_permission(participant_id: UUID) -> None:
    """Refuses (PermissionGone) to store more of a person without data consent."""
    if await without_permission([participant_id]):
        raise PermissionGone


async def locked_with_permission(participant_id: UUID) -> Participant:
    """Lock the person, to store more of them. Refuses (PermissionGone).

    Locked before the check: a simultaneous withdrawal locks the person too. A training's lock comes first.
    """
    [person] = await lock(Participant, [participant_id])
    await check_permission(person.id)
    return person
