"""An unreadable event holds back no other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from trainings import clock
from trainings.attendance.models import ScanFlag, ScanHow
from trainings.attendance.scans import Reading
from trainings.lib import tokens

MOST_EVENTS = 50
CODE_HASH_LENGTH = 24
"""Characters of a card's digest that a phone knows and a mark keeps."""

EPOCH, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MOST_HEADS = 500
LARGEST = 2_000_000_000
LONGEST_SLIP = 20_000


class EventKind(StrEnum):
    IN = "in"
    OUT = "out"
    UNDO = "undo"
    WALK_IN = "walkin"
    LEFT = "left"
    HEADS = "heads"
    CONSENT = "consent"
    CLOSE = "close"
    SLIP = "slip"
    COUNT = "count"


OF_SOMEBODY = frozenset({EventKind.IN, EventKind.OUT, EventKind.WALK_IN, EventKind.LEFT})
AT_THE_DOOR = frozenset({EventKind.IN, EventKind.OUT, EventKind.LEFT, EventKind.UNDO})


def _moment(value: Any) -> datetime:
    """A number out of range becomes the nearest possible moment, and is flagged."""
    if isinstance(value, datetime):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A whole number may be too large to be asked as a float.
    if not is_number or (isinstance(value, float) and math.isnan(value)):
        raise ValueError("milliseconds since 1970")
    if value <= 0:
        return EPOCH
    seconds = value / 1000 if value < LAST.timestamp() * 1000 else LAST.timestamp()
    return EPOCH + timedelta(seconds=seconds)


def _or_nothing(of: Callable[[Any], Any]) -> BeforeValidator:
    """For side notes of a mark: nonsense is left out, the mark is kept."""

    def read(value: Any) -> Any:
        try:
            return of(value)
        except (TypeError, ValueError, OverflowError):
            return of("")

    return BeforeValidator(read)


