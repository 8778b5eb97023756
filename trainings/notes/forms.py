"""Shape only; the actions check what a note needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from trainings.lib.phones import parse_phone
from trainings.notes.actions import NoteText
from trainings.notes.markdown import FAR, known_address
from trainings.notes.models import HelpContact, InformationNote, NoteKind, Situation
from trainings.notes.orientation import HOME, SHORT_NUMBER, ContactDetails, shown_number
from trainings.notes.words import COUNTRIES, WRITTEN
from trainings.people.forms import printable, required
from trainings.schedule.staff.forms import TICKED, Text240, Title
from trainings.web.forms import Day, Form, Typed, wrong
from trainings.web.i18n import N_, SOURCE_LANGUAGE

PHONE_SHAPE = N_("Escriba el número con sus 8 cifras, con + si es de otro país, o el número corto (110, 1546).")
NO_TEXT = N_("Escriba el texto de la nota.")


def _written(code: str) -> str:
    if code not in WRITTEN:
        raise wrong(N_("Escoja una de las opciones."))
    return code


def _address(text: str) -> str:
    is_far = text.partition(":")[0].lower() in FAR
    if text and (len(text) > 500 or not is_far or not known_address(text)):
        raise wrong(N_("Escriba el enlace completo. Empieza con https://"))
    return text


def _number(text: str) -> str:
    digits = text.strip()
    if SHORT_NUMBER.fullmatch(digits):
        return digits
    number = parse_phone(text)
    if number is None:
        raise wrong(PHONE_SHAPE)
    return number


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise wrong(N_("Escoja una de las opciones."))
    return code


Source = Annotated[str, printable(200)]
SourceAddress = Annotated[str, AfterValidator(_address)]


class NoteForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"title": N_("Escriba el título."), "body": NO_TEXT}

    kind: NoteKind = NoteKind.INFORMATION
    title: Title
    body: str
    lang: Annotated[str, AfterValidator(_written)] = SOURCE_LANGUAGE
    situations: list[Situation] = []
    source_name: Source = ""
    source_url: SourceAddress = ""
    reviewed_on: Day | None = None
    expires_on: Day | None = None
    publish: bool = False

    def text(self) -> NoteText:
        values = self.model_dump(exclude={"publish", "hub"})
        return NoteText(**values | {"situations": tuple(self.situations)})


class NewNoteForm(NoteForm):
    hub: UUID


class ReviewForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"expires_on": N_("Escriba hasta qué día vale.")}

    expires_on: Day


class ContactForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {
        "name": N_("Escriba el nombre de la institución."),
        "phone": PHONE_SHAPE,
        "source_name": N_("Escriba dónde se revisó el número."),
        "reviewed_on": N_("Escriba qué día se revisó."),
    }

    name: Annotated[str, printable(160), AfterValidator(required)]
    about: Text240 = ""
    phone: Annotated[str, AfterValidator(_number)]
    hours: Annotated[str, printable(120)] = ""
    country: Annotated[str, AfterValidator(_country)] = HOME
    situations: list[Situation] = []
    is_emergency: bool = False
    source_name: Annotated[str, printable(200), AfterValidator(required)]
    source_url: SourceAddress = ""
    reviewed_on: Day
    position: int = Field(default=0, ge=0, le=1000)

    def details(self) -> ContactDetails:
        return ContactDetails(**self.model_dump() | {"situations": tuple(self.situations)})


def typed_note(note: InformationNote) -> Typed:
    return Typed.of({name: getattr(note, name) for name in NoteForm.model_fields if name != "publish"})


def typed_contact(contact: HelpContact) -> Typed:
    values: dict[str, Any] = {name: getattr(contact, name) for name in ContactForm.model_fields}
    is_emergency = TICKED if contact.is_emergency else None
    return Typed.of(values | {"phone": shown_number(contact.phone), "is_emergency": is_emergency})
