"""The check page, the holder's file, and the desk: what each answers, to whom, and what it never tells."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

import pypdf
import pytest
import zxingcpp
from httpx2 import AsyncClient, Response
from PIL import Image

from tests import make
from tests.cast import Cast, make_cast
from tests.certificates.held import AFTER, HELD, make_attendee, make_held
from tests.certificates.sheets import photographed, words
from trainings import clock
from trainings.accounts.models import Role, RoleGrant, User
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.actions import issue, revoke
from trainings.certificates.files import file_of
from trainings.certificates.models import Certificate, CertificateFile, CertificateKind, CertificateState
from trainings.lib import tokens
from trainings.lib.tokens import show_certificate_code
from trainings.people.models import AgeGroup, Participant
from trainings.places.models import Operator, Signatory
from trainings.registrations.models import OwnLink, Registration
from trainings.schedule.models import Training

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA
Freeze = Callable[[datetime], None]
Browsers = Callable[[], AsyncClient]


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def a_diploma(training: Training | None = None, **person: str) -> Certificate:
    attendee = await make_attendee(training or await make_held(), **person)  # type: ignore[arg-type]
    return await issue(attendee.id, DIPLOMA, actor=PROGRAM)


def text_of(page: Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


# -- checking a code


async def test_check_when_valid_then_says_so_without_the_name(client: AsyncClient) -> None:
    certificate = await a_diploma()

    page = await client.get(f"/verificar/{certificate.code}")

    assert page.status_code == 200
    shown = text_of(page)
    assert "Válido" in shown
    assert "Folio VIMMIG-1705-2027-000001 Este diploma es válido" in shown
    assert "Lo entregó la Municipalidad de La Libertad, Petén. No ha sido anulado." in shown
    assert "Persona (solo iniciales) M. E. C. T." in shown
    assert "Riesgos de la migración irregular: mitos y realidades La completó" in shown
    assert "Horas 4 horas" in shown
    assert "Jueves, 4 de marzo de 2027" in shown
    assert "Extendido en La Libertad, Petén, el 14 de marzo de 2027" in shown
    assert "Caal" not in page.text
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["cache-control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in page.text
    assert "og:" not in page.text


async def test_check_when_note_then_hours_attended_and_its_own_gender(client: AsyncClient) -> None:
    person = await make_attendee(await make_held(4, 4), left_after=1.5)
    note = await issue(person.id, CONSTANCIA, actor=PROGRAM)

    shown = text_of(await client.get(f"/verificar/{note.code}"))

    assert "Esta constancia es válida" in shown
    assert "Horas de asistencia 5 horas y 30 minutos" in shown
    assert "Los días 4 y 5 de marzo de 2027" in shown


async def test_check_when_minor_then_neither_initials_nor_name(client: AsyncClient) -> None:
    person = await make_attendee(await make_held())
    await Participant.filter(id=person.participant_id).update(age_group=AgeGroup.A14_17)
    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)

    page = await client.get(f"/verificar/{certificate.code}")

    assert "M. E. C. T." not in page.text
    assert "Menor de edad: no mostramos iniciales." in page.text


async def test_check_when_revoked_then_says_when_and_which_one_holds(client: AsyncClient) -> None:
    person = await make_attendee(await make_held())
    first = await issue(person.id, DIPLOMA, actor=PROGRAM)
    await revoke(first.id, "nombre mal escrito", actor=PROGRAM)
    second = await issue(person.id, DIPLOMA, actor=PROGRAM)

    page = await client.get(f"/verificar/{first.code}")

    shown = text_of(page)
    assert "Este diploma fue anulado" in shown
    assert "La Municipalidad de La Libertad, Petén lo anuló el 14 de marzo de 2027." in shown
    assert f"Se emitió otro en su lugar: {second.folio}" in shown
    assert f'href="/verificar/{second.code}"' in page.text
    assert "nombre mal escrito" not in page.text


async def test_check_when_prepared_then_not_yet_valid(client: AsyncClient) -> None:
    certificate = await a_diploma()
    await Certificate.filter(id=certificate.id).update(state=CertificateState.PREPARED)

    shown = text_of(await client.get(f"/verificar/{certificate.code}"))

    assert "Este diploma aún no es válido" in shown
    assert "Este diploma es válido" not in shown


async def test_short_address_when_scanned_then_leads_to_the_check(client: AsyncClient) -> None:
    certificate = await a_diploma()
    file = await file_of(certificate)
    [read] = zxingcpp.read_barcodes(photographed(file.content, 1, 150))
    path = read.text.removeprefix("HTTP://LOCALHOST:8000")

    for typed in (path, path.lower(), f"/V/{show_certificate_code(certificate.code)}"):
        answer = await client.get(typed)
        assert (answer.status_code, answer.headers["location"]) == (308, f"/verificar/{certificate.code}")
    assert (await client.get(answer.headers["location"])).status_code == 200


async def test_short_address_when_nonsense_then_stays_on_this_site(client: AsyncClient) -> None:
    answer = await client.get("/V/%20evil:1\\@x?y=//evil.example")

    assert answer.status_code == 308
    assert answer.headers["location"] == "/verificar/EV11%3A1%5C%40X"


async def test_form_when_code_is_typed_then_leads_to_the_check(client: AsyncClient) -> None:
    certificate = await a_diploma()
    code = certificate.code

    for typed in (code.lower(), show_certificate_code(code), f" http://localhost:8000/V/{code} "):
        answer = await client.get("/verificar", params={"codigo": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/verificar/{code}")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Falta este dato."),
        ("7K3M", "Revise el código: tiene 14 letras y números, como 7K3M-Q9XB-FHJ4-T2."),
        ("<b>&'", "Revise el código: tiene 14 letras y números, como 7K3M-Q9XB-FHJ4-T2."),
        ("VIMMIG-1705-2027-000001", "Eso es el folio. Escriba el código, que está a su lado: 14 letras y números."),
    ],
)
async def test_form_when_code_cannot_be_one_then_shown_again_with_what_was_typed(
    client: AsyncClient, typed: str, sentence: str
) -> None:
    page = await client.get("/verificar", params={"codigo": typed})

    assert page.status_code == 422
    assert page.text.count(sentence) == 2
    assert "<b>&" not in page.text
    assert "<title>Error: Revisar un diploma</title>" in page.text


async def test_form_when_opened_then_can_be_shared(client: AsyncClient) -> None:
    page = await client.get("/verificar")

    assert page.status_code == 200
    assert '<meta property="og:title" content="Revisar un diploma">' in page.text
    assert "noindex" not in page.text


async def test_unknown_when_code_is_unknown_or_malformed_then_the_same_page_to_the_byte(client: AsyncClient) -> None:
    certificate = await a_diploma()
    last = "0" if certificate.code[-1] != "0" else "1"

    pages = [
        await client.get(f"/verificar/{typed}")
        for typed in (
            tokens.certificate_code(),
            certificate.code[:-1] + last,
            certificate.code[:-1],
            "x",
            "Ñ%00%ff",
            certificate.folio,
            "x" * 2_000,
        )
    ]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert len({tuple(sorted(set(page.headers) - {"date"})) for page in pages}) == 1
    assert "No encontramos ese código" in pages[0].text


async def test_unknown_when_a_name_is_compared_then_the_same_page(client: AsyncClient) -> None:
    unknown = await client.post(f"/verificar/{tokens.certificate_code()}", data={"name": "Ana Ba"})
    malformed = await client.post("/verificar/x", data={"name": ""})

    assert (unknown.status_code, malformed.status_code) == (404, 404)
    assert unknown.content == malformed.content
    assert "No encontramos ese código" in unknown.text


# -- comparing a name


@pytest.mark.parametrize("typed", ["María Elena Caal Tzib", "maria elena  CAAL tzib"])
async def test_name_when_it_is_the_printed_one_then_yes(client: AsyncClient, typed: str) -> None:
    certificate = await a_diploma()

    page = await client.post(f"/verificar/{certificate.code}", data={"name": typed})

    assert page.status_code == 200
    assert "Sí, ese es el nombre impreso." in page.text


async def test_name_when_it_is_another_then_no_and_kept_escaped(client: AsyncClient) -> None:
    certificate = await a_diploma()

    page = await client.post(f"/verificar/{certificate.code}", data={"name": "<script>Ana</script> Ba"})

    assert "No, ese no es el nombre impreso." in page.text
    assert 'value="&lt;script&gt;Ana&lt;/script&gt; Ba"' in page.text
    assert "Caal" not in page.text


@pytest.mark.parametrize("typed", ["", "   ", "x" * 241])
async def test_name_when_missing_or_endless_then_form_again(client: AsyncClient, typed: str) -> None:
    certificate = await a_diploma()

    page = await client.post(f"/verificar/{certificate.code}", data={"name": typed})

    assert page.status_code == 422
    assert 'class="error"' in page.text


# -- limits


async def test_limit_when_thirty_misses_then_wait_and_not_for_others(
    client: AsyncClient, freeze: Freeze, new_client: Browsers
) -> None:
    certificate = await a_diploma()
    for _ in range(29):
        assert (await client.get(f"/verificar/{tokens.certificate_code()}")).status_code == 404
    wrong_name = await client.post(f"/verificar/{certificate.code}", data={"name": "Otra Persona"})

    refused = await client.get(f"/verificar/{tokens.certificate_code()}")

    assert wrong_name.status_code == 200
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 3600
    assert "Hubo demasiados intentos. Pruebe otra vez en 60 min." in refused.text
    assert (await client.get(f"/verificar/{certificate.code}")).status_code == 429
    assert (await client.post(f"/verificar/{certificate.code}", data={"name": "x"})).status_code == 429
    freeze(AFTER + timedelta(hours=1, seconds=1))
    assert (await client.get(f"/verificar/{certificate.code}")).status_code == 200


async def test_limit_when_codes_and_names_are_right_then_never_reached(client: AsyncClient) -> None:
    certificate = await a_diploma()

    for _ in range(35):
        assert (await client.get(f"/verificar/{certificate.code}")).status_code == 200
        page = await client.post(f"/verificar/{certificate.code}", data={"name": "María Elena Caal Tzib"})
        assert page.status_code == 200


async def test_limit_when_the_form_is_mistyped_then_not_counted(client: AsyncClient) -> None:
    certificate = await a_diploma()
    for _ in range(31):
        assert (await client.get("/verificar", params={"codigo": "x"})).status_code == 422

    assert (await client.get(f"/verificar/{certificate.code}")).status_code == 200


# -- the holder's file


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
    assert "María Elena Caal Tzib" in words(pypdf.PdfReader(BytesIO(answer.content)).pages[0])
    assert again.content == answer.content


async def test_own_file_when_somebody_elses_revoked_or_unknown_then_the_same_404(client: AsyncClient) -> None:
    training = await make_held()
    mine = await a_diploma(training, given_names="Ana")
    theirs = await a_diploma(training, given_names="Beto")
    token = await link_of(mine.registration_id)
    await revoke(mine.id, "prueba", actor=PROGRAM)

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


# -- the desk


@dataclass(frozen=True)
class Desk:
    """A training at the cast's hub with one person who completed it, one who did not, and one certificate."""

    cast: Cast
    training: Training
    completed: Registration
    other: Registration
    certificate: Certificate

    @property
    def page(self) -> str:
        return f"/panel/capacitaciones/{self.training.id}/diplomas"


