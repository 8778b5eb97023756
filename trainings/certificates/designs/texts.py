"""What a certificate prints, frozen at issue as JSON.

A language is a file in `certificates/texts/` (`kek.json`). Spanish and English write numbers in words; other languages
get figures, since only their speakers know how they count.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Self

from trainings import clock
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.lib.folders import DESIGNS
from trainings.web.i18n import N_
from trainings.web.i18n import gettext as _

KINDS = frozenset({"diploma", "constancia", "certificado"})
MOST_SIGNATORIES = 3


def made_out_on(issued_at: datetime, last_day: date) -> date:
    """The day of issue; of a paper prepared before the end, the last session's, when it becomes valid."""
    return max(clock.local(issued_at).date(), last_day)


def day_on(sheet: Mapping[str, Any]) -> date:
    return date.fromisoformat(sheet["issued_on"])


@dataclass(frozen=True, slots=True)
class Picture:
    """SVG, PNG or JPEG. An SVG has its letters as outlines."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSheet:
    """All that a certificate prints, in its words.

    `minutes`: held for a diploma, attended for a constancia. `authority`: subject of the first sentence («La
    Municipalidad de …, por medio de su …»). `letterhead`: lines beside the shield. `activity`: with its article («el
    taller»). `held_text`: «el 4 de marzo de 2027». `contents`: topics with minutes (0: not known). `signatories`: name
    and office. `check_url`: in the QR, in capitals; `host_text`: for typing.

    `design`: a folder in `certificates/`; `language`: a code or two (`es`, `es+kek`), the second made from `operator`,
    `activity_kind` (a code of `CourseKind`) and `held_days`. `shield` and `logos`: pictures by SHA-256, a logo with its
    alternative text; empty: none. `note`: lines about the electronic signature. `share` and `pass_mark` (percent of the
    hours, points of 100): for the badge only.
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


# -- languages

TEXTS = DESIGNS / "texts"
ACTIVITIES = ("charla", "taller", "curso", "diplomado")
"""Codes of `CourseKind`, repeated here so that typesetting needs no database."""

COUNTED_IN_WORDS = frozenset({"es", "en"})

_TOO_MANY = N_("%(file)s: en %(key)s sobra {%(name)s}.")
_TOO_FEW = N_("%(file)s: en %(key)s falta {%(name)s}.")

Runs = list[tuple[str, str]]
"""Pieces of a sentence: words, and their meaning (`title`, `days`) or empty."""

LONGEST = 64 * 1024

log = logging.getLogger(__name__)

# fmt: off
_KEYS: dict[str, frozenset[str]] = {
    "name": frozenset(), "tag": frozenset(), "authority": frozenset({"operator"}),
    **{
        f"kinds.{kind}.{key}": placeholders
        for kind in sorted(KINDS)
        for key, placeholders in (
            ("label", frozenset[str]()), ("this", frozenset[str]()), ("gives", frozenset({"authority"})),
            ("reason", frozenset({"activity", "title", "hours", "held"})), ("hours", frozenset[str]()),
        )
    },
    **{
        f"activities.{kind}.{key}": placeholders
        for kind in ACTIVITIES
        for key, placeholders in (("name", frozenset[str]()), ("held", frozenset({"days"})))
    },
    "quoted": frozenset({"title"}), "to": frozenset(), "made": frozenset({"place", "date"}), "contents": frozenset(),
    "topic": frozenset(), "hours": frozenset(), "total": frozenset(), "check": frozenset({"this"}),
    "code": frozenset(), "folio": frozenset(), "shield": frozenset({"issuer"}),
    "no_shield": frozenset(), "qr": frozenset({"this"}),
}
# fmt: on


class UnreadableJson(ValueError):
    """The sentence names file and line."""


