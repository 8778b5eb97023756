"""A row of a list, read as one person: what is optional and cannot be read is left empty and named, the rest waits for
somebody who puts it right on the screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import model_validator

from trainings import clock
from trainings.db import keyring, reads, sql
from trainings.errors import Refusal
from trainings.lib.phones import is_email, parse_phone, show_phone
from trainings.lib.tabular import Row, is_formula
from trainings.lib.text import fold
from trainings.lib.workbooks import LONGEST_CELL
from trainings.people.actions import GuardianContact
from trainings.people.forms import NAME_LENGTH, PersonForm, Phone, printable
from trainings.people.models import ConsentHow, ConsentPurpose, Relation
from trainings.places.data import by_code
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.desk.look_alikes import COLUMNS, Seen, signs_of_who_comes
from trainings.registrations.eligibility import check_people
from trainings.registrations.imports import values
from trainings.registrations.imports.columns import FIELDS, WHOLE_NAMES, Field, Sheet
from trainings.registrations.imports.values import Unclear
from trainings.registrations.models import Registration, RegistrationState, Source
from trainings.schedule.models import Training
from trainings.web.forms import FormErrors, Typed, check
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of

T = TypeVar("T")

KEY_BEGINS = "import-"
KEY_LENGTH = 48
"""Hexadecimal digits (192 bits), so that the key fits its column."""

LONGEST_NAMED = 40

_LABELS = {field.value: words for field, words in FIELDS.items()} | {"age_group": FIELDS[Field.AGE]}
_REQUIRED = frozenset({"given_names", "surnames", "municipality"})
PHONES = ("phone", "other_phone", "guardian_phone")
_OF_MINORS: Mapping[str, str] = {
    "guardian_name": N_("Es menor de edad: falta el nombre de quien da permiso."),
    "guardian_relation": N_("Es menor de edad: falta su parentesco con quien da permiso."),
    "guardian_phone": N_("Es menor de edad: falta el teléfono de quien da permiso."),
    "assent": N_("Es menor de edad: falta que diga que quiere participar."),
}
_DECIDED = frozenset({"age_group", "permission", *_OF_MINORS, *_REQUIRED})
"""Somebody has to answer for these; all else may stay empty."""


class RowForm(PersonForm):
    """One person, and the guardian of a minor."""

    other_phone: Phone = None
    guardian_name: Annotated[str, printable(2 * NAME_LENGTH + 1)] = ""
    guardian_relation: Relation | None = None
    guardian_phone: Phone = None
    assent: Literal["yes", ""] = ""
    permission: Literal["yes", ""] = ""

    @model_validator(mode="before")
    @classmethod
    def _one_telephone_is_the_first(cls, answers: dict[str, str]) -> dict[str, str]:
        if "other_phone" in answers and "phone" not in answers:
            return {**answers, "phone": answers["other_phone"], "other_phone": ""}
        return answers

    @property
    def is_minor(self) -> bool:
        return self.age_group is not None and self.age_group.is_minor


@dataclass(frozen=True, slots=True)
class Reading:
    """`columns`: field -> column. `municipality` and `actor_type` stand where the list says nothing; `department`
    decides between equal names; `m_means`: a sex, or nothing where nobody knows.
    """

    training_id: UUID
    department: str
    columns: Mapping[Field, int]
    municipality: str = ""
    actor_type: str = ""
    m_means: str = ""
    mended: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    how: ConsentHow = ConsentHow.PAPER


@dataclass(frozen=True, slots=True)
class ListRow:
    """A wish, or errors. `typed`: the row as a form of its own, to be put right. `key` is equal for equal rows of one
    training, `keys` has it under every secret key; `label`: the name as written; `notes`: our decisions; `remarks`:
    what of this row was not taken.
    """

    row: Row
    label: str
    typed: Typed
    wish: SignUp | None
    keys: tuple[str, ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def key(self) -> str:
        return self.keys[0] if self.keys else ""


def read_rows(rows: Sequence[Row], reading: Reading) -> list[ListRow]:
    return [_RowReader(row, reading).read() for row in rows]


async def read_list(sheet: Sheet, columns: Mapping[str, int], training: Training) -> list[ListRow]:
    """`training` comes with its hub and the hub's seat."""
    reading = Reading(
        training_id=training.id,
        department=training.hub.seat.department,
        columns={Field(field): number for field, number in columns.items()},
        municipality=sheet.municipality,
        actor_type=sheet.actor_type,
        m_means=sheet.m_means,
        mended=sheet.mended,
        how=sheet.how or ConsentHow.PAPER,
    )
    return await asyncio.to_thread(read_rows, sheet.rows, reading)


