"""Days and times are local."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from trainings import clock
from trainings.people.forms import MunicipalityCode, Phone, printable, printable_lines, required
from trainings.people.words import ACTOR_TYPES, LANGUAGES
from trainings.places.actions import VenueDetails
from trainings.places.models import AccessFeature, Venue
from trainings.schedule.dated import Span
from trainings.schedule.models import Offer, PlaceShown, Training, TrainingSession
from trainings.schedule.plans import ADULT, MOST_SESSIONS, SessionPlan, TrainingPlan, session_field
from trainings.web.forms import Day, Form, FormErrors, FormT, HourHere, Typed, check, day_in, wrong
from trainings.web.i18n import N_, gettext

TICKED = "yes"
ROW_FIELDS = ("id", "day", "starts", "ends", "venue", "facilitators", "series")
"""`series` marks rows made by a series."""
ROW = re.compile(rf"sessions-(\d{{1,4}})-({'|'.join(ROW_FIELDS)})")
LAST_MINUTE = time(23, 59)
MOST_PLACES = 2000
FROM_AGES = (ADULT, 14, 12)
"""In years, as age bands begin; the first admits adults only."""
OFFER_HOURS = (24, 48, 72)


def _web_address(text: str | None) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or len(text) > 500:
        raise wrong(N_("Escriba el enlace completo. Empieza con https://"))
    return text


def _known(codes: list[str], words: Any) -> list[str]:
    if not set(codes) <= set(words):
        raise wrong(N_("Escoja una de las opciones."))
    return [code for code in words if code in codes]


def _one_of(offered: tuple[int, ...]) -> AfterValidator:
    def check_it(number: int | None) -> int | None:
        if number is not None and number not in offered:
            raise wrong(N_("Escoja una de las opciones."))
        return number

    return AfterValidator(check_it)


def _later_than_start(ends: time, form: ValidationInfo) -> time:
    starts = form.data.get("starts")
    if starts is not None and ends <= starts:
        raise wrong(
            N_("Termina antes de empezar. Una sesión termina el mismo día: si pasa de medianoche, haga dos sesiones.")
        )
    return ends


def _asked_for_place(unasked: bool, form: ValidationInfo) -> bool:
    is_protected = form.data.get("place_shown") is PlaceShown.AFTER_CONFIRMATION
    if is_protected and not unasked and form.data.get("approval_required") is False:
        raise wrong(N_("Con el lugar protegido, marque una de las dos: acepta a cada persona a mano, o no hace falta."))
    return unasked


EndTime = Annotated[HourHere, AfterValidator(_later_than_start)]
"""A field after `starts`: a session is on one day."""
Title = Annotated[str, printable(180), AfterValidator(required)]
Text180 = Annotated[str, printable(180)]
Text240 = Annotated[str, printable(240)]
Lines = Annotated[str, printable_lines(4000)]
WebAddress = Annotated[str | None, AfterValidator(_web_address)]
ActorTypes = Annotated[list[str], AfterValidator(lambda codes: _known(codes, [str(one) for one in ACTOR_TYPES]))]
Languages = Annotated[
    list[str], AfterValidator(lambda codes: _known(codes, [one for one in LANGUAGES if one != "und"]))
]
Offers = Annotated[list[str], AfterValidator(lambda codes: _known(codes, [str(one) for one in Offer]))]
Reason = Annotated[str, printable(240)]


# -- a training


class TrainingForm(Form):
    """An empty title is the course's; `revision` of the row when opened. `from_age`: 18 admits no minors. `unasked`: a
    protected place is shown to whoever signs up, without approval.
    """

    hub: UUID
    course: UUID
    title: Text180 = ""
    neutral_title: Text180 = ""
    summary: Lines = ""
    project: UUID | None = None
    venue: UUID | None = None
    place_shown: PlaceShown = PlaceShown.PUBLIC
    online_url: WebAddress = None
    capacity: int = Field(ge=1, le=MOST_PLACES)
    childcare_capacity: int = Field(default=0, ge=0, le=MOST_PLACES)
    has_waiting_list: bool = False
    offer_hours: Annotated[int | None, _one_of(OFFER_HOURS)] = None
    approval_required: bool = False
    unasked: Annotated[bool, AfterValidator(_asked_for_place)] = Field(default=False, validate_default=True)
    walk_ins: bool = False
    opens_on: Day | None = None
    opens_time: HourHere | None = None
    closes_on: Day | None = None
    closes_time: HourHere | None = None
    audience: ActorTypes = []
    from_age: Annotated[int, _one_of(FROM_AGES)] = ADULT
    languages: Languages = []
    interpreter_languages: Languages = []
    offers: Offers = []
    bring: Text240 = ""
    contact_phone: Phone = None
    revision: int | None = None
    override_reason: Reason = ""

    @model_validator(mode="after")
    def _has_day_for_time(self) -> TrainingForm:
        if (self.opens_time and not self.opens_on) or (self.closes_time and not self.closes_on):
            raise wrong(N_("Escriba también el día en que se abre o se cierra la inscripción."))
        return self

    def plan(self, course_title: str) -> TrainingPlan:
        """Moments in UTC. A closing day without a time includes the whole day."""
        return TrainingPlan(
            course_id=self.course,
            hub_id=self.hub,
            project_id=self.project,
            venue_id=self.venue,
            title=self.title or course_title,
            neutral_title=self.neutral_title,
            summary=self.summary,
            online_url=self.online_url,
            capacity=self.capacity,
            childcare_capacity=self.childcare_capacity,
            has_waiting_list=self.has_waiting_list,
            offer_hours=self.offer_hours,
            opens_at=clock.at(self.opens_on, self.opens_time or time()) if self.opens_on else None,
            closes_at=clock.at(self.closes_on, self.closes_time or LAST_MINUTE) if self.closes_on else None,
            place_shown=self.place_shown,
            approval_required=self.approval_required,
            walk_ins=self.walk_ins,
            admits_minors=self.from_age < ADULT,
            minimum_age=self.from_age if self.from_age < ADULT else None,
            audience=tuple(self.audience),
            languages=tuple(self.languages),
            interpreter_languages=tuple(self.interpreter_languages),
            offers=tuple(self.offers),
            bring=self.bring,
            contact_phone=self.contact_phone or "",
        )


class SessionForm(Form):
    """An empty venue is the training's."""

    id: UUID | None = None
    day: Day
    starts: HourHere
    ends: EndTime
    venue: UUID | None = None
    facilitators: list[UUID] = []

    def plan(self) -> SessionPlan:
        return SessionPlan(
            clock.at(self.day, self.starts),
            clock.at(self.day, self.ends),
            self.venue,
            tuple(dict.fromkeys(self.facilitators)),
            self.id,
        )


