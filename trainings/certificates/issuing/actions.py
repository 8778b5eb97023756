"""Certificates are numbered without gaps. Nothing else issues or annuls them: no upgrade, no edit of a course."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import ISSUERS
from trainings.accounts.queries import names_of
from trainings.attendance.phones.closings import close_reported, early_ends
from trainings.attendance.settling import lock_stays_of, settle_people
from trainings.audit.actions import Act, record, record_all
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.brand import paper_of
from trainings.certificates.eligibility import (
    EXCHANGED,
    EndToConfirm,
    NotEligible,
    TrainingNotOver,
    due_unless_held,
    earned_kinds,
    exchangeable,
    is_over,
)
from trainings.certificates.forms import LONGEST_REASON
from trainings.certificates.issuing.mails import announce, have_set, tell_annulled
from trainings.certificates.issuing.names import LONGEST_INITIALS, LONGEST_PRINTED
from trainings.certificates.making.contents import (
    Occasion,
    day_of_paper,
    design_of,
    folio_of,
    gathered,
    given_by,
    sample_sheet,
    sheet_for,
    texts_in_common,
)
from trainings.certificates.models import MOVES, Certificate, CertificateKind, CertificateState, RevocationRequest
from trainings.certificates.refusals import UnprintableText
from trainings.certificates.trust import status_lists
from trainings.db import lock, reads, sql, transaction
from trainings.db.prepared import Select
from trainings.errors import NotAllowed, NotFound, Refusal, WrongInput
from trainings.lib import tokens
from trainings.lib.text import initials
from trainings.outbox.actions import stop_batch
from trainings.outbox.models import CallList, CallReason
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

TAKE_NUMBERS = """
    INSERT INTO folio_series (id, created_at, operator_id, year, next_number) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (operator_id, year) DO UPDATE SET next_number = folio_series.next_number + excluded.next_number - 1
    RETURNING next_number
"""


class UnprintableName(Refusal):
    sentence = N_("El diploma no puede imprimir «%(letters)s». Corrija el nombre y emítalo otra vez.")


class NoSignatory(Refusal):
    code = "no_signatory"
    sentence = N_("Falta quién firma los diplomas de esta municipalidad. Anote al menos una firma.")


class AlreadyRevoked(Refusal):
    sentence = N_("Este certificado ya está anulado.")


class ReasonMissing(WrongInput):
    sentence = N_("Escriba por qué se anula.")


async def issue(registration_id: UUID, kind: CertificateKind, *, actor: Actor) -> Certificate:
    """A new certificate, or the standing one of this kind. A certificado annuls and replaces a diploma. The outbox sets
    its file, or the first reader does.

    Refuses before the training is over, without hours, without signatories, and letters that the design's fonts lack.
    """
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise NotFound(N_("No encontramos esa inscripción."))
    await close_reported(await _session_ids(where.training_id))
    async with transaction():
        await lock_stays_of(where.training_id, [where.id])
        await locked_training(where.training_id)
        return await issue_locked(where, kind, actor=actor)


async def issue_locked(where: Registration, kind: CertificateKind, *, actor: Actor) -> Certificate:
    """In the caller's transaction, which holds the training and `lock_stays_of`."""
    papers = (await papers_of([where.id]))[where.id]
    held, diploma = due_unless_held(kind, papers).paper, exchangeable(kind, papers)
    if held is not None and diploma is None:
        return held
    occasion = await occasion_of(where.training_id, kinds=[kind])
    await settle_people(where.training_id, [where.id])
    registration = await Registration.get(id=where.id).prefetch_related("participant")
    if kind not in kinds_of(registration, occasion.training):
        raise NotEligible
    missing = missing_letters(registration, kind, occasion)
    if missing:
        raise UnprintableName(letters=missing)
    [certificate] = await issue_to([(registration, kind)], occasion, actor=actor)
    if diploma is not None:
        certificate.replaces_id = diploma.id
        await certificate.save(update_fields=["replaces_id"])
        await revoke(diploma.id, EXCHANGED, actor=actor)
    await have_set(certificate)
    return certificate


def missing_letters(registration: Registration, kind: CertificateKind, occasion: Occasion) -> str:
    return pdf.missing_in(design_of(occasion.training, kind), registration.participant.full_name)