def check_row(typed: Typed, *, asks_permission: bool) -> RowForm:
    """Raises FormErrors, of a minor also without a named guardian and an own yes."""
    form = check(RowForm, typed)
    if asks_permission and form.permission != "yes":
        typed.errors.setdefault("permission", gettext(N_("Falta la respuesta. Sin permiso no se guarda a nadie.")))
    if form.is_minor:
        for name, sentence in _OF_MINORS.items():
            if not getattr(form, name):
                typed.errors.setdefault(name, gettext(sentence))
    if typed.errors:
        raise FormErrors(typed)
    return form


def changed_answers(typed: Typed, read: Typed) -> dict[str, str] | None:
    """All answers of a row's form where one differs from what was `read`, telephones as they are kept."""
    if "given_names" not in typed.fields:
        return None
    now, before = (
        {name: _kept(name, one) for name in RowForm.model_fields if one.value(name)} for one in (typed, read)
    )
    return now if now != before else None


def _kept(name: str, answers: Typed) -> str:
    text = answers.value(name).strip()[:LONGEST_CELL]
    return parse_phone(text) or text if name in PHONES else text


def labels_of(sheet: Sheet, columns: Mapping[str, int]) -> dict[int, str]:
    by_field = {Field(field): number for field, number in columns.items()}
    return {row.number: _label(row, by_field, sheet.mended) for row in sheet.rows}


def _label(row: Row, columns: Mapping[Field, int], mended: Mapping[int, Mapping[str, str]]) -> str:
    if row.number in mended:
        names = [mended[row.number].get(name, "") for name in ("given_names", "surnames")]
    else:
        names = [_cell(row, columns.get(field)) for field in (Field.GIVEN_NAMES, Field.SURNAMES, *sorted(WHOLE_NAMES))]
    return " ".join(filter(None, names))


def _cell(row: Row, column: int | None) -> str:
    if column is None or column >= len(row.cells):
        return ""
    return values.tidy(row.cells[column])


