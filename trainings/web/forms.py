"""A form is a pydantic model of shape only. Its errors speak Spanish: by the error's `type`, or by the sentence of a
validator's `wrong("…")`. Typed values are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError, PydanticKnownError
from starlette.requests import Request

from trainings.errors import Malformed, Refusal
from trainings.web.i18n import N_, gettext

MAX_FIELDS = 400
FORM_TYPE = "application/x-www-form-urlencoded"
REFUSED = (409, 413, 422, 503)
"""Refusals that a form shows, with what was typed; out of scope, not allowed and too often have pages of their own."""

SENTENCES = {
    "missing": N_("Falta este dato."),
    "string_too_short": N_("Falta este dato."),
    "string_too_long": N_("Es demasiado largo: escriba hasta %(max_length)s letras."),
    "int_parsing": N_("Escriba un número."),
    "int_from_float": N_("Escriba un número entero."),
    "greater_than_equal": N_("Escriba %(ge)s o más."),
    "less_than_equal": N_("Escriba %(le)s o menos."),
    "enum": N_("Escoja una de las opciones."),
    "literal_error": N_("Escoja una de las opciones."),
    "time_parsing": N_("Escriba una hora, por ejemplo 08:30."),
    "bool_parsing": N_("Escoja sí o no."),
    "uuid_parsing": N_("Escoja una de las opciones."),
}
GENERAL = N_("Revise este dato.")


class Form(BaseModel):
    """Blanks around text are cut, unknown fields ignored, empty text means not answered. `MISSING`: a sentence for each
    required field that says which one it is: in the summary on top nothing else does.
    """

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)
    MISSING: ClassVar[Mapping[str, str]] = {}


class WrongFormType(Malformed):
    status = 415
    sentence = N_("Aquí no se pueden enviar archivos. Vuelva a la página y envíe el formulario.")


class UnreadableForm(Malformed):
    sentence = N_("No pudimos leer lo que envió. Vuelva a la página e inténtelo otra vez.")


@dataclass(slots=True)
class Typed:
    """In order; `errors` maps a field to its sentence (already translated)."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str, default: str = "") -> str:
        values = self.fields.get(name)
        return values[-1] if values else default

    def values(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def error(self, name: str) -> str:
        return self.errors.get(name, "")

    def has(self, name: str, value: str) -> bool:
        return value in self.fields.get(name, [])

    def add(self, name: str, value: str) -> None:
        """Line ends become `\n`; a NUL goes, because PostgreSQL fails on it."""
        self.fields.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\0", ""))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Typed:
        filled: dict[str, list[str]] = {}
        for name, value in values.items():
            if isinstance(value, list | tuple | set | frozenset):
                filled[name] = [str(item) for item in value]
            elif value is not None:
                filled[name] = [str(value)]
        return cls(filled)

    def refused(self, refusal: Refusal) -> Typed:
        """The sentence stands at its field, or on top (empty name)."""
        self.errors[refusal.field or ""] = (
            gettext(refusal.text) % refusal.values if refusal.values else gettext(refusal.text)
        )
        return self


class FormErrors(Exception):
    def __init__(self, typed: Typed) -> None:
        self.typed = typed
        super().__init__(", ".join(f"{name}: {text}" for name, text in typed.errors.items()))


def as_refused(typed: Typed, error: FormErrors | Refusal) -> tuple[Typed, int]:
    """The form with its errors, and the answer's status. Raises again a refusal that no form shows."""
    if isinstance(error, FormErrors):
        return error.typed, 422
    if error.status not in REFUSED:
        raise error
    return typed.refused(error), error.status


FormT = TypeVar("FormT", bound=Form)
RowT = TypeVar("RowT")


async def read_form(request: Request) -> Typed:
    """Refuses other content types, broken UTF-8, and more than 400 fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind != FORM_TYPE:
        raise WrongFormType
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError) as exc:
        raise UnreadableForm from exc
    typed = Typed()
    for name, value in pairs:
        typed.add(name, value)
    return typed


def check(form: type[FormT], typed: Typed, *, prefix: str = "") -> FormT:
    """List fields take all values, others the last. Raises FormErrors with sentences."""
    values: dict[str, Any] = {}
    for name, sent_as, takes_many in _fields_of(form):
        key = prefix + sent_as
        if takes_many:
            values[name] = [value for value in typed.values(key) if value]
        elif (value := typed.value(key)).strip():
            values[name] = value
    try:
        return form.model_validate(values, by_name=True)
    except ValidationError as exc:
        for problem in exc.errors():
            field_name = str(problem["loc"][0]) if problem["loc"] else ""
            sentence = _sentence(problem["type"], problem.get("ctx") or {})
            if problem["type"] == "missing" and field_name in form.MISSING:
                sentence = gettext(form.MISSING[field_name])
            typed.errors.setdefault(prefix + field_name if field_name else "", sentence)
        raise FormErrors(typed) from exc


def wrong(sentence: str, **values: Any) -> PydanticCustomError:
    """A validator's error: its Spanish sentence, marked with N_."""
    return PydanticCustomError("wrong", "{sentence}", {"sentence": sentence, **values})


@cache
def _fields_of(form: type[Form]) -> list[tuple[str, str, bool]]:
    """(name, name in the page, whether it takes many)."""
    return [(name, one.alias or name, _takes_many(one.annotation)) for name, one in form.model_fields.items()]


def _takes_many(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", annotation) in (list, tuple, frozenset, set)


def _sentence(kind: str, values: dict[str, Any]) -> str:
    if kind == "wrong":
        spanish: str = values["sentence"]
        return gettext(spanish) % values
    known = SENTENCES.get(kind)
    return gettext(known) % values if known else gettext(GENERAL)


# -- days and times, as a browser's fields send them or as people here write them

FIRST_YEAR, LAST_YEAR = 2000, 2100
BY_HAND = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
LONGEST_WORD_SHOWN = 20


def day_in(text: str) -> date:
    """`2027-03-04`, or `4/3/2027` as Guatemala writes it. Raises the form's own error."""
    written = text.strip()
    by_hand = BY_HAND.fullmatch(written)
    try:
        day = date(int(by_hand[3]), int(by_hand[2]), int(by_hand[1])) if by_hand else date.fromisoformat(written)
    except ValueError as exc:
        raise wrong(
            N_("«%(word)s» no es un día del calendario. Escriba la fecha así: 04/03/2027."),
            word=written[:LONGEST_WORD_SHOWN],
        ) from exc
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise wrong(N_("Revise el año de «%(word)s»."), word=written[:LONGEST_WORD_SHOWN])
    return day


def _typed(value: Any) -> Any:
    return day_in(value) if isinstance(value, str) else value


def _here(read: time) -> time:
    if read.tzinfo is not None:
        raise PydanticKnownError("time_parsing", {"error": "zone"})
    return read


Day = Annotated[date, BeforeValidator(_typed)]
HourHere = Annotated[time, AfterValidator(_here)]


# -- keys in an address


def key_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def keys_in(texts: Iterable[str]) -> list[UUID]:
    """Without malformed ones."""
    return [key for text in texts if (key := key_in(text)) is not None]


# -- pages of a list

LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class ListPage(Generic[RowT]):
    """Rows from `start` (0 is the first) of `total`."""

    rows: Sequence[RowT]
    start: int
    total: int

    @property
    def end(self) -> int:
        return self.start + len(self.rows)


@dataclass(frozen=True, slots=True)
class Choice:
    """A part of a list, with how many rows it has."""

    href: str
    text: str
    n: int
    is_current: bool


def asked_page(query: Mapping[str, str]) -> int:
    """`pagina`, else 1."""
    typed = query.get("pagina", "")
    return min(max(int(typed), 1), LAST_PAGE) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1


def beside(request: Request, number: int, page: ListPage[RowT]) -> dict[str, str]:
    """Addresses of the pages before and after, or empty."""
    return {
        "before": page_path(request, number - 1) if number > 1 else "",
        "after": page_path(request, number + 1) if page.end < page.total else "",
    }


def page_path(request: Request, page: int) -> str:
    """The same list at another page."""
    kept = {name: value for name, value in request.query_params.items() if name != "pagina" and value}
    return f"{request.url.path}?{urlencode(kept | {'pagina': str(page)})}"
