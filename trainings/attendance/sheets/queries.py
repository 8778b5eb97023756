from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from tortoise.functions import Count

from trainings.accounts.queries import names_of
from trainings.attendance.events import CODE_HASH_LENGTH, card_hash
from trainings.attendance.holders import of_card
from trainings.attendance.models import AttendanceSheet, ScanEvent, SheetRow
from trainings.attendance.projection import ARRIVALS, Stay, marks_beside, standing, undone_by, unnamed_stays
from trainings.attendance.queries import RosterLine
from trainings.attendance.sheets.marks import OPEN, Marks, marks_at
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.registrations.models import Card, CardState, Registration
from trainings.schedule.models import TrainingSession
from trainings.web.i18n import N_

WITHOUT_NAME = "Sin nombre todavía"


class UnknownSheet(NotFound):
    sentence = N_("No encontramos esa hoja. Revise el código que trae impreso arriba, como 7K2Q-M.")


class UnknownRow(NotFound):
    code = "unknown_row"
    sentence = N_("Esa hoja no tiene esa fila. Revise el número.")


@dataclass(frozen=True, slots=True)
class Printed:
    id: UUID
    code: str
    printed_at: datetime
    printed_by: str
    n_named: int
    n_blank: int
    kept_where: str

    @property
    def shown_code(self) -> str:
        return tokens.show_sheet_code(self.code)


@dataclass(frozen=True, slots=True)
class Line:
    """`person_id`: registration with the name; `registration_id`: the registration that a mark of the row counts for
    (in a join the kept registration). `here_as`: the person's registration behind `stay`; `sign_ups`: all that were
    marked. `is_named_on_paper`: printed, not handwritten.
    """

    session_id: UUID
    number: int
    is_named_on_paper: bool
    registration_id: UUID | None = None
    person_id: UUID | None = None
    given_names: str = ""
    surnames: str = ""
    card_id: UUID | None = None
    short_code: str = ""
    card_hash: str = ""
    is_card_open: bool = False
    stay: Stay = OPEN
    here_as: UUID | None = None
    sign_ups: frozenset[UUID] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.given_names} {self.surnames}".strip()

    @property
    def event_id(self) -> UUID | None:
        return self.stay.event_id

    @property
    def state(self) -> str:
        """`missing`, `present`, `left`, `review`, or `unnamed`: came without a name on record."""
        if not self.stay.is_present:
            return "missing"
        if self.registration_id is None:
            return "unnamed"
        if self.stay.to_review:
            return "review"
        return "left" if self.stay.left_at is not None else "present"


@dataclass(frozen=True, slots=True)
class OpenSheet:
    sheet: AttendanceSheet
    printed_by: str
    kept_by: str
    lines: Sequence[Line]

    @property
    def code(self) -> str:
        return tokens.show_sheet_code(self.sheet.code)

    @property
    def n_named(self) -> int:
        """Rows with a printed name, which come first: "todas"."""
        return sum(line.is_named_on_paper for line in self.lines)

    @property
    def n_blank(self) -> int:
        return len(self.lines) - self.n_named


async def sheets_of(session_id: UUID) -> list[Printed]:
    """Newest first."""
    sheets = await reads(AttendanceSheet).filter(session_id=session_id).order_by("-created_at", "-id")
    counted = await _counted([one.id for one in sheets])
    names = await names_of(one.printed_by_id for one in sheets)
    return [
        Printed(
            id=one.id,
            code=one.code,
            printed_at=one.created_at,
            printed_by=names.get(one.printed_by_id, ""),
            n_named=counted[one.id][0],
            n_blank=counted[one.id][1],
            kept_where=one.kept_where,
        )
        for one in sheets
    ]


