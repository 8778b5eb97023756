"""Files of hubs, with operators and venues (docs/operations.md, "Hubs")."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from trainings.lib.phones import parse_phone
from trainings.places.actions import HubDetails, OperatorDetails, SignatoryDetails, VenueDetails
from trainings.places.models import AccessFeature, OperatorKind

DEMO_HUBS = Path(__file__).parent / "data" / "demo_hubs.json"
"""Addresses, hours, phones, venues and people are invented."""


class UnreadableHubFile(ValueError):
    """The text names the first wrong place of the file."""


@dataclass(frozen=True, slots=True)
class HubEntry:
    """The first venue is the usual one."""

    operator: OperatorDetails
    hub: HubDetails
    venues: tuple[VenueDetails, ...]


def _e164(text: str) -> str:
    number = parse_phone(text)
    if number is None:
        raise ValueError("no telephone number, write it like 5555 1234")
    return number


Access = tuple[AccessFeature, ...]
Text = Annotated[str, Field(min_length=1, max_length=160)]
Address = Annotated[str, Field(max_length=240)]
Code = Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Operator(_Written):
    code: Annotated[str, Field(max_length=8)]
    kind: OperatorKind
    name: Text
    municipality: Code
    signatories: tuple[tuple[Text, Annotated[str, Field(min_length=1, max_length=120)]], ...] = ()

    def details(self) -> OperatorDetails:
        signatories = tuple(SignatoryDetails(name, office) for name, office in self.signatories)
        return OperatorDetails(self.code, self.kind, self.name, self.municipality, signatories)


class _Hub(_Written):
    slug: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
    name: Text
    seat: Code
    serves: tuple[Code, ...] = ()
    address: Annotated[str, Field(min_length=1, max_length=240)]
    hours: Text
    phone: Annotated[str, AfterValidator(_e164)]
    email: Annotated[str, Field(max_length=254)] = ""
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{3}$")], ...] = ()
    access: Access = ()

    def details(self) -> HubDetails:
        return HubDetails(**dict(self))


class _Venue(_Written):
    name: Text
    municipality: Code
    address: Address = ""
    access: Access = ()
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    lat: Annotated[Decimal, Field(ge=13, le=19, decimal_places=6)] | None = None
    lon: Annotated[Decimal, Field(ge=-93, le=-88, decimal_places=6)] | None = None

    def details(self) -> VenueDetails:
        return VenueDetails(**dict(self))


class _Entry(_Written):
    operator: _Operator
    hub: _Hub
    venues: tuple[_Venue, ...] = ()

    def entry(self) -> HubEntry:
        return HubEntry(self.operator.details(), self.hub.details(), tuple(one.details() for one in self.venues))


def read_hubs(path: Path) -> tuple[HubEntry, ...]:
    try:
        entries = TypeAdapter(tuple[_Entry, ...]).validate_json(path.read_bytes())
    except ValidationError as exc:
        problem = exc.errors()[0]
        where = " → ".join(map(str, problem["loc"])) or "the file"
        raise UnreadableHubFile(f"{where}: {problem['msg']}") from exc
    return tuple(one.entry() for one in entries)


@cache
def demo_hubs() -> tuple[HubEntry, ...]:
    return read_hubs(DEMO_HUBS)
