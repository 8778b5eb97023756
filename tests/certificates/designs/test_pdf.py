"""Certificates as files: what a reader, a camera and a screen reader find in them."""

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from typing import Any

import pikepdf
import pypdf
import pypdfium2
import pytest
import zxingcpp
from pdfminer.high_level import extract_text
from PIL import Image, ImageChops, ImageFilter

from tests.certificates.sheets import (
    SIGNATORIES,
    WHEN,
    made,
    photographed,
    rendered,
    said,
    sample,
    words,
)
from trainings.certificates.designs import pdf
from trainings.certificates.designs.texts import CertificateSheet
from trainings.lib.typst import CannotTypeset

LETTER_LANDSCAPE = (792, 612)


# -- the sheet


def test_render_when_a_letter_has_no_form_of_its_own_then_everybody_reads_it_once() -> None:
    name = "Malin\u0308 Xun\u0308 Qʼanil q\u0308a \u014b\u0308i b\u0308o"

    file = made(sample(person_name=name))

    assert f"a {name} por haber completado" in words(pypdf.PdfReader(BytesIO(file)).pages[0])
    assert name.replace(" ", "") in "".join(extract_text(BytesIO(file), page_numbers=[0]).split())
    assert name.replace(" ", "") in "".join(pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range().split())
    assert pikepdf.Pdf.open(BytesIO(file)).check_pdf_syntax() == []


def test_render_when_diploma_then_face_reads_as_the_agreed_sentences() -> None:
    reader = rendered(sample())

    assert [(page.mediabox.width, page.mediabox.height) for page in reader.pages] == [LETTER_LANDSCAPE] * 2
    assert words(reader.pages[0]) == (
        "Municipalidad de La Libertad Departamento de Petén "
        "La Municipalidad de La Libertad, Petén, por medio de su Ventanilla Informativa Municipal sobre Migración, "
        "otorga el presente Diploma a María Elena Caal Tzib "
        "por haber completado el taller «Ruta de protección de niñez y adolescencia no acompañada», "
        "con una duración de ocho horas, realizado el 4 de marzo de 2027. "
        "Extendido en La Libertad, Petén, a los cinco días del mes de marzo de dos mil veintisiete. "
        "Otto Rolando Méndez Pop Alcalde municipal Silvia Marina Tut Che Coordinadora de la ventanilla "
        "Marta Julia Choc Ical Facilitadora "
        "Folio VIMMIG-1705-2027-000123 · Código 7K3M-Q9XB-FHJ4-T2 · ventanillas.example/verificar"
    )


def test_render_when_diploma_then_back_holds_contents_address_code_and_folio() -> None:
    back = said(made(sample()))[1]

    assert back == (
        "Contenidos Tema Horas Niñez y adolescencia no acompañada: quiénes son y qué derechos tienen 2 "
        "Primer contacto: escuchar, no interrogar, no separar 1 La ruta paso a paso: IGM, PGN, SBS y juzgado 3 "
        "Casos de La Libertad y coordinación en el municipio 2 Total 8 "
        "Revise este diploma en ventanillas.example/verificar Código 7K3M-Q9XB-FHJ4-T2 "
        "Folio VIMMIG-1705-2027-000123 Las ocho figuras de la faja son las ocho horas."
    )


def test_render_when_constancia_then_hours_attended_stand_beside_the_programme() -> None:
    face, back = said(made(sample("constancia-hora-y-media")))

    assert "otorga la presente Constancia a Ana Ba por su participación en la charla «Estafas" in face
    assert "con una asistencia de una hora y treinta minutos, realizada el 4 de marzo de 2027." in face
    assert "Total 2 Horas de asistencia 1 h 30 min Revise esta constancia en" in back


def test_render_when_certificado_then_says_that_the_test_was_passed() -> None:
    face = said(made(sample(kind="certificado")))[0]

    assert "otorga el presente Certificado a María Elena Caal Tzib por haber completado y aprobado el taller" in face


def test_render_when_topics_have_no_hours_then_only_the_hours_held_are_printed() -> None:
    back = said(made(sample(contents=(("Mitos", 0), ("Realidades", 60)))))[1]

    assert "Contenidos Tema Horas Mitos Realidades 1 Horas impartidas 8 Revise" in back


