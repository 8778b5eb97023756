"""Annulling certificates: one, several, or many with a second person; issuing another in place of one. People are told.

Only a person with a reason annuls or reissues: no upgrade and no edit of a course does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import ISSUERS
from trainings.attendance.settling import lock_stays_of
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.issuing.actions import ReasonMissing, issue_locked, revoke, revoke_held
from trainings.certificates.issuing.mails import tell_annulled
from trainings.certificates.models import Certificate, CertificateState, RevocationRequest
from trainings.db import lock, reads, transaction
from trainings.errors import NotAllowed, NotFound, Refusal
from trainings.outbox.actions import stop_batch
from trainings.outbox.models import CallList, CallReason
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

MOST_ALONE = 10
"""Annulled by one person at once; a second person decides on more."""
LONGEST_REASON = 240


class NoneChosen(Refusal):
    code = "none_chosen"
    status = 422
    sentence = N_("Marque al menos uno que no esté anulado.")


class AlreadyAsked(Refusal):
    code = "already_asked"
    sentence = N_("Ya hay una petición de anular en esta capacitación. Espere a que otra persona la decida.")


class AlreadyDecided(Refusal):
    code = "already_decided"
    sentence = N_("Otra persona ya decidió esta petición.")


class OwnRequest(NotAllowed):
    code = "own_request"
    sentence = N_("Usted lo pidió, así que decide otra persona: alguien más de la coordinación o de la administración.")


class UnknownRequest(NotFound):
    code = "unknown_revocation_request"
    sentence = N_("No encontramos esa petición.")


@dataclass(frozen=True, slots=True)
class Annulled:
    """The number annulled, or a request to be decided."""

    n: int
    request: RevocationRequest | None = None


async def annul(certificate_id: UUID, reason: str, *, actor: Actor) -> Certificate:
    """Tells its person where it was valid. Refuses an empty reason, and an annulled paper."""
    async with transaction():
        await _lock_training_of(certificate_id)
        certificate = await revoke(certificate_id, reason, actor=actor)
        await _tell([certificate])
        return certificate


async def reissue(certificate_id: UUID, reason: str, *, actor: Actor) -> Certificate:
    """Annul one and issue another of its kind, both or neither; returns the new one.

    Refuses as `annul` and `issue` do: a person who no longer earned it gets no other.
    """
    old = await Certificate.get_or_none(id=certificate_id).select_related("registration")
    if old is None:
        raise NotFound(N_("No encontramos ese certificado."))
    where = old.registration
    async with transaction():
        await lock_stays_of(where.training_id, [where.id])
        await locked_training(where.training_id)
        old = await revoke(certificate_id, reason, actor=actor)
        new = await issue_locked(where, old.kind, actor=actor)
        await _tell([old])
        return new


async def _lock_training_of(certificate_id: UUID) -> None:
    """Trainings first, as annulling many does: no deadlock."""
    where = await Registration.get_or_none(certificates__id=certificate_id)
    if where is not None:
        await locked_training(where.training_id)


async def annul_chosen(training_id: UUID, chosen: Collection[UUID], reason: str, *, actor: Actor) -> Annulled:
    """Ten or fewer at once; more become a request. Skips annulled ones.

    Refuses an empty reason, no standing one, and more than ten while another request is open.
    """
    if not reason.strip():
        raise ReasonMissing(field="reason")
    async with transaction():
        await locked_training(training_id)
        standing = await _standing(training_id, chosen)
        if not standing:
            raise NoneChosen(field="diploma")
        if len(standing) > MOST_ALONE:
            return Annulled(0, await _ask(training_id, standing, reason, actor))
        await _annul_all(standing, reason, actor)
        return Annulled(len(standing))


async def _ask(training_id: UUID, standing: Sequence[Certificate], reason: str, actor: Actor) -> RevocationRequest:
    if await RevocationRequest.exists(training_id=training_id, decided_at=None):
        raise AlreadyAsked
    assert actor.id is not None, "people ask, not programs"
    request = await RevocationRequest.create(
        training_id=training_id,
        hub_id=standing[0].hub_id,
        certificate_ids=[str(one.id) for one in standing],
        reason=reason.strip()[:LONGEST_REASON],
        asked_by_id=actor.id,
    )
    await record(
        "certificates.ask_to_revoke", actor=actor, object_id=request.id, hub_id=request.hub_id, n=len(standing)
    )
    return request


async def decide(request_id: UUID, *, is_approved: bool, actor: Actor) -> int:
    """Approve or refuse another person's request, once; returns the number annulled.

    Refuses OwnRequest, AlreadyDecided, UnknownRequest.
    """
    where = await RevocationRequest.get_or_none(id=request_id)
    if where is None:
        raise UnknownRequest
    async with transaction():
        await locked_training(where.training_id)
        request = await RevocationRequest.select_for_update().get(id=request_id)
        if request.decided_at is not None:
            raise AlreadyDecided
        if request.asked_by_id == actor.id:
            raise OwnRequest
        request.decided_at, request.decided_by_id, request.is_approved = clock.now(), actor.id, is_approved
        await request.save(update_fields=["decided_at", "decided_by_id", "is_approved"])
        ids = [UUID(key) for key in request.certificate_ids]
        standing = await _standing(request.training_id, ids) if is_approved else []
        await _annul_all(standing, request.reason, actor)
        act = "certificates.approve_revocation" if is_approved else "certificates.refuse_revocation"
        await record(act, actor=actor, object_id=request.id, hub_id=request.hub_id, n=len(standing))
        return len(standing)


async def _standing(training_id: UUID, ids: Collection[UUID]) -> list[Certificate]:
    chosen = Certificate.filter(id__in=list(ids), registration__training_id=training_id)
    return await chosen.exclude(state=CertificateState.REVOKED).order_by("id")


async def _annul_all(standing: Sequence[Certificate], reason: str, actor: Actor) -> None:
    """In the caller's transaction. Certificates that their person withdrew meanwhile are annulled already."""
    found = await lock(Certificate, [one.id for one in standing])
    held = [one for one in found if one.state is not CertificateState.REVOKED]
    await revoke_held(held, reason, actor=actor)
    await _tell(held)


