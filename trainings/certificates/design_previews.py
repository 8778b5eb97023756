"""Pictures of a design with made-up data, and the data that it shows when it is opened in an editor."""

from __future__ import annotations

import json
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image

from trainings.certificates import pdf
from trainings.certificates.design_samples import Size, pictures, sample
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
    return _drawn(sample(design), typesetter)[0]


def _drawn(sheet: CertificateSheet, typesetter: Design) -> list[bytes]:
    """The pages of a sample, in few colours."""
    data = pdf.design_data(sheet, pictures=pictures())
    return [_few_colours(page) for page in typesetter.make(data, "png", name=sheet.folio, ppi=PIXELS_PER_INCH)]


def _few_colours(picture: bytes) -> bytes:
    few = (
        Image.open(BytesIO(picture))
        .convert("RGB")
        .quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    file = BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def refresh(design: DesignInfo, typesetter: Design) -> list[Path]:
    """Write both into the design's folder."""
    (design.folder / SAMPLE).write_text(sample_text(design), encoding="utf-8")
    (design.folder / PREVIEW).write_bytes(preview(design, typesetter))
    return [design.folder / SAMPLE, design.folder / PREVIEW]


def draw_all(design: DesignInfo, typesetter: Design, folder: Path) -> list[Path]:
    """Face and back of the shortest and the longest sample in each language: `diploma-es-longest-1.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for language, size in product(design.all_languages(), (Size.SHORTEST, Size.LONGEST)):
        for number, page in enumerate(_drawn(sample(design, size, language=language), typesetter), start=1):
            files.append(folder / f"{design.key}-{language.replace('+', '-')}-{size}-{number}.png")
            files[-1].write_bytes(page)
    return files
