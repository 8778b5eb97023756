from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.db.prepared import Select
from trainings.errors import NotFound, Refusal
from trainings.places.models import FeastDay, HubService, Municipality
from trainings.web.i18n import N_

LEAP_YEAR = 2024
LONGEST_FEAST = 31


class UnknownFeast(NotFound):
    sentence = N_("No encontramos esa fiesta entre las de sus municipios.")


class FeastElsewhere(Refusal):
    sentence = N_("Ese municipio no lo atiende su ventanilla. Escoja uno de la lista.")


class NoSuchDay(Refusal):
    sentence = N_("Ese mes no tiene día %(day)s. Corrija el día o el mes.")


class FeastTooLong(Refusal):
    sentence = N_("Una fiesta dura de 1 a %(most)s días. Corrija cuántos son.")


class FeastExists(Refusal):
    sentence = N_("Ese municipio ya tiene una fiesta que empieza ese día: «%(name)s». Cámbiela, o escoja otro día.")


@dataclass(frozen=True, slots=True)
class FeastDetails:
    municipality: str
    name: str
    month: int
    day: int
    n_days: int = 1


FEASTS = Select(
    FeastDay, "municipality", where="this.municipality_id IN ?list", order="this.month, this.day", are_few=True
)


async def served_codes(hub_ids: Collection[UUID]) -> set[str]:
    """Seats included."""
    found = reads(HubService).filter(hub_id__in=sorted(hub_ids)).values_list("municipality_id")
    return {code for (code,) in await found}


async def feasts_in(codes: Collection[str]) -> dict[str, list[FeastDay]]:
    """By INE code, in the order of the year, municipality loaded."""
    feasts: dict[str, list[FeastDay]] = {code: [] for code in codes}
    for feast in await FEASTS.rows(sorted(codes)):
        feasts[feast.municipality_id].append(feast)
    return feasts


async def add_feast(details: FeastDetails, *, served: Collection[str], actor: Actor) -> FeastDay:
    """Refuses municipalities that are not `served`, days that no year has, and a second feast from the same day."""
    async with transaction():
        await _check(details, served)
        feast = await FeastDay.create(
            municipality_id=details.municipality,
            name=details.name,
            month=details.month,
            day=details.day,
            n_days=details.n_days,
        )
        await record("places.add_feast", actor=actor, object_id=feast.id, municipality=details.municipality)
    return feast


async def change_feast(feast_id: UUID, details: FeastDetails, *, served: Collection[str], actor: Actor) -> None:
    async with transaction():
        feast = await _locked(feast_id, served)
        await _check(details, served, except_for=feast)
        feast.municipality_id, feast.name = details.municipality, details.name
        feast.month, feast.day, feast.n_days = details.month, details.day, details.n_days
        await feast.save(update_fields=["municipality_id", "name", "month", "day", "n_days"])
        await record("places.change_feast", actor=actor, object_id=feast.id, municipality=details.municipality)


async def remove_feast(feast_id: UUID, *, served: Collection[str], actor: Actor) -> None:
    async with transaction():
        feast = await _locked(feast_id, served)
        await feast.delete()
        await record("places.remove_feast", actor=actor, object_id=feast.id, municipality=feast.municipality_id)


async def _locked(feast_id: UUID, served: Collection[str]) -> FeastDay:
    found = await lock(FeastDay, [feast_id])
    if not found or found[0].municipality_id not in served:
        raise UnknownFeast
    return found[0]


async def _check(details: FeastDetails, served: Collection[str], except_for: FeastDay | None = None) -> None:
    if details.municipality not in served:
        raise FeastElsewhere(field="municipality")
    if not 1 <= details.n_days <= LONGEST_FEAST:
        raise FeastTooLong(field="n_days", most=LONGEST_FEAST)
    try:
        # 29 February is a day: where a year has none, the feast begins on the 28th.
        date(LEAP_YEAR, details.month, details.day)
    except ValueError as exc:
        raise NoSuchDay(field="day", day=details.day) from exc
    # Two forms sent at once wait here for each other: a refused insert would end the transaction.
    await lock(Municipality, [details.municipality])
    others = FeastDay.filter(municipality_id=details.municipality, month=details.month, day=details.day)
    other = await (others if except_for is None else others.exclude(id=except_for.id)).first()
    if other is not None:
        raise FeastExists(field="day", name=other.name)
