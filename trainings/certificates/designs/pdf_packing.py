"""Mends Typst's files by qpdf: their weight, and letters read twice.

Imported only where needed: some megabytes, for few files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pikepdf

_ROW = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>")


@dataclass(slots=True)
class _Span:
    """Glyphs of a font and the letters that they stand for together; `before`: shown last before them."""

    place: int
    letters: str
    before: tuple[str, int]
    font: str = ""
    glyphs: list[int] = field(default_factory=list)


def packed(file: bytes, *, has_parts: bool) -> bytes:
    """The same document, at least a fifth lighter; `has_parts`: composed letters are then read once.

    Typst leaves tags and page objects uncompressed, a third of a long file. The metadata stays in plain text.
    """
    written = BytesIO()
    with pikepdf.open(BytesIO(file)) as document:
        for page in document.pages if has_parts else ():
            _tell_parts(document, page)
        together = pikepdf.ObjectStreamMode.generate
        document.save(written, object_stream_mode=together, deterministic_id=True, fix_metadata_version=False)
    return written.getvalue()


def _tell_parts(document: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Typst says of each part of a letter (n and its mark) that it stands for the whole: readers of that table (pypdf,
    pdfminer.six) would read the letter twice. Above a tall letter (b) the mark is shown alone and says that it is
    the whole: every reader would.
    """
    instructions: list[Any] = list(pikepdf.parse_content_stream(page))
    is_changed = False
    for span in _spans(instructions):
        base, marks = span.letters[0], span.letters[1:]
        if len(span.glyphs) == len(span.letters):
            _tell(page, span.font, dict(zip(span.glyphs, span.letters, strict=True)), span.letters)
        elif len(span.glyphs) == len(marks) and span.before[0] == span.font:
            _tell(page, span.font, {span.before[1]: base, **dict(zip(span.glyphs, marks, strict=True))}, span.letters)
            about = [pikepdf.Name.Span, pikepdf.Dictionary(ActualText=pikepdf.String(marks))]
            instructions[span.place] = pikepdf.ContentStreamInstruction(about, pikepdf.Operator("BDC"))
            is_changed = True
    if is_changed:
        page.Contents = document.make_stream(pikepdf.unparse_content_stream(instructions))


def _spans(instructions: Sequence[Any]) -> list[_Span]:
    found, font, last, now = list[_Span](), "", ("", 0), None
    for place, (operands, operator) in enumerate(instructions):
        match str(operator):
            case "Tf":
                font = str(operands[0])
            case "BDC" if len(letters := _stands_for(operands[1])) > 1:
                found.append(now := _Span(place, letters, last))
            case "EMC":
                now = None
            case "Tj" | "TJ":
                glyphs = _glyphs(operands[0])
                last = (font, glyphs[-1]) if glyphs else last
                if now is not None:
                    now.font = font
                    now.glyphs += glyphs
    return found


def _stands_for(about: Any) -> str:
    return str(about.get("/ActualText", "")) if isinstance(about, pikepdf.Dictionary) else ""


def _glyphs(shown: Any) -> list[int]:
    parts = list(shown) if isinstance(shown, pikepdf.Array) else [shown]
    whole = b"".join(bytes(one) for one in parts if isinstance(one, pikepdf.String))
    return [int.from_bytes(whole[place : place + 2], "big") for place in range(0, len(whole), 2)]


def _tell(page: pikepdf.Page, font: str, parts: dict[int, str], letters: str) -> None:
    """In a font's table. A mark shared by several letters stands for the first."""

    def row(found: re.Match[bytes]) -> bytes:
        part = parts.get(int(found[1], 16))
        whole = bytes.fromhex(found[2].decode()).decode("utf-16-be")
        if part is None or part not in whole or len(whole) != len(letters):
            return found[0]
        return b"<%s> <%s>" % (found[1], part.encode("utf-16-be").hex().upper().encode())

    told: Any = page.Resources.Font[font].ToUnicode
    told.write(_ROW.sub(row, told.read_bytes()))
