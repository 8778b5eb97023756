"""The library's matrix, our drawing, ten times faster and smaller."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.main import QRCode

Level = Literal["L", "M", "Q", "H"]
Matrix = list[list[bool]]

QUIET_ZONE = 4

_LEVELS = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q, "H": ERROR_CORRECT_H}
# Every mask is valid; trying all eight for the prettiest one is most of the library's time.
_MASK = 2
# Tickets and cards: made from what the library makes of other texts of this length, thirty times faster.
_TOKEN = 20
_LETTERS, _PAIR, _BITS_OF_PAIR = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", "AA", 11
# Captions: the picture is 16 letter heights wide, and text keeps a margin.
_LETTERS_ACROSS = 16
_SMALLEST_FONT = 8
_TEXT_SHARE = 0.94


def matrix(text: str, level: Level = "H") -> Matrix:
    """Rows of modules, true = dark, without quiet zone. Upper-case text makes a smaller code than mixed case."""
    is_token = len(text) == _TOKEN and not text.isdigit() and set(text).issubset(_LETTERS)
    return _of_token(text, level) if is_token else _of_library(text, level)


def _of_library(text: str, level: Level) -> Matrix:
    code = QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=_MASK)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.modules]


def _of_token(text: str, level: Level) -> Matrix:
    size, modules, changes = _learned(level)
    for place, of_pair in enumerate(changes):
        differing = _value(text[2 * place : 2 * place + 2]) ^ _value(_PAIR)
        for bit, changed in enumerate(of_pair):
            if differing >> bit & 1:
                modules ^= changed
    flat = [module == "1" for module in f"{modules:0{size * size}b}"]
    return [flat[first : first + size] for first in range(0, size * size, size)]


@cache
def _learned(level: Level) -> tuple[int, int, Sequence[Sequence[int]]]:
    """Of one text: its size, its modules as a number, and those that each bit of each two letters changes. Under one
    mask a bit changes the same modules in every text, checks included.
    """
    pairs = [_PAIR] * (_TOKEN // 2)
    size, modules = _as_number("".join(pairs), level)
    others = [divmod(_value(_PAIR) ^ 1 << bit, len(_LETTERS)) for bit in range(_BITS_OF_PAIR)]
    changes = [
        [
            modules ^ _as_number("".join([*pairs[:place], _LETTERS[a], _LETTERS[b], *pairs[place + 1 :]]), level)[1]
            for a, b in others
        ]
        for place in range(len(pairs))
    ]
    return size, modules, changes


def _as_number(text: str, level: Level) -> tuple[int, int]:
    modules = _of_library(text, level)
    return len(modules), int("".join("01"[module] for row in modules for module in row), 2)


def _value(pair: str) -> int:
    return _LETTERS.index(pair[0]) * len(_LETTERS) + _LETTERS.index(pair[1])


def svg_path(text: str, level: Level = "H", border: int = QUIET_ZONE) -> tuple[int, str]:
    """Width of the viewBox (quiet zone included) and the `d` of one filled path, in modules. The path runs around dark
    areas: no hairlines between rows when scaled or printed.
    """
    modules = matrix(text, level)
    return len(modules) + 2 * border, "".join(_outlines(modules, border))


def svg(text: str, level: Level = "H", title: str | None = None) -> str:
    size, path = svg_path(text, level)
    name = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" shape-rendering="crispEdges">'
        f'{name}<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def png(text: str, level: Level = "H", *, scale: int = 10) -> bytes:
    """`scale` pixels a module."""
    return _file(_picture(matrix(text, level), scale))


def captioned_png(text: str, captions: Sequence[str], font: Path, level: Level = "H", *, scale: int = 10) -> bytes:
    return _file(_captioned(_picture(matrix(text, level), scale), captions, font), optimize=False)


def _file(picture: Image.Image, *, optimize: bool = True) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG", optimize=optimize)
    return file.getvalue()


def _picture(modules: Matrix, scale: int) -> Image.Image:
    size = len(modules)
    small = Image.new("1", (size + 2 * QUIET_ZONE, size + 2 * QUIET_ZONE), 1)
    small.putdata(
        [
            not (0 <= y < size and 0 <= x < size and modules[y][x])
            for y in range(-QUIET_ZONE, size + QUIET_ZONE)
            for x in range(-QUIET_ZONE, size + QUIET_ZONE)
        ]
    )
    return small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)


def _captioned(picture: Image.Image, captions: Sequence[str], font: Path) -> Image.Image:
    width = picture.width
    size = max(width // _LETTERS_ACROSS, _SMALLEST_FONT)
    letters = ImageFont.truetype(font, size)
    lines = [line for caption in captions for line in _wrapped(caption, letters, width * _TEXT_SHARE)]
    step = size * 3 // 2
    page = Image.new("L", (width, picture.height + step * len(lines) + step // 2), 255)
    page.paste(picture.convert("L"), (0, 0))
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((width / 2, picture.height + step * number + step // 2), line, fill=0, font=letters, anchor="mm")
    return _in_sixteen_greys(page)


def _in_sixteen_greys(page: Image.Image) -> Image.Image:
    """Four bits a dot; the library's own choice of colours takes ten times as long."""
    picture = Image.frombytes("P", page.size, page.point([value * 15 // 255 for value in range(256)]).tobytes())
    picture.putpalette([grey * 17 for grey in range(16) for _channel in range(3)])
    return picture


def _wrapped(caption: str, letters: ImageFont.FreeTypeFont, room: float) -> list[str]:
    lines: list[str] = []
    for word in filter(None, caption.split(" ")):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and letters.getlength(joined) <= room:
            lines[-1] = joined
        else:
            lines.extend(_broken(word, letters, room))
    return lines


def _broken(word: str, letters: ImageFont.FreeTypeFont, room: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and letters.getlength(pieces[-1] + character) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _outlines(modules: Matrix, border: int) -> list[str]:
    wide = len(modules) + 1
    names = {1: "h", -1: "h-", wide: "v", -wide: "v-"}
    ends, others = _edges(modules)
    subpaths = []
    while ends:
        here = start = next(iter(ends))
        y, x = divmod(start, wide)
        steps = [f"M{x + border} {y + border}"]
        way = length = 0
        while (there := others.pop(here) if here in others else ends.pop(here)) != start:
            if there - here == way:
                length += 1
            else:
                if length:
                    steps.append(f"{names[way]}{length}")
                way, length = there - here, 1
            here = there
        subpaths.append(f"{''.join(steps)}{names[way]}{length}z")
    return subpaths


def _edges(modules: Matrix) -> tuple[dict[int, int], dict[int, int]]:
    """Sides between dark and light, directed with the dark on the right: corner -> next corner, both counted along the
    rows. Where two areas touch a corner has another one.
    """
    wide = len(modules) + 1
    light = [False] * wide
    ends: dict[int, int] = {}
    others: dict[int, int] = {}
    for y, row in enumerate(modules):
        above, below = modules[y - 1] if y else light, modules[y + 1] if y + 2 < wide else light
        before, corner = False, y * wide
        for dark, over, under, after in zip(row, above, below, (*row[1:], False), strict=False):
            if dark:
                if not over:
                    (others if corner in ends else ends)[corner] = corner + 1
                if not after:
                    (others if corner + 1 in ends else ends)[corner + 1] = corner + 1 + wide
                if not under:
                    (others if corner + 1 + wide in ends else ends)[corner + 1 + wide] = corner + wide
                if not before:
                    (others if corner + wide in ends else ends)[corner + wide] = corner
            before = dark
            corner += 1
    return ends, others
