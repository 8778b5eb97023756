"""The page of a job, and the paper: one PDF for the printer in the order of the ceremony, one ZIP of all files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from io import BytesIO

import pytest

from tests.certificates.desk import Browsers, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, make_attendee
from tests.certificates.issuing.test_bulk import work
from tests.certificates.issuing.test_late_data import left
from tests.certificates.sheets import said
from trainings.audit.actor import PROGRAM
from trainings.certificates.ceremony import printing
from trainings.certificates.issuing import bulk, queries
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.issuing.names import withdraw_all
from trainings.certificates.models import (
    Certificate,
    CertificateFile,
    CertificateKind,
    CertificateState,
    IssueJob,
    JobState,
)
from trainings.db import transaction
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def test_job_when_started_paused_and_done_then_told_step_by_step(new_client: Browsers, freeze: Freeze) -> None:
    desk = await make_desk()
    await make_attendee(desk.training, given_names="Dora 😀", surnames="Ba")
    freeze(AFTER + timedelta(minutes=1))
    browser = await signed_in(new_client, desk.cast.coordinator)

    started = await browser.post(desk.page)
    job = await IssueJob.get()
    running = await browser.get(started.headers["location"])
    told = await browser.get(f"{started.headers['location']}/avance")
    paused = await browser.post(started.headers["location"], data={"turn": "pause"})
    waiting = await browser.get(started.headers["location"])
    await browser.post(started.headers["location"], data={"turn": "go_on"})
    await work()
    done = await browser.get(started.headers["location"])
    ended = await browser.post(started.headers["location"], data={"turn": "stop"})

    assert started.headers["location"] == f"{desk.page}/trabajo/{job.id}"
    assert "Puede cerrar esta página: sigue sola." in running.text
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in running.text
    assert told.json() == {
        "state": "running",
        "n_rows": 6,
        "n_done": 4,
        "words": "4 de 4 personas revisadas · 0 de 2 archivos listos.",
    }
    assert (paused.status_code, "Está en pausa." in waiting.text) == (303, True)
    assert "Terminado: 1 documento nuevo. Con los de antes hay 2 con su archivo." in text_of(done)
    words = text_of(done)
    assert "3 personas quedaron sin documento nuevo" in words
    assert "Dora 😀 B. El diploma no puede imprimir «😀». Corrija el nombre." in words
    assert f"Ana C. X. Ya tenía el suyo: {desk.certificate.folio}." in words
    assert "Cata C. T. No completó las horas; puede darle una constancia." in words
    assert (
        f'<a class="tap" href="/panel/inscripciones/{desk.other.id}/diploma">No completó las horas; puede' in done.text
    )
    assert ended.status_code == 409
    assert (await IssueJob.get()).state is JobState.DONE


async def test_notes_when_pressed_then_a_job_of_their_own_and_who_never_came_is_not_in_the_way(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await make_desk()
    await make_attendee(desk.training, given_names="Eva", surnames="Pop", sessions=list(desk.training.sessions)[:1])
    await make_attendee(desk.training, given_names="Zoila", surnames="Ac", sessions=[])
    freeze(AFTER + timedelta(minutes=1))
    browser = await signed_in(new_client, desk.cast.coordinator)

    first = await browser.get((await browser.post(desk.page)).headers["location"])
    offered = text_of(await browser.get(desk.page))
    started = await browser.post(f"{desk.page}/constancias")
    await work()
    done = await browser.get(started.headers["location"])
    page = text_of(await browser.get(desk.page))
    freeze(AFTER + timedelta(minutes=2))
    diplomas = await browser.post(desk.page)
    await work()
    left_out = text_of(await browser.get(diplomas.headers["location"]))
    helped = text_of(await (await signed_in(new_client, desk.cast.assistant)).get(diplomas.headers["location"]))
    zipped = await browser.get(f"{desk.page}/todos.zip")

    assert "2 personas asistieron y no llegaron al diploma. Emitir 2 constancias de asistencia" in offered
    assert "<h1>Emitir constancias</h1>" in done.text
    assert "Terminado: 2 documentos nuevos. Con los de antes hay 4 con su archivo." in text_of(done)
    assert ("Emitir 2" in page, "sin documento nuevo" in done.text) == (False, False)
    assert "Cata C. T. No completó las horas; ya tiene constancia." in left_out
    assert "1 persona no asistió Zoila A." in left_out
    assert "Dar las constancias de una vez" in text_of(first)
    assert "Dar las constancias de una vez" not in left_out, "they have them"
    assert "puede darle" not in helped, "who may not issue is not told to"
    with zipfile.ZipFile(BytesIO(zipped.content)) as archive:
        assert (archive.testzip(), len(archive.namelist())) == (None, 4)
    assert zipped.headers["content-type"] == "application/zip"


async def test_job_when_others_issue_meanwhile_and_one_file_fails_then_counts_its_own_papers(
    new_client: Browsers, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PEOPLE_AT_ONCE", 2)
    desk = await make_desk()
    theirs = [await make_attendee(desk.training, given_names=name, surnames="Ba") for name in ("Dora", "Fe")]
    eva = await make_attendee(desk.training, given_names="Eva", surnames="Pop")
    freeze(AFTER + timedelta(minutes=1))
    browser = await signed_in(new_client, desk.cast.coordinator)
    other = await signed_in(new_client, desk.cast.admin)

    started = (await browser.post(desk.page)).headers["location"]
    await browser.post(started, data={"turn": "pause"})
    for one in theirs:
        await other.post(f"/panel/inscripciones/{one.id}/diploma", data={"kind": "diploma"})
    own = await Certificate.get(registration_id=desk.completed.id)
    await Certificate.filter(id=own.id).update(sheet={**own.sheet, "minutes": 0})
    await browser.post(started, data={"turn": "go_on"})
    await work()
    done = text_of(await browser.get(started))
    freeze(AFTER + timedelta(minutes=2))
    await other.post(f"/panel/inscripciones/{desk.other.id}/diploma", data={"kind": "constancia"})
    later = text_of(await browser.get(started))

    given = await queries.issued_by(await IssueJob.get())
    assert [one.registration_id for one in given] == [desk.completed.id, eva.id]
    assert "Terminado: 2 documentos nuevos. Con los de antes hay 4 con su archivo." in done
    assert "Beto C. T. Las Pozas No se pudo:" in done
    assert "Terminado: 2 documentos nuevos." in later


async def test_job_then_offers_no_note_that_the_job_for_notes_would_pass_over(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await make_desk()
    first = list(desk.training.sessions)[:1]
    noted, unsaid, short = [
        await make_attendee(desk.training, given_names=name, surnames="Pop", sessions=first)
        for name in ("Eva", "Fe 😀", "Gil")
    ]
    await revoke((await issue(noted.id, CertificateKind.CONSTANCIA, actor=PROGRAM)).id, "error", actor=PROGRAM)
    await issue(desk.other.id, CertificateKind.CONSTANCIA, actor=PROGRAM)
    await left(desk.training, await Registration.get(id=desk.certificate.registration_id), 1)
    freeze(AFTER + timedelta(minutes=1))
    browser = await signed_in(new_client, desk.cast.coordinator)

    job = await browser.post(desk.page)
    async with transaction():
        await withdraw_all([desk.other.participant_id])
    words = text_of(page := await browser.get(job.headers["location"]))
    started = await browser.post(f"{desk.page}/constancias")

    assert f"Ana C. X. Ya tenía el suyo: {desk.certificate.folio}." in words
    assert "Eva P. Se anuló el 14 de marzo de 2027; si le toca otra, emítala en su página." in words
    assert "Cata C. T. No completó las horas." in words, "their papers were taken away at their word"
    assert "Fe 😀 P. No completó las horas." in words
    assert ("Gil P. No completó las horas; puede darle una constancia." in words, words.count("puede darle")) == (
        True,
        1,
    )
    assert "Dar las constancias de una vez" not in page.text
    notes = await queries.issued_by(await IssueJob.get(id=started.headers["location"][-36:]))
    assert [one.registration_id for one in notes] == [short.id]
    assert await Certificate.exists(registration_id=unsaid.id) is False


async def test_job_when_one_was_annulled_then_says_when_and_where_to_issue_another(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await make_desk()
    await revoke(desk.certificate.id, "se emitió por error", actor=PROGRAM)
    freeze(AFTER + timedelta(minutes=1))
    browser = await signed_in(new_client, desk.cast.coordinator)
    person = f"/panel/inscripciones/{desk.certificate.registration_id}/diploma"

    offered = await browser.get(desk.page)
    started = await browser.post(desk.page)
    left_out = await browser.get(started.headers["location"])
    helped = await (await signed_in(new_client, desk.cast.assistant)).get(started.headers["location"])
    alone = await browser.get(person)
    await browser.post(person, data={"kind": "diploma"})

    assert "Emitir el que falta" in offered.text
    assert f'<a class="tap" href="{person}?pagina=1">Ver si le toca otro' in offered.text
    way = "Se anuló el 14 de marzo de 2027; si le toca otro, emítalo en su página."
    assert f'<a class="tap" href="{person}">{way}</a>' in left_out.text
    assert "Se anuló el 14 de marzo de 2027." in text_of(helped)
    assert "Su diploma se anuló el 14 de marzo de 2027. Emita otro solo si le toca." in text_of(alone)
    assert '<button class="button quiet" name="kind" value="diploma">' in alone.text
    assert "se anuló" not in (await browser.get(person)).text
    new = await Certificate.get(registration_id=desk.certificate.registration_id, state=CertificateState.VALID)
    assert new.replaces_id == desk.certificate.id


async def test_print_when_one_is_corrected_and_one_annulled_this_moment_then_the_first_is_set_anew_the_other_left_out(
    new_client: Browsers, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await make_desk()
    corrected = await make_attendee(desk.training, given_names="Zoila", surnames="Ac")
    browser = await signed_in(new_client, desk.cast.coordinator)
    freeze(AFTER + timedelta(minutes=1))
    await browser.post(desk.page)
    see_to_files = printing._see_to_files

    async def meanwhile(training: Training, papers: Sequence[Certificate]) -> None:
        await see_to_files(training, papers)
        await CertificateFile.filter(certificate__registration_id=corrected.id).delete()
        await Certificate.filter(id=desk.certificate.id).update(state=CertificateState.REVOKED)

    monkeypatch.setattr(printing, "_see_to_files", meanwhile)
    printed = await browser.post(f"{desk.page}/imprimir")
    zipped = await browser.get(f"{desk.page}/todos.zip")

    faces = said(printed.content)[::2]
    assert sorted(("Zoila Ac" in face, desk.certificate.folio in face) for face in faces) == [
        (False, False),
        (True, False),
    ]
    assert await Certificate.filter(printed_at__not_isnull=True).count() == 2
    with zipfile.ZipFile(BytesIO(zipped.content)) as archive:
        assert desk.certificate.folio not in " ".join(archive.namelist())
