"""What stops a design, in the words of who never saw Typst. Imports little: the processes that set files use it too."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from trainings.lib.sandbox import TookTooLong, TookTooMuch
from trainings.lib.typst import CannotTypeset, UnreadableFont
from trainings.web.i18n import N_
from trainings.web.i18n import gettext as _

PACKAGE = N_("Importa un paquete; el programa no sale a la red.")
UNREADABLE_FONT = N_("%(file)s no es una letra TTF entera: cópiela otra vez, o bórrela.")

LONGEST_KEPT, LONGEST_PLACE = 200, 60
_FONT, _TOO_LONG, _TOO_MUCH, _TYPST = "font", "too_long", "too_much", "typst"
_ENDLESS = {
    _TOO_LONG: N_("No termina: se detuvo después de varios segundos. Busque un ciclo (for, while) sin fin."),
    _TOO_MUCH: N_("Pide más memoria de la que hay. Busque una lista o un texto que crece sin fin."),
}

# Where on our disk it looked is nobody's business.
_SEARCHED = re.compile(r" *\(searched at [^)]*\)")

# What Typst says most often, in the words of who never saw it.
_EXPLANATIONS = (
    ("package", PACKAGE),
    ("file not found", N_("Lee un archivo que no está en su carpeta ni en lib.")),
    ("would escape", N_("Lee un archivo que no está en su carpeta ni en lib.")),
    ("access denied", N_("Lee un archivo que no está en su carpeta ni en lib.")),
    ("condition is always true", N_("Da vueltas sin terminar nunca.")),
    ("infinite", N_("Da vueltas sin terminar nunca.")),
    ("maximum function call depth", N_("Da vueltas sin terminar nunca.")),
    ("missing alt text", N_("Una imagen no tiene texto alternativo (alt).")),
    ("unknown font", N_("Pide una letra que no está en la carpeta de letras.")),
    ("no cabe en el frente", N_("El texto no cabe en el frente.")),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in the language of whoever reads it: its words in Spanish, and what is put in, another one maybe."""

    words: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return _(self.words) % self.values if self.values else _(self.words)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stops a design, in plain values: it is kept by one process and read by people in their languages.

    `where` is a design or a file of one, `line` that of the file, `reason` what Typst says.
    """

    why: str
    where: str
    line: int | None = None
    reason: str = ""

    @classmethod
    def of(cls, problem: CannotTypeset, design: str = "") -> Self:
        """As `explained`."""
        if isinstance(problem, UnreadableFont):
            return cls(_FONT, "/".join(problem.path.parts[-3:]))
        name, _colon, reason = problem.reason.partition(": ")
        design = design or name
        if isinstance(problem, TookTooLong | TookTooMuch):
            return cls(_TOO_LONG if isinstance(problem, TookTooLong) else _TOO_MUCH, design)
        return cls(_TYPST, problem.file or design, problem.line, _SEARCHED.sub("", reason).rstrip("."))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `kept` wrote; None for any other text."""
        with contextlib.suppress(ValueError, TypeError):
            return cls(*json.loads(text))
        return None

    def kept(self) -> str:
        """As text of at most `LONGEST_KEPT` letters: of a long reason the beginning, of a long place its end."""
        where, reason = self.where[-LONGEST_PLACE:], self.reason
        while len(text := json.dumps([self.why, where, self.line, reason], ensure_ascii=False)) > LONGEST_KEPT:
            if len(reason) < 2:
                return json.dumps([self.why, "…", self.line, ""], ensure_ascii=False)
            reason = f"{reason[:-2]}…"
        return text

    def __str__(self) -> str:
        if self.why == _TYPST:
            known = next((_(words) for part, words in _EXPLANATIONS if part in self.reason), "")
            said = _("Typst dice: %(reason)s.") % {"reason": self.reason}
            return str(in_place(f"{known} {said}".strip(), self.where, self.line))
        if self.why == _FONT:
            return _(UNREADABLE_FONT) % {"file": self.where}
        return f"{self.where}: {_(_ENDLESS[self.why])}"


def explained(problem: CannotTypeset, design: str = "") -> str:
    """What is wrong, for whoever can mend it: the file and the line where Typst knows them, else the design; without
    `design`, that is what was to be set.
    """
    return str(Trouble.of(problem, design))


def words_of(text: str) -> str:
    """In the language of who reads it: what stopped a design; any other text as it is."""
    trouble = Trouble.read(text)
    return text if trouble is None else str(trouble)


def in_place(sentence: object, file: str, line: int | None = None) -> Said:
    if line is None:
        return Said("%(file)s: %(sentence)s", {"file": file, "sentence": sentence})
    words = N_("%(file)s, línea %(line)s: %(sentence)s")
    return Said(words, {"file": file, "line": line, "sentence": sentence})


def together(one: object, then: object, between: str) -> Said:
    """Two sentences in one."""
    return Said(f"%(one)s{between}%(then)s", {"one": one, "then": then})
