from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from trainings.db.fields import reference
from trainings.db.models import Record

ANOTHER_PLACE = "0000"
""""Another place, or I prefer not to say"; stored as no municipality."""


class OperatorKind(StrEnum):
    MUNICIPALITY = "municipality"
    ASSOCIATION = "association"


class AccessFeature(StrEnum):
    RAMP = "ramp"
    STEP_FREE = "step_free"
    TOILET = "accessible_toilet"
    PARKING = "parking"
    TRANSPORT = "public_transport"
    INDUCTION_LOOP = "hearing_loop"
    SHADE = "waiting_shade"
    STAIRS = "stairs_only"


class Municipality(Model):
    """A municipality by its INE code (4 digits, text). Six names occur twice: always show the department."""

    ine_code = fields.CharField(max_length=4, primary_key=True)
    name = fields.CharField(max_length=80)
    alias = fields.CharField(max_length=80, default="")
    department_code = fields.CharField(max_length=2, db_index=True)
    department = fields.CharField(max_length=40)
    slug = fields.CharField(max_length=120, unique=True)
    population_2018 = fields.IntField()
    lat: Decimal = fields.DecimalField(max_digits=9, decimal_places=6)
    lon: Decimal = fields.DecimalField(max_digits=9, decimal_places=6)
    languages = fields.CharField(max_length=200, default="")
    search_text = fields.CharField(max_length=300)

    class Meta:
        table = "municipality"
        ordering = ("ine_code",)

    @property
    def full_name(self) -> str:
        return f"{self.name}, {self.department}"


class Operator(Record):
    """A municipal corporation or association that runs hubs and signs certificates.

    `code` opens the folio series: an INE code, or an association's own (`0901A`). `reminder_days`: reminders go out so
    many days before a session, at nine; empty: never. `sheet_columns`: columns of its attendance sheets to fill in by
    hand. `letterhead`: up to three lines on certificates; empty: name and department. `design`: a folder in
    `certificates/`; `paper_language`: a code, or two with a plus (`es+kek`). A training may have its own design and
    language.
    """

    code = fields.CharField(max_length=8, unique=True)
    kind = fields.CharEnumField(OperatorKind, max_length=16)
    name = fields.CharField(max_length=160)
    municipality: fields.ForeignKeyRelation[Municipality] = reference("Municipality", "operators")
    municipality_id: str
    reminder_days = fields.CharField(max_length=20, default="3,1", db_default="3,1")
    sheet_columns = fields.CharField(max_length=80, default="", db_default="")
    letterhead = fields.CharField(max_length=400, default="", db_default="")
    design = fields.CharField(max_length=64, default="diploma", db_default="diploma")
    paper_language = fields.CharField(max_length=16, default="es", db_default="es")

    hubs: fields.ReverseRelation[Hub]
    signatories: fields.ReverseRelation[Signatory]

    class Meta:
        table = "operator"


class Hub(Record):
    """An information hub (ventanilla) of one operator, with a seat, that serves one or more municipalities."""

    slug = fields.CharField(max_length=120, unique=True)
    name = fields.CharField(max_length=160)
    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "hubs")
    operator_id: UUID
    seat: fields.ForeignKeyRelation[Municipality] = reference("Municipality", "seated_hubs")
    seat_id: str
    address = fields.CharField(max_length=240)
    hours = fields.CharField(max_length=160)
    phone = fields.CharField(max_length=20)
    email = fields.CharField(max_length=254, default="")
    languages: list[str] = fields.JSONField(default=list)
    access: list[str] = fields.JSONField(default=list)
    is_active = fields.BooleanField(default=True)

    venues: fields.ReverseRelation[Venue]
    services: fields.ReverseRelation[HubService]

    class Meta:
        table = "hub"
        ordering = ("name",)


class HubService(Record):
    """A municipality that a hub serves (its seat included)."""

    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "services")
    hub_id: UUID
    municipality: fields.ForeignKeyRelation[Municipality] = reference("Municipality", "services")
    municipality_id: str

    class Meta:
        table = "hub_service"
        unique_together = (("hub", "municipality"),)


class Signatory(Record):
    """Name and office printed under an operator's certificates, in order, on the days the person holds that office.

    `office` is printed; `office_code` names a usual office (empty: own words), `is_feminine` its form. No `valid_from`
    or `valid_until`: since ever, until further notice.
    """

    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "signatories")
    operator_id: UUID
    name = fields.CharField(max_length=160)
    office = fields.CharField(max_length=120)
    office_code = fields.CharField(max_length=24, default="", db_default="")
    is_feminine = fields.BooleanField(null=True)
    valid_from: date | None = fields.DateField(null=True)
    valid_until: date | None = fields.DateField(null=True)
    position = fields.IntField(default=0)

    class Meta:
        table = "signatory"
        ordering = ("position",)


class Venue(Record):
    """A place where trainings are held. `lat`/`lon` only where a map may show it."""

    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "venues")
    hub_id: UUID
    municipality: fields.ForeignKeyRelation[Municipality] = reference("Municipality", "venues")
    municipality_id: str
    name = fields.CharField(max_length=160)
    address = fields.CharField(max_length=240, default="")
    lat: Decimal | None = fields.DecimalField(max_digits=9, decimal_places=6, null=True)
    lon: Decimal | None = fields.DecimalField(max_digits=9, decimal_places=6, null=True)
    access: list[str] = fields.JSONField(default=list)
    capacity: int | None = fields.IntField(null=True)
    is_active = fields.BooleanField(default=True)

    class Meta:
        table = "venue"
        ordering = ("name",)


class FeastDay(Record):
    """A municipality's own feast, every year from this day on for `n_days`."""

    municipality: fields.ForeignKeyRelation[Municipality] = reference("Municipality", "feast_days")
    municipality_id: str
    month = fields.IntField()
    day = fields.IntField()
    n_days = fields.IntField(default=1)
    name = fields.CharField(max_length=120)

    class Meta:
        table = "feast_day"
        unique_together = (("municipality", "month", "day"),)
