"""The library's matrix, our drawing, ten times faster and smaller."""

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
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
# Captions: the picture is 16 letter heights wide, and text keeps a margin.
_LETTERS_ACROSS = 16
_SMALLEST_FONT = 8
_TEXT_SHARE = 0.94


def matrix(text: str, level: Level = "H") -> Matrix:
    """Rows of modules, true = dark, without quiet zone. Upper-case text makes a smaller code than mixed case."""
    code = QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=_MASK)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.modules]


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
    ends = _edges(modules)
    subpaths = []
    while ends:
        start = next(iter(ends))
        corners = [start]
        here = start
        while True:
            following = ends[here]
            there = following.pop()
            if not following:
                del ends[here]
            if there == start:
                break
            corners.append(there)
            here = there
        subpaths.append(_subpath(corners, border))
    return subpaths


def _edges(modules: Matrix) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Sides between dark and light, directed with the dark on the right: corner -> next corners."""
    size = len(modules)
    ends: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y, row in enumerate(modules):
        above = modules[y - 1] if y else None
        below = modules[y + 1] if y + 1 < size else None
        for x, dark in enumerate(row):
            if not dark:
                continue
            if above is None or not above[x]:
                ends.setdefault((x, y), []).append((x + 1, y))
            if x + 1 == size or not row[x + 1]:
                ends.setdefault((x + 1, y), []).append((x + 1, y + 1))
            if below is None or not below[x]:
                ends.setdefault((x + 1, y + 1), []).append((x, y + 1))
            if x == 0 or not row[x - 1]:
                ends.setdefault((x, y + 1), []).append((x, y))
    return ends


def _subpath(corners: list[tuple[int, int]], border: int) -> str:
    x, y = corners[0]
    steps: list[tuple[str, int]] = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        way, length = ("h", x2 - x1) if y1 == y2 else ("v", y2 - y1)
        if steps and steps[-1][0] == way:
            length += steps.pop()[1]
        steps.append((way, length))
    return f"M{x + border} {y + border}{''.join(f'{way}{length}' for way, length in steps)}z"
