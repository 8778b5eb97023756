"""Who signs: chosen by who issues, printed on what is issued afterwards."""

from __future__ import annotations

import re

import pytest

from tests.cast import make_cast
from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.actions import issue
from trainings.certificates.models import Certificate, CertificateKind
from trainings.places.models import Operator, Signatory

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def test_signatories_when_added_moved_and_removed_then_printed_in_that_order(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    operator = await Operator.get(code="1705")
    new = {"operator": str(operator.id), "name": "Lic. Otto Méndez", "office": "Facilitador"}

    added = await browser.post("/panel/firmas", data=new)
    full = await browser.post("/panel/firmas", data=new)
    third = await Signatory.get(name="Lic. Otto Méndez")
    moved = await browser.post(f"/panel/firmas/{operator.id}/{third.id}/subir")
    first = await Signatory.get(name="Marta Inés Chub Pop", operator_id=operator.id)
    removed = await browser.post(f"/panel/firmas/{operator.id}/{first.id}/quitar")
    page = await browser.get("/panel/firmas")
    await issue(desk.completed.id, DIPLOMA, actor=PROGRAM)
    issued = await Certificate.get(registration_id=desk.completed.id)

    assert [answer.status_code for answer in (added, full, moved, removed)] == [303, 409, 303, 303]
    assert "En el diploma caben 3 firmas." in full.text
    assert re.search(r"Lic. Otto Méndez Facilitador .* Rosa Xol Tiul Coordinadora", text_of(page))
    assert issued.sheet["signatories"] == [
        ["Lic. Otto Méndez", "Facilitador"],
        ["Rosa Xol Tiul", "Coordinadora de la ventanilla"],
    ]
    lines = await AuditLine.filter(act__contains="signatory").order_by("id")
    assert [line.act for line in lines] == [
        "certificates.add_signatory",
        "certificates.move_signatory",
        "certificates.remove_signatory",
    ]


@pytest.mark.parametrize(
    ("name", "office", "sentence"),
    [
        ("", "Alcalde", "Falta este dato."),
        ("Otto 😀", "Alcalde", "El diploma no puede imprimir «😀». Escríbalo de otra manera."),
        ("Otto", "x" * 121, "Es demasiado largo: escriba hasta 120 letras."),
    ],
)
async def test_signatory_when_it_cannot_be_printed_then_form_again(
    new_client: Browsers, name: str, office: str, sentence: str
) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, cast.coordinator)
    operator = await Operator.get(code="1705")

    page = await browser.post("/panel/firmas", data={"operator": str(operator.id), "name": name, "office": office})

    assert page.status_code == 422
    assert sentence in page.text
    assert await Signatory.filter(operator_id=operator.id).count() == 2


async def test_signatories_when_another_operators_then_unknown(new_client: Browsers) -> None:
    cast = await make_cast()
    theirs = await Signatory.filter(operator__code="1207").first()
    assert theirs is not None
    browser = await signed_in(new_client, cast.coordinator)
    own = await Operator.get(code="1705")

    answers = [
        await browser.post(
            "/panel/firmas", data={"operator": str(theirs.operator_id), "name": "Ana", "office": "Alcaldesa"}
        ),
        await browser.post(f"/panel/firmas/{theirs.operator_id}/{theirs.id}/quitar"),
        await browser.post(f"/panel/firmas/{theirs.operator_id}/{theirs.id}/subir"),
        await browser.post(f"/panel/firmas/{own.id}/{theirs.id}/quitar"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert await Signatory.filter(operator__code="1207").count() == 2


@pytest.mark.parametrize("who", ["assistant", "facilitator", "monitor", "platform"])
async def test_signatories_when_not_an_issuer_then_403(new_client: Browsers, who: str) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, getattr(cast, who))

    assert (await browser.get("/panel/firmas")).status_code == 403
