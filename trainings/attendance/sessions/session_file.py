"""A session's file (expediente) as one PDF, in Spanish."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.attendance.models import AttendanceSheet
from trainings.attendance.queries import Door, RosterLine, roster
from trainings.attendance.sessions.reports import ADULTS, EMPTY, Figures, Report, figures_of, report_of, told_of
from trainings.attendance.sheets.pages import BY_HAND, BySex, Head, head_of, list_data, printable
from trainings.attendance.sheets.queries import Line, OpenSheet, open_sheet, unnamed_beside
from trainings.db import reads
from trainings.lib import dates
from trainings.lib.dates import number_in_words_es
from trainings.lib.folders import DESIGNS
from trainings.lib.typst import Design
from trainings.people.models import AgeGroup, Sex
from trainings.people.words import AGE_GROUPS
from trainings.registrations.invitations.letters import NotYetPublished, letters_as_kept
from trainings.registrations.models import Addressee, InvitationLetter
from trainings.schedule.models import Training, TrainingSession

SESSION_FILE = Design(DESIGNS / "session-file" / "file.typ", root=DESIGNS, fonts=DESIGNS / "fonts")
MOST_COMMUNITIES = 14
MOST_LINES = 12
WITHOUT_SHEET = "No se imprimió hoja para firmar: esta lista sale de las marcas de llegada."
WITHOUT_CODE = "Esta lista no tiene código ni filas que se puedan anotar después: imprima la hoja en «Hojas»."
MORE_PEOPLE = "Llegaron y no estaban en la hoja impresa."
SEXES = (Sex.MUJER, Sex.HOMBRE, Sex.UNDISCLOSED, None)


@dataclass(frozen=True, slots=True)
class SessionFile:
    door: Door
    head: Head
    report: Report
    figures: Figures
    lines: Sequence[RosterLine]
    sheets: Sequence[OpenSheet]
    unnamed: Sequence[Line]
    invitation: dict[str, Any] | None
    minors: Collection[UUID]
    sex_of: Mapping[UUID, Sex | None]

    @property
    def present(self) -> list[RosterLine]:
        return [line for line in self.lines if line.stay.is_present]

    def sign_ups_with(self, registration_id: UUID) -> frozenset[UUID]:
        own = next((line.sign_ups for line in self.lines if registration_id in line.sign_ups), frozenset())
        return own | {registration_id}


async def session_file(door: Door) -> SessionFile:
    lines = await roster(door.session)
    told = await told_of(lines)
    sheets = await sheets_of_file(door.session, lines)
    return SessionFile(
        door=door,
        head=await head_of(door),
        report=await report_of(door.session.id) or EMPTY,
        figures=await figures_of(door.session, lines),
        lines=lines,
        sheets=sheets,
        unnamed=await unnamed_beside(door.session.id, sheets),
        invitation=await _invitation(door),
        minors={key for key, person in told.items() if person.is_minor},
        sex_of={key: told[line.registration_id].sex for line in lines if line.stay.is_present for key in line.sign_ups},
    )


async def sheets_of_file(session: TrainingSession, lines: Sequence[RosterLine]) -> list[OpenSheet]:
    """Signed sheets (with a known place); of other sheets the latest that hold a person on no chosen sheet."""
    printed = await reads(AttendanceSheet).filter(session_id=session.id).order_by("-created_at", "-id")
    opened = [await open_sheet(one) for one in printed]
    wanted = [line.sign_ups for line in lines if line.is_expected or line.stay.is_present]
    chosen = [one for one in opened if one.sheet.kept_where]
    wanted = _on_none(wanted, chosen)
    for one in opened:
        left = _on_none(wanted, [one])
        if one not in chosen and (len(left) < len(wanted) or not chosen or _has_unnamed(one)):
            chosen.append(one)
            wanted = left
    return [one for one in reversed(opened) if one in chosen]


def _on_none(people: Iterable[frozenset[UUID]], sheets: Iterable[OpenSheet]) -> list[frozenset[UUID]]:
    listed = {line.registration_id for one in sheets for line in one.lines}
    return [own for own in people if own.isdisjoint(listed)]


def _has_unnamed(opened: OpenSheet) -> bool:
    """A nameless person came by one of its rows: no other sheet has that card."""
    return any(line.state == "unnamed" for line in opened.lines)


# -- the invitation


async def _invitation(door: Door) -> dict[str, Any] | None:
    """The first letter sent, or the public invitation; None: a draft."""
    training = await reads(Training).get(id=door.session.training_id).prefetch_related("hub__operator", "hub__seat")
    letters = await reads(InvitationLetter).filter(training_id=training.id).order_by("id")
    sent = sorted((one for one in letters if one.invited_at is not None), key=_invited_at)
    letter = (sent or letters or [_to_everybody(training)])[0]
    try:
        made = await letters_as_kept(training, [letter])
    except NotYetPublished:
        return None
    written_at = letter.invited_at or training.published_at or training.created_at
    seat = training.hub.seat.full_name
    made["place_and_date"] = f"{seat}, {dates.date_without_weekday(written_at, 'es')}"
    # Until when one could sign up says nothing any more.
    made["sign_up"] = made["sign_up"][:2]
    return made


def _invited_at(letter: InvitationLetter) -> datetime:
    assert letter.invited_at is not None
    return letter.invited_at


def _to_everybody(training: Training) -> InvitationLetter:
    return InvitationLetter(training_id=training.id, kind=Addressee.OTHER, addressee="Público en general")


# -- what it says


def file_data(file: SessionFile, *, is_marked: bool) -> dict[str, Any]:
    """`is_marked`: the list shows attendance; otherwise it is the sheet to sign."""
    head, is_off = file.head, not file.door.session.is_on
    facts = [*head.facts, *([("Estado", "Cancelada: no se realizó")] if is_off else [])]
    return {
        "title": printable(head.title),
        "operator": printable(head.operator),
        "hub": printable(head.hub),
        "facts": [[what, printable(said)] for what, said in facts],
        "made": f"Hecho el {dates.numeric_date(clock.today())}.",
        "invitation": file.invitation,
        "agenda": _paragraphs(file.report.agenda),
        "lists": _lists(file, is_marked=is_marked),
        "report": _report(file),
        "rations": _rations(file),
        "receipts": _receipts(file),
    }


def _lists(file: SessionFile, *, is_marked: bool) -> list[dict[str, Any]]:
    listed, counted = {line.registration_id for opened in file.sheets for line in opened.lines}, set[UUID]()
    made = [
        list_data(
            file.head,
            opened.code,
            opened.lines,
            columns=opened.sheet.columns,
            is_marked=is_marked,
            totals=_by_sex(file, opened.lines, counted) if is_marked else BY_HAND,
        )
        for opened in file.sheets
    ]
    shown = file.present if is_marked else [line for line in file.lines if line.is_expected]
    rest = [line for line in shown if line.sign_ups.isdisjoint(listed)]
    unnamed = file.unnamed if is_marked else ()
    if made and not (is_marked and (rest or unnamed)):
        return made
    # A number stands for a row of a sheet that has a code: paper without one has none to be typed in by.
    has_numbers = is_marked and not made
    beside = [*(_as_line(file.door.session.id, line) for line in rest), *unnamed]
    numbered = [replace(line, number=n if has_numbers else 0) for n, line in enumerate(beside, start=1)]
    note = MORE_PEOPLE if made else WITHOUT_SHEET if is_marked else WITHOUT_CODE
    totals = _by_sex(file, numbered, counted) if is_marked else BY_HAND
    return [*made, list_data(file.head, "", numbered, is_marked=is_marked, totals=totals, note=note)]


def _as_line(session_id: UUID, line: RosterLine) -> Line:
    return Line(
        session_id=session_id,
        number=0,
        is_named_on_paper=False,
        registration_id=line.registration_id,
        given_names=line.full_name,
        stay=line.stay,
    )


def _by_sex(file: SessionFile, lines: Sequence[Line], counted: set[UUID]) -> BySex:
    """Nameless cards too. `counted`: registrations counted before, since a person in two rows is one head."""
    said: list[Sex | None] = []
    for line in lines:
        key = line.registration_id
        if line.stay.is_present and key not in counted:
            said.append(file.sex_of.get(key) if key is not None else None)
            counted |= file.sign_ups_with(key) if key is not None else set()
    women, men = said.count(Sex.MUJER), said.count(Sex.HOMBRE)
    return BySex(women, men, len(said) - women - men)


def _report(file: SessionFile) -> dict[str, Any]:
    figures = file.figures
    bands: list[AgeGroup | None] = [*ADULTS, None]
    table = [[figures.adults.get((band, sex), 0) for sex in SEXES] for band in bands]
    sums = [sum(column) for column in zip(*table, strict=True)]
    return {
        "heads": ["Edad", "Mujeres", "Hombres", "Prefirió no decir", "Sin respuesta", "Total"],
        "rows": [
            [AGE_GROUPS[band] if band else "Sin respuesta", *map(str, row), str(sum(row))]
            for band, row in zip(bands, table, strict=True)
        ],
        "sums": ["Personas adultas", *map(str, sums), str(sum(sums))],
        "counts": [
            ["Menores de 18 años", str(figures.n_minors)],
            ["Personas presentes, con nombre", str(figures.n_present)],
            ["Llegaron sin inscripción, con nombre", str(figures.n_walk_ins)],
            ["Con tarjeta, todavía sin nombre", str(figures.n_unnamed)],
            ["Acompañantes", str(figures.n_companions)],
            ["Inscritas que no llegaron", str(figures.n_absent)],
        ],
        "communities": _communities(figures),
        "summary": _on_one_page(_paragraphs(file.report.summary)),
        "paper": [_place_of(opened) for opened in file.sheets] or ["No se imprimió hoja para firmar."],
    }


def _on_one_page(lines: list[str]) -> list[str]:
    """Many short lines end in one joined line: the report is one page."""
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], " · ".join(lines[MOST_LINES - 1 :])]


def _place_of(opened: OpenSheet) -> str:
    where = opened.sheet.kept_where
    return printable(f"Hoja {opened.code}: {where}") if where else f"Hoja {opened.code}: falta anotar dónde está."


def _communities(figures: Figures) -> list[str]:
    shown = [f"{name or 'Sin respuesta'} {n}" for name, n in figures.by_community[:MOST_COMMUNITIES]]
    more = figures.by_community[MOST_COMMUNITIES:]
    if more:
        shown.append(f"otras {len(more)} comunidades {sum(n for _name, n in more)}")
    return [printable(one) for one in shown]


def _rations(file: SessionFile) -> dict[str, Any] | None:
    """None: no food was planned or served."""
    planned, served = file.report.rations_planned, file.report.rations_served
    if not planned and not served:
        return None
    left = planned - served if planned is not None and served is not None else None
    return {
        "rows": [
            ["Planificadas", _number(planned)],
            ["Servidas", _number(served)],
            [
                "Sobraron" if left is None or left >= 0 else "Servidas de más",
                _number(None if left is None else abs(left)),
            ],
            ["Personas presentes, con nombre o tarjeta", str(file.figures.n_present + file.figures.n_unnamed)],
            ["Acompañantes", str(file.figures.n_companions)],
        ],
    }


def _number(n: int | None) -> str:
    return "" if n is None else str(n)


def _receipts(file: SessionFile) -> dict[str, Any] | None:
    each = file.report.transport_each
    if not each or not file.present:
        return None
    session = file.door.session
    return {
        "amount": money(each),
        "words": money_in_words(each),
        "total": money(each * len(file.present)),
        "purpose": printable(
            f"pasaje para asistir a «{file.head.title}», el {dates.long_date(session.starts_at, 'es')}"
        ),
        "place": printable(file.door.place),
        "people": [
            {"number": n, "name": printable(line.full_name), "is_minor": line.registration_id in file.minors}
            for n, line in enumerate(file.present, start=1)
        ],
    }


def money(amount: Decimal) -> str:
    """`Q1,234.50`."""
    return f"Q{amount:,.2f}"


def money_in_words(amount: Decimal) -> str:
    """`veintiún quetzales exactos`, `un quetzal con cincuenta centavos`."""
    whole, cents = divmod(int((amount * 100).to_integral_value()), 100)
    words = f"{number_in_words_es(whole, 'masculine')} {'quetzal' if whole == 1 else 'quetzales'}"
    if not cents:
        return f"{words} {'exacto' if whole == 1 else 'exactos'}"
    return f"{words} con {number_in_words_es(cents, 'masculine')} {'centavo' if cents == 1 else 'centavos'}"


def _paragraphs(text: str) -> list[str]:
    return [printable(line) for line in text.split("\n") if line.strip()]
