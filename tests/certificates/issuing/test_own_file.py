"""The holder's file, opened by their own link: the very one, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests.certificates.desk import Freeze, text_of
from tests.certificates.held import AFTER, a_diploma, make_held
from tests.certificates.sheets import said
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.models import CertificateKind
from trainings.lib import tokens
from trainings.registrations.models import OwnLink


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def link_of(registration_id: object) -> str:
    link = await OwnLink.get(registration_id=registration_id)
    assert link.token is not None
    return link.token


async def test_own_file_when_opened_by_the_link_then_the_very_file(client: AsyncClient) -> None:
    certificate = await a_diploma()
    token = await link_of(certificate.registration_id)

    page = await client.get(f"/i/{token}")
    answer = await client.get(f"/i/{token}/diploma/{certificate.code}.pdf")
    again = await client.get(f"/i/{token}/diploma/{certificate.code}.pdf")

    assert f'href="/i/{token}/diploma/{certificate.code}.pdf"' in page.text
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == 'inline; filename="VIMMIG-1705-2027-000001.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "María Elena Caal Tzib" in said(answer.content)[0]
    assert again.content == answer.content


async def test_own_file_when_somebody_elses_revoked_or_unknown_then_the_same_404(client: AsyncClient) -> None:
    training = await make_held()
    mine = await a_diploma(training, given_names="Ana")
    theirs = await a_diploma(training, given_names="Beto")
    token = await link_of(mine.registration_id)
    await revoke(mine.id, "prueba", actor=PROGRAM)

    page = await client.get(f"/i/{token}")
    shown = text_of(page)
    assert f"El diploma con el folio {mine.folio} fue anulado el 14 de marzo de 2027. Ya no es válido." in shown
    assert "No lo presente" in shown
    assert f'href="/verificar/{mine.code}"' in page.text
    assert ("su diploma aparece aquí" in shown, "prueba" in page.text, theirs.folio in page.text) == (
        False,
        False,
        False,
    )

    again = await issue(mine.registration_id, CertificateKind.DIPLOMA, actor=PROGRAM)
    with_another = text_of(await client.get(f"/i/{token}"))
    assert (f"En su lugar vale el folio {again.folio}: use ese." in with_another, "No lo presente" in with_another) == (
        True,
        False,
    )
    await revoke(again.id, "prueba", actor=PROGRAM)

    answers = [
        await client.get(path)
        for path in (
            f"/i/{token}/diploma/{theirs.code}.pdf",
            f"/i/{token}/diploma/{mine.code}.pdf",
            f"/i/{token}/diploma/{tokens.certificate_code()}.pdf",
            f"/i/{tokens.own_link()}/diploma/{theirs.code}.pdf",
            f"/i/x/diploma/{theirs.code}.pdf",
        )
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_own_file_when_a_year_has_passed_then_still_there(client: AsyncClient, freeze: Freeze) -> None:
    certificate = await a_diploma()
    token = await link_of(certificate.registration_id)
    freeze(AFTER + timedelta(days=365))

    assert (await client.get(f"/i/{token}/diploma/{certificate.code}.pdf")).status_code == 200
    await revoke(certificate.id, "prueba", actor=PROGRAM)
    shown = text_of(await client.get(f"/i/{token}"))
    assert f"{certificate.folio} fue anulado el 13 de marzo de 2028. Ya no es válido." in shown
    assert "No hay diplomas de esta capacitación" not in shown