def json_in(file: Path) -> Any:
    if file.exists() and not file.is_file():
        raise UnreadableJson(_("no es un archivo"))
    try:
        with file.open(encoding="utf-8-sig") as opened:
            text = opened.read(LONGEST + 1)
    except FileNotFoundError as error:
        raise UnreadableJson(_("no está")) from error
    except OSError as error:
        raise UnreadableJson(_("no se puede abrir: revise sus permisos")) from error
    except UnicodeDecodeError as error:
        raise UnreadableJson(_("guárdelo como texto en UTF-8")) from error
    if len(text) > LONGEST:
        raise UnreadableJson(_("es demasiado largo"))
    return _parsed(text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise UnreadableJson(_("está vacío")) from error
        said = _("no es JSON, línea %(line)s: revise comillas, comas y llaves ahí y en la línea de antes")
        raise UnreadableJson(said % {"line": error.lineno}) from error
    except (RecursionError, ValueError) as error:  # no end to its brackets, or to a number
        raise UnreadableJson(_("es demasiado largo")) from error


class UnusableTexts(Refusal):
    """The sentence names the fault in a file of `certificates/texts/`."""


@dataclass(frozen=True, slots=True)
class Wording:
    """`tag`: for readers of the PDF (BCP 47: `es-GT`, `kek-GT`)."""

    code: str
    name: str
    tag: str
    sentences: Mapping[str, str]


def read_wording(file: Path) -> Wording:
    """Refuses (`UnusableTexts`) a missing sentence, and missing or unknown placeholders."""
    try:
        kept = json_in(file)
    except UnreadableJson as error:
        raise UnusableTexts("%(file)s: %(problem)s", file=file.name, problem=error) from error
    sentences = {key: _sentence(file, kept, key) for key in _KEYS}
    return Wording(file.stem, sentences["name"], sentences["tag"], sentences)


def _sentence(file: Path, kept: Any, key: str) -> str:
    for part in key.split("."):
        kept = kept.get(part) if isinstance(kept, dict) else None
    if not isinstance(kept, str) or not kept.strip():
        raise UnusableTexts(N_("%(file)s: falta %(key)s."), file=file.name, key=key)
    try:
        found = {name for _text, name, _spec, _how in Formatter().parse(kept) if name is not None}
    except ValueError as error:
        raise UnusableTexts(N_("%(file)s: en %(key)s una llave { } no cierra."), file=file.name, key=key) from error
    for name in sorted(found ^ _KEYS[key]):
        sentence = _TOO_MANY if name in found else _TOO_FEW
        raise UnusableTexts(sentence, file=file.name, key=key, name=name)
    return kept


@cache
def wording(code: str) -> Wording:
    return read_wording(TEXTS / f"{code}.json")


def codes() -> list[str]:
    return sorted(file.stem for file in TEXTS.glob("*.json"))


def usable_codes() -> list[str]:
    usable = []
    for code in codes():
        try:
            wording(code)
        except UnusableTexts as unusable:
            log.warning("A language of certificates is not offered: %s", unusable)
        else:
            usable.append(code)
    return usable


def files_of(language: str) -> list[Path]:
    return [TEXTS / f"{code}.json" for code in language.split("+")]


# -- what an issuer says, to be frozen


def authority(code: str, operator: str) -> str:
    return wording(code).sentences["authority"].format(operator=operator)


def activity(code: str, kind: str) -> str:
    return wording(code).sentences[f"activities.{kind}.name"]


def days(code: str, held: Sequence[date]) -> str:
    return dates.held_on(held, code) if code in COUNTED_IN_WORDS else ", ".join(map(dates.numeric_date, held))


# -- what a design gets


def words_of(sheet: CertificateSheet) -> dict[str, Any]:
    """`words` in the sheet's first language, `second` in its second, or empty."""
    first, *others = sheet.language.split("+")
    words = _Filled(sheet, wording(first), is_first=True).words()
    second = _Filled(sheet, wording(others[0]), is_first=False).words() if others else None
    return {"words": words, "second": second}


@dataclass(frozen=True, slots=True)
class _Filled:
    sheet: CertificateSheet
    wording: Wording
    is_first: bool

    def words(self) -> dict[str, Any]:
        said = self.wording.sentences
        kind = f"kinds.{self.sheet.kind}"
        lang, _dash, region = self.wording.tag.partition("-")
        this = said[f"{kind}.this"]
        held = said[f"activities.{self.sheet.activity_kind}.held"]
        reason = said[f"{kind}.reason"].replace("{held}", held)
        plain = ("to", "contents", "topic", "total", "code", "folio", "no_shield")
        return {name: said[name] for name in plain} | {
            "lang": lang,
            "region": region or None,
            "label": said[f"{kind}.label"],
            "gives": self._runs(said[f"{kind}.gives"]),
            "reason": self._runs(reason),
            "made": self._runs(said["made"]),
            "hours": said["hours"],
            "hours_said": said[f"{kind}.hours"],
            "check": said["check"].format(this=this),
            "qr": said["qr"].format(this=this),
            "shield": said["shield"].format(issuer=self.sheet.letterhead[0]),
        }

    def _runs(self, template: str) -> Runs:
        return list(_merged(self._pieces(template)))

    def _pieces(self, template: str) -> Iterator[tuple[str, str]]:
        for words, name, _spec, _how in Formatter().parse(template):
            yield words, ""
            if name is not None:
                yield self._value(name), name if name in ("title", "days") else ""

    def _value(self, name: str) -> str:
        sheet = self.sheet
        match name:
            case "title":
                return self.wording.sentences["quoted"].replace("{title}", sheet.title)
            case "hours":
                return self._hours()
            case "date":
                return self._date(sheet.issued_on)
            case "place":
                return sheet.place
            case "authority":
                return sheet.authority if self.is_first else authority(self.wording.code, sheet.operator)
            case "activity":
                said = self.wording.sentences[f"activities.{self.sheet.activity_kind}.name"]
                return sheet.activity if self.is_first else said
            case _:
                return self._days()

    def _hours(self) -> str:
        match self.wording.code:
            case "es":
                return dates.hours_in_words_es(self.sheet.minutes)
            case "en":
                return dates.hours_in_words_en(self.sheet.minutes)
            case _:
                return hours_in_figures(self.sheet.minutes)

    def _date(self, day: date) -> str:
        match self.wording.code:
            case "es":
                return dates.date_in_words_es(day)
            case "en":
                return dates.date_in_words_en(day)
            case _:
                return dates.numeric_date(day)

    def _days(self) -> str:
        sheet = self.sheet
        return sheet.held_text if self.is_first else days(self.wording.code, sheet.held_days)


def _merged(pieces: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    plain = ""
    for words, role in pieces:
        if role:
            yield from [(plain, "")] if plain else []
            yield words, role
            plain = ""
        else:
            plain += words
    if plain:
        yield plain, ""


def hours_in_figures(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not rest:
        return str(hours)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


# -- the band

# The band never has more figures than this; above, one figure stands for several hours.
_MOST_FIGURES = 40
_HOURS_PER_FIGURE = (1, 2, 4, 5, 10, 20, 40, 100, 1000)
_ROWS_OF_A_FIGURE = 8


def band(minutes: int, language: str) -> dict[str, int | str]:
    """Whole figures, finished rows of the last figure, and the sentence: Spanish, unless the paper is English."""
    each = next(hours for hours in _HOURS_PER_FIGURE if minutes <= hours * 60 * _MOST_FIGURES)
    whole, rest = divmod(minutes, each * 60)
    rows = min(max(round(_ROWS_OF_A_FIGURE * rest / (each * 60)), 1), _ROWS_OF_A_FIGURE - 1) if rest else 0
    sentence = _sentence_en if language.startswith("en") else _sentence_es
    return {"whole": whole, "rows": rows, "sentence": sentence(each, whole, rest)}


def _sentence_es(each: int, whole: int, rest: int) -> str:
    last = f"a medio tejer, {_counts_as(rest)}"
    if not whole:
        return f"La figura de la faja, {last}."
    if rest:
        return f"Cada figura de la faja {_counts_as(each * 60)}; la última, {last}."
    if each > 1:
        return f"Cada figura de la faja {_counts_as(each * 60)}."
    if whole == 1:
        return "La figura de la faja es la hora."
    count = dates.hours_in_words_es(whole * 60)
    return f"Las {count.removesuffix(' horas')} figuras de la faja son las {count}."


def _counts_as(minutes: int) -> str:
    return f"{'es' if minutes in (1, 60) else 'son'} {dates.hours_in_words_es(minutes)}"


def _sentence_en(each: int, whole: int, rest: int) -> str:
    last = f"half woven, for {dates.hours_in_words_en(rest)}"
    if not whole:
        return f"The figure of the band stands, {last}."
    if rest:
        return f"Each figure of the band stands for {dates.hours_in_words_en(each * 60)}; the last one, {last}."
    if each > 1:
        return f"Each figure of the band stands for {dates.hours_in_words_en(each * 60)}."
    if whole == 1:
        return "The figure of the band stands for the hour."
    count = dates.hours_in_words_en(whole * 60)
    return f"The {count.removesuffix(' hours')} figures of the band are the {count}."
