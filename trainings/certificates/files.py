"""The file of a certificate: set once, kept, and given out again byte for byte; and a picture of what it will be."""

from __future__ import annotations

import asyncio
import hashlib
from io import BytesIO

from PIL import Image
from tortoise.exceptions import IntegrityError

from trainings.certificates import pdf
from trainings.certificates.models import Certificate, CertificateFile
from trainings.db import transaction

SAMPLE_COLOURS = 32


async def file_of(certificate: Certificate) -> CertificateFile:
    """The PDF as first given out; set now where nobody has opened it yet. Two at once keep one and the same file."""
    kept = await CertificateFile.get_or_none(certificate_id=certificate.id)
    if kept is not None:
        return kept
    sheet = pdf.CertificateSheet.from_json(certificate.sheet)
    content = await asyncio.to_thread(pdf.render, sheet, timestamp=certificate.issued_at)
    versions = pdf.versions()
    try:
        async with transaction():
            return await CertificateFile.create(
                certificate_id=certificate.id,
                content=content,
                sha256=hashlib.sha256(content).hexdigest(),
                typst_version=versions["typst"],
                design_version=versions["design"],
                fonts_version=versions["fonts"],
            )
    except IntegrityError:
        return await CertificateFile.get(certificate_id=certificate.id)


def sample_png(sheet: pdf.CertificateSheet, page: int) -> bytes:
    """One page as a picture of few colours, a third of its weight. CPU work: call it in a thread."""
    picture = Image.open(BytesIO(pdf.preview_png(sheet, page=page))).convert("RGB")
    file = BytesIO()
    picture.quantize(SAMPLE_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        file, "PNG", optimize=True
    )
    return file.getvalue()
