"""The 340 municipalities of the project's file (sources and licences: `data/README.md`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import groupby
from pathlib import Path

from trainings.lib.text import fold, search_text, slugify

MUNICIPALITIES = Path(__file__).parent / "data" / "municipios.csv"

# The same few hundred names for every map and list.
_slug, _search_text = cache(slugify), cache(search_text)

_EVERYDAY_NAMES = {"0901": "Xela", "1101": "Reu"}

_LANGUAGE_CODES = {
    "Español": "spa",
    "Itza’": "itz",
    "K’iche’": "quc",
    "Mam": "mam",
    "Mopan": "mop",
    "Q’eqchi’": "kek",
    "Sipakapense": "qum",
}


@dataclass(frozen=True, slots=True)
class MunicipalityRow:
    """`languages`: ISO 639-3, Spanish first; empty means "no source", never "none"."""

    ine_code: str
    name: str
    alias: str
    department_code: str
    department: str
    population_2018: int
    lat: Decimal
    lon: Decimal
    languages: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """«La Libertad, Petén»: six names occur twice."""
        return f"{self.name}, {self.department}"

    @property
    def slug(self) -> str:
        """`la-libertad-peten`: fixed for good, on feeds and posters."""
        return _slug(self.full_name)

    @property
    def search_text(self) -> str:
        return _search_text(self.name, self.alias, _EVERYDAY_NAMES.get(self.ine_code, ""), self.department)


@cache
def municipalities() -> tuple[MunicipalityRow, ...]:
    with MUNICIPALITIES.open(encoding="utf-8", newline="") as lines:
        return tuple(_row(line) for line in csv.DictReader(lines))


@cache
def by_code() -> dict[str, MunicipalityRow]:
    return {row.ine_code: row for row in municipalities()}


@cache
def departments() -> dict[str, str]:
    """By code."""
    return {row.department_code: row.department for row in municipalities()}


def department_name(code: str) -> str:
    return departments()[code]


@cache
def grouped_by_department() -> tuple[tuple[str, tuple[MunicipalityRow, ...]], ...]:
    """In alphabetical order."""
    rows = sorted(municipalities(), key=lambda row: (fold(row.department), fold(row.name)))
    return tuple((department, tuple(group)) for department, group in groupby(rows, key=lambda row: row.department))


def _row(line: dict[str, str]) -> MunicipalityRow:
    return MunicipalityRow(
        ine_code=line["codigo_ine"],
        name=line["municipio"],
        alias=line["alias"],
        department_code=line["codigo_departamento"],
        department=line["departamento"],
        population_2018=int(line["poblacion_2018"]),
        lat=Decimal(line["lat"]),
        lon=Decimal(line["lon"]),
        languages=tuple(_LANGUAGE_CODES[name] for name in line["idiomas"].split(";") if name),
    )
