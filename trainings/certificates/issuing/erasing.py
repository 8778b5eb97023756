"""Removes the name from certificates, or withdraws them, because their person asked for it.

Without the name, folio, code and the file's hash still verify file and paper. A withdrawn code answers like an unknown
one; the folio stays in the register, of nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from trainings import clock
from trainings.certificates.making.contents import NO_CODE
from trainings.certificates.models import (
    WITHDRAWN_MARK,
    Certificate,
    CertificateFile,
    CertificateState,
    IssueSkip,
    NameConfirmation,
    SkipReason,
    SupersededFile,
    Transcript,
)
from trainings.certificates.trust import status_lists
from trainings.db import lock, reads
from trainings.lib import tokens
from trainings.people.merged import same_person_ids

NOBODY = "—"

CHANGED = (
    "sheet",
    "code",
    "state",
    "revoked_at",
    "revoked_reason",
    "printed_name",
    "initials",
    "name_before",
    "erased_at",
    "revision",
)


async def erasable(participant_ids: Collection[UUID]) -> list[Certificate]:
    """Certificates of these participants that still hold something personal, by folio."""
    found = reads(Certificate).filter(registration__participant_id__in=list(participant_ids))
    left = found.exclude(code__startswith=WITHDRAWN_MARK)
    return await left.order_by("year", "number", "id")


async def remove_names(participant_ids: Collection[UUID]) -> int:
    """In the caller's transaction; returns the number of certificates. Withdraws prepared ones, which nobody received,
    and deletes transcripts, which are nothing without a name.
    """
    held = [one for one in await _held(participant_ids) if one.erased_at is None]
    await _withdraw([one for one in held if one.state is CertificateState.PREPARED])
    await _forget_names([one for one in held if one.state is not CertificateState.PREPARED])
    await _forget_around(participant_ids)
    return len(held)


async def withdraw_all(participant_ids: Collection[UUID]) -> int:
    """In the caller's transaction; returns the number of certificates. Deletes transcripts too."""
    held = await _held(participant_ids)
    await _withdraw(held)
    await _forget_around(participant_ids)
    return len(held)


async def _held(participant_ids: Collection[UUID]) -> list[Certificate]:
    return await lock(Certificate, [one.id for one in await erasable(participant_ids)])


async def _forget_names(certificates: Sequence[Certificate]) -> None:
    """The file goes, its hash stays. A file being set at this moment is dropped, as of an older revision."""
    for one in certificates:
        one.sheet = {**one.sheet, "person_name": NOBODY}
        await _make_nameless(one)
    kept = CertificateFile.filter(certificate_id__in=[one.id for one in certificates])
    await kept.update(content=b"", credential=None)


async def _withdraw(certificates: Sequence[Certificate]) -> None:
    for one in certificates:
        one.code = WITHDRAWN_MARK + tokens.certificate_code()[1:]
        one.sheet = {**one.sheet, "person_name": NOBODY, "code": NO_CODE, "check_url": ""}
        if one.state is not CertificateState.REVOKED:
            one.state, one.revoked_at = CertificateState.REVOKED, clock.now()
        await _make_nameless(one)
    ids = [one.id for one in certificates]
    await CertificateFile.filter(certificate_id__in=ids).delete()
    await SupersededFile.filter(certificate_id__in=ids).delete()
    status_lists.touch(certificates)


async def _make_nameless(certificate: Certificate) -> None:
    certificate.printed_name, certificate.initials, certificate.name_before = NOBODY, "", ""
    certificate.revoked_reason = ""  # staff write names into it
    certificate.erased_at, certificate.revision = clock.now(), certificate.revision + 1
    await certificate.save(update_fields=CHANGED)


async def _forget_around(participant_ids: Collection[UUID]) -> None:
    await Transcript.filter(participant_id__in=list(participant_ids)).delete()
    await _forget_in_others(participant_ids)
    await NameConfirmation.filter(registration__participant_id__in=list(participant_ids)).delete()
    letters = IssueSkip.filter(registration__participant_id__in=list(participant_ids), reason=SkipReason.LETTERS)
    await letters.update(detail="")


async def _forget_in_others(participant_ids: Collection[UUID]) -> None:
    """Deletes transcripts that list these certificates and were made at the desk for a participant whom staff hold to
    be the same person; others stay.
    """
    others = {one for key in participant_ids for one in await same_person_ids(key)} - set(participant_ids)
    own = Certificate.filter(registration__participant_id__in=list(participant_ids))
    folios = {folio for (folio,) in await own.values_list("folio")}
    made = await Transcript.filter(participant_id__in=sorted(others)).only("id", "entries") if others else []
    told = [one.id for one in made if any(entry["folio"] in folios for entry in one.entries)]
    await Transcript.filter(id__in=told).delete()
