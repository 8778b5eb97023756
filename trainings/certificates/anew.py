"""A paper set anew before it was handed over: the same folio and code, one revision on, the old file disowned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.mails import have_set
from trainings.certificates.models import Certificate, CertificateFile, CertificateState, SupersededFile
from trainings.certificates.printed import CertificateSheet
from trainings.db import lock, reads
from trainings.lib.text import initials
from trainings.people.models import Participant

LONGEST_NAME, LONGEST_INITIALS = 240, 40
"""As their columns; the sheet keeps a longer name whole."""


def in_hand(certificate: Certificate) -> bool:
    """Whether somebody said "recibí conforme": from then on a mistake is annulled and issued again."""
    return certificate.handed_over_at is not None


async def all_in_hand(registration_id: UUID) -> bool:
    """Whether somebody's papers of a training that stand were handed over, every one, and there is at least one."""
    standing = Certificate.filter(registration_id=registration_id, erased_at=None)
    noted = await standing.exclude(state=CertificateState.REVOKED).values_list("handed_over_at")
    return bool(noted) and all(at is not None for (at,) in noted)


async def not_in_hand(registration_id: UUID) -> list[Certificate]:
    """A registration's certificates that stand and were not handed over, held until the caller's transaction ends."""
    standing = Certificate.filter(registration_id=registration_id, handed_over_at=None, erased_at=None)
    ids = await standing.exclude(state=CertificateState.REVOKED).values_list("id")
    held = await lock(Certificate, [key for (key,) in ids])
    return [one for one in held if one.state is not CertificateState.REVOKED and not in_hand(one)]


async def set_name(certificates: Sequence[Certificate], person: Participant, *, actor: Actor) -> int:
    """Print this person's name as it is by now on those of their papers (held) that say another; how many those are."""
    n = 0
    for certificate in certificates:
        sheet = CertificateSheet.from_json(certificate.sheet)
        if sheet.person_name != person.full_name:
            certificate.initials = initials(person.given_names, person.surnames)[:LONGEST_INITIALS].strip()
            await set_anew(certificate, replace(sheet, person_name=person.full_name), actor=actor)
            n += 1
    return n


async def set_anew(certificate: Certificate, sheet: CertificateSheet, *, actor: Actor) -> None:
    """Freeze another sheet for a certificate that is held and in nobody's hands, in the caller's transaction.

    Whoever kept the file of before is told so by its hash. `printed_at` stays: it says that paper is to be replaced.
    """
    assert not in_hand(certificate), "what was handed over is annulled, not changed"
    kept = await CertificateFile.get_or_none(certificate_id=certificate.id)
    if kept is not None:
        await SupersededFile.create(certificate_id=certificate.id, sha256=kept.sha256, revision=kept.revision)
        await kept.delete()
    certificate.revision += 1
    certificate.sheet, certificate.printed_name = sheet.to_json(), sheet.person_name[:LONGEST_NAME]
    certificate.title, certificate.minutes = sheet.title, sheet.minutes
    columns = ["revision", "sheet", "printed_name", "initials", "title", "minutes", "held_on"]
    await certificate.save(update_fields=columns)
    await have_set(certificate)
    await record(
        "certificates.set_anew",
        actor=actor,
        object_id=certificate.id,
        hub_id=certificate.hub_id,
        folio=certificate.folio,
        revision=certificate.revision,
    )


async def changed_since_printed(training_id: UUID) -> frozenset[UUID]:
    """The certificates of a training that stand, were printed, and were set anew since: "imprimir sólo lo cambiado"."""
    printed = reads(Certificate).filter(registration__training_id=training_id, printed_at__not_isnull=True)
    return await changed_among(await printed.exclude(state=CertificateState.REVOKED))


async def changed_among(certificates: Iterable[Certificate]) -> frozenset[UUID]:
    """Which of these were printed and set anew since: whoever holds that paper holds the old one."""
    printed = {one.id: one.printed_at for one in certificates if one.printed_at is not None}
    if not printed:
        return frozenset()
    superseded = await reads(SupersededFile).filter(certificate_id__in=list(printed))
    return frozenset(one.certificate_id for one in superseded if one.created_at > printed[one.certificate_id])
