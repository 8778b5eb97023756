"""Erase certificates, or the name on them, as the person wishes. By own link 72 hours later."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import HOLDER_OF_LINK, Actor
from trainings.certificates.issuing import erasing
from trainings.certificates.models import Certificate
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound
from trainings.outbox.mailer import Composers
from trainings.outbox.models import OutboxJob
from trainings.people.consent_actions import without_permission
from trainings.people.merged import same_person_ids
from trainings.people.models import Participant
from trainings.privacy.withdrawal import forget
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import PAPERS, What
from trainings.web.i18n import N_


async def erasable_papers(registration_id: UUID, *, actor: Actor) -> list[Certificate]:
    """Certificates this actor would erase: for staff of everybody merged with this person.

    By own link those of this participant alone, as `withdrawal.withdraw_data`.
    """
    return await erasing.erasable(await _whose(await _registration(registration_id), actor))


async def erase_papers(registration_id: UUID, what: What, *, actor: Actor) -> int:
    """At once, at the desk; returns how many. Twice is once.

    Refuses an unknown registration.
    """
    async with transaction():
        return await _erase(await _registration(registration_id), what, actor)


async def carry_out(job: OutboxJob) -> None:
    """Job of an own link, after 72 hours, unless undone or done by staff meanwhile."""
    assert clock.now() >= job.run_at, "nothing is deleted before the moment that the person was told"
    registration = await _registration(UUID(job.payload["registration_id"]))
    is_ours = OutboxJob.filter(id=job.id, attempts=job.attempts)
    # With a hub its coordinators see the job until it is done.
    if not await is_ours.update(hub_id=registration.training.hub_id):
        return
    async with transaction():
        await lock(Participant, [registration.participant_id])
        if await is_ours.exists():
            await _erase(registration, What(job.payload["what"]), HOLDER_OF_LINK)


COMPOSERS: Composers = {PAPERS: carry_out}


async def _erase(registration: Registration, what: What, actor: Actor) -> int:
    """In the caller's transaction. Deletes the job too, and the name if only a certificate still kept it."""
    people = await lock(Participant, await _whose(registration, actor))
    ids = [person.id for person in people]
    n = await (erasing.remove_names(ids) if what is What.NAME else erasing.withdraw_all(ids))
    registered = [key for (key,) in await Registration.filter(participant_id__in=ids).values_list("id")]
    await OutboxJob.filter(kind=PAPERS, subject_id__in=registered).delete()
    gone = await without_permission(ids)
    await forget([person for person in people if person.id in gone])
    if n:
        hub_id = registration.training.hub_id
        await record(
            "privacy.erase_papers", actor=actor, object_id=registration.id, hub_id=hub_id, what=what.value, n=n
        )
    return n


async def _whose(registration: Registration, actor: Actor) -> Sequence[UUID]:
    is_by_staff = actor.id is not None
    return await same_person_ids(registration.participant_id) if is_by_staff else [registration.participant_id]


async def _registration(registration_id: UUID) -> Registration:
    found = await reads(Registration).get_or_none(id=registration_id).select_related("training")
    if found is None:
        raise NotFound(N_("No encontramos esa inscripción."))
    return found
