import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageChops
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_M
from qrcode.main import QRCode

from trainings.lib import qr, tokens

LEVELS = {"M": ERROR_CORRECT_M, "H": ERROR_CORRECT_H}
TOKEN = "0123456789ABCDEFGHJK"
ADDRESS = "HTTPS://VENTANILLA.EXAMPLE/V/K7Q29XMDC4AB1F"
FONT = Path(__file__).parents[2] / "certificates" / "fonts" / "NotoSerif-Regular.ttf"


def read(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def corners(subpath: str) -> list[tuple[int, int]]:
    start, steps = re.split("(?=[hv])", subpath.removeprefix("M"), maxsplit=1)
    x, y = map(int, start.split())
    points = [(x, y)]
    for way, length in re.findall(r"([hv])(-?\d+)", steps):
        x, y = (x + int(length), y) if way == "h" else (x, y + int(length))
        points.append((x, y))
    return points


def filled(size: int, path: str) -> list[list[bool]]:
    """Even-odd test for the middle of every module, from the vertical sides left of it."""
    sides: dict[int, list[int]] = {}
    for subpath in path.split("z")[:-1]:
        points = corners(subpath)
        for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
            assert x1 == x2 or y1 == y2
            if x1 == x2:
                for row in range(min(y1, y2), max(y1, y2)):
                    sides.setdefault(row, []).append(x1)
    return [[sum(side <= x for side in sides.get(y, [])) % 2 == 1 for x in range(size)] for y in range(size)]


def test_a_card_is_a_small_code_at_the_highest_level() -> None:
    assert len(qr.matrix(TOKEN)) == 25


@pytest.mark.parametrize("level", ["M", "H"])
@pytest.mark.parametrize("text", [TOKEN, "Z" * 20, "0" * 20, "1" * 19 + "²", "/$%*+-.: 0123456789A", ADDRESS])
def test_matrix_is_that_of_the_library_for_the_same_mask(text: str, level: qr.Level) -> None:
    assert qr.matrix(text, level) == of_library(text, level)


def test_matrices_of_tickets_are_those_of_the_library() -> None:
    for _n in range(50):
        token = tokens.qr_token()
        assert qr.matrix(token) == of_library(token, "H")


def of_library(text: str, level: qr.Level) -> list[list[bool]]:
    code = QRCode(error_correction=LEVELS[level], border=0, mask_pattern=2)
    code.add_data(text, optimize=0)
    code.make()
    return code.get_matrix()


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
@pytest.mark.parametrize(
    "text", [TOKEN, ADDRESS, "https://x.example/capacitaciones/ruta-de-protección-k7q29x?idioma=es", "Q’eqchi’ ñ 🌽"]
)
def test_the_path_fills_exactly_the_dark_modules(text: str, level: qr.Level) -> None:
    size, path = qr.svg_path(text, level, border=4)
    modules = qr.matrix(text, level)

    blank = [False] * size
    rows = [[False] * 4 + row + [False] * 4 for row in modules]
    assert filled(size, path) == [*[blank] * 4, *rows, *[blank] * 4]


def test_the_border_can_be_left_out() -> None:
    size, path = qr.svg_path(TOKEN, border=0)

    assert size == 25
    assert filled(size, path) == qr.matrix(TOKEN)


@pytest.mark.parametrize("scale", [2, 3, 4, 10, 20])
@pytest.mark.parametrize("text", [TOKEN, ADDRESS])
def test_png_is_read_back_at_several_sizes(text: str, scale: int) -> None:
    picture = Image.open(BytesIO(qr.png(text, scale=scale)))

    assert picture.mode == "1"
    assert picture.width == picture.height == (len(qr.matrix(text)) + 8) * scale
    assert read(picture.convert("L")) == [text]


@pytest.mark.parametrize("width", [70, 110, 333, 1000])
def test_png_is_read_back_after_shrinking_or_growing(width: int) -> None:
    picture = Image.open(BytesIO(qr.png(TOKEN))).convert("L").resize((width, width), Image.Resampling.BILINEAR)

    assert read(picture) == [TOKEN]


def test_fifty_tokens_are_all_read_back() -> None:
    with tokens.fixed_randomness(50):
        made = [tokens.qr_token() for _ in range(50)]

    assert [read(Image.open(BytesIO(qr.png(token, scale=4))).convert("L")) for token in made] == [[one] for one in made]


def test_png_is_small() -> None:
    assert len(qr.png(TOKEN)) < 1000


def test_svg_is_one_path_on_white_with_its_name() -> None:
    root = ET.fromstring(qr.svg(TOKEN, title="Boleto de <Ana> & Q’eqchi’"))

    names = [element.tag.rpartition("}")[2] for element in root]
    assert names == ["title", "path", "path"]
    assert root[0].text == "Boleto de <Ana> & Q’eqchi’"
    assert (root[1].get("fill"), root[1].get("d")) == ("#fff", "M0 0h33v33H0z")
    assert (root[2].get("fill"), root[2].get("d")) == ("#000", qr.svg_path(TOKEN)[1])
    assert root.get("viewBox") == "0 0 33 33"
    assert "style" not in qr.svg(TOKEN)
    assert len(qr.svg(TOKEN)) < 1600


def test_captions_stand_below_and_the_code_is_still_read() -> None:
    plain = Image.open(BytesIO(qr.png(TOKEN)))
    captions = ["María Elena Caal Tzib de la Cruz Q’eqchiʼ ꞌ Ñandú", "K7Q2-9XMD-C", "x" * 90]

    picture = Image.open(BytesIO(file := qr.captioned_png(TOKEN, captions, FONT)))

    assert picture.width == plain.width
    assert picture.height > plain.height
    assert read(picture.convert("L")) == [TOKEN]
    below = picture.convert("L").crop((0, plain.height, plain.width, picture.height))
    left, _, right, bottom = ImageChops.invert(below).getbbox() or (0, 0, 0, 0)
    assert left > 0
    assert right < below.width
    assert bottom < below.height
    assert len(file) < 10_000


def test_captions_break_before_what_belongs_together() -> None:
    hour = "9:00\xa0a.\xa0m."

    def height(*captions: str) -> int:
        return Image.open(BytesIO(qr.captioned_png(TOKEN, captions, FONT))).height

    words = [
        word for word in ("x" * n for n in range(4, 40, 3)) if height(word) == height("x") < height(f"{word} {hour}")
    ]

    assert words
    for word in words:
        assert qr.captioned_png(TOKEN, [f"{word} {hour}"], FONT) == qr.captioned_png(TOKEN, [word, hour], FONT), word
