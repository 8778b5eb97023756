from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from enum import StrEnum
from functools import cache
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image

from trainings.certificates.designs import pdf
from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.designs import DESIGNS, DesignInfo
from trainings.certificates.designs.texts import CertificateSheet, Picture
from trainings.certificates.signing_material import SigningMaterial, note_of
from trainings.lib.typst import Design

PICTURES = ("shield.svg", "wide-logo.svg", "logo.svg")
IN_ORDER = ("diploma", "certificado", "constancia")
LONGEST_NAME = "María de los Ángeles Concepción Francisca Xiloj Tz’unun viuda de De León y Velásquez Coc’a"
LONGEST_TITLE = (
    "Derechos de las personas migrantes, no discriminación y lenguaje sin estereotipos en la radio comunitaria, la "
    "escuela, los puestos de salud y la alcaldía auxiliar de cada comunidad"
)
FINGERPRINT = "9f3a61c07b2e84d5"

PREVIEW = "preview.png"
SAMPLE = "sample.json"
PIXELS_PER_INCH = 60
COLOURS = 32


class Size(StrEnum):
    SHORTEST = "shortest"
    USUAL = "usual"
    LONGEST = "longest"


@cache
def pictures() -> dict[str, Picture]:
    contents = [(DESIGNS / "samples" / name).read_bytes() for name in PICTURES]
    return {hashlib.sha256(content).hexdigest(): Picture(content, "image/svg+xml") for content in contents}


def sample(
    design: DesignInfo, size: Size = Size.USUAL, *, kind: str | None = None, language: str | None = None
) -> CertificateSheet:
    """Without `kind`: the design's namesake, else its first. Without `language`: its first."""
    chosen_kind = kind or next(one for one in (design.key, *IN_ORDER) if one in design.kinds)
    sheet = {Size.SHORTEST: _shortest, Size.USUAL: _usual, Size.LONGEST: _longest}[size]()
    chosen = language or design.all_languages()[0]
    first = chosen.partition("+")[0]
    signs = SigningMaterial("", "", sheet.operator, sheet.operator, FINGERPRINT, True)
    return replace(
        sheet,
        kind=chosen_kind,
        design=design.key,
        language=chosen,
        authority=design_texts.authority(first, sheet.operator),
        activity=design_texts.activity(first, sheet.activity_kind),
        held_text=design_texts.days(first, sheet.held_days),
        note=() if size is Size.SHORTEST else note_of(signs, first),
    )


def _usual() -> CertificateSheet:
    shield, wide, small = pictures()
    return CertificateSheet(
        kind="diploma",
        authority="",
        letterhead=("Municipalidad de La Libertad", "Departamento de Petén"),
        person_name="María Elena Caal Tzib",
        activity="",
        title="Ruta de protección de niñez y adolescencia no acompañada",
        minutes=480,
        held_text="",
        place="La Libertad, Petén",
        issued_on=date(2027, 3, 5),
        contents=(
            ("Niñez y adolescencia no acompañada: quiénes son y qué derechos tienen", 120),
            ("Primer contacto: escuchar, no interrogar, no separar", 60),
            ("La ruta paso a paso: IGM, PGN, SBS y juzgado", 180),
            ("Casos de La Libertad y coordinación en el municipio", 120),
        ),
        signatories=(
            ("Otto Rolando Méndez Pop", "Alcalde municipal"),
            ("Silvia Marina Tut Che", "Coordinadora de la ventanilla"),
            ("Marta Julia Choc Ical", "Facilitadora"),
        ),
        folio="VIMMIG-1705-2027-000123",
        code="7K3MQ9XBFHJ4T2",
        check_url="HTTPS://VENTANILLAS.EXAMPLE/V/7K3MQ9XBFHJ4T2",
        host_text="ventanillas.example/verificar",
        operator="Municipalidad de La Libertad, Petén",
        activity_kind="taller",
        held_days=(date(2027, 3, 4),),
        shield=shield,
        logos=((wide, "Organización de muestra"), (small, "Asociación de muestra")),
    )


def _shortest() -> CertificateSheet:
    usual = _usual()
    return replace(
        usual,
        person_name="Ba",
        title="Mi derecho",
        minutes=90,
        activity_kind="charla",
        contents=(("Mi derecho", 90),),
        signatories=usual.signatories[:2],
        shield="",
        logos=(),
    )


def _longest() -> CertificateSheet:
    usual = _usual()
    return replace(
        usual,
        letterhead=("Municipalidad de San Miguel Sigüilá", "Departamento de Quetzaltenango"),
        operator="Municipalidad de San Miguel Sigüilá, Quetzaltenango",
        person_name=LONGEST_NAME,
        title=LONGEST_TITLE,
        activity_kind="diplomado",
        minutes=39 * 60 + 30,
        place="San Miguel Sigüilá, Quetzaltenango",
        issued_on=date(2027, 12, 31),
        held_days=(*(date(2027, 2, day) for day in (4, 11, 18, 25)), date(2027, 3, 4), date(2027, 3, 5)),
        contents=tuple(
            (f"Módulo {n}: niñez y adolescencia no acompañada, quiénes son y qué derechos tienen en el camino", 158)
            for n in range(1, 16)
        ),
        signatories=(
            ("María de los Ángeles Concepción Xiloj de León", "Alcaldesa municipal de San Miguel Sigüilá"),
            ("Juan Ba", "Coordinador de la Ventanilla Informativa Municipal sobre Migración"),
            ("Ixch’el Q’anil Coc", "Facilitadora"),
        ),
        folio="VIMMIG-0908-2027-000007",
        logos=(*usual.logos, (usual.logos[0][0], "Cooperación de muestra")),
    )


# -- pictures


def sample_text(design: DesignInfo) -> str:
    data = pdf.design_data(sample(design), pictures=pictures())
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def preview(design: DesignInfo, typesetter: Design) -> bytes:
    return _drawn(sample(design), typesetter)[0]


def _drawn(sheet: CertificateSheet, typesetter: Design) -> list[bytes]:
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
    (design.folder / SAMPLE).write_text(sample_text(design), encoding="utf-8")
    (design.folder / PREVIEW).write_bytes(preview(design, typesetter))
    return [design.folder / SAMPLE, design.folder / PREVIEW]


def draw_all(design: DesignInfo, typesetter: Design, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for language, size in product(design.all_languages(), (Size.SHORTEST, Size.LONGEST)):
        for name, page in drawn(design, typesetter, size, language).items():
            files.append(folder / name)
            files[-1].write_bytes(page)
    return files


def drawn(design: DesignInfo, typesetter: Design, size: Size, language: str) -> dict[str, bytes]:
    """By file name: `diploma-es-longest-1.png`."""
    pages = _drawn(sample(design, size, language=language), typesetter)
    name = f"{design.key}-{language.replace('+', '-')}-{size}"
    return {f"{name}-{number}.png": page for number, page in enumerate(pages, start=1)}
