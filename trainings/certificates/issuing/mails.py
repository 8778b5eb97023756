"""A ready paper is told at once, an annulled paper after ten minutes; further annulments of the training join it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from trainings import clock
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads, sql
from trainings.lib.tokens import uuid7
from trainings.outbox import actions
from trainings.outbox.actions import STAFF_DELAY, enqueue
from trainings.outbox.mailer import Composers, Draft, Mail, Together
from trainings.outbox.models import UNTRIED, CallList, CallReason, OutboxJob
from trainings.outbox.placeholders import OwnWords
from trainings.people.models import Participant
from trainings.registrations.calls.people import audiences_of, n_written_to
from trainings.registrations.messages import open_list
from trainings.registrations.models import Registration
from trainings.registrations.telling.mails import Kind, letter_of, own_words
from trainings.registrations.telling.message_facts import Facts, gather_facts
from trainings.schedule.models import Training
from trainings.settings import get_settings
from trainings.web.i18n import N_
from trainings.web.i18n import gettext as _

READY, ANNULLED = "certificate_ready", "certificate_annulled"
FILE = "certificate_file"
STATES = {READY: CertificateState.VALID, ANNULLED: CertificateState.REVOKED}
"""Messages are sent only while the certificate is in this state."""
PAPERS = {
    CertificateKind.DIPLOMA: N_("diploma"),
    CertificateKind.CERTIFICADO: N_("certificado"),
    CertificateKind.CONSTANCIA: N_("constancia"),
}


async def have_set(certificate: Certificate, *, anew: bool = False) -> None:
    """The worker sets its file; in the caller's transaction. `anew`: even if asked for before."""
    name = uuid7() if anew else certificate.revision
    await enqueue(FILE, {"certificate_id": str(certificate.id)}, dedup=f"{FILE}:{name}:{certificate.id}")


async def announce(issued: Sequence[tuple[Certificate, Participant]], training: Training) -> None:
    """By mail, or without an address by the training's call list. In the caller's transaction."""
    if not issued:
        return
    moment = clock.now()
    n_written = await _write(READY, issued, run_at=moment)
    if n_written < len(issued) or not get_settings().sends_mail:
        call_list = await open_list(training, CallReason.CERTIFICATE, training.id)
        # The same list tells of papers made later: it was closed when all others were told.
        await CallList.filter(id=call_list.id).update(closed_at=None, due_at=moment)


async def tell_annulled(annulled: Sequence[Certificate]) -> None:
    """After ten minutes, people who were told of it or hold it. In the caller's transaction, which holds the
    training.
    """
    known = [one for one in annulled if one.validated_at is not None or one.handed_over_at is not None]
    moments = [one.revoked_at for one in known if one.revoked_at is not None]
    if moments:
        due_at = max(moments) + STAFF_DELAY
        found = Registration.filter(id__in=[one.registration_id for one in known])
        people = {one.id: one for one in await found.select_related("participant", "training")}
        papers = [(one, people[one.registration_id].participant) for one in known]
        batch_id = await _batch(people[known[0].registration_id].training, due_at)
        await _write(ANNULLED, papers, run_at=due_at, batch_id=batch_id)


async def _batch(training: Training, due_at: datetime) -> UUID:
    """A new batch with its call list, or the training's waiting batch, which then waits on."""
    lists = CallList.filter(training_id=training.id, reason=CallReason.ANNULLED, closed_at=None)
    waiting = await lists.filter(due_at__gt=clock.now()).order_by("-due_at").first()
    if waiting is not None and waiting.batch_id is not None:
        letters = OutboxJob.filter(batch_id=waiting.batch_id, **UNTRIED)
        # Messages before their list, as stopping does: no deadlock.
        await letters.update(run_at=due_at)
        if await lists.filter(id=waiting.id).update(due_at=due_at):
            return waiting.batch_id
    batch_id = uuid7()
    await open_list(training, CallReason.ANNULLED, batch_id, due_at=due_at, batch_id=batch_id)
    return batch_id


@dataclass(frozen=True, slots=True)
class Waiting:
    batch_id: UUID
    n_people: int
    n_calls: int
    leaves_at: datetime


