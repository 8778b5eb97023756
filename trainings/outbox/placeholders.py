from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from trainings.errors import WrongInput
from trainings.lib.text import fold
from trainings.web.i18n import N_

SUBJECT_LENGTH, BODY_LENGTH = 120, 4_000
IN_BRACES = re.compile(r"\{([^{}]*)\}")
PARAGRAPHS = re.compile(r"\n\s*\n")
ALIKE = 0.5
REVEALING = (
    *("migra", "deport", "retorn", "refugi", "asilo", "indocument", "coyote", "desaparec"),
    *("trata de personas", "la trata", "violencia", "abuso", "victima", "lgbt", "vih"),
)
"""Words never allowed in a subject, which others may read; folded letters."""


@dataclass(frozen=True, slots=True)
class Placeholder:
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
LINK = Placeholder("enlace", N_("Aquí va el botón con el enlace de la persona, solo en su párrafo"), N_("(el botón)"))
LINKS = Placeholder(
    "enlaces", N_("Aquí van sus inscripciones, cada una con su enlace, solas en su párrafo"), N_("(las inscripciones)")
)
PAPER = Placeholder("documento", N_("Qué es: diploma, certificado o constancia"), N_("diploma"), is_for_subject=True)
FOLIO = Placeholder("folio", N_("El folio del documento"), "VIMMIG-1705-2027-000123")
OPERATOR = Placeholder(
    "municipalidad",
    N_("El nombre de la municipalidad o asociación"),
    N_("Municipalidad de La Libertad"),
    is_for_subject=True,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """`needed` marks the place of the link."""

    placeholders: tuple[Placeholder, ...]
    needed: Placeholder | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.placeholders)

    @property
    def mark(self) -> str:
        return f"{{{self.needed.name}}}" if self.needed else ""


def _general(*but: str) -> tuple[Placeholder, ...]:
    return tuple(one for one in PLACEHOLDERS if one.name not in but)


ABOUT_TRAININGS = Offer(PLACEHOLDERS)
OWN_CALL = "own_call"
"""What staff say or write to a telephone in their own words: others may hear it."""
OF_KIND = {
    OWN_CALL: Offer(_general("titulo", "nombres", "personas")),
    "own_link_again": Offer((LINK, *_general("personas")), LINK),
    "certificate_ready": Offer((LINK, PAPER, *_general("fecha", "lugar", "personas", "traer")), LINK),
    "certificate_annulled": Offer((PAPER, FOLIO, *_general("fecha", "lugar", "personas", "traer"))),
    # It may tell of several trainings at several hubs.
    "my_links": Offer((LINKS, OPERATOR), LINKS),
}


def offer_of(kind: str) -> Offer:
    return OF_KIND.get(kind, ABOUT_TRAININGS)


class UnknownPlaceholder(WrongInput):
    sentence = N_("No hay ningún dato {%(name)s}. Escoja uno de la lista.")
    NEAREST = N_("No hay ningún dato {%(name)s}. ¿Quiso escribir {%(nearest)s}?")
    BELOW = N_("Quite {%(name)s}: en este mensaje el enlace va siempre debajo del texto.")


class MissingPlaceholder(WrongInput):
    sentence = N_("Falta {%(name)s}: sin eso el mensaje no sirve. Escríbalo solo en un párrafo.")


class PlaceholderNotAlone(WrongInput):
    sentence = N_("{%(name)s} va una sola vez y solo en su párrafo, con una línea vacía antes y otra después.")


class LoneBrace(WrongInput):
    sentence = N_("Hay una llave sola, { o }. Los datos se escriben entre dos: {titulo}.")


class LongSubject(WrongInput):
    code = "subject_of_several_lines"
    sentence = N_("El asunto va en una sola línea.")


class RevealingSubject(WrongInput):
    sentence = N_("El asunto lo puede leer otra persona: no diga en él de qué trata. Quite «%(word)s».")


