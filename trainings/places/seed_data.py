"""The ten hubs of the founding text for the demo world. Addresses, hours, phones, venues and people are invented."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from trainings.places.actions import HubDetails, OperatorDetails, SignatoryDetails, VenueDetails
from trainings.places.models import AccessFeature, OperatorKind

DEMO_HUBS = Path(__file__).parent / "data" / "demo_hubs.json"


@dataclass(frozen=True, slots=True)
class SeedHub:
    """A hub with who runs it and where it meets; the first venue is its usual one."""

    operator: OperatorDetails
    hub: HubDetails
    venues: tuple[VenueDetails, ...]


@cache
def seed_hubs() -> tuple[SeedHub, ...]:
    """All ten; the one of La Libertad, Petén, first."""
    stored = json.loads(DEMO_HUBS.read_text(encoding="utf-8"))
    return tuple(
        SeedHub(_operator(entry["operator"]), _hub(entry["hub"]), tuple(map(_venue, entry["venues"])))
        for entry in stored
    )


def _operator(entry: dict[str, Any]) -> OperatorDetails:
    return OperatorDetails(
        code=entry["code"],
        kind=OperatorKind(entry["kind"]),
        name=entry["name"],
        municipality=entry["municipality"],
        signatories=tuple(SignatoryDetails(name, office) for name, office in entry["signatories"]),
    )


def _hub(entry: dict[str, Any]) -> HubDetails:
    return HubDetails(
        slug=entry["slug"],
        name=entry["name"],
        seat=entry["seat"],
        serves=tuple(entry["serves"]),
        address=entry["address"],
        hours=entry["hours"],
        phone=entry["phone"],
        languages=tuple(entry["languages"]),
        access=_access(entry),
    )


def _venue(entry: dict[str, Any]) -> VenueDetails:
    has_position = "lat" in entry
    return VenueDetails(
        name=entry["name"],
        municipality=entry["municipality"],
        address=entry["address"],
        lat=Decimal(entry["lat"]) if has_position else None,
        lon=Decimal(entry["lon"]) if has_position else None,
        access=_access(entry),
        capacity=entry["capacity"],
    )


def _access(entry: dict[str, Any]) -> tuple[AccessFeature, ...]:
    return tuple(map(AccessFeature, entry["access"]))
