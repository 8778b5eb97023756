"""Issue certificates, once per registration and kind, numbered without gaps; revoke them with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from trainings import clock
from trainings.attendance.actions import lock_stays_of, settle, settle_people
from trainings.attendance.phones.closings import close_reported, early_ends
from trainings.audit.actions import Act, record_all
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.paper_choice import paper_of
from trainings.certificates.eligibility import (
    EXCHANGED,
    EndToConfirm,
    NotEligible,
    TrainingNotOver,
    diploma_due,
    due_unless_held,
    earned_kinds,
    exchangeable,
    is_over,
)
from trainings.certificates.issuing.mails import announce, have_set, tell_annulled
from trainings.certificates.making.contents import (
    Occasion,
    day_of_paper,
    design_of,
    folio_of,
    given_by,
    sample_sheet,
    sheet_for,
    texts_in_common,
)
from trainings.certificates.making.occasions import gathered
from trainings.certificates.models import MOVES, Certificate, CertificateKind, CertificateState
from trainings.certificates.refusals import UnprintableText
from trainings.certificates.trust import status_lists
from trainings.db import sql, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib import tokens
from trainings.lib.text import initials
from trainings.registrations.models import Registration
from trainings.schedule.locks import locked_training
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_

TAKE_NUMBERS = """
    INSERT INTO folio_series (id, created_at, operator_id, year, next_number) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (operator_id, year) DO UPDATE SET next_number = folio_series.next_number + excluded.next_number - 1
    RETURNING next_number
"""
AT_ONCE = 10_000
"""So many keys are asked for in one question: the engines take some thirty thousand."""
LONGEST_REASON = 240
LONGEST_NAME, LONGEST_INITIALS = 240, 40
"""As their columns; the sheet keeps a longer name whole."""


class UnprintableName(Refusal):
    code = "unprintable_name"
    sentence = N_("El diploma no puede imprimir «%(letters)s». Corrija el nombre y emítalo otra vez.")


class NoSignatory(Refusal):
    code = "no_signatory"
    sentence = N_("Falta quién firma los diplomas de esta municipalidad. Anote al menos una firma.")


class AlreadyRevoked(Refusal):
    code = "already_revoked"
    sentence = N_("Este certificado ya está anulado.")


class ReasonMissing(Refusal):
    code = "reason_missing"
    status = 422
    sentence = N_("Escriba por qué se anula.")


@dataclass(frozen=True, slots=True)
class IssuedTogether:
    """What one press of the button made; `n_unprintable` people need their name corrected first."""

    certificates: Sequence[Certificate]
    n_unprintable: int


async def issue(registration_id: UUID, kind: CertificateKind, *, actor: Actor) -> Certificate:
    """The certificate of this registration and kind: made now, or the one that stands (issuing twice gives the same).
    A certificado takes the place of a diploma, which is annulled, and whose person is told.

    Refuses before the training is over, when the hours are not met, when nobody signs, and where a letter of what it
    prints is not in the design's fonts. Its file is set by the outbox, or when somebody opens it first.
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
    """The same in the caller's transaction, which holds the training and `lock_stays_of`."""
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
        await _give_way(diploma, certificate, registration, occasion.training, actor=actor)
    await have_set(certificate)
    return certificate


async def _give_way(
    old: Certificate, new: Certificate, registration: Registration, training: Training, *, actor: Actor
) -> None:
    new.replaces_id = old.id
    await new.save(update_fields=["replaces_id"])
    annulled = await revoke(old.id, EXCHANGED, actor=actor)
    await tell_annulled([(annulled, registration.participant)], training)


async def issue_all(training_id: UUID, *, actor: Actor) -> IssuedTogether:
    """The highest certificate of everybody who completed the training and has none yet, all or nothing.

    Refuses as `issue`, but leaves out people whose name cannot be printed, and says how many they are. For many people
    and for who waits for an answer there is `bulk.start`, which does the same in small steps.
    """
    await refuse_before_its_end(training_id)
    await settle(training_id)
    async with transaction():
        await locked_training(training_id)
        occasion = await occasion_of(training_id)
        completed = Registration.filter(training_id=training_id, completed_at__not_isnull=True)
        people = await completed.order_by("created_at", "id").select_related("participant")
        papers = await papers_of([one.id for one in people])
        found = [(one, diploma_due(kinds_of(one, occasion.training), papers[one.id]).kind) for one in people]
        due = [(one, kind) for one, kind in found if kind is not None]
        printable = [(one, kind) for one, kind in due if not missing_letters(one, kind, occasion)]
        issued = await issue_to(printable, occasion, actor=actor)
        for certificate in issued:
            await have_set(certificate)
        return IssuedTogether(issued, len(due) - len(printable))


