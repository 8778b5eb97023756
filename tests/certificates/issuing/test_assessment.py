"""The marks of a course with a test: by whom, from 0 to 100, and what they mean for the paper."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from tests import make
from tests.cast import make_cast
from tests.certificates.desk import Browsers, signed_in, text_of
from tests.certificates.held import AFTER, issue_all, make_attendee, make_held
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing.actions import issue
from trainings.certificates.issuing.mails import MESSAGES
from trainings.certificates.models import Certificate, CertificateKind, HandedOver
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration

Freeze = Callable[[datetime], None]


async def test_marks_then_kept_by_the_facilitator_and_the_paper_follows(new_client: Browsers, freeze: Freeze) -> None:
    cast = await make_cast()
    training = await make_held(
        4, hub=cast.hub, course=await make.make_course(pass_mark=60), facilitators=[cast.facilitator]
    )
    ana, beto = [await make_attendee(training, given_names=name) for name in ("Ana", "Beto")]
    freeze(AFTER)
    page = f"/panel/capacitaciones/{training.id}/evaluacion"
    facilitator, assistant, other = [
        await signed_in(new_client, user) for user in (cast.facilitator, cast.assistant, cast.coordinator_elsewhere)
    ]

    shown = await facilitator.get(page)
    wrong = await facilitator.post(page, data={f"nota-{ana.id}": "101", f"nota-{beto.id}": "59.5"})
    done = await facilitator.post(page, data={f"nota-{ana.id}": "60", f"nota-{beto.id}": "59"})
    seen = [(await one.get(page)).status_code for one in (assistant, other)]
    certificate = await issue(ana.id, CertificateKind.CERTIFICADO, actor=PROGRAM)
    leads_there = [
        [
            page in (await one.get(path)).text
            for path in (page.removesuffix("/evaluacion"), f"/panel/inscripciones/{ana.id}/diploma")
        ]
        for one in (facilitator, assistant)
    ]
    diplomas = await assistant.get(f"/panel/capacitaciones/{training.id}/diplomas")
    lowered = await facilitator.post(page, data={f"nota-{ana.id}": "", f"nota-{beto.id}": "100"})

    assert "Se aprueba con 60" in shown.text
    assert wrong.status_code == 422
    assert wrong.text.count("Escriba un número entero de 0 a 100.") == 4, "at its field and in the summary"
    assert 'value="59.5"' in wrong.text
    assert done.status_code == 303
    assert seen == [403, 404]
    assert "se aprueba con 60 puntos" in diplomas.text
    assert page not in diplomas.text, "nobody is led to a page that is closed to them"
    assert leads_there == [[True, False], [False, False]]
    assert (lowered.status_code, certificate.folio in lowered.text) == (409, True)
    marks = {one.id: one.mark for one in await Registration.all()}
    assert marks == {ana.id: 60, beto.id: 59}, "all or nothing"
    assert await Certificate.all().count() == 1


async def test_passed_after_the_diploma_was_made_then_one_paper_and_exchanged_on_the_persons_page(
    new_client: Browsers, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await make_held(4, hub=cast.hub, course=await make.make_course(pass_mark=60))
    ana = await make_attendee(training, given_names="Ana", surnames="Coc", email="ana@la-libertad.example")
    freeze(AFTER)
    diploma = await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    note = await issue(ana.id, CertificateKind.CONSTANCIA, actor=PROGRAM)
    await Certificate.filter(id=note.id).update(handed_over_at=AFTER, handed_over_how=HandedOver.LIST)
    await Registration.filter(id=ana.id).update(mark=85)
    browser = await signed_in(new_client, cast.coordinator)
    papers, page = f"/panel/capacitaciones/{training.id}/diplomas", f"/panel/inscripciones/{ana.id}/diploma"

    every = await browser.get(papers)
    together = await issue_all(training)
    offered = await browser.get(page)
    await Certificate.filter(id=diploma.id).update(handed_over_at=AFTER, handed_over_how=HandedOver.LIST)
    to_ask_back = await browser.get(page)
    pressed, again = await asyncio.gather(*(browser.post(page, data={"kind": "certificado"}) for _press in range(2)))
    [told] = await OutboxJob.filter(kind="certificate_annulled")
    letter = await MESSAGES[told.kind](told)
    offered_after = text_of(await browser.get(page))
    late_press = await browser.post(page, data={"kind": "diploma"})
    told_late = text_of(await browser.get(late_press.headers["location"]))
    checked = text_of(await browser.get(f"/verificar/{diploma.code}"))

    assert ("Emitir el que falta" in every.text, "Le toca certificado" in every.text) == (False, True)
    assert together == []
    assert "Emitir certificado en vez del diploma" in offered.text
    assert ["pídalo de vuelta" in one.text for one in (offered, to_ask_back)] == [False, True]
    assert (pressed.status_code, again.status_code) == (303, 303)
    [old, new] = await Certificate.exclude(id=note.id).order_by("number")
    assert (old.state, new.state, new.kind) == ("revoked", "valid", "certificado")
    assert (new.replaces_id, old.revoked_reason) == (old.id, "Se emitió un certificado en su lugar.")
    assert letter is not None
    assert new.folio in letter.text, "what is annulled is told with what took its place"
    assert "Emitir diploma" not in offered_after
    assert f"El certificado está emitido: {new.folio}" in told_late, "from a page of before: it is named as what it is"
    assert f"Se emitió otro en su lugar: {new.folio}" in checked


async def test_course_without_test_then_says_so(new_client: Browsers, freeze: Freeze) -> None:
    cast = await make_cast()
    training = await make_held(4, hub=cast.hub)
    freeze(AFTER)
    browser = await signed_in(new_client, cast.coordinator)

    answer = await browser.get(f"/panel/capacitaciones/{training.id}/evaluacion")

    assert (answer.status_code, "Este curso no tiene evaluación." in answer.text) == (409, True)
