from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator

from trainings.lib.phones import is_email, normal_email, parse_phone
from trainings.lib.text import TextTooLong, UnreadableText, clean, clean_multiline
from trainings.people.models import ActorType, AgeGroup, Pueblo, Sex
from trainings.people.words import LANGUAGES
from trainings.places.models import ANOTHER_PLACE
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

NAME_LENGTH = 120


def printable(max_length: int) -> AfterValidator:
    """As written (NFC; control and direction marks removed)."""
    return AfterValidator(partial(_cleaned, clean, max_length))


def printable_lines(max_length: int) -> AfterValidator:
    """As `printable`, of several lines."""
    return AfterValidator(partial(_cleaned, clean_multiline, max_length))


def _cleaned(way: Callable[[str, int], str], max_length: int, text: str) -> str:
    try:
        return way(text, max_length)
    except UnreadableText as exc:
        raise wrong(N_("Hay una letra que no se puede leer. Escríbalo otra vez.")) from exc
    except TextTooLong as exc:
        raise wrong(N_("Es demasiado largo: escriba hasta %(max_length)s letras."), max_length=max_length) from exc


def required(text: str) -> str:
    if not text:
        raise wrong(N_("Falta este dato."))
    return text


def _phone(text: str | None) -> str | None:
    if not text:
        return None
    number = parse_phone(text)
    if number is None:
        raise wrong(N_("Escriba los 8 números del teléfono, por ejemplo 5555 1234."))
    return number


def _email(text: str | None) -> str | None:
    if not text:
        return None
    if len(text) > 254 or not is_email(text):
        raise wrong(N_("Escriba un correo completo, por ejemplo nombre@correo.com, o déjelo vacío."))
    return normal_email(text)


def _municipality(code: str) -> str:
    if not (len(code) == 4 and code.isascii() and code.isdigit()):
        raise wrong(N_("Escoja su municipio de la lista."))
    return code


def _language(code: str | None) -> str | None:
    if code and code not in LANGUAGES:
        raise wrong(N_("Escoja una de las opciones."))
    return code or None


Name = Annotated[str, printable(NAME_LENGTH), AfterValidator(required)]
Text120 = Annotated[str, printable(120)]
Text160 = Annotated[str, printable(160)]
Phone = Annotated[str | None, AfterValidator(_phone)]
Email = Annotated[str | None, AfterValidator(_email)]
MunicipalityCode = Annotated[str, BeforeValidator(str.strip), AfterValidator(_municipality)]
Language = Annotated[str | None, AfterValidator(_language)]


class PersonForm(Form):
    """`municipality` 0000 is "another place, or I prefer not to say"."""

    MISSING: ClassVar[Mapping[str, str]] = {
        "given_names": N_("Escriba los nombres."),
        "surnames": N_("Escriba los apellidos."),
        "municipality": N_("Escoja el municipio."),
    }

    given_names: Name
    surnames: Name
    municipality: MunicipalityCode
    community: Text120 = ""
    actor_type: ActorType | None = None
    organization: Text160 = ""
    sex: Sex | None = None
    age_group: AgeGroup | None = None
    phone: Phone = None
    email: Email = None
    language: Language = None
    pueblo: Pueblo | None = None
    public_official: bool | None = None

    @property
    def municipality_code(self) -> str | None:
        """None: another place."""
        return None if self.municipality == ANOTHER_PLACE else self.municipality
