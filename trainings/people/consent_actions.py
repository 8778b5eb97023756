"""Taking back a permission that was given: as easy as giving it, and just as provable."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.people.merged import same_person_ids
from trainings.people.models import Consent, ConsentPurpose
from trainings.web.i18n import N_

WITHDRAWABLE = (ConsentPurpose.CONTACT, ConsentPurpose.PHOTO)
"""What can be taken back by itself. The data hang on the registrations: `privacy.withdrawal` takes back both."""


class NotByItself(Refusal):
    code = "not_by_itself"
    sentence = N_("El permiso para guardar sus datos se retira junto con sus inscripciones.")


async def withdraw(participant_id: UUID, purpose: ConsentPurpose, *, actor: Actor, hub_id: UUID | None = None) -> None:
    """Take back the permission to be invited or photographed, of all participants that are this person.

    What is taken back twice is taken back once, at the first moment. Refuses with NotByItself for the data.
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