async def make_desk() -> Desk:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub)
    certificate = await a_diploma(training, given_names="Ana", surnames="Coc Xol")
    completed = await make_attendee(training, given_names="Beto", surnames="Caal Tzib", community="Las Pozas")
    other = await make_attendee(training, given_names="Cata", sessions=list(training.sessions)[:1])
    return Desk(cast, training, completed, other, certificate)


async def signed_in(new_client: Browsers, user: User) -> AsyncClient:
    browser = new_client()
    await make.sign_in(browser, user)
    return browser


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


async def test_training_page_then_short_names_hours_and_buttons(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)

    page = await browser.get(desk.page)

    shown = text_of(page)
    assert "2 de 3 personas la completaron." in shown
    assert "Beto C. T. Las Pozas 8 de 8 horas Completó — Emitir diploma : Beto C. T." in shown
    assert "Cata C. T. 4 de 8 horas No alcanza las horas — Emitir constancia : Cata C. T." in shown
    assert f"Diploma , Ana C. X. {desk.certificate.folio}" in shown
    assert "Emitir el que falta" in shown
    assert "Los archivos se preparan: falta 1." in shown
    assert "Tzib" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_issue_all_when_pressed_twice_then_once_each(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)

    first = await browser.post(desk.page)
    done = await browser.get(desk.page)
    second = await browser.post(desk.page)
    again = await browser.get(desk.page)

    assert (first.status_code, first.headers["location"]) == (303, desk.page)
    assert "Listo. Se emitió 1 diploma." in done.text
    assert second.status_code == 303
    assert "No había nada que emitir." in again.text
    assert await Certificate.all().count() == 2


