"""Names printed large by row of a signature sheet, then typed in as people marked them:

todas menos 4, 9 están bien 17: María Elena Caal
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainings import clock
from trainings.attendance.sheets.pages import Head, printable
from trainings.attendance.sheets.queries import Line, OpenSheet
from trainings.attendance.sheets.row_lists import NoSuchRow, UnreadableRows, read_rows
from trainings.audit.actor import Actor
from trainings.certificates.issuing import names
from trainings.certificates.models import ConfirmedHow
from trainings.db import lock, reads, transaction
from trainings.errors import WrongInput
from trainings.lib import dates
from trainings.lib.folders import DESIGNS
from trainings.lib.text import fold
from trainings.lib.typst import Design
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.web.i18n import N_

_CORRECTION = re.compile(r"^\s*(\d{1,4})\s*(?:[:=]\s*(?=[^\s\d])|[.)]\s*(?=[^\W\d]))(.+)$")
"""After a colon a name may begin with any sign; after a point or bracket only with a letter."""
_ARE_RIGHT = re.compile(r"\b(?:est[aá]n?|quedan?|son|van|bien|correct[ao]s?|ok)\b|[:=]", re.IGNORECASE)
_ALL = re.compile(r"\btod[oa]s?\b", re.IGNORECASE)
_ALL_OR_THESE = re.compile(r"(?:(?!\b(?:menos|excepto|salvo|except|but)\b)\D)*\d", re.IGNORECASE)
_PARTICLES = frozenset({"de", "del", "la", "las", "los", "el", "y", "da", "das", "do", "dos", "di", "van", "von"})


class RowWithoutName(WrongInput):
    sentence = N_("La fila %(row)s no tiene nombre todavía. Anote primero a la persona en la hoja.")


class NothingRead(WrongInput):
    sentence = N_("Ahí no se entiende ninguna fila. Escriba «todas menos 4, 9 están bien», o «17: María Elena Caal».")


class LetterInRow(WrongInput):
    sentence = N_("El diploma no puede imprimir «%(letters)s», en la fila %(row)s. Escriba el nombre con otra letra.")


@dataclass(frozen=True, slots=True)
class Correction:
    line: Line
    given_names: str
    surnames: str


@dataclass(frozen=True, slots=True)
class Proof:
    right: Sequence[Line]
    corrections: Sequence[Correction]


def read_proof(typed: str, opened: OpenSheet) -> Proof:
    """Refuses lines that are neither corrections nor rows, rows missing on the sheet, and rows without a name."""
    corrected, lists = _take_apart(typed)
    last = len(opened.lines)
    rows: set[int] = set()
    for text in lists:
        rows |= set(read_rows(text, named=opened.n_named, last=last))
    for number in corrected:
        if not 1 <= number <= last:
            raise NoSuchRow(field="lines", row=number, last=last)
    named = {line.number: line for line in opened.lines if line.person_id is not None}
    for number in sorted({*rows, *corrected} - set(named)):
        raise RowWithoutName(field="lines", row=number)
    if not rows and not corrected:
        raise NothingRead(field="lines")
    return Proof(
        [named[number] for number in sorted(rows - set(corrected))],
        [_correction(named[number], corrected[number]) for number in sorted(corrected)],
    )


def _take_apart(typed: str) -> tuple[dict[int, str], list[str]]:
    corrected: dict[int, str] = {}
    lists = []
    for line in typed.splitlines():
        found = _CORRECTION.match(line)
        if found is not None and _ARE_RIGHT.sub("", found[2]).strip(" ."):
            corrected[int(found[1])] = found[2].strip()
        elif line.strip():
            lists.append(_rows_said(line))
    return corrected, lists


def _rows_said(line: str) -> str:
    """The rows alone: «están todas bien menos 4» means all, «4, 9 están todas bien» two rows.

    Refuses «todas las filas 1 a 5»: read as all it would confirm names that nobody checked.
    """
    rows = _ARE_RIGHT.sub(" ", line)
    first = _ALL.search(rows)
    if first is None:
        return rows
    before, after = rows[: first.start()], _ALL.sub(" ", rows[first.end() :])
    names_rows = re.search(r"\d", before)
    if not names_rows and _ALL_OR_THESE.match(after):
        raise UnreadableRows(field="lines", word=line.strip())
    return f"{before} {after}" if names_rows else f"{before} todas {after}"


def _correction(line: Line, name: str) -> Correction:
    given, surnames = split_name(name, given_names=line.given_names, surnames=line.surnames)
    return Correction(line, given, surnames)


def split_name(name: str, *, given_names: str, surnames: str) -> tuple[str, str]:
    """Split a name where the earlier name was split; a person checks it.

    The same number of words: at the same place. One half unchanged: beside it. Else the last two words are surnames,
    with their particles.
    """
    words, n_given, n_surnames = name.split(), len(given_names.split()), len(surnames.split())
    begins_same = 0 < n_given < len(words) and fold(" ".join(words[:n_given])) == fold(given_names)
    ends_same = 0 < n_surnames < len(words) and fold(" ".join(words[-n_surnames:])) == fold(surnames)
    if len(words) == n_given + n_surnames or (begins_same and not ends_same):
        return " ".join(words[:n_given]), " ".join(words[n_given:])
    if ends_same and not begins_same:
        cut = _before_particles(words, len(words) - n_surnames)
    else:
        cut = len(words)
        for _surname in range(2 if len(words) > 2 else 1):
            cut = _before_particles(words, cut - 1)
    cut = max(cut, 1)
    return " ".join(words[:cut]), " ".join(words[cut:])


def _before_particles(words: Sequence[str], cut: int) -> int:
    while cut > 1 and words[cut - 1].casefold() in _PARTICLES:
        cut -= 1
    return cut


async def keep_proof(right: Sequence[Line], corrections: Sequence[Correction], *, actor: Actor) -> tuple[int, int]:
    """All rows or none; returns the numbers of confirmed names and of papers set anew. Refuses as `names.confirm` and
    `names.correct`; an unprintable letter at its row.
    """
    how = ConfirmedHow.PROOF_LIST
    n_anew = 0
    async with transaction():
        await _hold_everybody([*right, *(one.line for one in corrections)])
        for line in right:
            assert line.person_id is not None
            n_anew += await _of_row(line, names.confirm(line.person_id, how, actor=actor, name=line.name))
        for one in corrections:
            assert one.line.person_id is not None
            correcting = names.correct(one.line.person_id, one.given_names, one.surnames, how, actor=actor)
            n_anew += await _of_row(one.line, correcting)
    return len(right) + len(corrections), n_anew


async def _hold_everybody(lines: Sequence[Line]) -> None:
    """All at once: one by one could deadlock with other holders."""
    found = Registration.filter(id__in=[line.person_id for line in lines])
    keys = await found.values_list("training_id", "participant_id")
    await lock(Training, [training_id for training_id, _participant_id in keys])
    await lock(Participant, [participant_id for _training_id, participant_id in keys])


async def _of_row(line: Line, act: Awaitable[int]) -> int:
    try:
        return await act
    except names.LetterNotPrintable as refusal:
        part = "surnames" if refusal.field == "surnames" else "given"
        raise LetterInRow(field=f"{part}-{line.number}", row=line.number, **refusal.values) from refusal


async def confirmed_on(opened: OpenSheet) -> Mapping[int, names.Confirmed]:
    wanted = {line.person_id: line.number for line in opened.lines if line.person_id is not None}
    people = await reads(Registration).filter(id__in=list(wanted)).prefetch_related("participant")
    return {wanted[key]: found for key, found in (await names.confirmed(people)).items()}


# -- printed: letter paper, Spanish, names large with room for corrections


PROOF = Design(DESIGNS / "sheets" / "proof.typ", root=DESIGNS, fonts=DESIGNS / "fonts")
WORDS = "Así se imprime en el diploma. Si está bien, marque la casilla. Si no, escríbalo debajo con letra clara."


def proof_data(head: Head, opened: OpenSheet) -> dict[str, Any]:
    return {
        "operator": printable(head.operator),
        "hub": printable(head.hub),
        "short_title": printable(head.title),
        "code": opened.code,
        "words": WORDS,
        "printed": f"Impresa el {dates.numeric_date(clock.today())}.",
        "rows": [[str(line.number), printable(line.name)] for line in opened.lines if line.person_id is not None],
    }
