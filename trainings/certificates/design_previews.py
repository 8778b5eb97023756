"""Pictures of a design with made-up data, and the data that it shows when it is opened in an editor."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from PIL import Image

from trainings.certificates import pdf
from trainings.certificates.design_samples import pictures, sample
from trainings.certificates.designs import DesignInfo
from trainings.certificates.printed import CertificateSheet
from trainings.lib.typst import Design

PREVIEW = "preview.png"
SAMPLE = "sample.json"
PIXELS_PER_INCH = 60
COLOURS = 32


def sample_text(design: DesignInfo) -> str:
    """The data of the usual sample, as the program hands it over."""
    data = pdf.design_data(sample(design), pictures=pictures())
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def preview(design: DesignInfo, typesetter: Design) -> bytes:
    """The face of the usual sample as a small picture."""
    return picture(sample(design), typesetter, page=1)


def picture(sheet: CertificateSheet, typesetter: Design, *, page: int, ppi: int = PIXELS_PER_INCH) -> bytes:
    """One page of a sample, in few colours."""
    data = pdf.design_data(sheet, pictures=pictures())
    drawn = typesetter.make(data, "png", name=sheet.folio, ppi=ppi)[page - 1]
    few = Image.open(BytesIO(drawn)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    file = BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def refresh(design: DesignInfo, typesetter: Design) -> list[Path]:
    """Write both into the design's folder."""
    (design.folder / SAMPLE).write_text(sample_text(design), encoding="utf-8")
    (design.folder / PREVIEW).write_bytes(preview(design, typesetter))
    return [design.folder / SAMPLE, design.folder / PREVIEW]
