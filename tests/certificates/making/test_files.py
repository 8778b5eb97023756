"""The file of a certificate: what it says, that it is kept, and that its QR leads to its check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import zxingcpp

from tests.certificates.held import AFTER, make_attendee, make_held, printed
from tests.certificates.sheets import photographed
from trainings import jobs
from trainings.audit.actor import PROGRAM
from trainings.certificates.designs import pdf
from trainings.certificates.issuing.actions import issue
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateFile, CertificateKind
from trainings.outbox.models import OutboxJob
from trainings.people.models import Participant
from trainings.places.models import Signatory
from trainings.settings import Settings

DIPLOMA, CONSTANCIA, CERTIFICADO = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA, CertificateKind.CERTIFICADO
Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def test_file_when_name_has_apostrophes_then_printed_exactly(db: Settings) -> None:
    person = await make_attendee(await make_held(), given_names="Ixch’el Tzʼun", surnames="Qꞌanil Ñandú")

    face, back = await printed(await issue(person.id, DIPLOMA, actor=PROGRAM))

    assert "otorga el presente Diploma a Ixch’el Tzʼun Qꞌanil Ñandú por haber completado" in face
    assert "Folio VIMMIG-1705-2027-000001" in back
    assert "localhost:8000/verificar" in back


async def test_file_when_qr_is_read_then_leads_to_the_check_of_this_certificate(db: Settings) -> None:
    certificate = await issue((await make_attendee(await make_held())).id, DIPLOMA, actor=PROGRAM)
    file = await file_of(certificate)

    [read] = zxingcpp.read_barcodes(photographed(file.content, 1, 150))

    assert read.text == f"HTTP://LOCALHOST:8000/V/{certificate.code}"
    assert read.ec_level == "M"


async def test_file_when_the_design_changes_then_the_one_given_out_stays(
    db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = await issue((await make_attendee(await make_held())).id, DIPLOMA, actor=PROGRAM)
    first = await file_of(certificate)

    def another_design(*_args: Any, **_options: Any) -> bytes:
        raise AssertionError("a certificate was set twice")

    monkeypatch.setattr(pdf, "render", another_design)
    again = await file_of(await Certificate.get(id=certificate.id))

    assert again.content == first.content
    assert (first.typst_version, first.design_version, first.fonts_version) == tuple(pdf.versions().values())


async def test_file_when_opened_by_many_at_once_then_one_is_kept(db: Settings) -> None:
    certificate = await issue((await make_attendee(await make_held())).id, DIPLOMA, actor=PROGRAM)

    files = await asyncio.gather(*(file_of(certificate) for _ in range(3)))

    assert len({file.content for file in files}) == 1
    assert await CertificateFile.filter(certificate_id=certificate.id).count() == 1


async def test_file_when_training_is_edited_later_then_the_paper_says_what_it_said(db: Settings) -> None:
    training = await make_held()
    person = await make_attendee(training)
    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)
    await Participant.filter(id=person.participant_id).update(given_names="Otra")
    await Signatory.all().delete()
    training.title = "Otro título"
    await training.save(update_fields=["title"])

    face, _back = await printed(await Certificate.get(id=certificate.id))

    assert "María Elena Caal Tzib" in face
    assert "«Riesgos de la migración irregular: mitos y realidades»" in face
    assert "Marta Inés Chub Pop Alcaldesa municipal Rosa Xol Tiul" in face


async def test_job_when_worked_then_the_file_is_there_and_nothing_is_sent(db: Settings) -> None:
    certificate = await issue((await make_attendee(await make_held())).id, DIPLOMA, actor=PROGRAM)
    [job] = await OutboxJob.filter(kind="certificate_file")

    assert await jobs.COMPOSERS["certificate_file"](job) is None
    assert await jobs.COMPOSERS["certificate_file"](job) is None

    assert await CertificateFile.filter(certificate_id=certificate.id).count() == 1