class RoomForm(Form):
    venue: UUID | None = None
    capacity: int | None = None


FEASTS_SEEN = "feast_seen"


def has_unseen_feast(typed: Typed, feasts: Mapping[str, tuple[str, str]]) -> bool:
    """Day as typed and name of each feast, by field. Those that the form did not show get a sentence: the form is to be
    shown before it is saved.
    """
    unseen = {field: name for field, (day, name) in feasts.items() if not typed.has(FEASTS_SEEN, day)}
    sentence = gettext(N_("Ese día es feriado: %(name)s. Guarde otra vez si así lo quiere, o cambie el día."))
    typed.errors |= {field: sentence % {"name": name} for field, name in unseen.items()}
    return bool(unseen)


def row_numbers(typed: Typed) -> list[int]:
    found = {int(match[1]) for name in typed.fields if (match := ROW.fullmatch(name))}
    return sorted(found)


def close_ranks(typed: Typed, *, without: int | None = None) -> int:
    """Number rows from 0, dropping `without` and empty rows; returns how many."""
    kept = [
        number
        for number in row_numbers(typed)
        if number != without
        and any(typed.value(f"sessions-{number}-{name}").strip() for name in ("id", "day", "starts", "ends"))
    ]
    _renumber(typed, kept)
    return len(kept)


def sort_rows(typed: Typed, *, after: int) -> None:
    """Rows behind number `after`, by day; rows without a day come last."""
    numbers = row_numbers(typed)
    later = sorted((one for one in numbers if one > after), key=lambda one: day_of(typed, one) or date.max)
    _renumber(typed, [one for one in numbers if one <= after] + later)


def _renumber(typed: Typed, order: Sequence[int]) -> None:
    rows = {new: {name: typed.values(f"sessions-{old}-{name}") for name in ROW_FIELDS} for new, old in enumerate(order)}
    for name in [name for name in typed.fields if ROW.fullmatch(name)]:
        del typed.fields[name]
    for number, values in rows.items():
        typed.fields.update({f"sessions-{number}-{name}": value for name, value in values.items() if value})


