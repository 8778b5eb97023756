"""A design that brings its own letters: what is wrong with them is told in words, by the check and by every page."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.certificates.designs.test_check import copy_of
from trainings.__main__ import cli
from trainings.certificates.designs.designs import FONT_FOLDER
from trainings.lib.typst import UnreadableFont, code_points_of

REGULAR = "NotoSerif-Regular.ttf"
BROKEN = "mio/fonts/mala.ttf no es una letra TTF entera: cópiela otra vez, o bórrela."


def with_fonts(folder: Path) -> Path:
    """A copy of a design with all of our letters in a folder of its own."""
    design = copy_of("constancia", folder)
    (design / "fonts").mkdir()
    for file in FONT_FOLDER.glob("*.ttf"):
        shutil.copy(file, design / "fonts")
    return design


def font_of(table: bytes) -> bytes:
    """A font that has nothing but this table of its characters."""
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table
    return b"\0\1\0\0" + struct.pack(">HHHH", 1, 0, 0, 0) + struct.pack(">4sIII", b"cmap", 0, 28, len(cmap)) + cmap


def full(*rows: tuple[int, int]) -> bytes:
    """A font whose full table has these rows, each from its first character to its last."""
    groups = b"".join(struct.pack(">III", first, last, 0) for first, last in rows)
    return font_of(struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(rows)) + groups)


def repeated(n: int) -> bytes:
    """A font whose short table has nearly all characters, `n` times."""
    rows = struct.pack(f">{n}H", *[0xFFFE] * n) + b"\0\0" + struct.pack(f">{n}H", *[0] * n) * 3
    return font_of(struct.pack(">HHHHHHH", 4, 0, 0, 2 * n, 0, 0, 0) + rows)


@pytest.mark.parametrize(
    "content",
    [
        b"esto no es una letra\n",
        b"",
        bytes(range(256)) * 40,
        (FONT_FOLDER / REGULAR).read_bytes()[:100_000],
        full(*[(0, 0x10FFFF)] * 1000),
    ],
    ids=["text", "empty", "random", "cut off", "too many"],
)
@pytest.mark.parametrize("command", ["check", "preview"])
def test_command_when_a_font_is_broken_then_named_in_words(tmp_path: Path, command: str, content: bytes) -> None:
    design = with_fonts(tmp_path)
    (design / "fonts" / "mala.ttf").write_bytes(content)

    ran = CliRunner().invoke(cli, ["design", command, str(design)])

    assert (ran.exit_code, ran.output) == (1, f"✗ {BROKEN}\n")


def test_code_points_when_the_font_is_whole_then_those_it_has() -> None:
    assert ord("ñ") in code_points_of(FONT_FOLDER / REGULAR)
    with pytest.raises(UnreadableFont):
        code_points_of(FONT_FOLDER / "absent.ttf")


@pytest.mark.parametrize(
    "content",
    [full((0, 0x110000)), full((0, 0x10FFFF), (1, 0)), full((0, 0x10FFFF), (65, 66)), repeated(2)],
    ids=["beyond", "backward", "twice", "short and twice"],
)
def test_code_points_when_the_table_has_more_than_there_are_then_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mala.ttf").write_bytes(content)

    with pytest.raises(UnreadableFont):
        code_points_of(tmp_path / "mala.ttf")


@pytest.mark.parametrize("command", ["check", "preview"])
def test_command_when_one_face_is_missing_then_the_font_is_named_with_who_asks_for_it(
    tmp_path: Path, command: str
) -> None:
    design = with_fonts(tmp_path)
    for file in (design / "fonts").glob("NotoSerifDisplay*"):
        file.unlink()

    ran = CliRunner().invoke(cli, ["design", command, str(design)])

    assert ran.exit_code == 1
    assert "lib/parts.typ pide la letra «Noto Serif Display», y en la carpeta fonts no está: cópiela ahí." in ran.output
