"""What issuing leaves to the outbox: the message that a certificate is ready, and its file."""

from __future__ import annotations

from uuid import UUID

from trainings.certificates.files import file_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outbox.templates import own_words
from trainings.people.models import Participant
from trainings.registrations.letters import Facts, gather
from trainings.registrations.mails import Kind, letter_of
from trainings.settings import get_settings
from trainings.web.i18n import N_
from trainings.web.i18n import gettext as _

READY = "certificate_ready"
FILE = "certificate_file"
PAPERS = {
    CertificateKind.DIPLOMA: N_("diploma"),
    CertificateKind.CERTIFICADO: N_("certificado"),
    CertificateKind.CONSTANCIA: N_("constancia"),
}


async def announce(certificate: Certificate, participant: Participant) -> None:
    """Have the file set, and tell the person where there is an address; in the caller's transaction."""
    await enqueue(FILE, {"certificate_id": str(certificate.id)}, dedup=f"{FILE}:{certificate.id}")
    if participant.email_key is None:
        return
    await enqueue(
        READY,
        {"certificate_id": str(certificate.id), "registration_id": str(certificate.registration_id)},
        dedup=f"{READY}:{certificate.id}",
        hub_id=certificate.hub_id,
    )


async def set_file(job: OutboxJob) -> Mail | None:
    """Set the file of a certificate that nobody has opened yet. There is nothing to send."""
    certificate = await Certificate.get_or_none(id=UUID(job.payload["certificate_id"]))
    if certificate is not None:
        await file_of(certificate)
    return None


async def compose(job: OutboxJob) -> Mail | None:
    """The message of a job about a certificate."""
    facts = await gather(job)
    certificate = await reads(Certificate).get_or_none(id=UUID(job.payload["certificate_id"]))
    if facts is None or certificate is None:
        return None

    def is_valid(_facts: Facts) -> bool:
        return certificate.state is CertificateState.VALID

    def about_it(facts: Facts) -> dict[str, object]:
        address = f"{get_settings().base_url.rstrip('/')}/verificar/{certificate.code}"
        return {
            "kind": certificate.kind.value,
            "paper": _(PAPERS[certificate.kind]),
            "check_address": address,
            "link_label": _("Descargar") if facts.link else "",
            # It is about what was, not about a day to come.
            "day": None,
            "meetings": [],
            "place": "",
            "place_comes_later": False,
            "online_url": "",
            "bring": "",
            "short_code": "",
        }

    kind = Kind("emails/certificate_ready.txt", is_valid, more=about_it, names_day=False)
    return letter_of(kind, facts, await own_words(facts.hub.operator_id, READY, facts.lang))


COMPOSERS: dict[str, Composer] = {READY: compose, FILE: set_file}
