"""What issuing leaves to the outbox: the message that a certificate is ready, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.certificates.files import file_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.outbox import bell
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composers, Mail
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.outbox.templates import own_words
from trainings.people.models import Participant
from trainings.registrations.calls import open_list
from trainings.registrations.letters import Facts, gather
from trainings.registrations.mails import Kind, letter_of
from trainings.schedule.models import Training
from trainings.settings import get_settings
from trainings.web.i18n import N_, language
from trainings.web.i18n import gettext as _

READY, ANNULLED = "certificate_ready", "certificate_annulled"
FILE = "certificate_file"
STATES = {READY: CertificateState.VALID, ANNULLED: CertificateState.REVOKED}
"""What is said only as long as it is so."""
PAPERS = {
    CertificateKind.DIPLOMA: N_("diploma"),
    CertificateKind.CERTIFICADO: N_("certificado"),
    CertificateKind.CONSTANCIA: N_("constancia"),
}


async def have_set(certificate: Certificate) -> None:
    """Have its file set by the worker; in the caller's transaction."""
    await enqueue(
        FILE, {"certificate_id": str(certificate.id)}, dedup=f"{FILE}:{certificate.revision}:{certificate.id}"
    )


async def announce(issued: Sequence[tuple[Certificate, Participant]], training: Training) -> None:
    """Tell people that their certificate is valid: who left an address by mail, the others by the training's one call
    list. In the caller's transaction.
    """
    await _tell(READY, CallReason.CERTIFICATE, issued, training)


async def tell_annulled(annulled: Sequence[tuple[Certificate, Participant]], training: Training) -> None:
    """Tell the same people that it is annulled, once it is. Of what never was valid nobody was told."""
    told = [(one, person) for one, person in annulled if one.validated_at is not None]
    await _tell(ANNULLED, CallReason.ANNULLED, told, training)


async def _tell(
    kind: str, reason: CallReason, papers: Sequence[tuple[Certificate, Participant]], training: Training
) -> None:
    if not papers:
        return
    moment, lang = clock.now(), language()
    letters = [
        OutboxJob(
            kind=kind,
            payload={"certificate_id": str(one.id), "registration_id": str(one.registration_id)},
            dedup=f"{kind}:{one.id}",
            subject_id=one.registration_id,
            hub_id=one.hub_id,
            lang=lang,
            run_at=moment,
        )
        for one, person in papers
        if person.email_key is not None
    ]
    await OutboxJob.bulk_create(letters, ignore_conflicts=True)
    bell.wake()
    if len(letters) < len(papers):
        call_list = await open_list(training, reason, training.id)
        # The same list tells of those who got theirs later: it was closed when all others were told.
        await CallList.filter(id=call_list.id).update(closed_at=None, due_at=moment)


async def set_file(job: OutboxJob) -> Mail | None:
    """Set the file of a certificate that nobody has opened yet. There is nothing to send."""
    certificate = await Certificate.get_or_none(id=UUID(job.payload["certificate_id"]))
    if certificate is not None and certificate.erased_at is None:
        await file_of(certificate)
    return None


async def compose(job: OutboxJob) -> Mail | None:
    """The message of a job about a certificate."""
    facts = await gather(job)
    certificate = await reads(Certificate).get_or_none(id=UUID(job.payload["certificate_id"]))
    if facts is None or certificate is None:
        return None

    def is_so(_facts: Facts) -> bool:
        return certificate.state is STATES[job.kind]

    replacement = await _replacement(certificate)

    def about_it(facts: Facts) -> dict[str, object]:
        return _about(certificate, facts) | {"replacement": replacement}

    kind = Kind(f"emails/{job.kind}.txt", is_so, more=about_it, names_day=False)
    return letter_of(kind, facts, await own_words(facts.hub.operator_id, job.kind, facts.lang))


async def _replacement(certificate: Certificate) -> str:
    """The folio of the one that is valid in its place; empty for none."""
    others = reads(Certificate).filter(registration_id=certificate.registration_id, kind=certificate.kind)
    found = await others.filter(state=CertificateState.VALID).exclude(id=certificate.id).first()
    return found.folio if found is not None else ""


def _about(certificate: Certificate, facts: Facts) -> dict[str, object]:
    address = f"{get_settings().base_url.rstrip('/')}/verificar/{certificate.code}"
    is_valid = certificate.state is CertificateState.VALID
    return {
        "kind": certificate.kind.value,
        "paper": _(PAPERS[certificate.kind]),
        "folio": certificate.folio,
        "check_address": address,
        "link_label": _("Descargar") if facts.link and is_valid else "",
        # It is about what was, not about a day to come.
        "day": None,
        "meetings": [],
        "place": "",
        "place_comes_later": False,
        "online_url": "",
        "bring": "",
        "short_code": "",
    }


MESSAGES: Composers = {READY: compose, ANNULLED: compose}
TASKS: Composers = {FILE: set_file}