def kinds_of(registration: Registration, training: Training) -> list[CertificateKind]:
    return earned_kinds(
        training,
        minutes=registration.minutes_attended,
        has_completed=registration.completed_at is not None,
        mark=registration.mark,
    )


async def papers_of(registration_ids: Sequence[UUID]) -> defaultdict[UUID, list[Certificate]]:
    papers: defaultdict[UUID, list[Certificate]] = defaultdict(list)
    for one in await Certificate.filter(registration_id__in=list(registration_ids)).order_by("year", "number"):
        papers[one.registration_id].append(one)
    return papers


async def refuse_before_its_end(training_id: UUID) -> None:
    """TrainingNotOver. Call it before hours are brought up to date: a session that ends in between would count without
    minutes. Closes sessions that a phone closed.
    """
    await close_reported(await _session_ids(training_id))
    if not is_over(await TrainingSession.filter(training_id=training_id)):
        raise TrainingNotOver


async def _session_ids(training_id: UUID) -> list[UUID]:
    return [key for (key,) in await TrainingSession.filter(training_id=training_id).values_list("id")]


async def occasion_of(
    training_id: UUID, *, kinds: Sequence[CertificateKind] = (), is_over_already: bool = True
) -> Occasion:
    """What all papers share; in the caller's transaction. Refuses TrainingNotOver and EndToConfirm unless
    `is_over_already`, NoSignatory, UnprintableText.
    """
    sessions = await TrainingSession.filter(training_id=training_id)
    if is_over_already and not is_over(sessions):
        raise TrainingNotOver
    if is_over_already and await early_ends([one.id for one in sessions]):
        raise EndToConfirm
    return await same_occasion(training_id, sessions, kinds=kinds)


async def same_occasion(
    training_id: UUID,
    sessions: Sequence[TrainingSession] | None = None,
    *,
    kinds: Sequence[CertificateKind] = (),
    day: date | None = None,
) -> Occasion:
    """`kinds` default to the kinds of a completed course, `day` to the day of papers made now. A training may still
    run.
    """
    if sessions is None:
        sessions = await TrainingSession.filter(training_id=training_id)
    training = await Training.get(id=training_id).prefetch_related(
        "hub__seat", "hub__operator__municipality", "hub__operator__signatories"
    )
    occasion = await gathered(training, sessions, day or day_of_paper(sessions))
    if not occasion.signatories:
        raise NoSignatory
    texts = texts_in_common(sample_sheet(occasion))
    for kind in kinds or given_by(training):
        if missing := pdf.missing_in(design_of(training, kind), *texts):
            raise UnprintableText(letters=missing)
    return occasion


async def issue_to(
    due: Sequence[tuple[Registration, CertificateKind]],
    occasion: Occasion,
    *,
    actor: Actor,
    state: CertificateState = CertificateState.VALID,
) -> list[Certificate]:
    """Number papers, freeze what they print, tell people with a valid paper; in the caller's transaction.

    The caller holds the training's lock, has checked that people have no such paper and printable names, and leaves
    files to the outbox.
    """
    if not due:
        return []
    operator, year = occasion.training.hub.operator, occasion.issued_on.year
    number = await _take_numbers(operator.id, year, len(due))
    replaced = await _replaced(due)
    moment = clock.now()
    certificates = [
        _certificate(occasion, registration, kind, number + n, moment, actor, state)
        for n, (registration, kind) in enumerate(due)
    ]
    for certificate in certificates:
        certificate.replaces_id = replaced.get((certificate.registration_id, certificate.kind))
    await Certificate.bulk_create(certificates)
    if state is CertificateState.VALID:
        people = [registration.participant for registration, _kind in due]
        await announce(list(zip(certificates, people, strict=True)), occasion.training)
    act = "certificates.issue" if state is CertificateState.VALID else "certificates.prepare"
    acts = [Act(one.id, one.hub_id, {"kind": one.kind.value, "folio": one.folio}) for one in certificates]
    await record_all(act, acts, actor=actor)
    if state is CertificateState.PREPARED:
        status_lists.touch(certificates)
    return certificates