# -- what people are called


@pytest.mark.parametrize(
    "name",
    [
        "Ñ",
        "Ꞌajpub ñandú D'Ávila",
        '#read("/etc/passwd") *x* <b>',
        "\\ $x$ `y` @ref // no /* no */ {{ }} &amp; \"'",
        "#panic() #{1+1} = título - lista",
        "- " * 59 + "-",
    ],
)
def test_render_when_name_is_unusual_then_printed_letter_by_letter(name: str) -> None:
    face = said(made(sample(person_name=name)))[0]

    assert f"a {name} por haber completado" in face


def test_missing_glyphs_when_letters_of_guatemala_then_none() -> None:
    assert pdf.missing_glyphs("María Ñandú Güisayotes ÁÉÍÓÚ áéíóú «Ch’orti’» ʼ ꞌ Ꞌ ' ‘ “” – — ä ɨ 1.ª n.º") == ""


def test_missing_glyphs_when_emoji_or_foreign_script_then_each_is_told_once() -> None:
    assert pdf.missing_glyphs("Ana 😀", "漢字 😀") == "😀漢字"


@pytest.mark.parametrize("letter", ["😀", "漢", "ⴰ", "\u202e", "\u200f", "\u2066"])
def test_render_when_a_letter_is_missing_then_refused_naming_it(letter: str) -> None:
    assert pdf.missing_glyphs(letter) == letter
    with pytest.raises(CannotTypeset, match=f"no font has {letter}"):
        pdf.render(sample(person_name=f"Ana {letter}"), timestamp=WHEN)


# -- hours, counted


@pytest.mark.parametrize(
    ("minutes", "whole", "rows", "sentence"),
    [
        (20, 0, 3, "La figura de la faja, a medio tejer, son veinte minutos."),
        (60, 1, 0, "La figura de la faja es la hora."),
        (90, 1, 4, "Cada figura de la faja es una hora; la última, a medio tejer, son treinta minutos."),
        (119, 1, 7, "Cada figura de la faja es una hora; la última, a medio tejer, son cincuenta y nueve minutos."),
        (480, 8, 0, "Las ocho figuras de la faja son las ocho horas."),
        (21 * 60, 21, 0, "Las veintiuna figuras de la faja son las veintiuna horas."),
        (40 * 60, 40, 0, "Las cuarenta figuras de la faja son las cuarenta horas."),
        (41 * 60, 20, 4, "Cada figura de la faja son dos horas; la última, a medio tejer, es una hora."),
        (48 * 60, 24, 0, "Cada figura de la faja son dos horas."),
        (120 * 60, 30, 0, "Cada figura de la faja son cuatro horas."),
    ],
)
def test_band_when_hours_given_then_counts_them_and_says_so(minutes: int, whole: int, rows: int, sentence: str) -> None:
    band = pdf.design_data(sample(minutes=minutes))["band"]

    assert band == {"whole": whole, "rows": rows, "sentence": sentence}


@pytest.mark.parametrize("hours", [1, 12])
def test_band_when_printed_then_shows_as_many_figures_as_hours(hours: int) -> None:
    page = photographed(made(sample(minutes=hours * 60)), 0, 72).convert("L")

    # A stripe just left of the crosses: each figure is one run of light in it.
    lit = [tone > 100 for tone in page.crop((20, 0, 21, page.height)).tobytes()]
    assert sum(now and not before for before, now in pairwise([False, *lit])) == hours


def test_band_when_printed_black_and_white_then_figures_stay_apart_from_the_ground() -> None:
    page = photographed(made(sample()), 0, 72).convert("L")

    tones = page.crop((10, 20, 62, 592)).tobytes()
    assert max(tones) - min(tones) > 140


# -- the QR


def test_render_when_one_signs_then_name_and_office_stand_last() -> None:
    face = said(made(sample(signatories=SIGNATORIES[:1])))[0]

    assert face.partition(" Folio")[0].endswith("Otto Rolando Méndez Pop Alcalde municipal")


