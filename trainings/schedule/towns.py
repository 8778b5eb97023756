from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from trainings.lib.text import fold
from trainings.places.data import municipalities


@dataclass(frozen=True, slots=True)
class Town:
    """Names occur twice: `full_name` is «La Libertad, Petén»."""

    code: str
    name: str
    department: str
    full_name: str
    slug: str
    sort_key: tuple[str, str]

    @property
    def department_code(self) -> str:
        return self.code[:2]

    @property
    def path(self) -> str:
        return f"/municipios/{self.slug}"


@cache
def by_code() -> dict[str, Town]:
    return {
        row.ine_code: Town(
            row.ine_code, row.name, row.department, row.full_name, row.slug, (fold(row.name), fold(row.department))
        )
        for row in municipalities()
    }


@cache
def by_slug() -> dict[str, Town]:
    return {town.slug: town for town in by_code().values()}
