"""How much the look weighs, whether it can be read, and the picture that a shared link carries."""

from __future__ import annotations

import gzip
import re
from io import BytesIO

import pytest
from PIL import Image

from trainings.web import og
from trainings.web.static import STATIC_DIR


def test_stylesheet_of_public_pages_stays_small() -> None:
    css = (STATIC_DIR / "css/site.css").read_bytes()

    assert len(css) <= 12 * 1024
    assert len(gzip.compress(css, 9)) <= 4 * 1024


def colours(scheme: str) -> dict[str, str]:
    """The colour tokens of a scheme; dark ones stand over light ones."""
    css = (STATIC_DIR / "css/site.css").read_text("utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", dark.split("@media")[0]))
    return found


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("ink", "paper", 7.0),
        ("soft", "paper", 4.5),
        ("blue", "paper", 4.5),
        ("bad", "paper", 4.5),
        ("ok", "paper", 4.5),
        ("ink", "tint", 7.0),
        ("soft", "tint", 4.5),
        ("blue", "tint", 4.5),
        ("on-blue", "blue", 4.5),
        ("on-maize", "maize", 7.0),
        ("paper", "ok", 4.5),
        ("paper", "bad", 4.5),
        ("paper", "ink", 4.5),
        ("edge", "paper", 3.0),
        ("maize", "ground", 3.0),
        ("dim", "ground", 3.0),
    ],
)
def test_colours_keep_their_contrast(scheme: str, text: str, ground: str, least: float) -> None:
    tokens = colours(scheme)

    assert contrast(tokens[text], tokens[ground]) >= least


# -- the picture of a shared link

CARD = og.Card(
    title="Riesgos de la migración irregular: mitos y realidades",
    above="Taller · 4 horas",
    place="Salón municipal, La Libertad, Petén",
    foot="Ventanilla Informativa Municipal sobre Migración",
    weekday="sábado",
    day="6",
    month="de marzo",
    clock="8:30 a. m.",
    hours=4,
)


ENDLESS = og.Card(title="Diplomado " * 60, above="Q’eqchi’ ꞌ " * 20, place="ñ" * 400, foot="a " * 300, hours=41)


@pytest.mark.parametrize("card", [CARD, og.Card(title="x"), ENDLESS], ids=["usual", "bare", "endless"])
def test_picture_of_a_link_has_the_asked_size_and_few_bytes(card: og.Card) -> None:
    file = og.og_png(card)

    picture = Image.open(BytesIO(file))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (1200, 630), "P")
    assert len(file) < 40_000


def test_picture_of_a_link_is_drawn_once() -> None:
    assert og.og_png(CARD) is og.og_png(CARD)


def test_general_picture_is_ready_for_pages_without_their_own() -> None:
    with Image.open(STATIC_DIR / "icons/og.png") as stored:
        assert (stored.format, stored.size, stored.mode) == ("PNG", (1200, 630), "P")


def test_picture_of_a_link_leaves_out_what_its_letters_lack() -> None:
    assert og.drawable("Feria 👩‍🌾🏽 del maíz 🌽") == "Feria del maíz"
    assert og.drawable("Q’eqchi’ ꞌ ʼ ü ñ ¿sí?") == "Q’eqchi’ ꞌ ʼ ü ñ ¿sí?"
    assert og.og_png(og.Card(title="Feria 🌽", place="🎉 Parque")) == og.og_png(og.Card(title="Feria", place="Parque"))
