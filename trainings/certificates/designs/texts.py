"""A certificate's words: sentences from `certificates/texts/`, numbers and dates in words.

A language is a file there, `kek.json` for Q’eqchi’. Spanish and English write numbers in words; other languages get
figures, since only their speakers know how they count.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from trainings.certificates.designs.printed import KINDS, CertificateSheet
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.lib.folders import DESIGNS
from trainings.web.i18n import N_
from trainings.web.i18n import gettext as _

TEXTS = DESIGNS / "texts"
ACTIVITIES = ("charla", "taller", "curso", "diplomado")
"""Codes of `CourseKind`, repeated here so that typesetting needs no database."""

COUNTED_IN_WORDS = frozenset({"es", "en"})

_TOO_MANY = N_("%(file)s: en %(key)s sobra {%(name)s}.")
_TOO_FEW = N_("%(file)s: en %(key)s falta {%(name)s}.")

Runs = list[tuple[str, str]]
"""Pieces of a sentence: words, and their meaning (`title`, `days`) or empty."""

LONGEST = 64 * 1024
"""Characters of a sentences file or manifest; ours have some thousand."""

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
    """A missing, endless or malformed file; the sentence says which, and the line."""


def json_in(file: Path) -> Any:
    """Refuses: UnreadableJson."""
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
    """A file of `certificates/texts/` that is missing, incomplete or misspelled; the sentence names the fault."""

    code = "unusable_texts"


@dataclass(frozen=True, slots=True)
class Wording:
    """A language's sentences. `tag`: for readers of the PDF (BCP 47: `es-GT`, `kek-GT`)."""

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
    """Languages that can be printed; the log says why others cannot."""
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
    """`8`, `1 h 30 min`, `45 min`, for a column headed "hours"."""
    hours, rest = divmod(minutes, 60)
    if not rest:
        return str(hours)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