async def test_issue_one_when_posted_then_of_that_kind(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.admin)

    answer = await browser.post(f"/panel/inscripciones/{desk.other.id}/diploma", data={"kind": "constancia"})
    page = await browser.get(desk.page)

    assert answer.headers["location"] == f"{desk.page}#p-{desk.other.id}"
    assert "Listo. La constancia está emitida: VIMMIG-1705-2027-000002." in page.text
    [note] = await Certificate.filter(registration_id=desk.other.id)
    assert (note.kind, note.minutes, note.issued_by_id) == (CONSTANCIA, 240, desk.cast.admin.id)


async def test_issue_one_when_not_earned_then_409_with_the_reason(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)

    answer = await browser.post(f"/panel/inscripciones/{desk.other.id}/diploma", data={"kind": "diploma"})

    assert answer.status_code == 409
    assert "Todavía no cumple las horas para este documento." in answer.text
    assert await Certificate.all().count() == 1


async def test_issue_one_when_kind_is_none_of_ours_then_422(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)

    for data in ({}, {"kind": "título"}):
        answer = await browser.post(f"/panel/inscripciones/{desk.completed.id}/diploma", data=data)
        assert answer.status_code == 422


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
    freeze(HELD + timedelta(hours=5))
    browser = await signed_in(new_client, cast.coordinator)

    page = await browser.get(f"/panel/capacitaciones/{training.id}/diplomas")
    refused = await browser.post(f"/panel/capacitaciones/{training.id}/diplomas")

    assert "Todavía puede completar" in page.text
    assert "cuando termine la última sesión, el viernes, 5 de marzo de 2027." in page.text
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


