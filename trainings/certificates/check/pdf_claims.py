"""A program of its own: finds our folios and codes in a stranger's PDF. Nothing here is believed.

Reads its input, prints JSON, a line for each step. A hostile file may fill memory or never end: its parent kills it by
time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any

import pikepdf

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 4
MOST_CLAIMS = 8
MOST_ATTACHMENTS, MOST_PAGES, MOST_STREAMS, MOST_PICTURES = 10, 6, 400, 4
MOST_POINTS = 12_000_000
"""Pixels of a picture: a letter page scanned at 300 dpi has eight millions."""
UNREADABLE = (
    *(pikepdf.PikepdfError, ArithmeticError, AttributeError, LookupError, MemoryError, OSError),
    *(RuntimeError, TypeError, ValueError),
)
LONGEST_TEXT = 256 * 1024
FOLIO = re.compile(r"VIMMIG-[0-9A-Z]{2,12}-\d{4}-(?=(\d{6,9}))\d{6}")
CODE = re.compile(
    r"/(?:V|v|verificar)/([0-9A-Za-z]{14})(?![0-9A-Za-z])"
    r"|([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}-[0-9A-HJKMNP-TV-Z]{2})(?!-)"
)


def claims_of(content: bytes) -> Iterator[dict[str, object]]:
    """`is_locked` by a password; `is_picture`: only a picture names them, as in a scan. Quick parts first: pages may be
    made to take longer than there is time.
    """
    written, drawn, is_locked = [content.decode("latin-1")], list[str](), False
    try:
        with pikepdf.open(BytesIO(content)) as pdf:
            for part in (_information, _metadata, _attachments):
                written += _or_nothing(part, pdf)
            yield {**_claimed(written), "is_locked": False, "is_picture": False}
            for part in (_links, _letters):
                written += _or_nothing(part, pdf)
            if not _claimed(written)["codes"]:
                drawn += _or_nothing(_codes_in_pictures, pdf)
    except pikepdf.PasswordError:
        is_locked = True
    except UNREADABLE:
        written += _streams(content)
    claims = _claimed([*written, *drawn])
    yield {**claims, "is_locked": is_locked, "is_picture": bool(drawn) and not any(_claimed(written).values())}


def _claimed(texts: Iterable[str]) -> dict[str, list[str]]:
    """Letters may adjoin without a space: yields both the shortest and the longest number."""
    whole = "\n".join(texts)
    folios = [folio for found in FOLIO.finditer(whole) for folio in (found[0], found[0][:-6] + found[1])]
    codes = [one or other.replace("-", "") for one, other in CODE.findall(whole)]
    return {
        "folios": list(dict.fromkeys(folios))[:MOST_CLAIMS],
        "codes": list(dict.fromkeys(codes))[:MOST_CLAIMS],
    }


def _or_nothing(part: Callable[[pikepdf.Pdf], Iterator[str]], pdf: pikepdf.Pdf) -> list[str]:
    found = list[str]()
    with contextlib.suppress(*UNREADABLE):
        found.extend(part(pdf))
    return found


def _information(pdf: pikepdf.Pdf) -> Iterator[str]:
    for value in list(pdf.docinfo.values())[:20]:
        yield str(value)[:1000]


def _metadata(pdf: pikepdf.Pdf) -> Iterator[str]:
    metadata = pdf.Root.get("/Metadata")
    if isinstance(metadata, pikepdf.Stream):
        yield metadata.read_bytes()[:LONGEST_TEXT].decode("utf-8", "replace")


def _attachments(pdf: pikepdf.Pdf) -> Iterator[str]:
    for name in list(pdf.attachments)[:MOST_ATTACHMENTS]:
        yield pdf.attachments[name].get_file().read_bytes()[:LONGEST_TEXT].decode("utf-8", "replace")


def _links(pdf: pikepdf.Pdf) -> Iterator[str]:
    for page in pdf.pages[:MOST_PAGES]:
        annotations: Any = page.obj.get("/Annots", [])
        for link in list(annotations)[:100]:
            yield str(link.get("/A", {}).get("/URI", ""))[:1000]


# -- the letters of a page


def _letters(pdf: pikepdf.Pdf) -> Iterator[str]:
    for page in pdf.pages[:MOST_PAGES]:
        pieces = list(_shown(page.obj, page.obj.get("/Resources", {}), {}, set()))
        yield "".join(pieces).replace("\n", "")
        yield "".join(pieces)


def _shown(content: Any, resources: Any, read: dict[str, Callable[[bytes], str]], forms: set[str]) -> Iterator[str]:
    decode: Callable[[bytes], str] = _plain
    instructions: Any = pikepdf.parse_content_stream(content)
    for operands, operator in instructions:
        act = str(operator)
        if act == "Tf":
            decode = _reader_of(resources.get("/Font", {}).get(str(operands[0]), {}), read)
        elif act in ("Tj", "'", '"'):
            yield decode(bytes(operands[-1]))
        elif act == "TJ":
            yield "".join(decode(bytes(one)) for one in operands[0] if isinstance(one, pikepdf.String))
        elif act in ("BT", "Td", "TD", "Tm", "T*"):
            yield "\n"
        elif act == "Do":
            form = resources.get("/XObject", {}).get(str(operands[0]), {})
            if form.get("/Subtype") == "/Form" and str(form.objgen) not in forms:
                forms.add(str(form.objgen))
                yield from _shown(form, form.get("/Resources", resources), read, forms)


def _plain(shown: bytes) -> str:
    return shown.decode("latin-1")


def _reader_of(font: Any, read: dict[str, Callable[[bytes], str]]) -> Callable[[bytes], str]:
    """By the font's own table, else as plain letters. Each table is read once."""
    table = font.get("/ToUnicode")
    if not isinstance(table, pikepdf.Stream):
        return _plain
    key = str(table.objgen)
    if key not in read:
        width = 2 if font.get("/Subtype") == "/Type0" else 1
        letters = _table(table.read_bytes()[:LONGEST_TEXT].decode("latin-1"))
        read[key] = lambda shown: "".join(
            letters.get(int.from_bytes(shown[at : at + width], "big"), "") for at in range(0, len(shown), width)
        )
    return read[key]


