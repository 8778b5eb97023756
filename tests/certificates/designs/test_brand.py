"""The letterhead and the design: chosen by who issues, looked at before, printed on what is issued afterwards."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO

import pytest
from httpx2 import Response
from PIL import Image

from tests.cast import make_cast
from tests.certificates.designs.test_pictures import INKSCAPE, photograph
from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, make_attendee, make_held
from trainings.audit.actor import PROGRAM
from trainings.certificates.designs.designs import all_designs
from trainings.certificates.issuing.actions import issue
from trainings.certificates.making.files import file_of
from trainings.certificates.models import BrandImage, Certificate, CertificateKind
from trainings.places.models import Operator
from trainings.schedule.models import Training
from trainings.schedule.staff.copies import duplicate_training
from trainings.settings import Settings

PAGE = "/panel/membrete"
SHIELD = {"file": ("escudo.svg", INKSCAPE.encode(), "image/svg+xml")}


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


def logo(name: str) -> dict[str, tuple[str, bytes, str]]:
    return {"file": (f"{name}.jpg", photograph(120, 60, "JPEG"), "image/jpeg")}


async def test_letterhead_when_set_then_printed_on_the_next_and_not_on_the_last(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    operator = await Operator.get(code="1705")
    images = f"{PAGE}/{operator.id}/imagen"

    async def upload(role: str, name: str, file: dict[str, tuple[str, bytes, str]]) -> Response:
        return await browser.post(images, data={"role": role, "name": name}, files=file)

    answers = [
        await upload("shield", "Escudo viejo", SHIELD),
        await upload("shield", "Escudo de La Libertad", SHIELD),
        *[await upload("partner", f"Cooperativa {n}", logo(str(n))) for n in range(3)],
    ]
    fourth = await upload("partner", "Cooperativa 4", logo("4"))
    lines = await browser.post(f"{PAGE}/{operator.id}/lineas", data={"letterhead": "Municipalidad\r\n\r\nLa Libertad"})
    page = await browser.get(PAGE)
    issued = await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    certificate = await Certificate.get(id=issued.id)
    file = await file_of(certificate)

    assert {one.status_code for one in (*answers, lines)} == {303}
    assert fourth.status_code == 409
    assert "caben 3 logotipos" in fourth.text
    assert "Escudo viejo" not in page.text
    kept = await BrandImage.filter(removed_at=None).order_by("role", "position")
    by_name = {one.name: one.sha256 for one in kept}
    assert certificate.sheet["shield"] == by_name["Escudo de La Libertad"]
    assert certificate.sheet["logos"] == [[by_name[f"Cooperativa {n}"], f"Cooperativa {n}"] for n in range(3)]
    assert certificate.sheet["letterhead"] == ["Municipalidad", "La Libertad"]
    assert (await Certificate.get(id=desk.certificate.id)).sheet["shield"] == ""
    assert len(file.content) <= 60_000, "with a shield and three logos of noise"

    removed = await browser.post(f"{images}/{kept[0].id}/quitar")
    assert "Listo. Ya no saldrá." in (await browser.get(PAGE)).text
    shown = await browser.get(f"{PAGE}/imagen/{kept[1].id}")
    gone = await browser.get(f"{PAGE}/imagen/{kept[0].id}")
    assert [one.status_code for one in (removed, shown, gone)] == [303, 200, 404]
    assert await BrandImage.filter(id=kept[0].id).exists()


WRONG: list[tuple[dict[str, str], bytes, str]] = [
    ({"role": "shield", "name": "Escudo"}, b"MZ\x90", "no es una imagen"),
    ({"role": "shield", "name": ""}, INKSCAPE.encode(), "Falta este dato."),
    ({"role": "shield", "name": "Escudo 😀"}, INKSCAPE.encode(), "El diploma no puede imprimir «😀»"),
    ({"role": "shield", "name": "Escudo"}, b"", "Escoja el archivo"),
    ({"role": "other", "name": "Escudo"}, INKSCAPE.encode(), "Escoja una de las opciones."),
    ({"role": "shield", "name": "Escudo"}, b"\0" * (4 * 1024 * 1024 + 1), "pesa más de 4 MB"),
]


async def test_picture_when_it_cannot_be_taken_then_page_again_with_the_reason(new_client: Browsers) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, cast.coordinator)
    path = f"{PAGE}/{(await Operator.get(code='1705')).id}/imagen"

    for data, file, sentence in WRONG:
        page = await browser.post(path, data=data, files={"file": ("a.svg", file, "image/svg+xml")})

        assert page.status_code in (413, 422)
        assert sentence in page.text
        assert 'href="#file--' not in page.text
        assert "Escoja otra vez la imagen: la página no la guarda." in page.text
        assert page.status_code == 413 or data["role"] == "other" or f'value="{data["name"]}"' in page.text
    assert not await BrandImage.exists()


async def test_lines_when_too_many_or_unprintable_then_kept_as_typed(new_client: Browsers) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, cast.coordinator)
    operator = await Operator.get(code="1705")

    for typed, sentence in (
        ("a\nb\nc\nd", "Caben 3 líneas"),
        ("x" * 81, "Caben 3 líneas"),
        ("Ꭰ", "no puede imprimir «Ꭰ»"),
    ):
        page = await browser.post(f"{PAGE}/{operator.id}/lineas", data={"letterhead": typed})
        assert page.status_code == 422
        assert sentence in page.text
        assert typed in page.text
    assert (await Operator.get(id=operator.id)).letterhead == ""
    await browser.post(f"{PAGE}/{operator.id}/lineas", data={"letterhead": "Municipalidad\x00 de\r\nPetén\u202e"})
    assert (await Operator.get(id=operator.id)).letterhead == "Municipalidad de\nPetén"


async def test_design_when_tried_then_seen_and_when_chosen_then_used(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    operator = await Operator.get(code="1705")
    path = f"/panel/diseno/{operator.id}"

    page = await browser.get(path)
    choice = re.search(r'<select id="diseno".*?</select>', page.text, re.DOTALL)
    assert choice is not None
    designs = re.findall(r'<option value="([^"]+)"', choice[0])
    pictures = {
        key: await browser.get(f"{path}/muestra.png?diseno={key}&tipo={min(all_designs()[key].kinds)}&nombre=long")
        for key in (designs[0], designs[-1])
    }
    without = await browser.get(f"{path}?diseno=constancia&tipo=diploma")
    unknown = await browser.get(f"{path}?diseno=nada&idioma=xx&tipo=x&nombre=x&lado=9")
    refused = await browser.post(path, data={"design": "nada", "language": "es"})
    other = next(key for key in designs if key != operator.design)
    chosen = await browser.post(path, data={"design": other, "language": "en"})
    issued = await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)

    assert len(designs) >= 4
    assert all(Image.open(BytesIO(one.content)).format == "PNG" for one in pictures.values())
    assert len({one.content for one in pictures.values()}) == 2
    assert unknown.status_code == 200
    assert "no tiene ese documento" in without.text
    assert f"Muestra del diseño «{all_designs()['diploma'].title}»" in without.text
    assert refused.status_code == 422
    assert "Escoja una de las opciones." in refused.text
    assert chosen.status_code == 303
    assert issued.sheet["language"] == "en"
    assert "Listo. Así saldrán" in text_of(await browser.get(path))


async def test_design_when_another_operator_chooses_its_own_then_ours_stays(new_client: Browsers) -> None:
    desk = await make_desk()
    ours, theirs = await Operator.get(code="1705"), await Operator.get(code="1207")
    browser = await signed_in(new_client, desk.cast.coordinator_elsewhere)
    choice = {"design": "sobrio", "language": "en"}

    answers = [
        await browser.post(f"/panel/diseno/{theirs.id}", data=choice),
        await browser.post(f"/panel/diseno/{ours.id}", data=choice),
        await browser.post(f"{desk.page}/diseno", data=choice),
        await browser.get(f"{desk.page}/diseno"),
        await browser.get(f"{desk.page}/diseno/muestra.png"),
    ]
    issued = await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)

    assert [one.status_code for one in answers] == [303, 404, 404, 404, 404]
    await theirs.refresh_from_db()
    assert (theirs.design, theirs.paper_language) == ("sobrio", "en")
    assert (issued.sheet["design"], issued.sheet["language"]) == ("diploma", "es")


async def test_design_when_chosen_for_one_training_then_the_others_keep_the_usual_one(new_client: Browsers) -> None:
    desk = await make_desk()
    other = await make_attendee(await make_held(hub=desk.cast.hub, title="Otra"))
    browser = await signed_in(new_client, desk.cast.coordinator)
    path = f"{desk.page}/diseno"

    picture = await browser.get(f"{path}/muestra.png?diseno=sobrio")
    chosen = await browser.post(path, data={"design": "sobrio", "language": "en"})
    said = text_of(await browser.get(path))
    here = await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    there = await issue(other.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await browser.post(path, data={"design": "diploma", "language": "es"})

    assert Image.open(BytesIO(picture.content)).format == "PNG"
    assert chosen.status_code == 303
    assert "Es el diseño que se usa." in said
    assert [(one.sheet["design"], one.sheet["language"]) for one in (here, there)] == [
        ("sobrio", "en"),
        ("diploma", "es"),
    ]
    training = await Training.get(id=desk.training.id)
    assert (training.design, training.paper_language) == ("", ""), "what all have is no choice of its own"


async def test_training_when_copied_then_the_copy_has_its_design(db: Settings) -> None:
    training = await make_held()
    await Training.filter(id=training.id).update(design="sobrio", paper_language="en")

    copy = await duplicate_training(training.id, date(2027, 4, 1), actor=PROGRAM)

    assert (copy.design, copy.paper_language) == ("sobrio", "en")
