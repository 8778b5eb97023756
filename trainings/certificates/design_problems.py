"""What stops a design, in the words of who never saw Typst. Imports little: the processes that set files use it too."""

from __future__ import annotations

import re

from trainings.lib.sandbox import TookTooLong, TookTooMuch
from trainings.lib.typst import CannotTypeset, UnreadableFont
from trainings.web.i18n import N_
from trainings.web.i18n import gettext as _

PACKAGE = N_("Importa un paquete; el programa no sale a la red.")
UNREADABLE_FONT = N_("%(file)s no es una letra TTF entera: cópiela otra vez, o bórrela.")

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


def explained(problem: CannotTypeset, design: str = "") -> str:
    """What is wrong, for whoever can mend it: the file and the line where Typst knows them, else the design; without
    `design`, that is what was to be set.
    """
    if isinstance(problem, UnreadableFont):
        return _(UNREADABLE_FONT) % {"file": "/".join(problem.path.parts[-3:])}
    name, _colon, reason = problem.reason.partition(": ")
    design = design or name
    if isinstance(problem, TookTooLong):
        said = _("No termina: se detuvo después de varios segundos. Busque un ciclo (for, while) sin fin.")
        return f"{design}: {said}"
    if isinstance(problem, TookTooMuch):
        said = _("Pide más memoria de la que hay. Busque una lista o un texto que crece sin fin.")
        return f"{design}: {said}"
    known = next((_(words) for part, words in _EXPLANATIONS if part in reason), "")
    said = _("Typst dice: %(reason)s.") % {"reason": _SEARCHED.sub("", reason).rstrip(".")}
    return in_place(f"{known} {said}".strip(), problem.file or design, problem.line)


def in_place(sentence: str, file: str, line: int | None) -> str:
    if line is None:
        return f"{file}: {sentence}"
    return _("%(file)s, línea %(line)s: %(sentence)s") % {"file": file, "line": line, "sentence": sentence}