def _table(text: str) -> dict[int, str]:
    letters = {}
    for part in re.findall(r"beginbfchar(.*?)endbfchar", text, re.DOTALL):
        for number, letter in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", part):
            letters[int(number, 16)] = _letter(letter)
    for part in re.findall(r"beginbfrange(.*?)endbfrange", text, re.DOTALL):
        for low, high, first, each in re.findall(
            r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|\[([^\]]*)\])", part
        ):
            numbers = range(int(low, 16), min(int(high, 16), int(low, 16) + 0xFFFF) + 1)
            several = re.findall(r"<([0-9A-Fa-f]+)>", each)
            if first:
                letters |= {n: chr(min(int(first[-4:], 16) + n - numbers[0], 0x10FFFF)) for n in numbers}
            letters |= {n: _letter(one) for n, one in zip(numbers, several, strict=False)}
    return letters


def _letter(hexadecimal: str) -> str:
    return bytes.fromhex(hexadecimal).decode("utf-16-be", "replace")


# -- pictures, and what is left of a broken file


def _codes_in_pictures(pdf: pikepdf.Pdf) -> Iterator[str]:
    import zxingcpp  # noqa: PLC0415  # for those only that name no code in letters

    n_looked_at = 0
    for page in pdf.pages[:MOST_PAGES]:
        resources: Any = page.obj.get("/Resources", {})
        for picture in resources.get("/XObject", {}).values():
            is_picture = picture.get("/Subtype") == "/Image"
            if not is_picture or n_looked_at == MOST_PICTURES or picture.Width * picture.Height > MOST_POINTS:
                continue
            n_looked_at += 1
            grey = pikepdf.PdfImage(picture).as_pil_image().convert("L")
            yield from (one.text for one in zxingcpp.read_barcodes(grey))


def _streams(content: bytes) -> Iterator[str]:
    for found in list(re.finditer(rb"stream\r?\n", content))[:MOST_STREAMS]:
        try:
            unpacked = zlib.decompressobj().decompress(content[found.end() :], LONGEST_TEXT)
        except zlib.error:
            continue
        yield unpacked.decode("latin-1")


def main() -> None:
    os.nice(10)  # requests for pages go first
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for claims in claims_of(sys.stdin.buffer.read()):
        print(json.dumps(claims), flush=True)


if __name__ == "__main__":
    main()
