"""A sheet takes milliseconds of processor: call it in a thread, outside any transaction."""

from __future__ import annotations

import json
import re
import struct
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import typst

# Typst draws a corner before the place of an error: "┌─ diploma/design.typ:12:7".
_PLACE = re.compile(r"─ (\S.*?):(\d+):\d+")
_DIRECTIONS = frozenset({0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)})


class CannotTypeset(RuntimeError):
    """A bug of the design or its fonts: texts are checked with `Design.missing` before. `file` and `line`: where Typst
    stopped.
    """

    def __init__(self, sentence: str, *, diagnostic: str = "") -> None:
        found = _PLACE.search(diagnostic)
        self.reason = sentence
        self.file = "/".join(Path(found[1]).parts[-2:]) if found else ""
        self.line = int(found[2]) if found else None
        super().__init__(f"{sentence} ({self.file}, line {self.line})" if found else sentence)


class UnreadableFont(CannotTypeset):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is no font")
        self.path = path


class Design:
    """With its own fonts (TTF), never the machine's. Data come as JSON in `sys.inputs.data`."""

    def __init__(self, file: Path, *, root: Path, fonts: Path) -> None:
        self.file, self.root, self.fonts = file, root, fonts
        self._own = threading.local()

    def make(self, data: Mapping[str, Any], output: typst.OutputFormat, *, name: str, **options: Any) -> list[bytes]:
        """One PDF, or one picture a page. Refuses (`CannotTypeset`, with `name`) whatever Typst warns of."""
        inputs = {"data": json.dumps(data, ensure_ascii=False)}
        try:
            made, warnings = self._compiler().compile_with_warnings(format=output, sys_inputs=inputs, **options)
        except typst.TypstError as error:
            raise CannotTypeset(f"{name}: {error.message}", diagnostic=error.diagnostic) from error
        if warnings or not made:
            said = "; ".join(warning.message for warning in warnings)
            raise CannotTypeset(f"{name}: {said}", diagnostic="".join(warning.diagnostic for warning in warnings))
        return made if isinstance(made, list) else [made]

    def pdf(self, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
        """Tagged (UA-1). CPU work: call it in a thread."""
        second = made_at.astimezone(UTC).replace(microsecond=0)
        [file] = self.make(data, "pdf", name=self.file.stem, pdf_standards=["ua-1"], timestamp=second)
        return file

    def missing(self, *texts: str) -> str:
        """Characters that not every font has, each once. Refuses: UnreadableFont. Marks of writing direction count as
        missing: they show nothing and make of one name another.
        """
        return "".join(dict.fromkeys(one for text in texts for one in text if ord(one) not in self._printable))

    def font_files(self) -> list[Path]:
        return sorted(self.fonts.glob("*.ttf"))

    @cached_property
    def _printable(self) -> frozenset[int]:
        if not self.font_files():
            raise UnreadableFont(self.fonts)
        return frozenset.intersection(*map(code_points_of, self.font_files())) - _DIRECTIONS

    def _compiler(self) -> typst.Compiler:
        """One a thread: it keeps the design parsed, most of the time of a first sheet."""
        if not hasattr(self._own, "compiler"):
            self._own.compiler = typst.Compiler(str(self.file), root=str(self.root), font_paths=_fonts(self.fonts))
        compiler: typst.Compiler = self._own.compiler
        return compiler


@cache
def _fonts(folder: Path) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])


def code_points_of(file: Path) -> frozenset[int]:
    """Refuses (UnreadableFont) what is no whole TrueType font."""
    try:
        return _code_points(file.read_bytes())
    except (struct.error, KeyError, IndexError, ValueError, OSError, MemoryError) as error:
        raise UnreadableFont(file) from error


def _code_points(font: bytes) -> frozenset[int]:
    places = struct.iter_unpack(">4sIII", font[12 : 12 + 16 * struct.unpack_from(">H", font, 4)[0]])
    tables = {tag: (offset, length) for tag, _, offset, length in places}
    if any(offset + length > len(font) for offset, length in tables.values()):
        raise ValueError("it ends before its last table")
    cmap, _length = tables[b"cmap"]
    n_tables = struct.unpack_from(">H", font, cmap + 2)[0]
    encodings = struct.iter_unpack(">HHI", font[cmap + 4 : cmap + 4 + 8 * n_tables])
    formats = {struct.unpack_from(">H", font, cmap + offset)[0]: cmap + offset for _, _, offset in encodings}
    return _full(font, formats[12]) if 12 in formats else _first_plane(font, formats[4])


def _full(font: bytes, table: int) -> frozenset[int]:
    n_groups = struct.unpack_from(">I", font, table + 12)[0]
    groups = list(struct.iter_unpack(">III", font[table + 16 : table + 16 + 12 * n_groups]))
    _refuse_too_many([(first, last) for first, last, _ in groups], sys.maxunicode)
    return frozenset(point for first, last, _ in groups for point in range(first, last + 1))


def _refuse_too_many(rows: list[tuple[int, int]], highest: int) -> None:
    """A table may be made to fill the memory: rows that run backward or repeat."""
    if any(not first <= last <= highest for first, last in rows):
        raise ValueError("a row of characters that there are not")
    if sum(last - first + 1 for first, last in rows) > highest + 1:
        raise ValueError("more characters than there are")


def _first_plane(font: bytes, table: int) -> frozenset[int]:
    n = struct.unpack_from(">H", font, table + 6)[0] // 2
    lists = [table + 14 + 2 * n * place + (2 if place else 0) for place in range(4)]
    lasts, firsts, deltas, offsets = (struct.unpack_from(f">{n}H", font, start) for start in lists)
    _refuse_too_many(list(zip(firsts, lasts, strict=True)), 0xFFFF)

    def has_glyph(segment: int, point: int) -> bool:
        if not offsets[segment]:
            return bool((point + deltas[segment]) % 65_536)
        place = lists[3] + 2 * segment + offsets[segment] + 2 * (point - firsts[segment])
        return struct.unpack_from(">H", font, place) != (0,)

    return frozenset(
        point
        for segment in range(n)
        for point in range(firsts[segment], lasts[segment] + 1)
        if point != 0xFFFF and has_glyph(segment, point)
    )