async def _tell(annulled: Sequence[Certificate]) -> None:
    if not annulled:
        return
    registrations = Registration.filter(id__in=[one.registration_id for one in annulled])
    people = {one.id: one for one in await registrations.select_related("participant")}
    training = await Training.get(id=people[annulled[0].registration_id].training_id)
    await tell_annulled([(one, people[one.registration_id].participant) for one in annulled], training)


async def stop_telling(training_id: UUID, batch_id: UUID, *, actor: Actor) -> None:
    """Annulled papers stay annulled. Refuses (TooLateToStop) after the ten minutes.

    Annulments of the training at the same time come before or after, and are never stopped unseen.
    """
    async with transaction():
        await locked_training(training_id)
        if not await CallList.exists(training_id=training_id, batch_id=batch_id, reason=CallReason.ANNULLED):
            raise NotFound(N_("No encontramos esos avisos."))
        await stop_batch(batch_id, actor=actor)


# -- reading


@dataclass(frozen=True, slots=True)
class Asked:
    request: RevocationRequest
    asked_by: str
    decided_by: str

    @property
    def n(self) -> int:
        return len(self.request.certificate_ids)


async def requests_of(training_id: UUID) -> list[Asked]:
    """Newest first."""
    return await _named(await reads(RevocationRequest).filter(training_id=training_id).order_by("-created_at", "-id"))


async def request_of(training_id: UUID, request_id: UUID) -> RevocationRequest:
    """Raises UnknownRequest."""
    found = await reads(RevocationRequest).get_or_none(id=request_id, training_id=training_id)
    if found is None:
        raise UnknownRequest
    return found


async def to_decide(actor: Actor) -> list[RevocationRequest]:
    """Requests of others at the actor's hubs, with their training."""
    hubs = sorted(actor.hubs_with(ISSUERS))
    waiting = reads(RevocationRequest).filter(hub_id__in=hubs, decided_at=None).exclude(asked_by_id=actor.id)
    return await waiting.order_by("created_at", "id").prefetch_related("training") if hubs else []


async def standing_of(training_id: UUID) -> list[Certificate]:
    """Certificates that can be annulled, by folio, with their people."""
    found = reads(Certificate).filter(registration__training_id=training_id).exclude(state=CertificateState.REVOKED)
    # Joined: a separate fetch takes Tortoise quadratic time.
    return await found.order_by("year", "number", "id").select_related("registration__participant")


async def _named(requests: Sequence[RevocationRequest]) -> list[Asked]:
    ids = {key for one in requests for key in (one.asked_by_id, one.decided_by_id) if key is not None}
    names = dict(await reads(User).filter(id__in=list(ids)).values_list("id", "name")) if ids else {}
    return [
        Asked(one, names.get(one.asked_by_id, ""), names.get(one.decided_by_id, "") if one.decided_by_id else "")
        for one in requests
    ]