async def _take_numbers(operator_id: UUID, year: int, n: int) -> int:
    """The first of `n` consecutive numbers. A rollback returns them: no gaps."""
    [row] = await sql.rows(TAKE_NUMBERS, tokens.uuid7(), clock.now(), operator_id, year, n + 1)
    next_number: int = row["next_number"]
    return next_number - n


async def _replaced(due: Sequence[tuple[Registration, CertificateKind]]) -> dict[tuple[UUID, CertificateKind], UUID]:
    revoked = Certificate.filter(
        registration_id__in=[registration.id for registration, _kind in due], state=CertificateState.REVOKED
    )
    return {(one.registration_id, one.kind): one.id for one in await revoked.order_by("revoked_at")}


def _certificate(
    occasion: Occasion,
    registration: Registration,
    kind: CertificateKind,
    number: int,
    moment: datetime,
    actor: Actor,
    state: CertificateState,
) -> Certificate:
    hub, participant = occasion.training.hub, registration.participant
    folio = folio_of(hub.operator.code, occasion.issued_on.year, number)
    code = tokens.certificate_code()
    sheet = sheet_for(occasion, registration, kind, folio=folio, code=code)
    return Certificate(
        registration_id=registration.id,
        kind=kind,
        state=state,
        operator_id=hub.operator_id,
        hub_id=hub.id,
        year=occasion.issued_on.year,
        number=number,
        folio=folio,
        code=code,
        printed_name=sheet.person_name[:LONGEST_PRINTED],
        initials=initials(participant.given_names, participant.surnames)[:LONGEST_INITIALS].strip(),
        is_minor=participant.age_group is not None and participant.age_group.is_minor,
        title=sheet.title,
        minutes=sheet.minutes,
        held_on=occasion.last_day,
        issuer=hub.operator.name,
        sheet=sheet.to_json(),
        design=paper_of(occasion.training).design,
        issued_at=moment,
        validated_at=moment if state is CertificateState.VALID else None,
        issued_by_id=actor.id,
    )


async def revoke(certificate_id: UUID, reason: str, *, actor: Actor) -> Certificate:
    """Folio and code stay; the public check says annulled; its person is told. Refuses an empty reason, and an annulled
    paper.
    """
    if not reason.strip():
        raise ReasonMissing(field="reason")
    where = await Registration.get_or_none(certificates__id=certificate_id)
    if where is None:
        raise NotFound(N_("No encontramos ese certificado."))
    async with transaction():
        # The training first, as annulling many does: no deadlock.
        await locked_training(where.training_id)
        [certificate] = await lock(Certificate, [certificate_id])
        if CertificateState.REVOKED not in MOVES[certificate.state]:
            raise AlreadyRevoked
        await revoke_held([certificate], reason, actor=actor)
        return certificate


async def revoke_held(
    certificates: Sequence[Certificate], reason: str, *, actor: Actor, act: str = "certificates.revoke"
) -> None:
    """Tells their people; in the caller's transaction, which holds training and certificates."""
    moment, why = clock.now(), reason.strip()[:LONGEST_REASON]
    for one in certificates:
        one.state, one.revoked_at = CertificateState.REVOKED, moment
        one.revoked_reason, one.revoked_by_id = why, actor.id
    same = Certificate.filter(id__in=[one.id for one in certificates])
    await same.update(state=CertificateState.REVOKED, revoked_at=moment, revoked_reason=why, revoked_by_id=actor.id)
    await record_all(act, [Act(one.id, one.hub_id, {"folio": one.folio}) for one in certificates], actor=actor)
    status_lists.touch(certificates)
    await tell_annulled(certificates)


# -- annulled: one, several, or many with a second person; people are told


MOST_ALONE = 10


class NoneChosen(WrongInput):
    sentence = N_("Marque al menos uno que no esté anulado.")


class AlreadyAsked(Refusal):
    sentence = N_("Ya hay una petición de anular en esta capacitación. Espere a que otra persona la decida.")


class AlreadyDecided(Refusal):
    sentence = N_("Otra persona ya decidió esta petición.")


class OwnRequest(NotAllowed):
    sentence = N_("Usted lo pidió, así que decide otra persona: alguien más de la coordinación o de la administración.")


class UnknownRequest(NotFound):
    code = "unknown_revocation_request"
    sentence = N_("No encontramos esa petición.")


@dataclass(frozen=True, slots=True)
class Annulled:
    n: int
    request: RevocationRequest | None = None