class _RowReader:
    def __init__(self, row: Row, reading: Reading) -> None:
        self._row, self._reading = row, reading
        self._texts = {field: _cell(row, number) for field, number in reading.columns.items()}
        self._typed = Typed()
        self._notes: list[str] = []
        self._remarks: list[str] = []

    def read(self) -> ListRow:
        mended = self._reading.mended.get(self._row.number)
        if mended is None:
            self._read_cells()
        else:
            self._typed = Typed.of(mended)
        form = self._checked()
        keys = _keys(self._reading.training_id, form) if form is not None else ()
        wish = self._wish(form, keys[0]) if form is not None else None
        return ListRow(
            self._row,
            _label(self._row, self._reading.columns, self._reading.mended),
            self._typed,
            wish,
            keys,
            tuple(self._errors()),
            tuple(self._notes),
            tuple(self._remarks),
        )

    def _checked(self) -> RowForm | None:
        """Without the optional answers that are none."""
        typed, asks = self._typed, Field.PERMISSION in self._reading.columns
        decided = dict(typed.errors)
        try:
            return check_row(typed, asks_permission=asks)
        except FormErrors:
            unreadable = [name for name in typed.errors if name not in _DECIDED and typed.value(name)]
        for name in unreadable:
            self._leave_out(name, typed.value(name))
            typed.fields.pop(name)
        if not unreadable:
            return None
        typed.errors = decided
        with contextlib.suppress(FormErrors):
            return check_row(typed, asks_permission=asks)
        return None

    def _errors(self) -> Iterator[str]:
        missing = gettext(N_("falta este dato."))
        for name, sentence in self._typed.errors.items():
            if sentence == gettext(_OF_MINORS.get(name, "")):
                yield sentence
                continue
            is_missing = name in _REQUIRED and not self._typed.value(name)
            words = missing if is_missing else f"{sentence[:1].lower()}{sentence[1:]}"
            yield f"{gettext(_LABELS[name])}: {words}"

    def _wish(self, form: RowForm, key: str) -> SignUp:
        guardian = None
        if form.is_minor:
            assert form.guardian_relation is not None, "checked of every minor"
            guardian = GuardianContact(form.guardian_name, form.guardian_relation, form.guardian_phone)
        return SignUp(
            (Member(form, has_assented=form.is_minor, other_phone=form.other_phone),),
            frozenset({ConsentPurpose.DATA}),
            guardian=guardian,
            source=Source.IMPORT,
            consent_how=self._reading.how,
            idempotency_key=key,
        )

    # -- cells

    def _text(self, field: Field) -> str:
        return self._texts.get(field, "")

    def _say(self, name: str, value: str | None) -> None:
        if value:
            self._typed.fields[name] = [value]

    def _must_answer(self, name: str, sentence: str, **filling: object) -> None:
        self._typed.errors.setdefault(name, gettext(sentence) % filling if filling else gettext(sentence))

    def _leave_out(self, name: str, text: str) -> None:
        words = {"field": gettext(_LABELS[name]), "text": text[:LONGEST_NAMED]}
        self._remarks.append(gettext(N_("%(field)s: «%(text)s» no se pudo leer y queda vacío.")) % words)

    def _code(self, field: Field, understand: Callable[[str], T], *, name: str = "") -> T | None:
        """What nobody can read is left empty, unless it has to be decided."""
        text, name = self._text(field), name or field.value
        if not text:
            return None
        try:
            return understand(text)
        except Unclear as unclear:
            if unclear.sentence:
                self._must_answer(name, unclear.sentence, **unclear.values)
            else:
                self._leave_out(name, text)
            return None

    def _read_cells(self) -> None:
        self._read_names()
        self._read_place()
        self._read_origin()
        self._read_contact()
        self._say("sex", self._code(Field.SEX, lambda text: values.sex_of(text, self._reading.m_means)))
        self._say("language", self._code(Field.LANGUAGE, values.language_of))
        self._say("pueblo", self._code(Field.PUEBLO, values.pueblo_of))
        age_group = self._code(Field.AGE, values.age_group_of, name="age_group")
        self._say("age_group", age_group)
        self._read_permission()
        if age_group is not None and age_group.is_minor:
            self._read_guardian()

    def _read_names(self) -> None:
        given_names, surnames, remark = self._names()
        self._say("given_names", given_names)
        self._say("surnames", surnames)
        for name, text in (("given_names", given_names), ("surnames", surnames)):
            if is_formula(text):
                self._must_answer(name, N_("Empieza como una fórmula. Escriba solo el texto."))
        if remark:
            self._must_answer("given_names", N_("Al lado del nombre dice «%(text)s». Vea si se inscribe."), text=remark)

    def _names(self) -> tuple[str, str, str]:
        for one in sorted(WHOLE_NAMES & self._reading.columns.keys()):
            name, title, remark = values.bare_name(self._text(one))
            if title:
                self._notes.append(gettext(N_("«%(title)s» no se tomó como nombre.")) % {"title": title})
            return (*values.split_name(name, surnames_first=one is Field.FULL_NAME_SURNAMES_FIRST), remark)
        return self._text(Field.GIVEN_NAMES), self._text(Field.SURNAMES), ""

    def _read_place(self) -> None:
        community, municipality = self._written(Field.COMMUNITY), self._reading.municipality
        told = self._code(Field.DEPARTMENT, values.department_called)
        department = told or self._reading.department
        if self._text(Field.MUNICIPALITY):
            found = self._code(Field.MUNICIPALITY, lambda text: values.municipality_of(text, department))
            municipality, was_ambiguous = found or (self._text(Field.MUNICIPALITY), False)
            if was_ambiguous and not told:
                self._note_place(self._text(Field.MUNICIPALITY), municipality)
        elif (nearby := values.municipality_called(community, department)) not in ("", municipality):
            self._note_place(community, nearby)
            municipality, community = nearby, ""
        elif told and municipality in by_code() and by_code()[municipality].department != told:
            # The list's own lies elsewhere: only somebody who knows the person can say which.
            municipality = ""
        self._say("municipality", municipality)
        self._say("community", community)

    def _note_place(self, name: str, code: str) -> None:
        meant = {"name": name, "meant": by_code()[code].full_name}
        self._notes.append(gettext(N_("«%(name)s» se tomó como %(meant)s.")) % meant)

    def _read_origin(self) -> None:
        """The office stands before the organization: both say whom somebody speaks for."""
        office, organization = self._written(Field.OFFICE), self._written(Field.ORGANIZATION)
        both = [organization] if fold(office) in fold(organization) else [office, organization]
        self._say("organization", ", ".join(filter(None, both)))
        if self._text(Field.ACTOR_TYPE):
            found = self._code(Field.ACTOR_TYPE, values.actor_type_of)
        else:
            found = next(filter(None, map(values.actor_type_in, (organization, office))), None)
            if found:
                self._notes.append(gettext(N_("De parte de quién viene se tomó de la organización o del cargo.")))
        if not found and not self._reading.actor_type:
            self._notes.append(gettext(N_("De parte de quién viene: la lista no lo dice y queda sin respuesta.")))
        self._say("actor_type", found or self._reading.actor_type)

    def _read_contact(self) -> None:
        """The first telephone, and the second as the other one. An address among the telephones is one."""
        cells = [text for one in (Field.PHONE, Field.OTHER_PHONE) if (text := self._text(one))]
        email = self._text(Field.EMAIL) or next(filter(is_email, cells), "")
        numbers = list(dict.fromkeys(number for text in cells for number in values.phones_of(text)))
        self._say("email", email)
        for name, number in zip(("phone", "other_phone"), numbers, strict=False):
            self._say(name, number)
        said = " ".join(text for text in cells if text != email)
        if not numbers and said:
            self._leave_out("phone", said)
        elif len(numbers) > 2 or values.says_more_than_numbers(said):
            words = {"text": said[:LONGEST_NAMED], "numbers": " · ".join(map(show_phone, numbers[:2]))}
            self._remarks.append(gettext(N_("Teléfono: de «%(text)s» se tomó %(numbers)s.")) % words)

    def _written(self, field: Field) -> str:
        text = self._text(field)
        if is_formula(text):
            self._leave_out(field.value, text)
            return ""
        return text

    def _read_permission(self) -> None:
        if Field.PERMISSION not in self._reading.columns:
            return
        if self._code(Field.PERMISSION, values.is_yes) is True:
            self._say("permission", "yes")
        elif self._text(Field.PERMISSION):
            self._must_answer("permission", N_("Dijo que no, así que no se inscribe."))

    def _read_guardian(self) -> None:
        self._say("guardian_name", self._text(Field.GUARDIAN_NAME))
        self._say("guardian_relation", self._code(Field.GUARDIAN_RELATION, values.relation_of))
        phone = self._text(Field.GUARDIAN_PHONE)
        self._say("guardian_phone", next(iter(values.phones_of(phone)), phone))
        if self._code(Field.ASSENT, values.is_yes):
            self._say("assent", "yes")