async def waiting(training_id: UUID) -> list[Waiting]:
    """Batches that can still be stopped, next first."""
    lists = reads(CallList).filter(training_id=training_id, reason=CallReason.ANNULLED, closed_at=None)
    found = await lists.filter(due_at__gt=clock.now(), batch_id__not_isnull=True).order_by("due_at")
    if not found:
        return []
    audiences = await audiences_of(found)
    by_mail = await n_written_to([one.batch_id for one in found if one.batch_id])
    told = [
        Waiting(one.batch_id, by_mail[one.batch_id], len(audiences[one.id].listed), one.due_at)
        for one in found
        if one.batch_id
    ]
    return [one for one in told if one.n_people or one.n_calls]


async def _write(
    kind: str,
    papers: Sequence[tuple[Certificate, Participant]],
    *,
    run_at: datetime,
    batch_id: UUID | None = None,
) -> int:
    letters = [
        OutboxJob(
            kind=kind,
            payload={"certificate_id": str(one.id), "registration_id": str(one.registration_id)},
            dedup=f"{kind}:{one.id}",
            subject_id=one.registration_id,
            hub_id=one.hub_id,
            batch_id=batch_id,
            run_at=run_at,
        )
        for one, person in papers
        if person.email_key is not None
    ]
    await OutboxJob.bulk_create(letters, ignore_conflicts=True)
    actions.wake()
    return len(letters)


async def set_file(job: OutboxJob) -> Mail | None:
    certificate = await Certificate.get_or_none(id=UUID(job.payload["certificate_id"]))
    if certificate is not None and certificate.erased_at is None:
        await file_of(certificate)
    return None


async def drafts(jobs: Sequence[OutboxJob]) -> dict[UUID, Draft]:
    facts = await gather_facts(jobs)
    words = await own_words(facts.values())
    certificates = {one.id: one for one in await reads(Certificate).filter(id__in=[_told_of(job) for job in jobs])}
    valid = await reads(Certificate).filter(
        registration_id__in=[one.registration_id for one in certificates.values()], state=CertificateState.VALID
    )
    told = [(job, certificates[_told_of(job)]) for job in jobs if job.id in facts and _told_of(job) in certificates]
    return {
        job.id: partial(_letter_of, certificate, _replacement(certificate, valid), facts[job.id], words.get(job.id))
        for job, certificate in told
    }


def _told_of(job: OutboxJob) -> UUID:
    return UUID(job.payload["certificate_id"])


def _letter_of(certificate: Certificate, replacement: str, facts: Facts, own: OwnWords | None) -> Mail:
    kind = Kind(
        f"emails/{facts.job.kind}.txt",
        holds=lambda _facts: certificate.state is STATES[facts.job.kind],
        more=lambda _facts: _about(certificate, replacement),
        names_day=False,
    )
    letter = letter_of(kind, facts, own)
    return replace(letter, on_leaving=partial(_leave, certificate, letter))


STATE = "SELECT state FROM certificate WHERE id = ?"


async def _leave(certificate: Certificate, letter: Mail) -> bool:
    states = [state for (state,) in await sql.tuples(STATE, certificate.id, are_few=True)]
    return states == [certificate.state] and letter.on_leaving is not None and await letter.on_leaving()


def _replacement(certificate: Certificate, valid: Sequence[Certificate]) -> str:
    others = [one for one in valid if one.registration_id == certificate.registration_id and one.id != certificate.id]
    in_its_place = (one for one in others if one.kind is certificate.kind or one.replaces_id == certificate.id)
    return next((one.folio for one in in_its_place), "")


def _about(certificate: Certificate, replacement: str) -> dict[str, object]:
    address = f"{get_settings().base_url.rstrip('/')}/verificar/{certificate.code}"
    has_one = certificate.state is CertificateState.VALID or bool(replacement)
    return {
        "kind": certificate.kind.value,
        "paper": _(PAPERS[certificate.kind]),
        "folio": certificate.folio,
        "check_address": address,
        "replacement": replacement,
        "was_valid": certificate.validated_at is not None,
        "link_label": _("Descargar") if has_one else _("Ver mi inscripción"),
        # It is about the past.
        "day": None,
        "sessions": [],
        "place": "",
        "place_comes_later": False,
        "online_url": "",
        "bring": "",
        "short_code": "",
    }


MESSAGES: Composers = dict.fromkeys(STATES, Together(drafts))
TASKS: Composers = {FILE: set_file}