async def reissue(certificate_id: UUID, reason: str, *, actor: Actor) -> Certificate:
    """Both or neither. Refuses as `revoke` and `issue` do."""
    old = await Certificate.get_or_none(id=certificate_id).select_related("registration")
    if old is None:
        raise NotFound(N_("No encontramos ese certificado."))
    where = old.registration
    async with transaction():
        await lock_stays_of(where.training_id, [where.id])
        await locked_training(where.training_id)
        await revoke(certificate_id, reason, actor=actor)
        return await issue_locked(where, old.kind, actor=actor)


async def annul_chosen(training_id: UUID, chosen: Collection[UUID], reason: str, *, actor: Actor) -> Annulled:
    """Ten or fewer at once; more become a request. Skips annulled papers. Refuses an empty reason, no standing paper,
    and more than ten while another request is open.
    """
    if not reason.strip():
        raise ReasonMissing(field="reason")
    async with transaction():
        await locked_training(training_id)
        standing = await _standing_among(training_id, chosen)
        if not standing:
            raise NoneChosen(field="diploma")
        if len(standing) > MOST_ALONE:
            return Annulled(0, await _ask_to_annul(training_id, standing, reason, actor))
        await _annul_all(standing, reason, actor)
        return Annulled(len(standing))


async def _ask_to_annul(
    training_id: UUID, standing: Sequence[Certificate], reason: str, actor: Actor
) -> RevocationRequest:
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


async def decide_request(request_id: UUID, *, is_approved: bool, actor: Actor) -> int:
    """Returns the number annulled. Refuses OwnRequest, AlreadyDecided, UnknownRequest."""
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
        standing = await _standing_among(request.training_id, ids) if is_approved else []
        await _annul_all(standing, request.reason, actor)
        act = "certificates.approve_revocation" if is_approved else "certificates.refuse_revocation"
        await record(act, actor=actor, object_id=request.id, hub_id=request.hub_id, n=len(standing))
        return len(standing)


async def _standing_among(training_id: UUID, ids: Collection[UUID]) -> list[Certificate]:
    chosen = Certificate.filter(id__in=list(ids), registration__training_id=training_id)
    return await chosen.exclude(state=CertificateState.REVOKED).order_by("id")


async def _annul_all(standing: Sequence[Certificate], reason: str, actor: Actor) -> None:
    """In the caller's transaction. Skips certificates withdrawn meanwhile."""
    found = await lock(Certificate, [one.id for one in standing])
    held = [one for one in found if one.state is not CertificateState.REVOKED]
    await revoke_held(held, reason, actor=actor)


async def stop_telling(training_id: UUID, batch_id: UUID, *, actor: Actor) -> None:
    """Papers stay annulled. Refuses (TooLateToStop) after ten minutes. Holds the training: an annulment at the same
    time is never stopped unseen.
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
    found = await reads(RevocationRequest).filter(training_id=training_id).order_by("-created_at", "-id")
    names = await names_of(key for one in found for key in (one.asked_by_id, one.decided_by_id))
    return [Asked(one, names.get(one.asked_by_id, ""), names.get(one.decided_by_id, "")) for one in found]


async def request_of(training_id: UUID, request_id: UUID) -> RevocationRequest:
    """Raises UnknownRequest."""
    found = await reads(RevocationRequest).get_or_none(id=request_id, training_id=training_id)
    if found is None:
        raise UnknownRequest
    return found


ASKED = Select(
    RevocationRequest,
    "training",
    where="this.hub_id IN ?list AND this.decided_at IS NULL AND this.asked_by_id <> ?",
    order="this.created_at, this.id",
    are_few=True,
)


async def to_decide(actor: Actor) -> list[RevocationRequest]:
    """Requests by other people, at the actor's hubs."""
    hubs = sorted(actor.hubs_with(ISSUERS))
    return await ASKED.rows(hubs, actor.id) if hubs else []


async def standing_of(training_id: UUID) -> list[Certificate]:
    found = reads(Certificate).filter(registration__training_id=training_id).exclude(state=CertificateState.REVOKED)
    # Joined: a separate fetch takes Tortoise quadratic time.
    return await found.order_by("year", "number", "id").select_related("registration__participant")