def day_of(typed: Typed, number: int) -> date | None:
    try:
        return day_in(typed.value(f"sessions-{number}-day"))
    except PydanticCustomError:
        return None


def plans_in(typed: Typed) -> dict[int, SessionPlan]:
    """Rows with day and hours, by number; error sentences stay."""
    plans = {}
    for number in row_numbers(typed)[: MOST_SESSIONS + 1]:
        form = checked(SessionForm, Typed(typed.fields), f"sessions-{number}-")
        if form is not None:
            plans[number] = form.plan()
    return plans


def check_training(typed: Typed) -> tuple[TrainingForm, list[SessionPlan]]:
    """Raises FormErrors with the sentences of all parts."""
    n_rows = min(close_ranks(typed), MOST_SESSIONS + 1)
    training = checked(TrainingForm, typed)
    sessions = [checked(SessionForm, typed, f"sessions-{number}-") for number in range(n_rows)]
    if typed.errors or training is None:
        raise FormErrors(typed)
    return training, [session.plan() for session in sessions if session is not None]


def checked(form: type[FormT], typed: Typed, prefix: str = "") -> FormT | None:
    """None: `typed` now holds its error sentences."""
    try:
        return check(form, typed, prefix=prefix)
    except FormErrors:
        return None


def typed_training(training: Training, sessions: Sequence[TrainingSession]) -> Typed:
    values: dict[str, Any] = {name: getattr(training, name, None) for name in TrainingForm.model_fields}
    values |= {
        "hub": training.hub_id,
        "course": training.course_id,
        "venue": training.venue_id,
        "project": training.project_id,
        "override_reason": None,
        "from_age": _from_age(training),
        **_day_and_time("opens", training.opens_at),
        **_day_and_time("closes", training.closes_at),
    }
    values["unasked"] = training.place_shown is PlaceShown.AFTER_CONFIRMATION and not training.approval_required
    for name in ("has_waiting_list", "approval_required", "walk_ins", "unasked"):
        values[name] = "yes" if values[name] else None
    for number, session in enumerate(sessions):
        values |= {f"sessions-{number}-{name}": value for name, value in _session_values(session, training).items()}
    return Typed.of(values)


def _from_age(training: Training) -> int:
    if not training.admits_minors:
        return ADULT
    return max(age for age in FROM_AGES if age <= max(training.minimum_age or 0, min(FROM_AGES)))


def typed_hours(thing: Span) -> dict[str, Any]:
    start, end = clock.local(thing.starts_at), clock.local(thing.ends_at)
    return {"day": start.date(), "starts": f"{start:%H:%M}", "ends": f"{end:%H:%M}"}


def _session_values(session: TrainingSession, training: Training) -> dict[str, Any]:
    return typed_hours(session) | {
        "id": session.id,
        "venue": session.venue_id if session.venue_id != training.venue_id else None,
        "facilitators": [facilitator.user_id for facilitator in session.facilitators],
    }


def _day_and_time(prefix: str, moment: datetime | None) -> dict[str, Any]:
    if moment is None:
        return {}
    here = clock.local(moment)
    return {f"{prefix}_on": here.date(), f"{prefix}_time": f"{here:%H:%M}"}


# -- the smaller ones


class MoveForm(Form):
    """`known_as`: time and place when the form was opened."""

    day: Day
    starts: HourHere
    ends: EndTime
    venue: UUID | None = None
    override_reason: Reason = ""
    known_as: Text240 = ""


def at_the_day(typed: Typed) -> Typed:
    """A form with one session shows a row's errors at its day."""
    row_error = typed.errors.pop(session_field(0), "")
    if row_error:
        typed.errors["day"] = row_error
    return typed


class DuplicateForm(Form):
    first_day: Day
    override_reason: Reason = ""


class CancelForm(Form):
    """People are told the reason."""

    reason: Annotated[str, printable(240), AfterValidator(required)]


class RestoreForm(Form):
    override_reason: Reason = ""


class HeldForm(Form):
    """A true time, with its source. `known_as` as in MoveForm."""

    day: Day
    starts: HourHere
    ends: EndTime
    reason: Annotated[str, printable(240), AfterValidator(required)]
    known_as: Text240 = ""


class NotHeldForm(Form):
    """`known_as` as in MoveForm."""

    reason: Annotated[str, printable(240), AfterValidator(required)]
    known_as: Text240 = ""


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
