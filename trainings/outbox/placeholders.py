"""Placeholders in messages that an operator words: a fixed list of names in braces; everything else is text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from trainings.errors import Refusal
from trainings.lib.text import fold
from trainings.web.i18n import N_

SUBJECT_LENGTH, BODY_LENGTH = 120, 4_000
IN_BRACES = re.compile(r"\{([^{}]*)\}")
ALIKE = 0.5
REVEALING = ("migra", "deport", "retorn", "trata de personas")
"""What no subject says, in folded letters: others read it over a shoulder."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`meaning` and `example` are for whoever words a message. Not all may stand in a subject."""

    name: str
    meaning: str
    example: str
    is_for_subject: bool = False


PLACEHOLDERS = (
    Placeholder("titulo", N_("El título, o el título neutro si tiene"), N_("Taller de ejemplo")),
    Placeholder("fecha", N_("Día y hora de la próxima sesión"), N_("sábado 6 de marzo, 8:30 a. m."), True),
    Placeholder(
        "lugar", N_("Dónde es, hasta donde la persona lo puede saber"), N_("Salón municipal, Barrio El Centro")
    ),
    Placeholder("nombres", N_("A nombre de quién, como en el resto del mensaje"), N_("Rosa y Diego")),
    Placeholder("personas", N_("Cuántas personas"), "2"),
    Placeholder("traer", N_("Qué traer; vacío si no hay que traer nada"), N_("cuaderno y lápiz")),
    Placeholder("ventanilla", N_("El nombre de la ventanilla"), N_("Ventanilla de su municipio"), True),
    Placeholder("telefono", N_("El teléfono de la ventanilla"), "7900 1234"),
    Placeholder("municipio", N_("El municipio de la ventanilla"), N_("La Libertad, Petén"), True),
)
NAMES = tuple(one.name for one in PLACEHOLDERS)


class UnknownPlaceholder(Refusal):
    code = "unknown_placeholder"
    status = 422
    sentence = N_("No hay ningún dato {%(name)s}. Escoja uno de la lista.")
    NEAREST = N_("No hay ningún dato {%(name)s}. ¿Quiso escribir {%(nearest)s}?")


class LoneBrace(Refusal):
    code = "lone_brace"
    status = 422
    sentence = N_("Hay una llave sola, { o }. Los datos se escriben entre dos: {titulo}.")


class LongSubject(Refusal):
    code = "subject_of_several_lines"
    status = 422
    sentence = N_("El asunto va en una sola línea.")


class RevealingSubject(Refusal):
    code = "revealing_subject"
    status = 422
    sentence = N_("El asunto lo puede leer otra persona: no diga en él de qué trata. Quite «%(word)s».")


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A message in an operator's own words: subject, which is its heading too, and paragraphs."""

    subject: str
    body: str


def check_words(words: OwnWords) -> None:
    """Refuse what could not be sent as it stands, each with the field that it is about.

    UnknownPlaceholder names it and the nearest known one, LoneBrace, LongSubject (line breaks would begin another
    header), RevealingSubject.
    """
    if len(words.subject.splitlines()) > 1 or words.subject.endswith(("\n", "\r")):
        raise LongSubject(field="subject")
    for field, text in (("subject", words.subject), ("body", words.body)):
        for name in IN_BRACES.findall(text):
            _check_name(name, field)
        if set("{}") & set(IN_BRACES.sub("", text)):
            raise LoneBrace(field=field)
    _check_subject(words.subject)


def _check_name(name: str, field: str) -> None:
    if name in NAMES:
        return
    nearest = get_close_matches(fold(name), NAMES, n=1, cutoff=ALIKE)
    if nearest:
        raise UnknownPlaceholder(UnknownPlaceholder.NEAREST, field=field, name=name, nearest=nearest[0])
    raise UnknownPlaceholder(field=field, name=name)


def _check_subject(subject: str) -> None:
    hidden = {one.name for one in PLACEHOLDERS if not one.is_for_subject}
    for name in IN_BRACES.findall(subject):
        if name in hidden:
            raise RevealingSubject(field="subject", word=f"{{{name}}}")
    word = _revealed_by(subject)
    if word is not None:
        raise RevealingSubject(field="subject", word=word)


def _revealed_by(subject: str) -> str | None:
    folded = fold(subject)
    return next((word for word in REVEALING if word in folded), None)


def fill(words: OwnWords, values: Mapping[str, str]) -> OwnWords:
    """The words with their values. What comes out of a value is text: braces in a title are no placeholder.

    A subject that a value makes revealing (hubs may have the official name, with what they are for) is left empty.
    """

    def value(found: re.Match[str]) -> str:
        return values.get(found[1], found[0])

    subject = " ".join(IN_BRACES.sub(value, words.subject).split())
    return OwnWords("" if _revealed_by(subject) else subject, IN_BRACES.sub(value, words.body))
