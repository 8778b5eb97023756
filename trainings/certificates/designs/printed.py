"""What a certificate prints, frozen at issue and kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Self

from trainings import clock

KINDS = frozenset({"diploma", "constancia", "certificado"})
MOST_SIGNATORIES = 3


def made_out_on(issued_at: datetime, last_day: date) -> date:
    """The paper's day: of its issue; of a paper prepared before the end, the last session's, when it becomes valid."""
    return max(clock.local(issued_at).date(), last_day)


def day_on(sheet: Mapping[str, Any]) -> date:
    return date.fromisoformat(sheet["issued_on"])


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned shield or logo: SVG, PNG or JPEG. An SVG has its letters as outlines."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSheet:
    """All that a certificate prints, in its words.

    `minutes`: hours on the face, held for a diploma, attended for a constancia. `authority`: subject of the first
    sentence («La Municipalidad de …, por medio de su …»). `letterhead`: one or two short lines beside the shield.
    `activity`: the noun with its article («el taller»). `held_text`: when it was held («el 4 de marzo de 2027»).
    `place`: where the paper is made out. `contents`: topics with minutes (0: not known). `signatories`: one to three
    pairs of name and office. `check_url`: in the QR, in capitals; `host_text`: the address for typing.

    `design`: a folder in `certificates/`; `language`: a code or two with a plus (`es`, `en`, `es+kek`). The second
    language is made from `operator`, `activity_kind` (a code of `CourseKind`) and `held_days`. `shield` and `logos`
    name pictures by SHA-256, a logo with its alternative text; an empty shield stands for none. `note`: lines about the
    electronic signature, empty without one. `share` and `pass_mark` (percent of the hours, points of 100): the rule by
    which it was earned, for the badge only.
    """

    kind: str
    authority: str
    letterhead: tuple[str, ...]
    person_name: str
    activity: str
    title: str
    minutes: int
    held_text: str
    place: str
    issued_on: date
    contents: tuple[tuple[str, int], ...]
    signatories: tuple[tuple[str, str], ...]
    folio: str
    code: str
    check_url: str
    host_text: str
    design: str = "diploma"
    language: str = "es"
    operator: str = ""
    activity_kind: str = ""
    held_days: tuple[date, ...] = ()
    shield: str = ""
    logos: tuple[tuple[str, str], ...] = ()
    note: tuple[str, ...] = ()
    share: int = 0
    pass_mark: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of certificate: {self.kind}")
        if self.minutes <= 0:
            raise ValueError("a certificate states at least a minute")
        if not 1 <= len(self.signatories) <= MOST_SIGNATORIES:
            raise ValueError("a certificate has one to three signatories")
        if not self.letterhead:
            raise ValueError("a certificate names its issuer beside the shield")

    @property
    def pictures(self) -> list[str]:
        """Hashes."""
        return [sha256 for sha256 in (self.shield, *(one for one, _words in self.logos)) if sha256]

    def to_json(self) -> dict[str, Any]:
        # Not `asdict`: what it copies deeply cannot be changed.
        return {field.name: getattr(self, field.name) for field in fields(self)} | {
            "kind": str(self.kind),
            "issued_on": self.issued_on.isoformat(),
            "held_days": [day.isoformat() for day in self.held_days],
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        values = {field.name: kept[field.name] for field in fields(cls)}
        values["issued_on"] = date.fromisoformat(kept["issued_on"])
        values["held_days"] = tuple(date.fromisoformat(day) for day in kept["held_days"])
        for name in ("letterhead", "note"):
            values[name] = tuple(kept[name])
        for name in ("contents", "signatories", "logos"):
            values[name] = tuple((first, second) for first, second in kept[name])
        return cls(**values)
