"""Lists of people: nothing before it is confirmed, everybody once after it, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests import make
from tests.registrations.lists import (
    HEADER,
    JUAN,
    MARIA,
    ROSA,
    a_training,
    an_actor,
    confirmed,
    counts,
    imported,
    matched,
    people,
    verdicts,
    with_columns,
    work_off,
)
from tests.tables import text, xlsx
from trainings.audit.models import AuditLine
from trainings.db import sql
from trainings.errors import Refusal
from trainings.lib.tabular import Problem
from trainings.people.models import Assent, Consent, ConsentHow, Guardian, Participant
from trainings.registrations.imports import actions
from trainings.registrations.imports.rows import Verdict
from trainings.registrations.models import ImportDraft, ImportState, Registration, Source
from trainings.schedule.models import Training, TrainingState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


async def names(training: Training) -> list[str]:
    found = Registration.filter(training_id=training.id).order_by("id").prefetch_related("participant")
    return [one.participant.full_name for one in await found]


# -- the file


@pytest.mark.both_engines
async def test_uploaded_list_is_sealed_and_registers_nobody(db: Settings) -> None:
    training, actor = await a_training(), await an_actor()

    draft = await actions.upload(training, text(HEADER + ",DPI", MARIA + ",1234567890101"), actor=actor)

    kept = await ImportDraft.get(id=draft.id)
    assert (kept.state, kept.n_rows, kept.user_id) == (ImportState.PREVIEW, 1, actor.id)
    assert "Caal Tzib" in (kept.rows or "")
    assert "1234567890101" not in (kept.rows or "")
    [stored] = await sql.rows("SELECT rows FROM import_draft")
    assert "Caal" not in stored["rows"]
    assert await Participant.all().count() == 0
    line = await AuditLine.get(act="registrations.upload_list")
    assert line.detail == {"rows": 1, "dropped": ["document"]}


NO_LISTS: list[tuple[bytes, str]] = [
    (b"", "El archivo está vacío"),
    (b"%PDF-1.7", "Es un PDF"),
    (b"\x89PNG\r\n\x1a\n", "Es una foto o imagen"),
    (text(HEADER), "no hay ninguna persona"),
    (
        text("Nombre", *["Ana Coc"] * 50_000),
        "La lista tiene 50,000 filas y aquí caben 2,000 a la vez. Divídala en 25",
    ),
    (text("Taller en Flores", "", HEADER, *people(4_000)), "La lista tiene 4,000 filas y aquí caben 2,000"),
    (xlsx([["Taller en Flores"], HEADER.split(","), *[["Ana", "Coc"]] * 4_000]), "Divídala en 2 archivos"),
    (text(HEADER, *people(2_001)), "La lista tiene 2,001 filas"),
    (text(",".join(["x"] * 101), "y"), "La hoja tiene 101 columnas y aquí caben 100"),
]


async def test_what_is_no_list_is_refused_in_words_and_not_kept(sqlite_db: Settings) -> None:
    for content, words in NO_LISTS:
        with pytest.raises(Refusal) as caught:
            await actions.upload(await a_training(), content, actor=await an_actor())

        assert words in str(caught.value), words
        assert caught.value.field == "file", words
        assert await ImportDraft.all().count() == 0, words


def test_every_problem_of_a_file_has_its_sentence() -> None:
    assert set(actions.UNREADABLE) == set(Problem)


@pytest.mark.parametrize(
    ("state", "code"), [(TrainingState.DRAFT, "not_published"), (TrainingState.CANCELLED, "cancelled")]
)
async def test_training_that_takes_nobody_takes_no_list(sqlite_db: Settings, state: TrainingState, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        await actions.upload(await a_training(state=state), text(HEADER, MARIA), actor=await an_actor())

    assert caught.value.code == code


async def test_latin_letters_of_an_old_program_arrive_whole(sqlite_db: Settings) -> None:
    training, actor = await a_training(), await an_actor()
    draft = await actions.upload(training, text("Nombre;Edad", "José Núñez Peña;34", encoding="cp1252"), actor=actor)

    sheet = actions.sheet_in(await ImportDraft.get(id=draft.id))

    assert sheet.is_guessed
    assert sheet.column(0) == ["José Núñez Peña"]


# -- the preview


async def test_preview_tells_new_known_and_wrong_rows_apart(db: Settings) -> None:
    training = await a_training()
    await make.make_registration(training, municipality="1705", phone="+50255551234")
    await make.make_registration(training, given_names="Rosa", surnames="Coc", municipality="1705")

    found = await verdicts(training, MARIA, JUAN, JUAN, ROSA, "Beto,,1705,,COCODE,,,,,,")

    assert found == [
        (Verdict.KNOWN, ("Ya hay alguien con ese nombre, municipio y teléfono o correo.",)),
        (Verdict.NEW, ()),
        (Verdict.KNOWN, ("Es igual a la fila 3.",)),
        (Verdict.NEW, ("Hay otra persona con ese nombre y municipio: se inscribe aparte.",)),
        (Verdict.REFUSED, ("Apellidos: falta este dato.",)),
    ]
    assert await Participant.all().count() == 2


async def test_mother_and_daughter_of_one_name_and_telephone_are_both_registered(db: Settings) -> None:
    training = await a_training(admits_minors=True)

    draft = await confirmed(
        training,
        ["Ana,Coc,1705,COCODE,15,Ana Coc,madre,55557777,sí,", "Ana,Coc,1705,COCODE,40,,,,,55557777"],
        await an_actor(),
        header="Nombres,Apellidos,Municipio,Cargo,Edad,Encargada,Parentesco,Teléfono encargada,Quiere participar,Tel",
    )
    done = await work_off(draft)

    assert (done.n_new, done.n_known, done.n_refused) == (2, 0, 0)


async def test_preview_refuses_whom_the_training_is_not_for(sqlite_db: Settings) -> None:
    adults = await a_training(admits_minors=False)

    [(verdict, why)] = await verdicts(
        adults,
        "Ana,Coc,1705,COCODE,15,Marta,madre,55557777,sí",
        header="Nombres,Apellidos,Municipio,Cargo,Edad,Encargada,Parentesco,Teléfono encargada,Quiere participar",
    )

    assert verdict is Verdict.REFUSED
    assert why[0].startswith("Esta capacitación es para personas de 18 años o más.")


async def test_name_of_two_municipalities_is_read_near_the_hub_and_said(sqlite_db: Settings) -> None:
    training = await a_training()
    draft = await matched(training, ["Ana,Coc,La Libertad,,COCODE,,,,,,"] * 2, await an_actor())

    preview = await actions.preview(draft, training)

    assert preview.notes == {"«La Libertad» se tomó como La Libertad, Petén.": 2}


# -- confirmed


async def test_confirmed_list_registers_each_person_with_the_permission_it_came_with(db: Settings) -> None:
    training, actor = await a_training(), await an_actor()

    draft = await confirmed(training, [MARIA, JUAN, "Beto,,1705,,COCODE,,,,,,"], actor, how=ConsentHow.READ_ALOUD)
    assert await names(training) == []
    done = await work_off(draft)

    assert (done.state, counts(done)) == (ImportState.DONE, (2, 0, 1))
    assert await names(training) == ["María Elena Caal Tzib", "Juan De La Cruz Pop"]
    registrations = await Registration.filter(training_id=training.id)
    assert {one.source for one in registrations} == {Source.IMPORT}
    assert {(one.how, one.purpose.value, one.recorded_by_id) for one in await Consent.all()} == {
        (ConsentHow.READ_ALOUD, "data", actor.id)
    }
    lines = await AuditLine.filter(act__startswith="registrations.").order_by("id")
    acts = ["upload_list", "confirm_list", "sign_up", "sign_up", "import_list"]
    assert [line.act.partition(".")[2] for line in lines] == acts
    assert {line.actor_id for line in lines} == {actor.id}
    assert not any("Caal" in str(line.detail) for line in lines)


async def test_permission_is_said_to_have_been_received_by_who_confirmed_the_list(sqlite_db: Settings) -> None:
    training, who_uploads, who_confirms = await a_training(), await an_actor(), await an_actor()
    draft = await matched(training, [MARIA], who_uploads)

    await actions.confirm(draft.id, training, ConsentHow.PAPER, actor=who_confirms)
    await work_off(draft)

    assert (await Consent.get()).recorded_by_id == who_confirms.id
    acts = ("upload_list", "confirm_list", "sign_up", "import_list")
    by = {line.act: line.actor_id for line in await AuditLine.filter(act__in=[f"registrations.{act}" for act in acts])}
    assert [by[f"registrations.{act}"] for act in acts] == [who_uploads.id, *[who_confirms.id] * 3]


async def test_minor_of_a_list_is_kept_with_guardian_and_assent(db: Settings) -> None:
    training, actor = await a_training(admits_minors=True), await an_actor()
    header = (
        "Nombres,Apellidos,Municipio,Cargo,Edad,Teléfono,Encargada,Parentesco,Tel. de la encargada,Quiere participar"
    )

    done = await imported(
        training, ["Ana,Coc,1705,Juventud,15,44441234,Marta Choc,mamá,5555 7777,sí"], actor, header=header
    )

    assert counts(done) == (1, 0, 0)
    minor = await Participant.get()
    assert (minor.phone, minor.email) == (None, None)
    guardian = await Guardian.get(participant_id=minor.id)
    assert (guardian.name, guardian.phone, guardian.how) == ("Marta Choc", "+50255557777", ConsentHow.PAPER)
    assert await Assent.filter(participant_id=minor.id, recorded_by_id=actor.id).count() == 1


async def test_full_training_without_a_waiting_list_refuses_the_rest_by_name_of_the_reason(db: Settings) -> None:
    training, actor = await a_training(capacity=1, has_waiting_list=False), await an_actor()

    done = await imported(training, [*people(2), people(2)[1], people(2)[0]], actor)

    assert counts(done) == (1, 1, 2)
    why = (
        "Ya no quedan lugares y no hay lista de espera. Quien coordina puede subir el cupo o abrir la lista en el "
        "formulario de la capacitación."
    )
    assert actions.outcomes_of(done).refused == {3: why, 4: why}


async def test_sheet_full_of_formulas_gives_words_and_nothing_else(sqlite_db: Settings) -> None:
    training, actor = await a_training(), await an_actor()

    def draw(_workbook: Any, sheet: Any) -> None:
        sheet.write_formula("A2", '=HYPERLINK("http://x","Ana Coc")', value="Ana Coc")
        sheet.write_formula("B2", "=1/0", value="#DIV/0!")
        sheet.write_string("A3", "=cmd|' /C calc'!A0")

    content = xlsx([["Nombre completo", "Comunidad"]], draw=draw)
    draft = await actions.upload(training, content, actor=actor)
    draft = await with_columns(draft, actions.ForAll(municipality="1705"))

    preview = await actions.preview(draft, training)

    assert [(one.verdict, one.row.label) for one in preview.rows] == [
        (Verdict.NEW, "Ana Coc"),
        (Verdict.REFUSED, "=cmd|' /C calc'!A0"),
    ]