def missing_letters(registration: Registration, kind: CertificateKind, occasion: Occasion) -> str:
    """Those of the name that the design of this kind lacks."""
    return pdf.missing_in(design_of(occasion.training, kind), registration.participant.full_name)


def kinds_of(registration: Registration, training: Training) -> list[CertificateKind]:
    """The kinds that somebody has earned, the highest first, by what attendance says."""
    return earned_kinds(
        training,
        minutes=registration.minutes_attended,
        has_completed=registration.completed_at is not None,
        mark=registration.mark,
    )


async def papers_of(registration_ids: Sequence[UUID]) -> defaultdict[UUID, list[Certificate]]:
    """All their certificates by registration, in order. Under the training's lock nobody adds to them meanwhile."""
    papers: defaultdict[UUID, list[Certificate]] = defaultdict(list)
    for first in range(0, len(registration_ids), AT_ONCE):
        found = Certificate.filter(registration_id__in=list(registration_ids[first : first + AT_ONCE]))
        for one in await found.order_by("year", "number"):
            papers[one.registration_id].append(one)
    return papers


async def refuse_before_its_end(training_id: UUID) -> None:
    """Refuse (TrainingNotOver). Asked before hours are brought up to date: else a session that ends in between would
    count as over, and nobody have its minutes. What a phone closed is closed first, as it was held.
    """
    await close_reported(await _session_ids(training_id))
    if not is_over(await TrainingSession.filter(training_id=training_id)):
        raise TrainingNotOver


async def _session_ids(training_id: UUID) -> list[UUID]:
    return [key for (key,) in await TrainingSession.filter(training_id=training_id).values_list("id")]


async def occasion_of(
    training_id: UUID, *, kinds: Sequence[CertificateKind] = (), is_over_already: bool = True
) -> Occasion:
    """What is printed on all of them; in the caller's transaction. It brings nobody's hours up to date.

    Refuses (TrainingNotOver and EndToConfirm, unless it need not be `is_over_already`; NoSignatory; UnprintableText).
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
    """The same without asking again whether it is over: for a step of many.

    For papers of these `kinds`, without them those of who completes the course; on the `day` that they carry, without
    it that of papers made now.
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
    """Number them, freeze what they print, and tell the people whose certificate is valid; in the caller's transaction.

    The caller holds the training's lock, has seen that none of them has one of that kind, and that the names can be
    printed; and leaves the files to the outbox (`mails.have_set`, or a job).
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
    """The first of `n` numbers in a row. They go back to the series if the transaction does not commit: no gaps."""
    [row] = await sql.rows(TAKE_NUMBERS, tokens.uuid7(), clock.now(), operator_id, year, n + 1)
    next_number: int = row["next_number"]
    return next_number - n


async def _replaced(due: Sequence[tuple[Registration, CertificateKind]]) -> dict[tuple[UUID, CertificateKind], UUID]:
    """The last revoked certificate of each registration and kind."""
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
        printed_name=sheet.person_name[:LONGEST_NAME],
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
    """Annul a certificate: folio and code stay, the public check says it is annulled. Refuses without a reason."""
    if not reason.strip():
        raise ReasonMissing(field="reason")
    async with transaction():
        certificate = await Certificate.select_for_update().get_or_none(id=certificate_id)
        if certificate is None:
            raise NotFound(N_("No encontramos ese certificado."))
        if CertificateState.REVOKED not in MOVES[certificate.state]:
            raise AlreadyRevoked
        await revoke_held([certificate], reason, actor=actor)
        return certificate


async def revoke_held(certificates: Sequence[Certificate], reason: str, *, actor: Actor) -> None:
    """The same of many that stand, in the caller's transaction, which holds them."""
    moment, why = clock.now(), reason.strip()[:LONGEST_REASON]
    for one in certificates:
        one.state, one.revoked_at = CertificateState.REVOKED, moment
        one.revoked_reason, one.revoked_by_id = why, actor.id
    same = Certificate.filter(id__in=[one.id for one in certificates])
    await same.update(state=CertificateState.REVOKED, revoked_at=moment, revoked_reason=why, revoked_by_id=actor.id)
    acts = [Act(one.id, one.hub_id, {}) for one in certificates]
    await record_all("certificates.revoke", acts, actor=actor)
    status_lists.touch(certificates)