def _keys(training_id: UUID, person: RowForm) -> tuple[str, ...]:
    """Equal whatever capitals and accents; the current secret key first."""
    said = [
        str(training_id),
        *(fold(text) for text in (person.given_names, person.surnames, person.community, person.organization)),
        *(person.municipality, person.actor_type, person.sex, person.age_group, person.phone, person.email),
        *(person.language, person.pueblo),
        *((fold(person.guardian_name), person.guardian_relation, person.guardian_phone) if person.is_minor else ()),
    ]
    return tuple(KEY_BEGINS + one[:KEY_LENGTH] for one in keyring().blind_indexes(json.dumps(said), "import"))


# -- judged beside who is registered and the rows above


REGISTERED = 0
"""In the place of a row's number: registered before."""


BY_KEY = """
    SELECT idempotency_key, state, created_at >= ? AS is_new FROM registration_group WHERE idempotency_key IN ?list
"""


class Verdict(StrEnum):
    """ASIDE: left out by staff."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"
    ASIDE = "aside"


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
        """Rows equal or alike to an earlier row: perhaps a namesake, registered only once told apart."""
        return [one for one in self.rows if one.same_as is not None]

    @property
    def notes(self) -> Mapping[str, int]:
        """Our decisions, and in how many rows."""
        return Counter(note for one in self.rows for note in one.row.notes)


@dataclass(slots=True)
class _Standing:
    keys: Collection[str]
    signs: dict[Hashable, int] = field(default_factory=dict)
    names: set[tuple[str, str | None]] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)


async def judge(rows: Sequence[ListRow], training: Training, *, set_aside: Collection[int] = ()) -> Preview:
    standing = await _standing(rows, training.id)
    return Preview(
        [Judged(row, Verdict.ASIDE, ()) if row.number in set_aside else _judge(row, training, standing) for row in rows]
    )


async def groups_by_key(keys: Sequence[str], *, since: datetime) -> dict[str, tuple[RegistrationState, bool]]:
    """State of the sign-up with each of these keys, and whether it was made `since` then."""
    rows = await sql.rows(BY_KEY, since, list(keys))
    return {row["idempotency_key"]: (RegistrationState(row["state"]), bool(row["is_new"])) for row in rows}


async def _standing(rows: Sequence[ListRow], training_id: UUID) -> _Standing:
    standing = _Standing(await groups_by_key([key for row in rows for key in row.keys], since=clock.now()))
    live = reads(Registration).filter(training_id=training_id).exclude(state=RegistrationState.CANCELLED)
    for columns in await live.values_list(*COLUMNS):
        one = Seen(*columns)
        standing.names.add((one.name_key, one.municipality))
        standing.signs.update(dict.fromkeys(one.signs, REGISTERED))
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
    like = next((standing.signs[sign] for sign in signs_of_who_comes(wish) if sign in standing.signs), None)
    if like == REGISTERED:
        return Judged(
            row, Verdict.KNOWN, (gettext(N_("Ya hay alguien con ese nombre, municipio y teléfono o correo.")),)
        )
    if like is not None:
        why = gettext(N_("Tiene el nombre, el municipio y el teléfono o correo de la fila %(n)s.")) % {"n": like}
        return Judged(row, Verdict.KNOWN, (why,), like)
    try:
        check_people(training, training.hub.phone, wish)
    except Refusal as refusal:
        return Judged(row, Verdict.REFUSED, (sentence_of(refusal),))
    return Judged(row, Verdict.NEW, _hints(row.number, wish, standing))


def _hints(number: int, wish: SignUp, standing: _Standing) -> tuple[str, ...]:
    name = wish.keys[0].name_key, wish.keys[0].municipality
    is_twin = name in standing.names
    standing.names.add(name)
    standing.signs.update(dict.fromkeys(signs_of_who_comes(wish), number))
    return (gettext(N_("Hay otra persona con ese nombre y municipio: se inscribe aparte.")),) if is_twin else ()
