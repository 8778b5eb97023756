"""One PDF for the printer: each paper begins on the front of a sheet, also printed duplex. Written front to back, some
papers at a time; only offsets are kept. A process of the mill makes each piece.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import pikepdf
from pikepdf import Name

CATALOGUE, PAGES, INFO = 1, 2, 3
ROWS = 10_000
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
# As qpdf writes an object: its strings escape every bracket, so that a reference within one is not taken for one.
_REFERENCE = re.compile(rb"\((?:[^\\()]|\\.)*\)|<[0-9a-fA-F]*>|\b(\d+) (\d+) R\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """Papers as PDF objects, numbered in a row; the first is their page node. `offsets`: from the start of
    `content`.
    """

    content: bytes
    offsets: Sequence[int]
    n_pages: int


def piece(papers: Sequence[bytes], first: int) -> Piece:
    """With an empty page after an odd number; objects from `first` on. For paper: signatures, attachments and tags stay
    in the source files.
    """
    with pikepdf.Pdf.new() as some:
        for paper in papers:
            with pikepdf.Pdf.open(BytesIO(paper)) as one:
                for page in one.pages:
                    _without_form(page)
                some.pages.extend(one.pages)
                if len(one.pages) % 2:
                    last = some.pages[-1].mediabox
                    some.add_blank_page(page_size=(float(last[2] - last[0]), float(last[3] - last[1])))
        return _Renumbered(some, first).piece()


class _Renumbered:
    def __init__(self, file: pikepdf.Pdf, first: int) -> None:
        self._file, self._first = file, first
        self._numbers: dict[tuple[int, int], int] = {}
        self._waiting: list[pikepdf.Object] = []

    def piece(self) -> Piece:
        pages = [page.obj for page in self._file.pages]
        # The pages' node is numbered first: each page refers to it.
        self._numbers[pages[0].Parent.objgen] = self._first
        kids = b" ".join(b"%d 0 R" % self._number(page) for page in pages)
        whole, offsets = BytesIO(), []
        node = b"<< /Type /Pages /Parent %d 0 R /Count %d /Kids [ %s ] >>" % (PAGES, len(pages), kids)
        for number, content in enumerate(self._contents(node), start=self._first):
            offsets.append(whole.tell())
            whole.write(_object(number, content))
        return Piece(whole.getvalue(), offsets, len(pages))

    def _contents(self, node: bytes) -> Iterator[bytes]:
        yield node
        done = 0
        while done < len(self._waiting):
            yield self._content(self._waiting[done])
            done += 1

    def _content(self, one: pikepdf.Object) -> bytes:
        if not isinstance(one, pikepdf.Stream):
            return self._renumbered(one.unparse(resolved=True))
        raw = one.read_raw_bytes()
        one.stream_dict.Length = len(raw)
        return self._renumbered(one.stream_dict.unparse(resolved=True)) + b"\nstream\n" + raw + b"\nendstream"

    def _renumbered(self, text: bytes) -> bytes:
        return _REFERENCE.sub(self._reference, text)

    def _reference(self, found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return found[0]
        return b"%d 0 R" % self._number(self._file.get_object(int(found[1]), int(found[2])))

    def _number(self, one: pikepdf.Object) -> int:
        if one.objgen not in self._numbers:
            self._waiting.append(one)
            self._numbers[one.objgen] = self._first + len(self._waiting)
        return self._numbers[one.objgen]


class Merged:
    """A PDF as it is written: `begin`, then each piece, whose first object has `next_number`, then `end`."""

    def __init__(self) -> None:
        self._length = 0
        self._offsets = array("Q")
        self._nodes: list[int] = []
        self._n_pages = 0

    @property
    def next_number(self) -> int:
        return INFO + 1 + len(self._offsets)

    def begin(self) -> bytes:
        return self._counted(_HEAD)

    def take(self, one: Piece) -> bytes:
        self._nodes.append(self.next_number)
        self._offsets.extend(self._length + offset for offset in one.offsets)
        self._n_pages += one.n_pages
        return self._counted(one.content)

    def end(self, title: str) -> Iterator[bytes]:
        kids = b" ".join(b"%d 0 R" % node for node in self._nodes)
        own = {
            CATALOGUE: b"<< /Type /Catalog /Pages %d 0 R /Lang (es) >>" % PAGES,
            PAGES: b"<< /Type /Pages /Count %d /Kids [ %s ] >>" % (self._n_pages, kids),
            INFO: b"<< /Title <FEFF%s> >>" % title.encode("utf-16-be").hex().encode(),
        }
        last, places = b"", []
        for number, content in own.items():
            places.append(self._length + len(last))
            last += _object(number, content)
        size, begins = self.next_number, self._length + len(last)
        yield last + b"xref\n0 %d\n0000000000 65535 f \n" % size
        yield _table(places)
        for begin in range(0, len(self._offsets), ROWS):
            yield _table(self._offsets[begin : begin + ROWS])
        trailer = b"trailer << /Size %d /Root %d 0 R /Info %d 0 R >>" % (size, CATALOGUE, INFO)
        yield trailer + b"\nstartxref\n%d\n%%%%EOF\n" % begins

    def _counted(self, content: bytes) -> bytes:
        self._length += len(content)
        return content


def _table(places: Iterable[int]) -> bytes:
    return b"".join(b"%010d 00000 n \n" % place for place in places)


def _object(number: int, content: bytes) -> bytes:
    return b"%d 0 obj\n%s\nendobj\n" % (number, content)


def _without_form(page: pikepdf.Page) -> None:
    _drop(page.obj, "/StructParents")
    notes = [one for one in page.obj.get("/Annots", []) if one.get("/Subtype") != Name.Widget]
    for one in notes:
        _drop(one, "/StructParent")
    _drop(page.obj, "/Annots")
    if notes:
        page.obj.Annots = pikepdf.Array(notes)


def _drop(what: pikepdf.Object, key: str) -> None:
    if key in what:
        del what[key]
