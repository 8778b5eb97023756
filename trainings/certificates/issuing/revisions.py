"""A paper set anew before hand-over: same folio and code, next revision, the old file disowned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs.texts import CertificateSheet
from trainings.certificates.issuing.mails import have_set
from trainings.certificates.models import Certificate, CertificateFile, CertificateState, SupersededFile
from trainings.db import lock, reads
from trainings.lib.text import initials
from trainings.people.models import Participant

LONGEST_NAME, LONGEST_INITIALS = 240, 40
"""As their columns; the sheet keeps a longer name whole."""

CHANGED = (
    *("revision", "sheet", "printed_name", "initials", "title", "minutes", "held_on"),
    *("name_before", "renamed_at", "renamed_by_id"),
)


def in_hand(certificate: Certificate) -> bool:
    """ "Recibí conforme": from then on a mistake is annulled and issued again."""
    return certificate.handed_over_at is not None


class Settled(StrEnum):
    """Why an own link no longer changes the name on a person's papers of a training: all were handed over, or a waiting
    one is printed.
    """

    IN_HAND = "in_hand"
    PRINTED = "printed"


async def settled(registration_id: UUID) -> Settled | None:
    """None: no paper stands, or no waiting one was printed."""
    standing = Certificate.filter(registration_id=registration_id, erased_at=None)
    noted = await standing.exclude(state=CertificateState.REVOKED).values_list("handed_over_at", "printed_at")
    if noted and all(handed is not None for handed, _printed in noted):
        return Settled.IN_HAND
    is_printed = any(handed is None and printed is not None for handed, printed in noted)
    return Settled.PRINTED if is_printed else None


async def not_in_hand(registration_id: UUID) -> list[Certificate]:
    """Standing, not handed over, locked until the caller's transaction ends."""
    standing = Certificate.filter(registration_id=registration_id, handed_over_at=None, erased_at=None)
    ids = await standing.exclude(state=CertificateState.REVOKED).values_list("id")
    held = await lock(Certificate, [key for (key,) in ids])
    return [one for one in held if one.state is not CertificateState.REVOKED and not in_hand(one)]


async def set_name(certificates: Sequence[Certificate], person: Participant, *, actor: Actor) -> int:
    """Print the person's current name on their papers (locked) that state another; returns their number."""
    n = 0
    for certificate in certificates:
        sheet = CertificateSheet.from_json(certificate.sheet)
        if sheet.person_name != person.full_name:
            certificate.initials = initials(person.given_names, person.surnames)[:LONGEST_INITIALS].strip()
            _note_name_before(certificate, sheet.person_name, actor)
            await set_anew(certificate, replace(sheet, person_name=person.full_name), actor=actor)
            n += 1
    return n


def _note_name_before(certificate: Certificate, name: str, actor: Actor) -> None:
    """Staff who print it see the former name, however often it changed in between."""
    printed_at, renamed_at = certificate.printed_at, certificate.renamed_at
    if renamed_at is None or (printed_at is not None and renamed_at <= printed_at):
        certificate.name_before = name
    certificate.renamed_at, certificate.renamed_by_id = clock.now(), actor.id


async def set_anew(certificate: Certificate, sheet: CertificateSheet, *, actor: Actor) -> None:
    """Freeze another sheet for a locked certificate that was not handed over, in the caller's transaction.

    The old file's hash tells its holder so. `printed_at` stays: that paper is to be replaced.
    """
    assert not in_hand(certificate), "what was handed over is annulled, not changed"
    kept = await CertificateFile.get_or_none(certificate_id=certificate.id)
    if kept is not None:
        await SupersededFile.create(certificate_id=certificate.id, sha256=kept.sha256, revision=kept.revision)
        await kept.delete()
    certificate.revision += 1
    certificate.sheet, certificate.printed_name = sheet.to_json(), sheet.person_name[:LONGEST_NAME]
    certificate.title, certificate.minutes = sheet.title, sheet.minutes
    await certificate.save(update_fields=CHANGED)
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
    """Standing ones, printed, set anew since: "imprimir sólo lo cambiado"."""
    printed = reads(Certificate).filter(registration__training_id=training_id, printed_at__not_isnull=True)
    return await changed_among(await printed.exclude(state=CertificateState.REVOKED))


async def changed_among(certificates: Iterable[Certificate]) -> frozenset[UUID]:
    """Printed and set anew since: that paper is out of date."""
    printed = {one.id: one.printed_at for one in certificates if one.printed_at is not None}
    if not printed:
        return frozenset()
    superseded = await reads(SupersededFile).filter(certificate_id__in=list(printed))
    return frozenset(one.certificate_id for one in superseded if one.created_at > printed[one.certificate_id])


@dataclass(frozen=True, slots=True)
class ChangedName:
    """A paper with another name than when last printed, or issued. `by`: staff who changed it; empty: its own link."""

    folio: str
    before: str
    after: str
    by: str
    at: datetime


async def changed_names(papers: Sequence[Certificate]) -> list[ChangedName]:
    changed = [
        (one, one.renamed_at)
        for one in papers
        if one.renamed_at is not None
        and (one.printed_at is None or one.renamed_at > one.printed_at)
        and one.name_before != one.sheet["person_name"]
    ]
    keys = {one.renamed_by_id for one, _at in changed if one.renamed_by_id is not None}
    by = {one.id: one.name for one in await reads(User).filter(id__in=sorted(keys))} if keys else {}
    return [
        ChangedName(
            one.folio, one.name_before, one.sheet["person_name"], by[one.renamed_by_id] if one.renamed_by_id else "", at
        )
        for one, at in changed
    ]
