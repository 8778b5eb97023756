"""The pages of the desk: what is listed, issuing, the printed name, opening, annulling."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from tests.cast import make_cast
from tests.certificates.crowd import make_crowd
from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, BEFORE, HELD, come, make_attendee, make_held
from tests.counting import statements
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.ceremony import handover
from trainings.certificates.issuing.actions import issue
from trainings.certificates.models import Certificate, CertificateFile, CertificateKind, HandedOver
from trainings.places.models import Signatory
from trainings.schedule.models import Training

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def test_list_then_counts_what_is_due_without_names(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)

    page = await browser.get("/panel/diplomas")

    assert page.status_code == 200
    shown = text_of(page)
    assert "En esta página falta emitir 1 diploma." in shown
    assert re.search(r"05/03/2027 Completaron: 2 de 3 Con diploma: 1 Falta 1", shown)
    assert "Coc" not in page.text
    assert (await browser.get("/panel/diplomas?pagina=x")).status_code == 200
    assert "Todavía no hay diplomas que emitir" in (await browser.get("/panel/diplomas?pagina=9")).text


async def test_list_of_the_assistant_then_leads_to_print_and_hand_over_only(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.assistant)

    page = await browser.get("/panel/diplomas")

    assert f'href="{desk.page}/imprimir"' in page.text
    assert f'href="{desk.page.removesuffix("/diplomas")}/entrega"' in page.text
    assert "emitir" not in text_of(page).lower()


async def test_training_page_then_short_names_hours_and_buttons(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)

    page = await browser.get(desk.page)

    shown = text_of(page)
    assert "2 de 3 personas la completaron." in shown
    assert "Beto C. T. Las Pozas 8 de 8 horas; ya cumple. — Emitir diploma : Beto C. T." in shown
    assert (
        "Cata C. T. 4 de 8 horas; falta 1 sesión, y no hay otra fecha para reponerla. — Emitir constancia : Cata C. T."
    ) in shown
    assert f"Diploma , Ana C. X. {desk.certificate.folio}" in shown
    assert "Emitir el que falta" in shown
    assert "Los archivos se preparan: falta 1." in shown
    assert "Tzib" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_who_completed_then_the_noun_follows_how_many_they_are_and_the_verb_how_many_did(
    new_client: Browsers,
) -> None:
    cast = await make_cast()
    training = await make_held(hub=cast.hub, venue=cast.venue)
    browser = await signed_in(new_client, cast.coordinator)
    page = f"/panel/capacitaciones/{training.id}/diplomas"

    async def told() -> list[str]:
        pages = [await browser.get(page, headers={"accept-language": tag}) for tag in ("es", "en")]
        return re.findall(r"\d (?:de|of) \d (?:person|people)\w* [^.]+\.", " ".join(map(text_of, pages)))

    await make_attendee(training)
    assert await told() == ["1 de 1 persona la completó.", "1 of 1 person completed it."]
    await make_attendee(training, given_names="Beto", sessions=[])
    cata = await make_attendee(training, given_names="Cata", sessions=[])
    assert await told() == ["1 de 3 personas la completó.", "1 of 3 people completed it."]
    await come(training.sessions[0], cata)
    assert await told() == ["2 de 3 personas la completaron.", "2 of 3 people completed it."]


async def test_issue_one_then_of_that_kind_or_refused_with_the_reason(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.admin)
    address = f"/panel/inscripciones/{desk.other.id}/diploma"

    none_of_ours = [await browser.post(address, data=data) for data in ({}, {"kind": "título"})]
    not_earned = await browser.post(address, data={"kind": "diploma"})
    answer = await browser.post(address, data={"kind": "constancia"})
    page = await browser.get(desk.page)

    assert [one.status_code for one in none_of_ours] == [422, 422]
    assert not_earned.status_code == 409
    assert "Todavía no cumple las horas para este documento." in not_earned.text
    assert answer.headers["location"] == f"{desk.page}?persona={desk.other.id}#p-{desk.other.id}"
    assert "Listo. La constancia está emitida: VIMMIG-1705-2027-000002." in page.text
    [note] = await Certificate.filter(registration_id=desk.other.id)
    assert (note.kind, note.minutes, note.issued_by_id) == (CONSTANCIA, 240, desk.cast.admin.id)


async def test_issue_all_when_nobody_signs_then_409_and_the_way_out(new_client: Browsers) -> None:
    desk = await make_desk()
    await Signatory.filter(operator__code="1705").delete()
    browser = await signed_in(new_client, desk.cast.coordinator)

    answer = await browser.post(desk.page)

    assert answer.status_code == 409
    assert "Anote al menos una firma." in answer.text
    assert 'href="/panel/firmas"' in answer.text


async def test_training_page_when_it_is_not_over_then_says_when_and_offers_nothing(
    new_client: Browsers, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub)
    await make_attendee(training, sessions=list(training.sessions)[:1])
    freeze(BEFORE)
    browser = await signed_in(new_client, cast.assistant)
    eve = await browser.get(f"/panel/capacitaciones/{training.id}")
    freeze(HELD + timedelta(hours=5))
    browser = await signed_in(new_client, cast.coordinator)

    page = await browser.get(f"/panel/capacitaciones/{training.id}/diplomas")
    refused = await browser.post(f"/panel/capacitaciones/{training.id}/diplomas")

    assert "4 de 8 horas; falta 1 sesión, el viernes 5 de marzo, 8:30 a. m." in text_of(page).replace("\xa0", " ")
    assert "La última sesión es el viernes, 5 de marzo de 2027." in page.text
    assert f'href="/panel/capacitaciones/{training.id}/diplomas"' in eve.text, "they are prepared before it begins"
    assert "Emitir" not in page.text
    assert (refused.status_code, "La capacitación todavía no termina." in refused.text) == (409, True)


async def test_person_page_then_full_name_and_a_line_in_the_audit(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.assistant)

    page = await browser.get(f"/panel/inscripciones/{desk.completed.id}/diploma")

    assert "Beto Caal Tzib" in page.text
    assert "Emitir" not in page.text
    [line] = await AuditLine.filter(act="certificates.open_person")
    assert (line.actor_id, line.object_id, line.hub_id) == (
        desk.cast.assistant.id,
        desk.completed.id,
        desk.cast.hub.id,
    )


async def test_name_when_it_cannot_be_printed_then_corrected_and_issued(new_client: Browsers) -> None:
    desk = await make_desk()
    odd = await make_attendee(desk.training, given_names="Dora 😀", surnames="Ba")
    browser = await signed_in(new_client, desk.cast.coordinator)
    person = f"/panel/inscripciones/{odd.id}/diploma"

    listed = await browser.get(desk.page)
    refused = await browser.post(person, data={"kind": "diploma"})
    missing = await browser.post(f"{person}/nombre", data={"given_names": "Dora", "surnames": " "})
    corrected = await browser.post(f"{person}/nombre", data={"given_names": "Dora", "surnames": "Ba"})
    issued = await browser.post(person, data={"kind": "diploma"})

    assert "El diploma no puede imprimir «😀»." in listed.text
    assert "1 nombre tiene letras que el diploma no puede imprimir." in listed.text
    assert (refused.status_code, missing.status_code) == (409, 422)
    assert "Falta este dato." in missing.text
    assert corrected.headers["location"] == person
    assert issued.status_code == 303
    assert (await Certificate.get(registration_id=odd.id)).printed_name == "Dora Ba"


async def test_name_when_corrected_then_the_paper_follows_until_it_is_handed_over(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    person = f"/panel/inscripciones/{desk.certificate.registration_id}/diploma"

    await browser.post(f"{person}/nombre", data={"given_names": "Ana María", "surnames": "Coc Xol"})
    page = await browser.get(person)

    assert "Su diploma cambió, con el mismo folio" in page.text
    assert "Dice «" not in page.text
    now = await Certificate.get(id=desk.certificate.id)
    assert (now.printed_name, now.folio, now.revision) == ("Ana María Coc Xol", desk.certificate.folio, 2)

    await handover.hand_over(desk.training.id, [now.id], HandedOver.LIST, actor=PROGRAM)
    await browser.post(f"{person}/nombre", data={"given_names": "Anamaría", "surnames": "Coc Xol"})
    page = await browser.get(person)
    assert "Dice «Ana María Coc Xol». Ya se entregó:" in page.text


async def test_file_when_opened_by_staff_then_the_holders_bytes_and_a_line_in_the_audit(new_client: Browsers) -> None:
    """Who lost the paper is found by the registration: from there to the diploma, and to its file."""
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.assistant)
    person = f"/panel/inscripciones/{desk.certificate.registration_id}"
    paper = f"/panel/diplomas/{desk.certificate.id}.pdf"
    assert f'href="{person}/diploma"' in (await browser.get(person)).text
    assert f'href="{paper}"' in (await browser.get(f"{person}/diploma")).text

    answer = await browser.get(paper)

    kept = await CertificateFile.get(certificate_id=desk.certificate.id)
    assert answer.content == kept.content
    assert answer.headers["content-disposition"] == f'inline; filename="{desk.certificate.folio}.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    [line] = await AuditLine.filter(act="certificates.open")
    assert (line.actor_id, line.object_id) == (desk.cast.assistant.id, desk.certificate.id)


async def test_revoke_when_without_reason_then_422_and_with_one_done(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    address = f"/panel/diplomas/{desk.certificate.id}/anular"

    asked = await browser.get(address)
    refused = await browser.post(address, data={"reason": " "})
    done = await browser.post(address, data={"reason": "nombre mal escrito"})
    page = await browser.get(desk.page)
    again = await browser.post(address, data={"reason": "otra vez"})
    late = await browser.get(address)
    opened = await browser.get(f"/panel/diplomas/{desk.certificate.id}.pdf")
    other = await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await Certificate.filter(id=other.id).update(erased_at=other.issued_at)
    nameless = await browser.get(f"/panel/diplomas/{other.id}.pdf")

    assert "Ana C. X." in asked.text
    assert "Coc" not in asked.text
    assert (refused.status_code, "Escriba por qué se anula." in refused.text) == (422, True)
    key = desk.certificate.registration_id
    assert done.headers["location"] == f"{desk.page}?persona={key}#p-{key}"
    assert f"Listo. El folio {desk.certificate.folio} está anulado." in page.text
    assert "Anulado" in page.text
    for ended in (again, late, opened, nameless):
        assert (ended.status_code, f'href="{desk.page}">Volver a los diplomas' in ended.text) == (409, True)
    assert "La persona pidió que se quitara su nombre" in nameless.text
    assert (await Certificate.get(id=desk.certificate.id)).revoked_reason == "nombre mal escrito"


async def test_sample_then_is_a_picture_of_the_design_without_anybody(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.assistant)
    address = f"/panel/capacitaciones/{desk.training.id}/diploma-muestra.png"

    face, back = await browser.get(address), await browser.get(f"{address}?lado=atras")

    assert (face.headers["content-type"], face.content == back.content) == ("image/png", False)
    assert Image.open(BytesIO(face.content)).size == (1056, 816)
    [read] = zxingcpp.read_barcodes(Image.open(BytesIO(back.content)).convert("RGB"))
    assert read.text == "HTTP://LOCALHOST:8000/V/00000000000000"
    await Training.filter(id=desk.training.id).update(title="Migración 😀")
    refused = await browser.get(address)
    assert (refused.status_code, "😀" in refused.text) == (409, True)


# -- speed


async def test_issue_all_when_a_dozen_people_then_asks_as_little_as_for_three_and_sets_no_paper(
    new_client: Browsers,
) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, cast.coordinator)
    n_asked = {}

    for n in (3, 12):
        training = await make_held(4, 4, hub=cast.hub, capacity=12)
        await make_crowd(training, n)
        with statements() as sent:
            answer = await browser.post(f"/panel/capacitaciones/{training.id}/diplomas")
        n_asked[n] = len(sent)
        assert (answer.status_code, await Certificate.filter(registration__training_id=training.id).count()) == (303, n)

    assert n_asked[12] == n_asked[3]
    assert not await CertificateFile.exists()
