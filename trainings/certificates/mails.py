"""The message that a certificate is ready."""

from __future__ import annotations

from uuid import UUID

from trainings.certificates.models import Certificate, CertificateState
from trainings.db import reads
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.people.models import Participant
from trainings.registrations.letters import Facts, gather
from trainings.registrations.mails import Kind, letter_of
from trainings.settings import get_settings
from trainings.web.i18n import gettext as _

READY = "certificate_ready"


async def announce_ready(certificate: Certificate, participant: Participant) -> None:
    """Tell the person that it can be downloaded, in the caller's transaction; nothing where there is no address."""
    if participant.email_key is None:
        return
    await enqueue(
        READY,
        {"certificate_id": str(certificate.id), "registration_id": str(certificate.registration_id)},
        dedup=f"{READY}:{certificate.id}",
        hub_id=certificate.hub_id,
    )


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
        label = _("Descargar") if facts.link else ""
        return {
            "kind": certificate.kind.value,
            "check_address": address,
            "link_label": label,
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
    return letter_of(kind, facts)


COMPOSERS: dict[str, Composer] = {READY: compose}
