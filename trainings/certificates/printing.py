"""Paper for the ceremony: one PDF for the printer in the order in which people are called, one ZIP of all files."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates import ceremony
from trainings.certificates import staff_queries as queries
from trainings.certificates.bulk_files import set_many
from trainings.certificates.merging import merge
from trainings.certificates.mill import mill
from trainings.certificates.models import Certificate, CertificateFile, CertificateState
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.lib.text import slugify
from trainings.schedule.models import Training
from trainings.web.i18n import N_

PART = 100
"""Papers in one file for the printer: as many as a tray holds, and a file that every program opens."""
ZIP_AT_ONCE = 20


class NothingToPrint(Refusal):
    code = "nothing_to_print"
    sentence = N_("No hay nada que imprimir: ningún documento es nuevo ni cambió desde la última vez.")


class FileCannotBeMade(Refusal):
    code = "file_cannot_be_made"
    sentence = N_("No se pudo hacer el archivo de estos folios: %(folios)s. Revise esos nombres y los textos.")


@dataclass(frozen=True, slots=True)
class Part:
    """The papers of one file for the printer, which has a number from 1 on."""

    number: int
    papers: Sequence[Certificate]


async def parts(training: Training, *, only_changed: bool) -> list[Part]:
    """What is printed of a training, in parts: all that stands, or only what is new or was set anew since it last was.

    In the order of the ceremony; what nobody is called for (a note of attendance) comes after it, by folio.
    """
    people = await queries.people_of(training)
    called = [
        one for community in ceremony.calling_order(people) for who in community.people for one in who.certificates
    ]
    standing = [one for person in people for one in person.certificates if queries.stands(one)]
    rest = sorted(standing, key=lambda one: (one.year, one.number))
    # Of whose name was removed there is no file any more.
    papers = list({one.id: one for one in [*called, *rest] if one.erased_at is None}.values())
    if only_changed:
        made_at = dict(
            await reads(CertificateFile)
            .filter(certificate__registration__training_id=training.id)
            .values_list("certificate_id", "created_at")
        )
        papers = [
            one for one in papers if one.printed_at is None or one.id not in made_at or made_at[one.id] > one.printed_at
        ]
    return [Part(1 + first // PART, papers[first : first + PART]) for first in range(0, len(papers), PART)]


async def print_part(training: Training, number: int, *, only_changed: bool, actor: Actor) -> bytes:
    """The PDF of one part, for the printer; its papers are printed from now on. Not in a transaction.

    Files that are missing are set now. Refuses (NothingToPrint, FileCannotBeMade).
    """
    found = [one for one in await parts(training, only_changed=only_changed) if one.number == number]
    if not found:
        raise NothingToPrint
    papers = found[0].papers
    await _see_to_files(papers)
    moment = clock.now()
    contents = await _contents([one.id for one in papers])
    papers = [one for one in papers if one.id in contents]
    if not papers:
        raise NothingToPrint
    whole: bytes = await mill().do(merge, [contents[one.id] for one in papers], training.title)
    async with transaction():
        await Certificate.filter(id__in=[one.id for one in papers]).update(printed_at=moment)
        await record(
            "certificates.print",
            actor=actor,
            object_id=training.id,
            hub_id=training.hub_id,
            n=len(papers),
            changed=only_changed,
        )
    return whole


async def _see_to_files(papers: Sequence[Certificate]) -> None:
    ids = [one.id for one in papers]
    have = {key for (key,) in await reads(CertificateFile).filter(certificate_id__in=ids).values_list("certificate_id")}
    failed = await set_many([key for key in ids if key not in have])
    if failed:
        raise FileCannotBeMade(folios=", ".join(one.folio for one, _why in failed))


async def _contents(ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Without what was annulled, corrected or left without its name this very moment."""
    kept = reads(CertificateFile).filter(certificate_id__in=list(ids), certificate__erased_at=None)
    standing = kept.exclude(certificate__state=CertificateState.REVOKED)
    return {key: bytes(content) for key, content in await standing.values_list("certificate_id", "content")}


async def zipped(training: Training, *, actor: Actor) -> AsyncIterator[bytes]:
    """A ZIP of the files of all that stands, named by folio, as it is read from the database, a few at a time.

    Files that are missing are set first. Refuses before anything is sent (NothingToPrint, FileCannotBeMade).
    """
    papers = [one for part in await parts(training, only_changed=False) for one in part.papers]
    if not papers:
        raise NothingToPrint
    await _see_to_files(papers)
    async with transaction():
        await record("certificates.zip", actor=actor, object_id=training.id, hub_id=training.hub_id, n=len(papers))
    return _archive(papers)


async def _archive(papers: Sequence[Certificate]) -> AsyncIterator[bytes]:
    target = _Outgoing()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for first in range(0, len(papers), ZIP_AT_ONCE):
            some = papers[first : first + ZIP_AT_ONCE]
            contents = await _contents([one.id for one in some])
            for one in some:
                if one.id in contents:
                    entry = zipfile.ZipInfo(f"{one.folio}.pdf", clock.local(one.issued_at).timetuple()[:6])
                    archive.writestr(entry, contents[one.id])
            yield target.taken()
    yield target.taken()


class _Outgoing(BytesIO):
    """What was written since it was last taken; nobody can go back in it, so the archive does not try."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError("it only runs forward")

    def taken(self) -> bytes:
        content = self.getvalue()
        self.seek(0)
        self.truncate()
        return content


def name_of(training: Training, *, number: int = 0, n_parts: int = 1) -> str:
    """Of a file to be saved, without its ending."""
    part = f"-{number}-de-{n_parts}" if n_parts > 1 else ""
    return f"diplomas-{slugify(training.title, 40) or training.slug}{part}"
