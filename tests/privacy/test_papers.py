"""Erasing certificates: the name only, or all; by an own link after 72 hours, with a way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx2 import AsyncClient, Response

from tests.certificates.desk import Freeze, text_of
from tests.certificates.held import AFTER, make_attendee, make_held
from tests.privacy.asked import MOMENT, work
from tests.registrations.wishes import link_of
from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.making.files import NameRemoved, file_of
from trainings.certificates.making.transcripts import make_transcript
from trainings.certificates.models import (
    Certificate,
    CertificateFile,
    CertificateKind,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobPurpose,
    JobState,
    SkipReason,
    Transcript,
)
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.privacy.withdrawal import erase_papers
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import PAPERS, What
from trainings.settings import Settings

DIPLOMA = CertificateKind.DIPLOMA
DUE = AFTER + timedelta(hours=72)
NAME_WORDS = ("Caal", "M. E. C. T.")


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def a_person() -> tuple[Registration, Certificate, bytes, Transcript]:
    """With a diploma, its file and a transcript."""
    registration = await make_attendee(await make_held())
    certificate = await issue(registration.id, DIPLOMA, actor=PROGRAM)
    content = (await file_of(certificate)).content
    loaded = await Registration.get(id=registration.id).prefetch_related("participant")
    return registration, certificate, content, await make_transcript(loaded, actor=PROGRAM)


def but_for(page: Response, code: str) -> str:
    """The page without the code that was typed, which stands in the form again."""
    return page.text.replace(code, "")


async def drop(client: AsyncClient, content: bytes) -> str:
    page = await client.post("/verificar/archivo", files={"archivo": ("a.pdf", content, "application/pdf")})
    return text_of(page)


async def test_name_when_removed_then_code_folio_and_file_hold_and_no_name_is_left(client: AsyncClient) -> None:
    registration, certificate, content, transcript = await a_person()
    never = tokens.certificate_code()
    unknown = but_for(await client.get(f"/verificar/{never}"), never)

    n = await erase_papers(registration.id, What.NAME, actor=HOLDER_OF_LINK)
    again = await erase_papers(registration.id, What.NAME, actor=HOLDER_OF_LINK)

    page = await client.get(f"/verificar/{certificate.code}")
    compared = await client.post(f"/verificar/{certificate.code}", data={"name": "María Elena Caal Tzib"})
    badge = await client.get(f"/verificar/{certificate.code}.json")
    row = await Certificate.get(id=certificate.id)
    file = await CertificateFile.get(certificate_id=certificate.id)
    assert (n, again) == (1, 0)
    assert "Este diploma es válido" in page.text
    assert "Pidió que ya no guardemos su nombre." in page.text
    assert not any(word in page.text for word in NAME_WORDS)
    assert "¿Es este el nombre?" not in page.text
    assert compared.status_code == 200, "asked from a page of before: neither yes nor no"
    assert ("Pidió que ya no" in compared.text, "no coincide" in compared.text) == (True, False)
    assert badge.json()["credentialSubject"]["achievement"]["name"] == row.title
    assert not any(word in badge.text for word in NAME_WORDS)
    assert "El archivo es el que entregamos, sin ningún cambio." in await drop(client, content)
    assert (row.printed_name, row.initials, row.folio, row.code) == ("—", "", certificate.folio, certificate.code)
    assert row.sheet["person_name"] == "—"
    assert (file.content, file.credential) == (b"", None)
    assert not any("Caal" in str(value) for value in (await Certificate.filter(id=row.id).values())[0].values())
    assert but_for(await client.get(f"/verificar/{transcript.code}"), transcript.code) == unknown
    with pytest.raises(NameRemoved):
        await file_of(row)
    assert (await client.get(f"{await link_of(registration)}/diploma/{certificate.code}.pdf")).status_code == 404


async def test_all_when_removed_then_the_code_answers_like_one_that_never_was(client: AsyncClient) -> None:
    registration, certificate, content, transcript = await a_person()
    never = tokens.certificate_code()
    unknown = await client.get(f"/verificar/{never}")
    compared = but_for(await client.post(f"/verificar/{never}", data={"name": "Ana"}), never)
    strange = await drop(client, b"%PDF-1.7 nada")

    n = await erase_papers(registration.id, What.PAPERS, actor=PROGRAM)

    gone = await client.get(f"/verificar/{certificate.code}")
    posted = await client.post(f"/verificar/{certificate.code}", data={"name": "María Elena Caal Tzib"})
    row = await Certificate.get(id=certificate.id)
    typed = await client.get(f"/verificar/{row.code}")
    assert n == 1
    assert (gone.status_code, but_for(gone, certificate.code)) == (404, but_for(unknown, never))
    differing = {"date": "", "content-length": ""}  # packed, one code takes an octet more than another
    assert dict(gone.headers) | differing == dict(unknown.headers) | differing
    assert (but_for(posted, certificate.code), but_for(typed, row.code)) == (compared, but_for(unknown, never))
    assert but_for(await client.get(f"/verificar/{transcript.code}"), transcript.code) == but_for(unknown, never)
    assert await drop(client, content) == strange
    assert (row.state, row.folio, row.printed_name) == (CertificateState.REVOKED, certificate.folio, "—")
    assert certificate.code not in str(row.sheet)
    assert not await CertificateFile.exists(certificate_id=row.id)
    assert await Certificate.filter(folio=certificate.folio).count() == 1, "the folio is never used again"


async def test_prepared_when_the_name_is_removed_then_withdrawn(db: Settings) -> None:
    registration, certificate, _content, _transcript = await a_person()
    await Certificate.filter(id=certificate.id).update(state=CertificateState.PREPARED, validated_at=None)

    await erase_papers(registration.id, What.NAME, actor=PROGRAM)

    row = await Certificate.get(id=certificate.id)
    assert (row.state, row.code.startswith("-")) == (CertificateState.REVOKED, True)


async def test_name_when_staff_wrote_it_or_its_letters_elsewhere_then_gone_there_too(db: Settings) -> None:
    registration, certificate, _content, _transcript = await a_person()
    job = await IssueJob.create(
        training_id=registration.training_id,
        hub_id=certificate.hub_id,
        purpose=JobPurpose.ISSUE,
        state=JobState.DONE,
    )
    skip = await IssueSkip.create(job=job, registration=registration, reason=SkipReason.LETTERS, detail="王芳")
    await revoke(certificate.id, "se llama María Caal, no Ana", actor=PROGRAM)

    await erase_papers(registration.id, What.NAME, actor=PROGRAM)

    assert (await Certificate.get(id=certificate.id)).revoked_reason == ""
    assert (await IssueSkip.get(id=skip.id)).detail == ""


# -- by the own link


async def test_own_link_when_asked_then_72_hours_with_a_way_back(client: AsyncClient, freeze: Freeze) -> None:
    registration, certificate, _content, _transcript = await a_person()
    base = await link_of(registration)
    page = f"{base}/diplomas/borrar"

    shown = await client.get(page)
    nothing = await client.post(page, data={})
    data = await client.post(page, data={"what": "data"})
    asked = await client.post(page, data={"what": "name"})
    again = await client.post(page, data={"what": "name"})
    notice = await client.get(base)
    kept = await client.post(f"{base}/diplomas/no-borrar")
    n_after_undo = await OutboxJob.filter(kind=PAPERS).count()
    await client.post(page, data={"what": "papers"})
    of_papers = await client.get(base)
    freeze(DUE - MOMENT)
    before = await Certificate.get(id=certificate.id)
    freeze(DUE)
    late = await client.post(f"{base}/diplomas/no-borrar")

    assert certificate.folio in shown.text
    assert (nothing.status_code, data.status_code, asked.status_code, again.status_code) == (422, 303, 303, 303)
    assert "se quita el nombre" in text_of(notice)
    assert "se borran los diplomas" in text_of(of_papers)
    assert f'action="{base}/diplomas/no-borrar"' in notice.text
    assert (kept.status_code, n_after_undo) == (303, 0)
    assert before.printed_name == "María Elena Caal Tzib"
    assert late.status_code == 409
    acts = [line.act for line in await AuditLine.filter(act__startswith="privacy.").order_by("id")]
    assert acts == ["privacy.ask_for_erasure_of_papers", "privacy.keep_papers", "privacy.ask_for_erasure_of_papers"]


async def test_worker_when_72_hours_are_over_then_done_once(db: Settings, freeze: Freeze, client: AsyncClient) -> None:
    registration, certificate, _content, _transcript = await a_person()
    base = await link_of(registration)
    await client.post(f"{base}/diplomas/borrar", data={"what": "name"})

    freeze(DUE - MOMENT)
    await work(db)
    before = (await Certificate.get(id=certificate.id)).printed_name
    freeze(DUE + MOMENT)
    await work(db)

    assert (before, (await Certificate.get(id=certificate.id)).printed_name) == ("María Elena Caal Tzib", "—")
    assert not await OutboxJob.exists(kind=PAPERS)
    assert await AuditLine.filter(act="privacy.erase_papers").count() == 1
    assert clock.now() > DUE
