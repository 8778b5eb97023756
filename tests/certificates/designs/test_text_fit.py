"""What was set, measured in the PDF: letters, lines and margins of every design, in every language, short and long."""

from ctypes import c_double
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp

from tests.certificates.aloud import errors_in, text_read
from tests.certificates.sheets import WHEN, by_the_day, of_today, photographed
from trainings.certificates.designs import pdf, previews
from trainings.certificates.designs.designs import all_designs
from trainings.certificates.designs.previews import LONGEST_NAME, LONGEST_TITLE, Size, sample
from trainings.certificates.designs.texts import CertificateSheet
from trainings.lib.tokens import show_certificate_code

DESIGNS = sorted(all_designs())
CREDENTIAL = '{"type": ["VerifiableCredential", "OpenBadgeCredential"], "proofs": "' + "z3FXQ9" * 500 + '"}'
LEAST_SHARE = 0.6
LEAST_POINTS = 9.9
"""Of a statement in a second language."""
CAPITALS = (
    (LONGEST_NAME.upper(), (LONGEST_TITLE + ", de Huehuetenango").upper()[:180]),
    ("W" * 45 + " " + "M" * 44, "MWMW WMWMWMWM " * 12 + "MWMWMWMWMWMW"),
    ("W" * 90, "WILLIAM MAMÁ MOMOSTENANGO " * 6 + "WILLIAM MAMÁ MOMOSTENANG"),
)
"""Names and titles as long as they may be, in the widest letters."""
NOBODYS = tuple((name, LONGEST_TITLE) for name in ("- " * 45, "Xiloj" * 60))
MM_PER_POINT = 25.4 / 72
AT_A_LINE_S_END = "\x02"
"""So the reader calls a hyphen there."""
SMALL_TYPE = (7, 8.5)
WITH_ROOM_FOR_A_CODE = {"constancia", "diploma", "sobrio"}
"""The framed one is centred: a code beside its heading would pull it to one side."""
MARGIN = 20
"""Points of white that every printer needs."""


@cache
def data_of(sheet: CertificateSheet) -> dict[str, Any]:
    return pdf.design_data(sheet, pictures=previews.pictures())


def made(sheet: CertificateSheet) -> bytes:
    return pdf.render(sheet, timestamp=WHEN, pictures=previews.pictures(), credential=CREDENTIAL)


@dataclass(frozen=True)
class Letter:
    """A letter as it is drawn, in points from the left and from below; `base` is where its line stands."""

    text: str
    x0: float
    x1: float
    y0: float
    y1: float
    base: float
    size: float


@dataclass(frozen=True)
class Drawn:
    """A page, with its letters in the order in which they were set, without white."""

    width: float
    height: float
    letters: list[Letter]


def pages_of(file: bytes, *numbers: int) -> list[Drawn]:
    """All pages, or those of these numbers from 0."""
    document = pypdfium2.PdfDocument(file)
    return [drawn(document[number]) for number in numbers or range(len(document))]


def drawn(page: pypdfium2.PdfPage) -> Drawn:
    text = page.get_textpage()
    letters = [letter_of(text, n) for n in range(text.count_chars()) if pdfium.FPDFText_IsGenerated(text, n) != 1]
    width, height = page.get_size()
    return Drawn(width, height, [letter for letter in letters if letter.text.strip(" \xa0\u200b\r\n")])


def letter_of(text: pypdfium2.PdfTextPage, n: int) -> Letter:
    x, base, box = c_double(), c_double(), pdfium.FS_RECTF()
    pdfium.FPDFText_GetCharOrigin(text, n, x, base)
    pdfium.FPDFText_GetLooseCharBox(text, n, box)
    letter = chr(pdfium.FPDFText_GetUnicode(text, n)).replace(AT_A_LINE_S_END, "-")
    size = pdfium.FPDFText_GetFontSize(text, n)
    return Letter(letter, box.left, box.right, box.bottom, box.top, base.value, size)


def text_of(page: Drawn) -> str:
    return "".join(letter.text for letter in page.letters)


def found(page: Drawn, text: str) -> tuple[float, list[list[Letter]]]:
    """Size and lines of a text where it first stands on a page."""
    wanted = "".join(text.split())
    begin = text_of(page).index(wanted)
    lines: dict[int, list[Letter]] = {}
    for letter in page.letters[begin : begin + len(wanted)]:
        lines.setdefault(round(letter.base), []).append(letter)
    return page.letters[begin].size, list(lines.values())


def sentence_of(words: dict[str, Any], name: str) -> str:
    gives, reason, said = ("".join(text for text, _role in words[part]) for part in ("gives", "reason", "made"))
    return f"{gives} {words['label']} {words['to']} {name} {reason} {said}"