async def test_name_when_corrected_after_issuing_then_the_paper_is_named(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    person = f"/panel/inscripciones/{desk.certificate.registration_id}/diploma"

    await browser.post(f"{person}/nombre", data={"given_names": "Ana María", "surnames": "Coc Xol"})
    page = await browser.get(person)

    assert "Dice «Ana Coc Xol». Para que diga el nombre corregido, anúlelo y emita otro." in page.text


async def test_file_when_opened_by_staff_then_the_holders_bytes_and_a_line_in_the_audit(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.assistant)

    answer = await browser.get(f"/panel/diplomas/{desk.certificate.id}.pdf")

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
    opened = await browser.get(f"/panel/diplomas/{desk.certificate.id}.pdf")

    assert "Ana C. X." in asked.text
    assert "Coc" not in asked.text
    assert (refused.status_code, "Escriba por qué se anula." in refused.text) == (422, True)
    assert done.headers["location"] == desk.page
    assert f"Listo. El folio {desk.certificate.folio} está anulado." in page.text
    assert "Anulado" in page.text
    assert (again.status_code, opened.status_code) == (409, 409)
    assert (await Certificate.get(id=desk.certificate.id)).revoked_reason == "nombre mal escrito"


async def test_sample_then_is_a_picture_of_the_design_without_anybody(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.assistant)
    address = f"/panel/capacitaciones/{desk.training.id}/diploma-muestra.png"

    face, back = await browser.get(address), await browser.get(f"{address}?lado=atras")

    assert face.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(face.content)).size == (1056, 816)
    [read] = zxingcpp.read_barcodes(Image.open(BytesIO(back.content)).convert("RGB"))
    assert read.text == "HTTP://LOCALHOST:8000/V/00000000000000"


async def test_sample_when_title_cannot_be_printed_then_says_so(new_client: Browsers) -> None:
    cast = await make_cast()
    training = await make_held(hub=cast.hub, title="Migración 😀")
    browser = await signed_in(new_client, cast.coordinator)

    answer = await browser.get(f"/panel/capacitaciones/{training.id}/diploma-muestra.png")

    assert (answer.status_code, "😀" in answer.text) == (409, True)


# -- who may what


def addresses(desk: Desk) -> dict[str, tuple[str, str]]:
    person, paper = f"/panel/inscripciones/{desk.completed.id}/diploma", f"/panel/diplomas/{desk.certificate.id}"
    return {
        "list": ("GET", "/panel/diplomas"),
        "training": ("GET", desk.page),
        "sample": ("GET", f"/panel/capacitaciones/{desk.training.id}/diploma-muestra.png"),
        "person": ("GET", person),
        "file": ("GET", f"{paper}.pdf"),
        "rename": ("POST", f"{person}/nombre"),
        "ask to revoke": ("GET", f"{paper}/anular"),
        "issue": ("POST", person),
        "issue all": ("POST", desk.page),
        "revoke": ("POST", f"{paper}/anular"),
    }


