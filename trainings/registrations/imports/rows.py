from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from trainings.db import keyring, reads
from trainings.errors import Refusal
from trainings.lib.phones import parse_phone
from trainings.lib.tabular import Row, is_formula
from trainings.lib.text import TextTooLong, UnreadableText, clean, fold
from trainings.people.actions import GuardianContact
from trainings.people.forms import NAME_LENGTH, PersonForm
from trainings.people.models import ConsentHow, ConsentPurpose, Sex
from trainings.places.data import by_code
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.desk.look_alikes import COLUMNS, Seen, signs_of_who_comes
from trainings.registrations.eligibility import check_people
from trainings.registrations.imports import values
from trainings.registrations.imports.columns import FIELDS, WHOLE_NAMES, Field, Sheet
from trainings.registrations.imports.values import Unclear
from trainings.registrations.models import Registration, RegistrationGroup, RegistrationState, Source
from trainings.schedule.models import Training
from trainings.web.forms import FormErrors, Typed, check
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of

T = TypeVar("T")

KEY_BEGINS = "import-"
KEY_LENGTH = 48
"""Hexadecimal digits (192 bits), so that the key fits its column."""

MOST_KEYS = 500
ALL = slice(None)

_TEXTS = (Field.COMMUNITY, Field.ORGANIZATION)
_WRITTEN = frozenset({*_TEXTS, *WHOLE_NAMES, Field.GIVEN_NAMES, Field.SURNAMES, Field.GUARDIAN_NAME})
"""A text that begins like a formula is an error."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`columns`: field -> column. `municipality` and `actor_type` stand where the list says nothing; `department`
    decides between equal names.
    """

    training_id: UUID
    department: str
    columns: Mapping[Field, int]
    municipality: str = ""
    actor_type: str = ""
    how: ConsentHow = ConsentHow.PAPER