def joined(text: str) -> str:
    return "".join(text.replace("\u200b", "").split())


@by_the_day(2)
@pytest.mark.parametrize("key", DESIGNS)
def test_shortest_and_longest_then_all_fits_and_reads_in_order(key: str, turn: int) -> None:
    design, language = all_designs()[key], ("en", "es+en")[of_today(key, turn, 2)]
    longest = sample(design, Size.LONGEST, kind=min(design.kinds), language=language)
    for sheet, file in (shortest(key), (longest, made(longest))):
        pages = pages_of(file)

        assert len(pages) == 2
        assert len(file) <= 60_000
        assert_few_large_and_even(pages[0], sheet)
        assert_inside(pages)
        assert_second_is_large(pages, sheet)
        assert_room_for_stamp(pages[0], sheet.signatories[0][0])
        assert_claims(file, sheet.language)
        assert_says_all(sheet, *map(text_of, pages))
    assert errors_in(file) == []
    assert_says_all(sheet, *map(joined, text_read(file)))
    assert_code_is_read(sheet, file)
    assert_face_can_be_checked(sheet, file, pages[0])


def assert_inside(pages: list[Drawn]) -> None:
    for page in pages:
        for letter in page.letters:
            assert MARGIN <= letter.x0 < letter.x1 <= page.width - MARGIN
            assert MARGIN <= letter.y0 < letter.y1 <= page.height - MARGIN


def assert_room_for_stamp(face: Drawn, signatory: str) -> None:
    _size, lines = found(face, signatory)
    top = max(letter.y1 for letter in lines[0])
    room = min(letter.y0 for letter in face.letters if letter.y0 > top) - top
    assert room * MM_PER_POINT >= 15


def assert_says_all(sheet: CertificateSheet, face: str, back: str) -> None:
    data = data_of(sheet)
    assert joined(sentence_of(data["words"], sheet.person_name)) in face
    for topic, _minutes in sheet.contents:
        assert joined(topic) in back
    for said in (sheet.host_text, data["code"], sheet.folio, *sheet.note):
        assert joined(said) in back
    if data["second"] is not None:
        sentence = joined(sentence_of(data["second"], sheet.person_name))
        assert (sentence in face) != (sentence in back), "on the back where it is long"


def assert_second_is_large(pages: list[Drawn], sheet: CertificateSheet) -> None:
    """Wherever the statement in the second language stands, it can be read where it hangs."""
    second = data_of(sheet)["second"]
    if second is not None:
        gives = "".join(text for text, _role in second["gives"])
        [page] = [one for one in pages if joined(gives) in text_of(one)]
        assert found(page, gives)[0] >= LEAST_POINTS


def assert_claims(file: bytes, language: str) -> None:
    with pikepdf.open(BytesIO(file)) as opened:
        root = opened.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang) == ("en-US" if language == "en" else "es-GT")
        assert root.ViewerPreferences.DisplayDocTitle
        with opened.open_metadata() as metadata:
            claims = [metadata[f"pdfaid:{name}"] for name in ("part", "conformance")] + [metadata["pdfuaid:part"]]
        assert claims == ["3", "A", "1"]
        [attached] = root.AF
        assert (str(attached.AFRelationship), str(attached.UF)) == ("/Data", "credential.json")
        stream = attached.EF.F
        assert str(stream.Subtype) == "/application/json"
        assert stream.read_bytes().decode() == CREDENTIAL


def assert_code_is_read(sheet: CertificateSheet, file: bytes) -> None:
    picture = photographed(file, 1, 150)
    [code] = zxingcpp.read_barcodes(picture)
    assert (code.text, code.ec_level) == (sheet.check_url, "M")
    width_mm = (code.position.top_right.x - code.position.top_left.x) * 25.4 / 150
    assert width_mm >= 30


def assert_face_can_be_checked(sheet: CertificateSheet, file: bytes, face: Drawn) -> None:
    """Framed or copied, a paper shows no back."""
    for said in (sheet.folio, show_certificate_code(sheet.code), sheet.host_text):
        size, lines = found(face, said)
        assert SMALL_TYPE[0] <= size <= SMALL_TYPE[1]
        assert len(lines) == 1
    codes = [code.text for code in zxingcpp.read_barcodes(photographed(file, 0, 150))]
    assert codes == ([sheet.check_url] if sheet.design in WITH_ROOM_FOR_A_CODE else [])


@cache
def shortest(key: str) -> tuple[CertificateSheet, bytes]:
    design = all_designs()[key]
    sheet = sample(design, Size.SHORTEST, kind=min(design.kinds), language="es")
    return sheet, made(sheet)


