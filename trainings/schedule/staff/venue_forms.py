from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from trainings.people.forms import MunicipalityCode, printable
from trainings.places.actions import VenueDetails
from trainings.places.models import AccessFeature, Venue
from trainings.schedule.staff.forms import TICKED, Text240, required
from trainings.web.forms import Form, Typed, wrong
from trainings.web.i18n import N_

MOST_SEATS = 100_000
DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
CORRECTION, ANOTHER = "correccion", "otro"
"""Meaning of an edit to a venue with coming sessions."""
SOUTH, NORTH, WEST, EAST = 13, 19, -93, -88
"""Around Guatemala: swapped or mistyped numbers lie outside."""


def _position(text: str) -> str:
    if not text:
        return ""
    numbers = [Decimal(part) for part in text.replace(" ", "").split(",") if DEGREES.fullmatch(part)]
    is_near = len(numbers) == 2 and SOUTH <= numbers[0] <= NORTH and WEST <= numbers[1] <= EAST
    if not is_near:
        raise wrong(N_("Escriba los dos números, por ejemplo 16.787, -90.116"))
    return ",".join(f"{number:.6f}" for number in numbers)


class VenueForm(Form):
    """`position`: latitude and longitude as copied from maps ("16.787, -90.116")."""

    hub: UUID
    name: Annotated[str, printable(160), AfterValidator(required)]
    municipality: MunicipalityCode
    address: Text240 = ""
    position: Annotated[str, AfterValidator(_position)] = ""
    access: list[AccessFeature] = []
    capacity: int | None = Field(default=None, ge=1, le=MOST_SEATS)
    is_active: bool = False
    meaning: Literal["", "correccion", "otro"] = ""

    def details(self) -> VenueDetails:
        lat, _comma, lon = self.position.partition(",")
        return VenueDetails(
            name=self.name,
            municipality=self.municipality,
            address=self.address,
            lat=Decimal(lat) if lat else None,
            lon=Decimal(lon) if lon else None,
            access=tuple(feature for feature in AccessFeature if feature in self.access),
            capacity=self.capacity,
            is_active=self.is_active,
        )


def typed_venue(venue: Venue) -> Typed:
    values: dict[str, Any] = {name: getattr(venue, name, None) for name in VenueForm.model_fields if name != "hub"}
    values |= {
        "hub": venue.hub_id,
        "municipality": venue.municipality_id,
        "position": f"{venue.lat:f}, {venue.lon:f}" if venue.lat is not None and venue.lon is not None else "",
        "is_active": TICKED if venue.is_active else None,
    }
    return Typed.of(values)
