"""One PDF for the printer out of many: each paper begins on the front of a sheet, also where all is printed duplex.

No row, no network: called in a process of the mill.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pikepdf
from pikepdf import Name


def merge(papers: Sequence[bytes], title: str) -> bytes:
    """All pages in a row, with an empty page behind a paper that has an odd number of them.

    It is for paper: signatures, attachments and tags stay with the files it is made of.
    """
    with pikepdf.Pdf.new() as whole:
        for paper in papers:
            with pikepdf.Pdf.open(BytesIO(paper)) as one:
                for page in one.pages:
                    _without_form(page)
                whole.pages.extend(one.pages)
                if len(one.pages) % 2:
                    last = whole.pages[-1].mediabox
                    whole.add_blank_page(page_size=(float(last[2] - last[0]), float(last[3] - last[1])))
        whole.docinfo[Name.Title] = pikepdf.String(title)
        whole.Root.Lang = pikepdf.String("es")
        made = BytesIO()
        whole.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return made.getvalue()


def _without_form(page: pikepdf.Page) -> None:
    """The field of a signature says nothing here, and its tags are left behind."""
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