@dataclass(frozen=True, slots=True)
class ListRow:
    """A wish, or errors. `key` is equal for equal rows of one training, `keys` has it under every secret key; `label`:
    the name as written; `notes`: our decisions.
    """

    row: Row
    label: str
    wish: SignUp | None
    keys: tuple[str, ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def key(self) -> str:
        return self.keys[0] if self.keys else ""


def read_rows(rows: Sequence[Row], reading: Reading, *, part: slice = ALL) -> list[ListRow]:
    m_means = values.meaning_of_m(_cell(row, reading.columns.get(Field.SEX)) for row in rows)
    return [_RowReader(row, reading, m_means).read() for row in rows[part]]


async def read_list(
    sheet: Sheet, columns: Mapping[str, int], training: Training, *, part: slice = ALL
) -> list[ListRow]:
    """`training` comes with its hub and the hub's seat."""
    reading = Reading(
        training_id=training.id,
        department=training.hub.seat.department,
        columns={Field(field): number for field, number in columns.items()},
        municipality=sheet.municipality,
        actor_type=sheet.actor_type,
        how=sheet.how or ConsentHow.PAPER,
    )
    return await asyncio.to_thread(read_rows, sheet.rows, reading, part=part)


def labels_of(sheet: Sheet, columns: Mapping[str, int]) -> dict[int, str]:
    by_field = {Field(field): number for field, number in columns.items()}
    return {row.number: _label(row, by_field) for row in sheet.rows}


def _label(row: Row, columns: Mapping[Field, int]) -> str:
    names = (_cell(row, columns.get(field)) for field in (Field.GIVEN_NAMES, Field.SURNAMES, *sorted(WHOLE_NAMES)))
    return " ".join(filter(None, names))


def _cell(row: Row, column: int | None) -> str:
    if column is None or column >= len(row.cells):
        return ""
    return values.tidy(row.cells[column])


class _RowReader:
    def __init__(self, row: Row, reading: Reading, m_means: Sex | None) -> None:
        self._row, self._reading, self._m_means = row, reading, m_means
        self._errors: list[str] = []
        self._notes: list[str] = []

    def read(self) -> ListRow:
        person = self._person()
        self._check_permission()
        wish = self._wish(person) if person is not None else None
        if self._errors or wish is None:
            return ListRow(
                self._row, _label(self._row, self._reading.columns), None, (), tuple(self._errors), tuple(self._notes)
            )
        keys = _keys(self._reading.training_id, wish)
        return ListRow(self._row, _label(self._row, self._reading.columns), wish, keys, (), tuple(self._notes))

    # -- cells

    def _text(self, field: Field) -> str:
        return _cell(self._row, self._reading.columns.get(field))

    def _is_wrong(self, field: Field, sentence: str, **filling: object) -> None:
        words = gettext(sentence) % filling if filling else gettext(sentence)
        self._errors.append(f"{gettext(FIELDS[field])}: {words}")

    def _code(self, field: Field, understand: Callable[[str], T]) -> T | None:
        text = self._text(field)
        if not text:
            return None
        try:
            return understand(text)
        except Unclear as unclear:
            self._is_wrong(field, unclear.sentence, **unclear.values)
            return None

    # -- the person

    def _person(self) -> PersonForm | None:
        for one in sorted(_WRITTEN & self._reading.columns.keys()):
            if is_formula(self._text(one)):
                self._is_wrong(one, N_("empieza como una fórmula. Escriba solo el texto."))
        given_names, surnames = self._names()
        typed = Typed.of(
            {
                "given_names": given_names,
                "surnames": surnames,
                "municipality": self._municipality(),
                "actor_type": self._code(Field.ACTOR_TYPE, values.actor_type_of) or self._reading.actor_type,
                "community": self._text(Field.COMMUNITY),
                "organization": self._text(Field.ORGANIZATION),
                "sex": self._code(Field.SEX, lambda text: values.sex_of(text, self._m_means)),
                "age_group": self._code(Field.AGE, values.age_group_of),
                "phone": self._text(Field.PHONE),
                "email": self._text(Field.EMAIL),
                "language": self._code(Field.LANGUAGE, values.language_of),
                "pueblo": self._code(Field.PUEBLO, values.pueblo_of),
            }
        )
        return self._checked(typed)

    def _checked(self, typed: Typed) -> PersonForm | None:
        try:
            return check(PersonForm, typed)
        except FormErrors as exc:
            told = "\n".join(self._errors)
            for name, sentence in exc.typed.errors.items():
                label = gettext(FIELDS[Field(name)])
                # A cell that could not be understood is not missing as well.
                if f"{label}: " not in told:
                    words = sentence if typed.value(name) else gettext(N_("falta este dato."))
                    self._errors.append(f"{label}: {words[:1].lower()}{words[1:]}")
            return None

    def _names(self) -> tuple[str, str]:
        for one in sorted(WHOLE_NAMES & self._reading.columns.keys()):
            is_reversed = one is Field.FULL_NAME_SURNAMES_FIRST
            return values.split_name(self._text(one), surnames_first=is_reversed)
        return self._text(Field.GIVEN_NAMES), self._text(Field.SURNAMES)

    def _municipality(self) -> str:
        if not self._text(Field.MUNICIPALITY):
            return self._reading.municipality
        found = self._code(Field.MUNICIPALITY, lambda text: values.municipality_of(text, self._reading.department))
        if found is None:
            return ""
        code, was_ambiguous = found
        if was_ambiguous:
            meant = {"name": self._text(Field.MUNICIPALITY), "meant": by_code()[code].full_name}
            self._notes.append(gettext(N_("«%(name)s» se tomó como %(meant)s.")) % meant)
        return code

    # -- permission, guardian

    def _check_permission(self) -> None:
        if Field.PERMISSION not in self._reading.columns:
            return
        if not self._text(Field.PERMISSION):
            self._is_wrong(Field.PERMISSION, N_("falta la respuesta. Sin permiso no se guarda a nadie."))
        elif self._code(Field.PERMISSION, values.is_yes) is False:
            self._is_wrong(Field.PERMISSION, N_("dijo que no, así que no se inscribe."))

    def _wish(self, person: PersonForm) -> SignUp | None:
        is_minor = person.age_group is not None and person.age_group.is_minor
        guardian = self._guardian() if is_minor else None
        has_assented = is_minor and self._code(Field.ASSENT, values.is_yes) is True
        if is_minor and not has_assented:
            self._is_wrong(Field.ASSENT, N_("es menor de edad: pregúntele y escriba sí."))
        if self._errors:
            return None
        return SignUp(
            (Member(person, has_assented=has_assented),),
            frozenset({ConsentPurpose.DATA}),
            guardian=guardian,
            source=Source.IMPORT,
            consent_how=self._reading.how,
        )

    def _guardian(self) -> GuardianContact | None:
        fields = (Field.GUARDIAN_NAME, Field.GUARDIAN_RELATION, Field.GUARDIAN_PHONE)
        for one in fields:
            if not self._text(one):
                self._is_wrong(one, N_("falta este dato: es menor de edad."))
        name = self._code(Field.GUARDIAN_NAME, _clean_name)
        relation = self._code(Field.GUARDIAN_RELATION, values.relation_of)
        phone = self._code(Field.GUARDIAN_PHONE, _phone)
        return GuardianContact(name, relation, phone) if name and relation and phone else None


def _clean_name(text: str) -> str:
    try:
        return clean(text, NAME_LENGTH)
    except (UnreadableText, TextTooLong) as exc:
        raise Unclear(N_("no se puede leer, o es demasiado largo. Escríbalo otra vez.")) from exc


def _phone(text: str) -> str:
    number = parse_phone(text)
    if number is None:
        raise Unclear(N_("escriba los 8 números del teléfono, por ejemplo 5555 1234."))
    return number


def _keys(training_id: UUID, wish: SignUp) -> tuple[str, ...]:
    """Equal whatever capitals and accents; the current secret key first."""
    person, guardian = wish.first.person, wish.guardian
    said = [
        str(training_id),
        *(fold(text) for text in (person.given_names, person.surnames, person.community, person.organization)),
        *(person.municipality, person.actor_type, person.sex, person.age_group, person.phone, person.email),
        *(person.language, person.pueblo),
        *((fold(guardian.name), guardian.relation, guardian.phone) if guardian else ()),
    ]
    return tuple(KEY_BEGINS + one[:KEY_LENGTH] for one in keyring().blind_indexes(json.dumps(said), "import"))


# -- judged beside who is registered and the rows above


class Verdict(StrEnum):
    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Judged:
    """`why` in words: errors, or since when the person is registered. `same_as`: the equal row above."""

    row: ListRow
    verdict: Verdict
    why: tuple[str, ...]
    same_as: int | None = None

    @property
    def number(self) -> int:
        return self.row.number


@dataclass(frozen=True, slots=True)
class Preview:
    rows: Sequence[Judged]

    def of(self, verdict: Verdict) -> list[Judged]:
        return [one for one in self.rows if one.verdict is verdict]

    @property
    def twins(self) -> list[Judged]:
        """New people with a known name: perhaps the same with another telephone."""
        return [one for one in self.of(Verdict.NEW) if one.why]

    @property
    def repeated(self) -> list[Judged]:
        """Rows equal to an earlier row: perhaps a namesake, registered only once told apart."""
        return [one for one in self.rows if one.same_as is not None]

    @property
    def notes(self) -> Mapping[str, int]:
        """Our decisions, and in how many rows."""
        return Counter(note for one in self.rows for note in one.row.notes)


@dataclass(slots=True)
class _Standing:
    keys: Collection[str]
    signs: set[Hashable] = field(default_factory=set)
    names: set[tuple[str, str | None]] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)