async def next_unnamed(session_id: UUID, card_id: UUID) -> UUID | None:
    """The card of the next blank row of the same sheet that was marked and has no name yet."""
    rows = reads(SheetRow).filter(sheet__session_id=session_id)
    own = await rows.filter(card_id=card_id).first()
    if own is None:
        return None
    later = rows.filter(sheet_id=own.sheet_id, number__gt=own.number, card__state=CardState.OPEN)
    marks = await marks_at(session_id, ())
    for row in await later.order_by("number").select_related("card"):
        if row.card is not None and marks.of(None, row.card).stay.is_present:
            return row.card.id
    return None


async def _counted(sheet_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    rows = (
        await reads(SheetRow)
        .filter(sheet_id__in=list(sheet_ids))
        .annotate(n_named=Count("registration_id"), n_blank=Count("card_id"))
        .group_by("sheet_id")
        .values_list("sheet_id", "n_named", "n_blank")
    )
    return defaultdict(lambda: (0, 0), {sheet_id: (n_named, n_blank) for sheet_id, n_named, n_blank in rows})


async def sheet_by_code(typed: str) -> AttendanceSheet:
    """O/0 and I/1 are forgiven; else UnknownSheet. Permission is asked by the session."""
    code = tokens.read_sheet_code(typed)
    found = await reads(AttendanceSheet).get_or_none(code=code) if code is not None else None
    if found is None:
        raise UnknownSheet
    return found


async def open_sheet(sheet: AttendanceSheet) -> OpenSheet:
    names = await names_of([sheet.printed_by_id, sheet.kept_by_id])
    rows = await _rows(sheet.id)
    return OpenSheet(
        sheet, names.get(sheet.printed_by_id, ""), names.get(sheet.kept_by_id, ""), await _lines(sheet, rows)
    )


async def line_of(sheet_id: UUID, number: int) -> Line:
    """Refuses (UnknownRow) a row that the sheet does not have."""
    sheet = await reads(AttendanceSheet).get(id=sheet_id)
    lines = await _lines(sheet, await _rows(sheet_id, number=number))
    if not lines:
        raise UnknownRow
    return lines[0]


async def _rows(sheet_id: UUID, **which: int) -> list[SheetRow]:
    rows = reads(SheetRow).filter(sheet_id=sheet_id, **which).order_by("number")
    return list(await rows.prefetch_related("registration__participant", "card__registration__participant"))


async def _lines(sheet: AttendanceSheet, rows: Sequence[SheetRow]) -> list[Line]:
    session = await reads(TrainingSession).get(id=sheet.session_id)
    people = {row.number: _person(row, session.training_id) for row in rows}
    kept = await _kept(people.values())
    marks = await marks_at(sheet.session_id, [one for one in (*people.values(), *kept.values()) if one is not None])
    return [_line(sheet, row, people[row.number], kept, marks) for row in rows]


def _person(row: SheetRow, training_id: UUID) -> Registration | None:
    """None also where the card was used for another training."""
    if row.registration is not None:
        return row.registration
    person = row.card.registration if row.card is not None else None
    return person if person is not None and person.training_id == training_id else None


async def _kept(people: Collection[Registration | None]) -> dict[UUID, Registration]:
    wanted = {one.joined_to_id for one in people if one is not None} - {None}
    found = await reads(Registration).filter(id__in=sorted(wanted)).prefetch_related("participant") if wanted else []
    return {one.id: one for one in found}


def _line(
    sheet: AttendanceSheet,
    row: SheetRow,
    person: Registration | None,
    kept: Mapping[UUID, Registration],
    marks: Marks,
) -> Line:
    counted = kept.get(person.joined_to_id, person) if person is not None and person.joined_to_id else person
    card = row.card
    marked = marks.of(counted, card)
    return Line(
        session_id=sheet.session_id,
        number=row.number,
        is_named_on_paper=row.registration_id is not None,
        registration_id=counted.id if counted is not None else None,
        person_id=person.id if person is not None else None,
        given_names=person.participant.given_names if person is not None else "",
        surnames=person.participant.surnames if person is not None else "",
        card_id=card.id if card is not None else None,
        short_code=tokens.show_short_code(card.short_code) if card is not None else "",
        card_hash=card_hash(card.qr_hash) if card is not None else "",
        is_card_open=card is not None and card.state is CardState.OPEN,
        stay=marked.stay,
        here_as=marked.here_as,
        sign_ups=marked.sign_ups,
    )


# -- what a line that was typed in came to


def event_of_row(key: UUID, number: int) -> UUID:
    return uuid5(key, str(number))


@dataclass(frozen=True, slots=True)
class TypedIn:
    """`not_counted`: their card was made void or used elsewhere."""

    key: UUID
    numbers: Sequence[int]
    already: Sequence[int]
    unnamed: Sequence[Line]
    not_counted: Sequence[int]
    is_taken_back: bool


async def typed_in(opened: OpenSheet, key: UUID) -> TypedIn | None:
    """None: nothing was typed in with this key."""
    lines = {event_of_row(key, line.number): line for line in opened.lines}
    events = await reads(ScanEvent).filter(session_id=opened.sheet.session_id)
    undone = undone_by(events)
    made = [one for one in events if one.id in lines]
    if not made:
        return None
    arrivals = [one for one in standing(events, undone) if one.kind in ARRIVALS and one.id not in lines]
    first_of: dict[UUID | str, datetime] = {}
    for one in sorted(arrivals, key=lambda one: one.created_at):
        first_of.setdefault(_whom(one), one.created_at)
    numbers = sorted(lines[one.id].number for one in made)
    already = {lines[one.id].number for one in made if _was_there(lines[one.id], one, first_of)}
    marked = [line for line in opened.lines if line.number in set(numbers)]
    return TypedIn(
        key,
        numbers,
        sorted(already),
        unnamed=[line for line in marked if line.state == "unnamed"],
        not_counted=[line.number for line in marked if line.state == "missing"],
        is_taken_back=all(one.id in undone for one in made),
    )


def _was_there(line: Line, event: ScanEvent, first_of: Mapping[UUID | str, datetime]) -> bool:
    return any(event.created_at > first_of.get(key, event.created_at) for key in (*line.sign_ups, _whom(event)))


def _whom(event: ScanEvent) -> UUID | str:
    """The person or card. A phone's mark of a person holds the card too, a mark from paper does not."""
    return event.registration_id or event.code_hash


# -- who stands on no sheet


async def listed_at(session_id: UUID) -> frozenset[UUID]:
    rows = reads(SheetRow).filter(sheet__session_id=session_id)
    found = await rows.values_list("registration_id", "card__registration_id")
    return frozenset(one for pair in found for one in pair if one is not None)


async def unnamed_beside(session_id: UUID, sheets: Iterable[OpenSheet]) -> list[Line]:
    """Nameless arrivals in no row of these sheets, by arrival."""
    marks = await marks_beside(session_id)
    in_rows = {line.card_hash for opened in sheets for line in opened.lines if line.state == "unnamed"}
    stays = {key: stay for key, stay in unnamed_stays(marks, undone_by(marks)).items() if key not in in_rows}
    codes = await _short_codes(key for key in stays if len(key) == CODE_HASH_LENGTH)
    lines = [
        Line(
            session_id=session_id,
            number=0,
            is_named_on_paper=False,
            given_names=WITHOUT_NAME,
            short_code=codes.get(key, ""),
            card_hash=key,
            stay=stay,
        )
        for key, stay in stays.items()
    ]
    return sorted(lines, key=lambda line: (str(line.stay.arrived_at), line.card_hash))


async def _short_codes(card_hashes: Iterable[str]) -> dict[str, str]:
    found = {}
    for one in card_hashes:
        async for card in reads(Card).filter(of_card(one)).limit(1):
            found[one] = tokens.show_short_code(card.short_code)
    return found


def unlisted(lines: Iterable[RosterLine], listed: Collection[UUID]) -> list[RosterLine]:
    """Expected people on no sheet: they registered after printing, and need another sheet."""
    return [one for one in lines if one.is_expected and one.sign_ups.isdisjoint(listed)]