def test_qr_when_small_blurred_skewed_or_dim_then_still_reads() -> None:
    """What lies around it is cut off, but for grain: it shows how small the code is beside the page."""
    sheet = sample()
    whole = photographed(made(sheet), 1, 150).convert("L")
    [read] = zxingcpp.read_barcodes(whole)
    corner, opposite = read.position.top_left, read.position.bottom_right
    page = whole.crop((corner.x - 100, corner.y - 100, opposite.x + 100, opposite.y + 100))
    width, height = page.size
    # The four corners of the page as a phone sees them that is held low and to one side.
    leaning = (-0.06 * width, 0.02 * height, 0.1 * width, 1.08 * height, 1.05 * width, 0.9 * height, 0.96 * width, 0)

    seen = {
        "small": photographed(made(sheet), 1, 72),
        "blurred": page.filter(ImageFilter.GaussianBlur(2)),
        "skewed": page.transform(page.size, Image.Transform.QUAD, leaning, Image.Resampling.BILINEAR, fillcolor=255),
        "turned": page.rotate(11, Image.Resampling.BILINEAR, expand=True, fillcolor=255),
        "dim": page.point(lambda light: 60 + light // 4),
        "noisy": ImageChops.add(whole, Image.effect_noise(whole.size, 70), scale=1.6),
    }

    found = {how: [one.text for one in zxingcpp.read_barcodes(picture)] for how, picture in seen.items()}
    assert all(texts == [sheet.check_url] for texts in found.values()), found


# -- the file


def test_render_when_made_twice_then_same_bytes_in_every_thread() -> None:
    sheet = sample()
    other = sample("diplomado-40-horas")
    with ThreadPoolExecutor(2) as threads:
        files = list(threads.map(lambda asked: pdf.render(asked, timestamp=WHEN), [sheet, other, sheet, other, sheet]))

    assert len({sha256(file).hexdigest() for file in (files[0], files[2], files[4])}) == 1
    assert files[0] == pdf.render(sheet, timestamp=WHEN)
    assert files[0] != pdf.render(sheet, timestamp=WHEN.replace(hour=16))


def test_render_then_is_spanish_and_names_itself_and_its_issuer() -> None:
    reader = rendered(sample())

    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "es-GT"
    assert reader.metadata is not None
    assert reader.metadata.title == "Diploma VIMMIG-1705-2027-000123"
    assert reader.metadata.author == "Municipalidad de La Libertad"


def test_render_then_pictures_have_words_and_headings_are_in_order() -> None:
    elements = list(_elements(rendered(sample()).trailer["/Root"]["/StructTreeRoot"]))  # type: ignore[index]

    alternatives = [str(element["/Alt"]) for element in elements if "/Alt" in element]
    assert alternatives == ["Espacio para el escudo", *["Código QR para revisar este diploma"] * 2]
    assert [e["/S"] for e in elements if str(e["/S"])[:2] == "/H" and str(e["/S"])[2:].isdigit()] == ["/H1", "/H2"]
    assert sum(element["/S"] == "/TH" for element in elements) == 2


def _elements(node: Any) -> Any:
    node = node.get_object()
    if isinstance(node, list):
        for kid in node:
            yield from _elements(kid)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from _elements(node["/K"])


def test_render_when_every_letter_is_embedded_then_needs_no_font_of_the_reader() -> None:
    fonts = [font["/DescendantFonts"][0] for page in rendered(sample()).pages for font in _page_fonts(page)]

    assert fonts
    assert all("/FontFile2" in font.get_object()["/FontDescriptor"] for font in fonts)


def _page_fonts(page: Any) -> list[Any]:
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]


def test_render_when_timestamp_has_no_zone_then_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        pdf.render(sample(), timestamp=WHEN.replace(tzinfo=None))


# -- the sheet as data


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "título"},
        {"minutes": 0},
        {"signatories": ()},
        {"signatories": (*SIGNATORIES, SIGNATORIES[0])},
        {"letterhead": ()},
    ],
)
def test_sheet_when_it_makes_no_certificate_then_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        sample(**wrong)


def test_sheet_when_kept_as_json_then_comes_back_the_same() -> None:
    sheet = sample("nombres-largos")

    assert CertificateSheet.from_json(json.loads(json.dumps(sheet.to_json()))) == sheet