BODY = {"kind": "diploma", "reason": "prueba", "given_names": "Beto", "surnames": "Caal"}
READS = ("list", "training", "sample", "person", "file", "ask to revoke")
EVERYTHING = {"list": 200, "training": 200, "sample": 200, "person": 200, "file": 200, "rename": 303}
ISSUING = {"ask to revoke": 200, "issue": 303, "issue all": 303, "revoke": 303}
HIDDEN = dict.fromkeys((*READS, "rename", "issue", "issue all", "revoke"), 404)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("coordinator", EVERYTHING | ISSUING),
        ("admin", EVERYTHING | ISSUING),
        ("assistant", EVERYTHING | dict.fromkeys(ISSUING, 403)),
        ("coordinator_elsewhere", HIDDEN | {"list": 200}),
        ("facilitator", dict.fromkeys(HIDDEN, 403)),
        ("facilitator_elsewhere", dict.fromkeys(HIDDEN, 403)),
        ("monitor", dict.fromkeys(HIDDEN, 403)),
        ("platform", dict.fromkeys(HIDDEN, 403)),
    ],
)
async def test_scope_when_role_and_hub_then_seen_done_or_hidden(
    new_client: Browsers, who: str, expected: dict[str, int]
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, getattr(desk.cast, who))

    answered = {}
    for name, (method, address) in addresses(desk).items():
        answer = await browser.request(method, address, data=BODY if method == "POST" else None)
        answered[name] = answer.status_code

    assert answered == expected


async def test_scope_when_assistant_here_and_coordinator_elsewhere_then_prints_here_and_issues_there(
    new_client: Browsers,
) -> None:
    desk = await make_desk()
    there = await make_attendee(await make_held(hub=desk.cast.elsewhere))
    both = desk.cast.assistant
    await RoleGrant.create(user=both, role=Role.HUB_COORDINATOR, hub=desk.cast.elsewhere)
    browser = await signed_in(new_client, both)

    opened = await browser.get(f"/panel/diplomas/{desk.certificate.id}.pdf")
    here = [
        await browser.post(desk.page),
        await browser.post(f"/panel/inscripciones/{desk.completed.id}/diploma", data=BODY),
        await browser.post(f"/panel/diplomas/{desk.certificate.id}/anular", data=BODY),
    ]
    issued = await browser.post(f"/panel/inscripciones/{there.id}/diploma", data=BODY)

    assert opened.status_code == 200
    assert [answer.status_code for answer in here] == [403, 403, 403]
    assert "Solo la coordinación emite y anula diplomas." in here[0].text
    assert issued.status_code == 303
    assert (await Certificate.get(registration_id=there.id)).folio == "VIMMIG-1207-2027-000001"


async def test_scope_when_nobody_is_signed_in_then_led_to_sign_in(client: AsyncClient) -> None:
    desk = await make_desk()

    for method, address in addresses(desk).values():
        answer = await client.request(method, address, data=BODY if method == "POST" else None)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/entrar")
    assert await Certificate.all().count() == 1


async def test_scope_when_address_is_unknown_then_404(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    key = tokens.uuid7()

    for address in (
        f"/panel/capacitaciones/{key}/diplomas",
        f"/panel/inscripciones/{key}/diploma",
        f"/panel/diplomas/{key}.pdf",
        f"/panel/diplomas/{key}/anular",
        "/panel/diplomas/x.pdf",
    ):
        assert (await browser.get(address)).status_code == 404


# -- who signs


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


# -- speed


async def test_issue_all_when_forty_people_then_answered_at_once(new_client: Browsers) -> None:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub, capacity=40)
    for n in range(40):
        await make_attendee(training, given_names=f"Ana {n}")
    browser = await signed_in(new_client, cast.coordinator)

    begin = clock.ticks()
    answer = await browser.post(f"/panel/capacitaciones/{training.id}/diplomas")
    took = clock.ticks() - begin

    assert answer.status_code == 303
    assert await Certificate.all().count() == 40
    assert took < 2