def _whole(value: Any) -> int | None:
    number = round(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return number if number is not None and 0 <= number <= LARGEST * 1000 else None


def _small(value: Any) -> int | None:
    number = _whole(value)
    return number if number is not None and number <= LARGEST else None


def _way(value: Any) -> ScanHow:
    return next((way for way in ScanHow if way.value == value), ScanHow.BUTTON)


def _word(length: int) -> Callable[[Any], str]:
    return lambda value: value[:length] if isinstance(value, str) and value.isascii() and value.isprintable() else ""


Moment = Annotated[datetime, BeforeValidator(_moment)]
Noted = Annotated[str, _or_nothing(_word(24))]


class SentEvent(BaseModel):
    """`registration`: the tapped row of the panel's list."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: UUID
    kind: EventKind
    at: Moment
    session: UUID | None = None
    activity: UUID | None = None
    how: Annotated[ScanHow, BeforeValidator(_way)] = ScanHow.BUTTON
    h: Annotated[str | None, Field(pattern=r"^[0-9a-f]{24}$")] = None
    code: Annotated[str | None, Field(max_length=300)] = None
    registration: UUID | None = None
    target: UUID | None = None
    sheet: Annotated[str | None, Field(max_length=16)] = None
    row: Annotated[int | None, Field(strict=True, ge=0, le=100_000)] = None
    stated_at: Moment | None = None
    number: Annotated[int | None, Field(strict=True, ge=-MOST_HEADS, le=MOST_HEADS)] = None
    sealed: Annotated[str | None, Field(max_length=LONGEST_SLIP, pattern=r"^[A-Za-z0-9_-]+$")] = None
    sex: Annotated[str, Field(max_length=8)] = "nd"
    age_band: Annotated[str, Field(max_length=8)] = "nd"
    seq: Annotated[int | None, _or_nothing(_small)] = None
    perf: Annotated[int | None, _or_nothing(_whole)] = None
    page: Annotated[str, _or_nothing(_word(16))] = ""
    app: Noted = ""
    roster: Noted = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.activity if self.kind is EventKind.COUNT else self.session or self.activity) is None:
            raise ValueError("where it was made")
        if self.kind in OF_SOMEBODY | {EventKind.SLIP} and not self.names_somebody:
            raise ValueError("whom it is about")
        needed = {EventKind.UNDO: self.target, EventKind.HEADS: self.number, EventKind.SLIP: self.sealed}
        if needed.get(self.kind, "") is None:
            raise ValueError("what it is about")
        return self

    @property
    def names_somebody(self) -> bool:
        is_of_row = self.sheet is not None and self.row is not None
        return self.h is not None or bool(self.code) or self.registration is not None or is_of_row

    @property
    def read_code(self) -> str | None:
        """A QR token (20 characters) or a short code with a right check character (9), else None."""
        return (tokens.read_qr(self.code) or tokens.read_short_code(self.code)) if self.code else None

    @property
    def piece_of_code(self) -> str | None:
        """The rest of a torn card, for staff. Text that was never our code is not kept."""
        text = tokens.normalise(self.code) if self.code else ""
        return text if 0 < len(text) <= tokens.QR_TOKEN_LENGTH and set(text) <= set(tokens.ALPHABET) else None

    @property
    def shown_hash(self) -> str | None:
        code = self.read_code
        if self.h is not None or code is None or len(code) != tokens.QR_TOKEN_LENGTH:
            return self.h
        return card_hash(tokens.digest(code, "qr"))

    @property
    def sheet_code(self) -> str:
        """Empty where it cannot be a sheet code."""
        code = tokens.normalise(self.sheet) if self.sheet is not None else ""
        return code if set(code) <= set(tokens.ALPHABET) else ""

    @property
    def said_at(self) -> str:
        return self.at.isoformat()

    @property
    def body_hash(self) -> str:
        """Tells a repeat from another body under the same id; side notes play no part."""
        parts = (
            self.kind.value,
            self.session,
            self.activity,
            self.how.value,
            self.said_at,
            self.h,
            self.code,
            self.registration,
            self.target,
            self.sheet_code,
            self.row,
            self.stated_at.isoformat() if self.stated_at is not None else "",
            self.number,
            self.sealed,
            self.sex,
            self.age_band,
        )
        return hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()


class FormEvent(SentEvent):
    """A form without script is dated by its arrival: a repeat is the same event."""

    at: Moment = Field(default_factory=clock.now)

    @property
    def said_at(self) -> str:
        return ""


def card_hash(digest: str) -> str:
    return digest[:CODE_HASH_LENGTH]


def other_id(event_id: UUID, body_hash: str) -> UUID:
    """For another body under a taken id: always the same new id."""
    return uuid5(event_id, body_hash)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """`id`: the sender's, where that is short."""

    id: str | None


def read_event(item: object) -> SentEvent | Unreadable:
    if not isinstance(item, Mapping):
        return Unreadable(None)
    try:
        return SentEvent.model_validate(item)
    except ValidationError:
        name = item.get("id")
        return Unreadable(name if isinstance(name, str) and len(name) <= 64 else None)


def read_mark(item: object, session_id: UUID) -> SentEvent | Unreadable:
    """As `read_event`, for the panel's page. Lines of the signed paper come by their sheet's page."""
    event = read_event(item)
    if isinstance(event, Unreadable):
        return event
    is_of_page = event.session == session_id and event.kind in AT_THE_DOOR and event.how is not ScanHow.SHEET
    return event if is_of_page else Unreadable(str(event.id))


class First(BaseModel):
    device: UUID
    number: Annotated[int, Field(strict=True, ge=1, le=LARGEST)]


def _first(value: Any) -> First | None:
    return First.model_validate(value) if isinstance(value, Mapping) else None


class SentBatch(BaseModel):
    """Up to fifty events with the phone's clock now. `n_unsent`: events it keeps besides. `first`: its first number,
    and as which device. `perf`: the counter of the sending page `page`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    client_now: Moment
    events: Annotated[list[Any], Field(max_length=MOST_EVENTS)]
    last_seq: Annotated[int | None, _or_nothing(_small)] = None
    n_unsent: Annotated[int | None, _or_nothing(_small)] = None
    first: Annotated[First | None, _or_nothing(_first)] = None
    app: Noted = ""
    perf: Annotated[int | None, _or_nothing(_whole)] = None
    page: Annotated[str, _or_nothing(_word(16))] = ""

    def sent(self, now: datetime) -> Reading | None:
        return Reading(self.page, self.perf, now) if self.page and self.perf is not None else None


class ResultState(StrEnum):
    """`conflict`: its id had another body before, both are kept. `malformed`: nothing could be kept."""

    STORED = "stored"
    ALREADY = "already"
    FLAGGED = "flagged"
    CONFLICT = "conflict"
    MALFORMED = "malformed"


class Trouble(StrEnum):
    UNREADABLE = "unreadable"
    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_ACTIVITY = "unknown_activity"


@dataclass(frozen=True, slots=True)
class Result:
    """`id`: as the sender wrote it; `kept_as`: the mark's own; `initials`: of the person of a row."""

    id: str | None
    state: ResultState
    flag: ScanFlag = ScanFlag.NONE
    trouble: Trouble | None = None
    kept_as: UUID | None = None
    initials: str = ""

    @property
    def is_kept(self) -> bool:
        return self.state is not ResultState.MALFORMED
