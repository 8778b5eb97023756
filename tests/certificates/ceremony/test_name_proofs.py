"""The proof list: what its lines mean, names taken apart, typed in by row, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import pypdf
import pytest

from tests.cast import make_cast
from tests.certificates.desk import Browsers, signed_in, text_of
from tests.certificates.held import AFTER, BEFORE, make_attendee, make_held
from tests.certificates.sheets import words
from tests.queries import until_somebody_waits
from trainings import clock
from trainings.attendance.sheets.queries import open_sheet, sheet_by_code
from trainings.attendance.sheets.row_lists import NoSuchRow, UnreadableRows
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM
from trainings.certificates.ceremony.name_proofs import NothingRead, RowWithoutName, keep_proof, read_proof, split_name
from trainings.certificates.issuing import names
from trainings.certificates.models import ConfirmedHow, NameConfirmation
from trainings.db import lock, transaction
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

Freeze = Callable[[datetime], None]


@pytest.mark.parametrize(
    ("written", "before", "names_", "surnames"),
    [
        ("María Elena Caal", ("María", "Caal"), "María", "Elena Caal"),  # a person looks at it afterwards
        ("María Elena Caal Tzib", ("Maria Elena", "Caal Tzib"), "María Elena", "Caal Tzib"),
        ("Ana de León Ba", ("Anna", "León"), "Ana", "de León Ba"),
        ("Ana De La Cruz", ("Anna", "Cruz"), "Ana", "De La Cruz"),
        ("Ana Coc", ("Ana María", "Coc"), "Ana", "Coc"),
        ("Ana", ("Anna", "Coc"), "Ana", ""),
        ("Juana Caal Xol Ñeq’", ("Juana", "Caal Xol"), "Juana", "Caal Xol Ñeq’"),
        ("María de los Ángeles Coc", ("Angeles", "Coc"), "María de los Ángeles", "Coc"),
    ],
)
def test_name_in_one_line_then_cut_where_the_one_of_before_was(
    written: str, before: tuple[str, str], names_: str, surnames: str
) -> None:
    assert split_name(written, given_names=before[0], surnames=before[1]) == (names_, surnames)


async def three_on_a_sheet(training: Training) -> tuple[list[Registration], str]:
    people = [
        await make_attendee(training, given_names=given, surnames=surnames)
        for given, surnames in (("Ana", "Cok"), ("Beto", "Caal"), ("Cata", "Tut"))
    ]
    with clock.frozen(BEFORE):
        sheet = await print_sheet(training.sessions[0].id, n_blank=1, columns=[], actor=PROGRAM)
    return people, sheet.code


async def test_proof_that_came_back_then_read_looked_at_and_saved(new_client: Browsers, freeze: Freeze) -> None:
    cast = await make_cast()
    training = await make_held(4, hub=cast.hub, facilitators=[cast.facilitator])
    [ana, beto, cata], code = await three_on_a_sheet(training)
    freeze(AFTER)
    browser = await signed_in(new_client, cast.facilitator)
    page = f"/panel/sesiones/{training.sessions[0].id}/hojas/{code}/nombres"
    lines = "todas menos 1 están bien\n1: Ana Coc"

    printed, file = await browser.get(f"{page}/imprimir"), await browser.get(f"{page}.pdf")
    unread = await browser.post(page, data={"lines": "quizás\n1: Ana Coc"})
    review = await browser.post(page, data={"lines": lines})
    odd = await browser.post(page, data={"lines": lines, "step": "save", "given-1": "Ana", "surnames-1": "Coc 😀"})
    empty = await browser.post(page, data={"lines": lines, "step": "save", "given-1": "Ana", "surnames-1": " "})
    nothing_kept = await NameConfirmation.all().count()
    saved = await browser.post(page, data={"lines": lines, "step": "save", "given-1": "Ana", "surnames-1": "Coc"})
    shown = await browser.get(page)

    assert "1 Ana Cok Casilla Corrección: 2 Beto Caal" in text_of(printed)
    [paper] = pypdf.PdfReader(BytesIO(file.content)).pages
    assert "1 Ana Cok Corrección: 2 Beto Caal Corrección:" in words(paper)
    assert (unread.status_code, "No entendemos «quizas»" in unread.text, "quizás" in unread.text) == (422, True, True)
    assert "2 nombres están bien" in review.text
    assert "1 corrección" in review.text
    assert 'name="surnames-1" type="text" value="Coc"' in review.text
    assert (odd.status_code, "El diploma no puede imprimir «😀», en la fila 1." in odd.text) == (422, True)
    assert 'href="#surnames-1"' in odd.text
    assert (empty.status_code, nothing_kept) == (422, 0)
    assert saved.status_code == 303
    assert "Listo. 3 nombres están confirmados." in shown.text
    assert "Nombres que alguien leyó y confirmó: 3 de 3." in text_of(shown)
    people = await Registration.all().order_by("id").prefetch_related("participant")
    assert {one.participant.full_name for one in people} == {"Ana Coc", "Beto Caal", "Cata Tut"}
    found = await names.confirmed(people)
    assert {key: (one.how, one.by) for key, one in found.items()} == {
        one.id: (ConfirmedHow.PROOF_LIST, cast.facilitator.name) for one in (ana, beto, cata)
    }


async def test_lines_then_read_however_they_are_said_and_refused_where_they_mean_nothing(
    sqlite_db: object, freeze: Freeze
) -> None:
    training = await make_held(4)
    _people, code = await three_on_a_sheet(training)
    freeze(AFTER)
    opened = await open_sheet(await sheet_by_code(code))
    said = {
        "1 2 3": ("todos bien", "todas bien", "Todo bien.", "están todas bien", "ESTÁN TODOS CORRECTOS", "todas",
                  "1-3 ok"),
        "1 2": ("todas correctas menos 3", "todos bien menos 3", "todas están bien menos 3", "todas menos 3: bien",
                "todas menos 3 están todas bien", "están bien todos menos la 3", "1 y 2 están todas bien",
                "las filas 1-2: todos bien"),
        "2": ("2: bien", "2. Bien."),
    }  # fmt: skip

    read = {line: [one.number for one in read_proof(line, opened).right] for lines in said.values() for line in lines}

    assert read == {line: [int(row) for row in rows.split()] for rows, lines in said.items() for line in lines}

    for name in ("’Ixchel Caal", "«Ana» Coc", "😀 Ana Coc"):
        [one] = read_proof(f"1: {name}", opened).corrections
        assert f"{one.given_names} {one.surnames}".strip() == name, "named as a letter of the name, not as a list"
    for typed, refusal in {
        "todas menos 9: bien": NoSuchRow, "4 está bien": RowWithoutName, "5: Ana": NoSuchRow, "\n": NothingRead,
        "todas quizás": UnreadableRows, "todas las filas 1 a 2 están bien": UnreadableRows,
        "todas 1-2": UnreadableRows, "están todas bien de la 1": UnreadableRows,
    }.items():  # fmt: skip
        with pytest.raises(refusal):
            read_proof(typed, opened)


async def test_family_on_the_paper_that_somebody_else_holds_then_neither_waits_for_the_other(
    postgres_db: object, freeze: Freeze
) -> None:
    """Corrections are written after what is right: by the paper, Ana comes after Beto."""
    [ana, beto, _cata], code = await three_on_a_sheet(await make_held(4))
    freeze(AFTER)
    proof = read_proof("todas menos 1 están bien\n1: Ana Coc", await open_sheet(await sheet_by_code(code)))
    is_held = asyncio.Event()

    async def meanwhile() -> tuple[int, int]:
        await is_held.wait()
        return await keep_proof(proof.right, proof.corrections, actor=PROGRAM)

    keeping = asyncio.create_task(meanwhile())
    async with transaction():
        await lock(Participant, [ana.participant_id])
        is_held.set()
        await until_somebody_waits()
        await lock(Participant, [ana.participant_id, beto.participant_id])

    assert (await keeping)[0] == 3