async def judge(rows: Sequence[ListRow], training: Training) -> Preview:
    standing = await _standing(rows, training.id)
    return Preview([_judge(row, training, standing) for row in rows])


async def keys_in_use(keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for begin in range(0, len(keys), MOST_KEYS):
        some = reads(RegistrationGroup).filter(idempotency_key__in=keys[begin : begin + MOST_KEYS])
        found.update(key for (key,) in await some.values_list("idempotency_key"))
    return found


async def _standing(rows: Sequence[ListRow], training_id: UUID) -> _Standing:
    standing = _Standing(await keys_in_use([key for row in rows for key in row.keys]))
    live = reads(Registration).filter(training_id=training_id).exclude(state=RegistrationState.CANCELLED)
    for columns in await live.values_list(*COLUMNS):
        one = Seen(*columns)
        standing.names.add((one.name_key, one.municipality))
        standing.signs.update(one.signs)
    return standing


def _judge(row: ListRow, training: Training, standing: _Standing) -> Judged:
    wish = row.wish
    if wish is None:
        return Judged(row, Verdict.REFUSED, row.errors)
    if row.key in standing.rows:
        above = standing.rows[row.key]
        return Judged(row, Verdict.KNOWN, (gettext(N_("Es igual a la fila %(n)s.")) % {"n": above},), above)
    standing.rows[row.key] = row.number
    if any(key in standing.keys for key in row.keys):
        return Judged(row, Verdict.KNOWN, (gettext(N_("Ya se inscribió con esta misma fila.")),))
    if not standing.signs.isdisjoint(signs_of_who_comes(wish)):
        return Judged(
            row, Verdict.KNOWN, (gettext(N_("Ya hay alguien con ese nombre, municipio y teléfono o correo.")),)
        )
    try:
        check_people(training, training.hub.phone, wish)
    except Refusal as refusal:
        return Judged(row, Verdict.REFUSED, (sentence_of(refusal),))
    return Judged(row, Verdict.NEW, _hints(wish, standing))


def _hints(wish: SignUp, standing: _Standing) -> tuple[str, ...]:
    name = wish.keys[0].name_key, wish.keys[0].municipality
    is_twin = name in standing.names
    standing.names.add(name)
    standing.signs.update(signs_of_who_comes(wish))
    return (gettext(N_("Hay otra persona con ese nombre y municipio: se inscribe aparte.")),) if is_twin else ()
