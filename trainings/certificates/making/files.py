"""A certificate's file: set once, kept, given out byte for byte."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from trainings.certificates.making.making import CannotBeMade, MadeFile, make, order_for
from trainings.certificates.models import Certificate, CertificateFile
from trainings.db import lock, reads, transaction
from trainings.errors import Refusal
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.certificates")


class NameRemoved(Refusal):
    code = "name_removed"
    sentence = N_("La persona pidió que se quitara su nombre, así que ya no hay archivo. El folio y el código siguen.")


class NotSet(Refusal):
    code = "file_not_set"
    sentence = N_("No se pudo hacer el archivo: falla el diseño. Avise a quien administra el programa.")


async def file_of(certificate: Certificate) -> CertificateFile:
    """The PDF as first given out; set now if there is none. Two calls at once keep one file.

    Not in a transaction. A name corrected meanwhile sets it again. Refuses (NameRemoved) a removed name, and (NotSet) a
    failing design.
    """
    while True:
        kept = await reads(CertificateFile).get_or_none(certificate_id=certificate.id)
        if kept is not None and kept.content:
            return kept
        now = await Certificate.get(id=certificate.id)
        if now.erased_at is not None:
            raise NameRemoved
        [order] = await order_for([now])
        try:
            made = await asyncio.to_thread(make, order)
        except CannotBeMade as problem:
            logger.error("the file of certificate %s could not be set: %s", now.id, problem)
            raise NotSet from problem
        await keep([(now, made)])


async def keep(made: Sequence[tuple[Certificate, MadeFile]]) -> None:
    """In one short transaction. A certificate keeps the file it has; drops files of an older revision."""
    async with transaction():
        now = {one.id: one.revision for one in await lock(Certificate, [one.id for one, _file in made])}
        rows = [_row(one, file) for one, file in made if now.get(one.id) == one.revision]
        await CertificateFile.bulk_create(rows, ignore_conflicts=True)


def _row(certificate: Certificate, made: MadeFile) -> CertificateFile:
    return CertificateFile(
        certificate_id=certificate.id,
        content=made.content,
        sha256=made.sha256,
        unsigned_sha256=made.unsigned_sha256,
        signed_by=made.signed_by,
        credential=made.credential,
        revision=certificate.revision,
        typst_version=made.versions["typst"],
        design_version=made.versions["design"],
        fonts_version=made.versions["fonts"],
    )