@cache
def largest_sizes(key: str) -> tuple[float, float]:
    """Of a name and of a title that are as short as can be."""
    sheet, file = shortest(key)
    [face] = pages_of(file, 0)
    return found(face, sheet.person_name)[0], found(face, sheet.title)[0]


def assert_few_large_and_even(face: Drawn, sheet: CertificateSheet) -> None:
    """The name on one line or two that are even, the title on three at most."""
    name_size, lines = found(face, sheet.person_name)
    widths = [line[-1].x1 - line[0].x0 for line in lines]
    assert len(lines) <= 2
    assert min(widths) >= 0.6 * max(widths), f"{sheet.person_name}: {widths}"
    title_size, lines = found(face, sheet.title)
    assert len(lines) <= 3, sheet.title
    largest = largest_sizes(sheet.design)
    assert (name_size >= LEAST_SHARE * largest[0], title_size >= LEAST_SHARE * largest[1]) == (True, True), sheet.title


FIRST_BROKEN = {"diploma": (48, 66), "constancia": (54, 66), "certificado": (48, 54), "sobrio": (54, 66)}
"""Letters of a name, half of a title's, about which lines are first broken."""


@by_the_day(4)
@pytest.mark.parametrize("key", DESIGNS)
def test_names_in_ninety_capitals_or_that_nobody_has_then_whole_large_and_within_the_page(key: str, turn: int) -> None:
    """In each design those that people may have, and an odd one."""
    odd = [*CAPITALS[1:], *NOBODYS][of_today(key, turn, 4)]
    design = all_designs()[key]
    longest = sample(design, Size.LONGEST, kind=min(design.kinds), language="es")
    for name, title in (CAPITALS[0], odd):
        sheet = replace(longest, contents=longest.contents[:1], person_name=name, title=title)
        [face, _back] = pages_of(made(sheet))
        assert_inside([face])
        if (name, title) in NOBODYS:
            assert len(found(face, name)[1]) <= 2
        else:
            assert (len(name), len(title), len(found(face, name)[1])) == (90, 180, 2)
            assert_few_large_and_even(face, sheet)


@by_the_day(2)
@pytest.mark.parametrize("key", DESIGNS)
def test_everything_else_longest_where_lines_are_first_broken_then_one_face_and_lines_few_large_and_even(
    key: str, turn: int
) -> None:
    n = FIRST_BROKEN[key][of_today(key, turn, 2)]
    longest = sample(all_designs()[key], Size.LONGEST, language="es+en")
    association = "Asociación de municipalidades para la atención de las personas migrantes del altiplano occidental"
    sheet = replace(
        longest,
        person_name=LONGEST_NAME[:n].strip(),
        title=LONGEST_TITLE[: 2 * n].strip(),
        letterhead=("Mancomunidad de municipios del sur del departamento de Huehuetenango y comunidad",) * 3,
        operator=association,
        authority=f"La {association}, por medio de su Ventanilla Informativa Municipal sobre Migración",
        place="Santa Cruz Barillas del Altiplano, Huehuetenango",
        signatories=((LONGEST_NAME[:66], "Coordinadora de la ventanilla y de la oficina municipal de niñez"),) * 3,
    )

    pages = pages_of(made(sheet))

    assert len(pages) == 2
    assert_inside(pages)
    assert_second_is_large(pages, sheet)
    assert_few_large_and_even(pages[0], sheet)
    face = text_of(pages[0])
    for said in (*sheet.letterhead, sheet.authority, sheet.place, *sheet.signatories[2]):
        assert joined(said) in face


@by_the_day(2)
def test_contents_longer_than_the_back_then_they_flow_on(turn: int) -> None:
    """On wide paper and on tall."""
    key = ("constancia", "diploma")[of_today("constancia", turn, 2)]
    topics = tuple((f"Unidad {n}: contenidos de la sesión y práctica con acompañamiento", 60) for n in range(1, 56))
    sheet = replace(sample(all_designs()[key], Size.LONGEST, language="es"), contents=topics, minutes=55 * 60)

    pages = pages_of(made(sheet))

    assert len(pages) > 2
    assert_inside(pages)
    after_the_face = "".join(map(text_of, pages[1:]))
    assert all(f"Unidad{n}:contenidosdelasesiónyprácticaconacompañamiento" in after_the_face for n in range(1, 56))
    below = (sheet.host_text, data_of(sheet)["code"], sheet.folio, data_of(sheet)["band"]["sentence"], *sheet.note)
    assert all(joined(said) in text_of(pages[-1]) for said in below), "what is below the table stays together"
