"""The picture of a shared link, 1200 by 630: PNG of few colours, about 20 KB. Noto Sans (OFL)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from starlette.responses import Response

from trainings.lib.text import as_drawn

FONTS = Path(__file__).parent / "fonts"
REGULAR = FONTS / "NotoSans-Regular.ttf"
EXTRA_BOLD = FONTS / "NotoSans-ExtraBold.ttf"

WIDTH, HEIGHT = 1200, 630
PAPER, INK, SOFT, MAIZE = "#fbfaf6", "#14202b", "#48535e", "#f7b32b"
COLOURS = 32
MARGIN = 64
BLOCK = (MARGIN, MARGIN, MARGIN + 300, 446)
TEXT_LEFT = BLOCK[2] + 48
TEXT_WIDTH = WIDTH - MARGIN - TEXT_LEFT
FOOT_TOP = 506
# The title takes the largest of these sizes at which it fits into its lines.
TITLE_SIZES = ((76, 3), (64, 4), (54, 4), (44, 5))
STEP = 36
MOST_FIGURES = 40
MOST_LARGE_FIGURES = 10
FIGURES_A_ROW = 20
NO_CHARACTER = "\uffff"
# Widths of the stepped diamond, row by row, on the band's grid of twelve.
DIAMOND = (2, 6, 10, 6, 2)
# Arms of the mark, quarter by quarter: from the middle outwards, in the mark's grid of twenty-four.
MARK_ARM = ((0, 0), (0, -9), (-2, -9), (-2, -6), (-4, -6), (-4, -4), (-6, -4), (-6, -2), (-9, -2), (-9, 0))


@dataclass(frozen=True)
class Card:
    """Words are in the language of the page. Without `day` the mark stands in its block. Above forty `hours` have no
    band.
    """

    title: str
    above: str = ""
    place: str = ""
    foot: str = ""
    weekday: str = ""
    day: str = ""
    month: str = ""
    clock: str = ""
    hours: int = 0


@lru_cache(maxsize=256)
def og_png(card: Card) -> bytes:
    """CPU work: call it in a thread."""
    card = replace(card, title=drawable(card.title), place=drawable(card.place))
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.rectangle(BLOCK, fill=MAIZE)
    if card.day:
        _draw_date(draw, card)
    else:
        _draw_mark(draw, (BLOCK[0] + BLOCK[2]) / 2, (BLOCK[1] + BLOCK[3]) / 2, 10, INK)
    _draw_words(draw, card)
    _draw_foot(draw, card)
    return png_of(picture)


async def picture_of(card: Card) -> Response:
    """For links shared in a chat."""
    drawn = await asyncio.to_thread(og_png, card)
    return Response(drawn, media_type="image/png", headers={"cache-control": "public, max-age=3600"})


def png_of(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


@lru_cache(maxsize=32)
def font_of(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)


def drawable(text: str) -> str:
    return as_drawn(text, [one for one in text if not _is_drawn(one)])


@lru_cache(maxsize=1024)
def _is_drawn(character: str) -> bool:
    """A font draws what it lacks as it draws what is no character."""
    font = font_of(REGULAR, 34)
    return character.isspace() or bytes(font.getmask(character)) != bytes(font.getmask(NO_CHARACTER))


def _draw_date(draw: ImageDraw.ImageDraw, card: Card) -> None:
    left, top, _right, bottom = BLOCK
    small = font_of(EXTRA_BOLD, 34)
    draw.text((left + 28, top + 22), card.weekday, INK, small)
    draw.text((left + 20, top + 244), card.day, INK, font_of(EXTRA_BOLD, 200), anchor="ls")
    draw.text((left + 28, bottom - 74), card.month, INK, small, anchor="ls")
    draw.text((left + 28, bottom - 28), card.clock, INK, small, anchor="ls")


def _draw_words(draw: ImageDraw.ImageDraw, card: Card) -> None:
    top = MARGIN - 8
    if card.above:
        draw.text((TEXT_LEFT, top), fitted(card.above, font_of(REGULAR, 34)), SOFT, font_of(REGULAR, 34))
        top += 56
    size, lines = _title_lines(card.title)
    for line in lines:
        draw.text((TEXT_LEFT - size // 24, top), line, INK, font_of(EXTRA_BOLD, size))
        top += round(size * 1.14)
    if card.place:
        draw.text((TEXT_LEFT, top + 20), fitted(card.place, font_of(REGULAR, 38)), INK, font_of(REGULAR, 38))


def _draw_foot(draw: ImageDraw.ImageDraw, card: Card) -> None:
    draw.line((MARGIN, FOOT_TOP, WIDTH - MARGIN, FOOT_TOP), INK, 3)
    draw.rectangle((MARGIN, FOOT_TOP + 28, MARGIN + 72, FOOT_TOP + 100), fill=INK)
    _draw_mark(draw, MARGIN + 36, FOOT_TOP + 64, 3, MAIZE)
    room = WIDTH - 2 * MARGIN - 96
    if 0 < card.hours <= MOST_FIGURES:
        room -= _draw_band(draw, card.hours) + 32
    font = font_of(EXTRA_BOLD, 30)
    lines = wrapped(card.foot, font, room)[:2]
    top = FOOT_TOP + 64 - 18 * (len(lines) - 1)
    for n, line in enumerate(lines):
        draw.text((MARGIN + 96, top + 36 * n), line, INK, font, anchor="lm")


def _draw_band(draw: ImageDraw.ImageDraw, n_figures: int) -> int:
    step, columns = (STEP, n_figures) if n_figures <= MOST_LARGE_FIGURES else (STEP // 2, FIGURES_A_ROW)
    rows = -(-n_figures // columns)
    width, height = columns * step, rows * step
    left, top = WIDTH - MARGIN - width, FOOT_TOP + 64 - height // 2
    draw.rectangle((left, top, left + width, top + height), fill=INK)
    for n in range(n_figures):
        row, column = divmod(n, columns)
        _draw_diamond(draw, left + column * step, top + row * step, step / 12)
    return width


def _draw_diamond(draw: ImageDraw.ImageDraw, left: float, top: float, unit: float) -> None:
    for n, width in enumerate(DIAMOND):
        x, y = left + (12 - width) / 2 * unit, top + (1 + 2 * n) * unit
        draw.rectangle((round(x), round(y), round(x + width * unit) - 1, round(y + 2 * unit) - 1), fill=MAIZE)


def _draw_mark(draw: ImageDraw.ImageDraw, x: float, y: float, unit: float, colour: str) -> None:
    for right in (-1, 1):
        for down in (-1, 1):
            draw.polygon(
                [(x + right * (1 - dx) * unit, y + down * (1 - dy) * unit) for dx, dy in MARK_ARM], fill=colour
            )


def _title_lines(title: str) -> tuple[int, list[str]]:
    lines: list[str] = []
    size = most = 0
    for size, most in TITLE_SIZES:
        lines = wrapped(title, font_of(EXTRA_BOLD, size))
        if len(lines) <= most:
            return size, lines
    cut = " ".join(lines[most - 1 :])
    return size, [*lines[: most - 1], fitted(cut, font_of(EXTRA_BOLD, size))]


def wrapped(text: str, font: ImageFont.FreeTypeFont, room: float = TEXT_WIDTH) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(fitted(word, font, room))
    return lines


def fitted(text: str, font: ImageFont.FreeTypeFont, room: float = TEXT_WIDTH) -> str:
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"
