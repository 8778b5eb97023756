"""Who signs: chosen by who issues, printed on what is issued afterwards."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from tests.cast import make_cast
from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.designs.routes import WITH
from trainings.certificates.designs.signatories import TRAINER, SignatoryPlan, add_signatory, printed
from trainings.certificates.designs.texts import day_on
from trainings.certificates.issuing.actions import issue
from trainings.certificates.making.samples import Wish, example_for, sample_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.places.models import Hub, Operator, Signatory
from trainings.schedule.models import SessionFacilitator

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def test_signatories_when_added_moved_and_removed_then_printed_in_that_order(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    operator = await Operator.get(code="1705")
    new = {"operator": str(operator.id), "name": "Lic. Otto Méndez", "office": "facilitator.m"}

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
    assert "En el diploma caben 3 firmas, y esos días ya firman tantas personas." in full.text
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


WRONG: list[tuple[dict[str, str], str]] = [
    ({"name": "", "office": "mayor.m"}, "Falta este dato."),
    ({"name": "Otto", "office": "other", "own_office": ""}, "Falta este dato."),
    ({"name": "Otto", "office": "mayor.x"}, "Escoja una de las opciones."),
    ({"name": "Otto 😀", "office": "mayor.m"}, "El diploma no puede imprimir «😀». Escríbalo de otra manera."),
    ({"name": "Otto", "office": "other", "own_office": "Juez 😀"}, 'href="#own_office"'),
    ({"name": "Otto", "office": "other", "own_office": "x" * 121}, "Es demasiado largo: escriba hasta 120 letras."),
    (
        {"name": "Otto", "office": "mayor.m", "valid_from": "2028-01-15", "valid_until": "2028-01-14"},
        "La fecha final es anterior a la primera.",
    ),
    ({"name": "Otto", "office": "mayor.m", "valid_from": "2028-02-31"}, "no es un día del calendario"),
]


async def test_signatory_when_it_cannot_be_printed_then_form_again(new_client: Browsers) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, cast.coordinator)
    operator = await Operator.get(code="1705")

    for typed, sentence in WRONG:
        page = await browser.post("/panel/firmas", data={"operator": str(operator.id), **typed})

        assert page.status_code == 422
        assert sentence in page.text
        assert not typed["name"] or f'value="{typed["name"]}"' in page.text
    assert await Signatory.filter(operator_id=operator.id).count() == 2


async def test_mayors_when_a_term_ends_then_each_signs_in_their_own(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    operator = await Operator.get(code="1705")
    old = await Signatory.filter(operator_id=operator.id).order_by("position").first()
    assert old is not None
    new = {"operator": str(operator.id), "office": "mayor.f", "valid_from": "2028-01-15"}
    term = f"/panel/firmas/{operator.id}/{old.id}/fechas"

    third = await browser.post(
        "/panel/firmas", data={**new, "name": "Otto", "office": "facilitator.m", "valid_from": ""}
    )
    too_many = await browser.post("/panel/firmas", data={**new, "name": "Elena Tzib"})
    backwards = await browser.post(term, data={"valid_from": "2028-01-15", "valid_until": "2028-01-14"})
    ended = await browser.post(term, data={"valid_from": "", "valid_until": "2028-01-14"})
    added = await browser.post("/panel/firmas", data={**new, "name": "Elena Tzib"})
    page = await browser.get("/panel/firmas")

    assert [one.status_code for one in (third, too_many, backwards, ended, added)] == [303, 409, 422, 303, 303]
    assert f'id="valid_until-{old.id}-e"' in backwards.text
    assert "Firma hasta el 14/01/2028." in text_of(page)
    assert "Firma desde el 15/01/2028." in text_of(page)
    every = await Signatory.filter(operator_id=operator.id)
    names = {
        day: [name for name, _ in await printed(every, date.fromisoformat(day))] for day in ("2028-01-14", "2028-01-15")
    }
    assert names["2028-01-14"] == [old.name, "Rosa Xol Tiul", "Otto"]
    assert names["2028-01-15"] == ["Rosa Xol Tiul", "Otto", "Elena Tzib"]


async def test_page_of_a_training_then_names_who_signs_today_and_who_facilitates_it(new_client: Browsers) -> None:
    desk = await make_desk()
    operator = await Operator.get(code="1705")
    old = await Signatory.filter(operator_id=operator.id).order_by("position").first()
    assert old is not None
    await Signatory.filter(id=old.id).update(valid_until=date(2020, 1, 14))
    await add_signatory(operator.id, SignatoryPlan(name="", office="", office_code=TRAINER), actor=PROGRAM)
    for session in desk.training.sessions:
        await SessionFacilitator.create(session_id=session.id, user_id=desk.cast.facilitator.id)
    browser = await signed_in(new_client, desk.cast.coordinator)
    page = f"/panel/capacitaciones/{desk.training.id}/diplomas"

    shown = text_of(await browser.get(page))
    await Signatory.filter(operator_id=operator.id).exclude(id=old.id).delete()
    nobody = [text_of(await browser.get(address)) for address in (page, f"{page}/preparar")]

    assert f"Rosa Xol Tiul (Coordinadora de la ventanilla) , {desk.cast.facilitator.name} (" in shown
    assert f"Firman: {old.name}" not in shown
    assert ["Falta quién firma" in one for one in nobody] == [True, True]


async def test_office_when_paper_is_in_english_then_in_english_and_own_words_stay() -> None:
    desk = await make_desk()
    operator = await Operator.get(code="1705")
    await Signatory.filter(operator_id=operator.id).delete()
    day = date(2027, 3, 4)
    for plan in (
        SignatoryPlan(name="Ana Coc", office="Alcaldesa municipal", office_code="mayor", is_feminine=True),
        SignatoryPlan(name="Beto Xol", office="Juez de asuntos municipales"),
        SignatoryPlan(name="", office="", office_code=TRAINER),
    ):
        await add_signatory(operator.id, plan, actor=PROGRAM)
    for session in desk.training.sessions:
        await SessionFacilitator.create(session_id=session.id, user_id=desk.cast.facilitator.id)
    every = await Signatory.filter(operator_id=operator.id)

    spanish = await printed(every, day, training_id=desk.training.id)
    english = await printed(every, day, training_id=desk.training.id, language="en")
    without = await printed(every, day)
    hub = await Hub.get(id=desk.cast.hub.id).prefetch_related(*WITH)
    sample = await sample_of(await example_for(hub), Wish("diploma", "es"))

    trainer = desk.cast.facilitator
    assert spanish == [
        ("Ana Coc", "Alcaldesa municipal"),
        ("Beto Xol", "Juez de asuntos municipales"),
        (trainer.name, trainer.office or "Facilitó la capacitación"),
    ]
    assert english == [("Ana Coc", "Mayor"), spanish[1], (trainer.name, "Facilitated the training")]
    assert without == spanish[:2]
    stand_in = ("Nombre de quien facilita", "Facilitó la capacitación")
    assert [tuple(one) for one in sample.sheet.signatories] == [*spanish[:2], stand_in], "a sample has all three"


async def test_signatories_when_another_operators_then_unknown(new_client: Browsers) -> None:
    cast = await make_cast()
    theirs = await Signatory.filter(operator__code="1207").first()
    assert theirs is not None
    browser = await signed_in(new_client, cast.coordinator)
    own = await Operator.get(code="1705")

    answers = [
        await browser.post(
            "/panel/firmas", data={"operator": str(theirs.operator_id), "name": "Ana", "office": "mayor.f"}
        ),
        await browser.post(f"/panel/firmas/{theirs.operator_id}/{theirs.id}/quitar"),
        await browser.post(f"/panel/firmas/{theirs.operator_id}/{theirs.id}/subir"),
        await browser.post(f"/panel/firmas/{theirs.operator_id}/{theirs.id}/fechas"),
        await browser.post(f"/panel/firmas/{own.id}/{theirs.id}/quitar"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert await Signatory.filter(operator__code="1207").count() == 2


async def test_signatory_when_papers_that_bear_the_name_are_prepared_then_staff_are_warned_before_they_leave(
    new_client: Browsers,
) -> None:
    desk = await make_desk()
    await Certificate.filter(id=desk.certificate.id).update(state=CertificateState.PREPARED, validated_at=None)
    browser = await signed_in(new_client, desk.cast.coordinator)
    operator = await Operator.get(code="1705")
    leaving = await Signatory.get(name="Marta Inés Chub Pop", operator_id=operator.id)
    base = f"/panel/firmas/{operator.id}/{leaving.id}"
    day = day_on(desk.certificate.sheet)
    before, same_day = {"valid_until": str(day - timedelta(days=1))}, {"valid_until": str(day)}

    warned = [await browser.post(f"{base}/quitar"), await browser.post(f"{base}/fechas", data=before)]
    kept = await Signatory.get(id=leaving.id)
    long_enough = await browser.post(f"{base}/fechas", data=same_day)
    sure = [
        await browser.post(f"{base}/fechas", data=before | {"seguro": "1"}),
        await browser.post(f"{base}/quitar", data={"seguro": "1"}),
    ]

    assert [page.status_code for page in (*warned, long_enough, *sure)] == [409, 409, 303, 303, 303]
    for page in warned:
        shown = text_of(page)
        assert f"Hay 1 diploma preparado que lleva esta firma y aún no vale: {desk.training.title}." in shown
        assert 'name="seguro" value="1"' in page.text
    assert f'name="valid_until" value="{before["valid_until"]}"' in warned[1].text
    assert kept.valid_until is None
    assert not await Signatory.exists(id=leaving.id)
