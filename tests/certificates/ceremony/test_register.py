"""The register of folios: every number in order, whatever became of it, for who works at a desk of the operator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO

import pypdf
import pytest
from python_calamine import CalamineWorkbook

from tests import make
from tests.certificates.desk import Browsers, Desk, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, a_diploma, make_held
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.ceremony import register
from trainings.certificates.issuing import names
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, HandedOver
from trainings.db import transaction
from trainings.people.models import Participant
from trainings.registrations.models import Registration

Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


def address_of(desk: Desk, ending: str = "") -> str:
    return f"/panel/folios/{desk.certificate.operator_id}/2027{ending}"


@make.kept
async def three_folios() -> Desk:
    """One annulled, one handed over, one prepared."""
    desk = await make_desk()
    await revoke(desk.certificate.id, "se emitió por error", actor=PROGRAM)
    second = await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    third = await issue(desk.completed.id, CertificateKind.CONSTANCIA, actor=PROGRAM)
    await Certificate.filter(id=second.id).update(
        handed_over_at=AFTER + timedelta(days=1), handed_over_how=HandedOver.ROW
    )
    await Certificate.filter(id=third.id).update(state=CertificateState.PREPARED, validated_at=None)
    return desk


async def test_register_then_all_numbers_in_order_with_what_became_of_them(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await three_folios()
    freeze(AFTER + timedelta(days=2))
    browser = await signed_in(new_client, desk.cast.assistant)

    index = await browser.get("/panel/folios")
    page = await browser.get(address_of(desk))

    assert f'href="{address_of(desk)}"' in index.text
    words = text_of(page)
    first, second, third = (words.index(f"VIMMIG-1705-2027-00000{n}") for n in (1, 2, 3))
    assert first < second < third
    assert "Ana C. X. Diploma" in words[first:second]
    assert "Anulado el 14/03/2027" in words[first:second]
    assert "Beto C. T." in words[second:third]
    assert "Recibí conforme: 15/03/2027" in words[second:third]
    assert "Preparado, aún no válido" in words[third:]
    assert "se emitió por error" not in words
    assert ".xlsx" not in page.text
    [line] = await AuditLine.filter(act="certificates.open_register")
    assert (line.actor_id, line.object_id) == (desk.cast.assistant.id, desk.certificate.operator_id)


async def test_register_when_searched_then_by_folio_or_name(new_client: Browsers, freeze: Freeze) -> None:
    desk = await three_folios()
    freeze(AFTER + timedelta(days=2))
    browser = await signed_in(new_client, desk.cast.coordinator)

    for query, found in {
        "2": [2],
        "VIMMIG-1705-2027-000003": [3],
        "vimmig-1705-2027-000003": [3],
        "VIMMIG-1705-2026-000003": [],
        "coc": [1],
        "béto caal": [2, 3],
        "nadie": [],
    }.items():
        page = await browser.get(address_of(desk), params={"q": query})
        assert [
            n for n in (1, 2, 3) if f"VIMMIG-1705-2027-00000{n}" in page.text.replace(f'value="{query}"', "")
        ] == found


async def test_register_when_it_is_long_then_in_pages(
    new_client: Browsers, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "PAGE", 2)
    desk = await three_folios()
    freeze(AFTER + timedelta(days=2))
    browser = await signed_in(new_client, desk.cast.coordinator)

    first = await browser.get(address_of(desk))
    second = await browser.get(f"{address_of(desk)}?q=&pagina=2")

    assert ("1 a 2 de 3" in first.text, "VIMMIG-1705-2027-000003" in first.text) == (True, False)
    assert ("3 a 3 de 3" in second.text, "VIMMIG-1705-2027-000003" in second.text) == (True, True)


async def test_register_as_files_then_names_as_printed_and_no_formula(new_client: Browsers, freeze: Freeze) -> None:
    desk = await three_folios()
    freeze(AFTER + timedelta(days=2))
    person = await Registration.get(id=desk.completed.id)
    await Certificate.filter(registration_id=person.id).update(printed_name="=HYPERLINK(1) 😀")
    gone = await a_diploma(desk.training, given_names="Rita", surnames="Pop")
    async with transaction():
        await names.withdraw_all([(await gone.registration).participant_id])
    browser = await signed_in(new_client, desk.cast.coordinator)

    workbook = await browser.get(address_of(desk, ".xlsx"))
    pdf = await browser.get(address_of(desk, ".pdf"))

    rows = CalamineWorkbook.from_filelike(BytesIO(workbook.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows] == ["Folio", *(f"VIMMIG-1705-2027-00000{n}" for n in (1, 2, 3, 4))]
    assert rows[1][2:6] == ["Ana Coc Xol", "Diploma", desk.training.title, 8.0]
    assert [row[7:] for row in rows[1:]] == [
        ["Anulado", "14/03/2027", ""],
        ["Válido", "", "15/03/2027"],
        ["Preparado, aún no válido", "", ""],
        ["Retirado", "16/03/2027", ""],
    ]
    assert rows[2][2] == "=HYPERLINK(1) 😀"
    reader = pypdf.PdfReader(BytesIO(pdf.content))
    words = " ".join(reader.pages[0].extract_text().split())
    assert "4 en total. Válidos 1, preparados 1, anulados 1, retirados 1." in words
    assert ("Ana Coc Xol" in words, "Anulado el 16/03/2027" in words, "Retirado" in words) == (True, False, True)
    lines = await AuditLine.filter(act="certificates.export_register").order_by("created_at")
    assert [one.detail for one in lines] == [
        {"year": 2027, "format": "xlsx", "rows": 4},
        {"year": 2027, "format": "pdf", "rows": 4},
    ]


async def test_register_when_paper_is_of_another_hub_or_erased_then_without_the_name(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await three_folios()
    freeze(AFTER + timedelta(days=2))
    operator = await desk.cast.hub.operator
    elsewhere = await make.make_hub("otra-ventanilla", operator=operator)
    theirs = await a_diploma(await make_held(hub=elsewhere), given_names="Lejana", surnames="Tiul")
    await Certificate.filter(id=desk.certificate.id).update(erased_at=AFTER)
    erased = await Registration.get(id=desk.certificate.registration_id)
    await Participant.filter(id=erased.participant_id).update(given_names="Borrada")
    browser = await signed_in(new_client, desk.cast.coordinator)

    page = text_of(await browser.get(address_of(desk)))
    searched = text_of(await browser.get(address_of(desk), params={"q": "lejana"}))

    assert theirs.folio in page
    assert ("L. T." in page, "Lejana" in page, "Tiul" in page) == (True, False, False)
    assert ("(nombre borrado)" in page, "Borrada" in page) == (True, False)
    assert "Ningún folio coincide" in searched


async def test_register_when_it_is_of_nobody_in_scope_then_not_found(new_client: Browsers, freeze: Freeze) -> None:
    desk = await three_folios()
    freeze(AFTER + timedelta(days=2))
    other = await make.make_operator("0901", code="0901A", name="Asociación ACD")
    browser = await signed_in(new_client, desk.cast.coordinator)

    answers = [
        await browser.get(address)
        for address in (
            f"/panel/folios/{other.id}/2027",
            f"/panel/folios/{desk.certificate.operator_id}/2031",
            f"/panel/folios/{desk.certificate.operator_id}/999999999999",
        )
    ]

    assert [one.status_code for one in answers] == [404, 404, 404]
