"""A ready paper is told at once, an annulled paper after ten minutes; further annulments of the training join it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.lib.tokens import uuid7
from trainings.outbox import actions
from trainings.outbox.actions import STAFF_DELAY, enqueue
from trainings.outbox.mailer import Composers, Mail
from trainings.outbox.models import UNTRIED, CallList, CallReason, OutboxJob
from trainings.outbox.templates import own_words
from trainings.people.models import Participant
from trainings.registrations.calls.people import audiences_of, n_written_to
from trainings.registrations.messages import open_list
from trainings.registrations.models import Registration
from trainings.registrations.telling.mails import Kind, letter_of
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


async def compose(job: OutboxJob) -> Mail | None:
    facts = await gather_facts(job)
    certificate = await reads(Certificate).get_or_none(id=UUID(job.payload["certificate_id"]))
    if facts is None or certificate is None:
        return None

    def is_so(_facts: Facts) -> bool:
        return certificate.state is STATES[job.kind]

    replacement = await _replacement(certificate)

    def about_it(_facts: Facts) -> dict[str, object]:
        return _about(certificate, replacement)

    kind = Kind(f"emails/{job.kind}.txt", is_so, more=about_it, names_day=False)
    return letter_of(kind, facts, await own_words(facts.hub.operator_id, job.kind, facts.lang))


async def _replacement(certificate: Certificate) -> str:
    in_its_place = Q(Q(kind=certificate.kind), Q(replaces_id=certificate.id), join_type=Q.OR)
    others = reads(Certificate).filter(in_its_place, registration_id=certificate.registration_id)
    found = await others.filter(state=CertificateState.VALID).exclude(id=certificate.id).first()
    return found.folio if found is not None else ""


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


MESSAGES: Composers = {READY: compose, ANNULLED: compose}
TASKS: Composers = {FILE: set_file}