class Overheard(WrongInput):
    sentence = N_("Otra persona lo puede oír o leer: no diga de qué trata ni a quién busca. Quite «%(word)s».")


@dataclass(frozen=True, slots=True)
class OwnWords:
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Filled:
    subject: str
    body: str
    below: str = ""
    places_link: bool = False


def check_words(words: OwnWords, kind: str) -> None:
    """Refuses, naming the field: UnknownPlaceholder (with the nearest known one), MissingPlaceholder,
    PlaceholderNotAlone, LoneBrace, LongSubject (also line breaks, which begin another header), RevealingSubject.
    """
    if len(words.subject.splitlines()) > 1 or words.subject.endswith(("\n", "\r")):
        raise LongSubject(field="subject")
    offer = offer_of(kind)
    for field, text in (("subject", words.subject), ("body", words.body)):
        for name in IN_BRACES.findall(text):
            _check_name(name, offer.names, field)
        if set("{}") & set(IN_BRACES.sub("", text)):
            raise LoneBrace(field=field)
    _check_subject(words.subject, offer)
    if offer.needed is not None:
        _check_needed(words.body, offer.needed.name, offer.mark)


def check_call(words: str) -> None:
    """Refuses as `check_words`, and (Overheard) whatever tells others what it is about."""
    hidden = {one.name for one in PLACEHOLDERS} - {*offer_of(OWN_CALL).names}
    for name in IN_BRACES.findall(words):
        if name in hidden:
            raise Overheard(field="body", word=f"{{{name}}}")
    check_words(OwnWords("", words), OWN_CALL)
    word = _revealed_by(words)
    if word is not None:
        raise Overheard(field="body", word=word)


def _check_name(name: str, known: tuple[str, ...], field: str) -> None:
    if name in known:
        return
    if name == LINK.name and LINKS.name not in known:
        raise UnknownPlaceholder(UnknownPlaceholder.BELOW, field=field, name=name)
    nearest = get_close_matches(fold(name), known, n=1, cutoff=ALIKE)
    if nearest:
        raise UnknownPlaceholder(UnknownPlaceholder.NEAREST, field=field, name=name, nearest=nearest[0])
    raise UnknownPlaceholder(field=field, name=name)


def _check_needed(body: str, name: str, mark: str) -> None:
    if mark not in body:
        raise MissingPlaceholder(field="body", name=name)
    if body.count(mark) > 1 or mark not in paragraphs_of(body):
        raise PlaceholderNotAlone(field="body", name=name)


def _check_subject(subject: str, offer: Offer) -> None:
    hidden = {one.name for one in offer.placeholders if not one.is_for_subject}
    for name in IN_BRACES.findall(subject):
        if name in hidden:
            raise RevealingSubject(field="subject", word=f"{{{name}}}")
    word = _revealed_by(subject)
    if word is not None:
        raise RevealingSubject(field="subject", word=word)


def _revealed_by(subject: str) -> str | None:
    folded = fold(subject)
    return next((word for word in REVEALING if word in folded), None)


def paragraphs_of(text: str) -> list[str]:
    return [part.strip() for part in PARAGRAPHS.split(text.strip()) if part.strip()]


def fill(words: OwnWords, values: Mapping[str, str], kind: str) -> Filled:
    """Braces inside a value stay text. A subject that a value makes revealing becomes empty."""

    def value(found: re.Match[str]) -> str:
        return values.get(found[1], found[0])

    subject = " ".join(IN_BRACES.sub(value, words.subject).split())
    mark = offer_of(kind).mark
    # Cut before it is filled: only what the operator typed says where the link goes.
    above, cut, below = words.body.partition(mark) if mark else (words.body, "", "")
    return Filled(
        "" if _revealed_by(subject) else subject,
        IN_BRACES.sub(value, above),
        IN_BRACES.sub(value, below),
        places_link=bool(cut),
    )
