"""Certificates as PDF (letter paper, PDF/A-3a and PDF/UA-1) with Typst. Some milliseconds of a core: call it in a
thread, outside any transaction.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.designs import FIRST, LIBRARY, DesignInfo, all_designs, design_for
from trainings.certificates.designs.texts import CertificateSheet, Picture
from trainings.lib import qr
from trainings.lib.sandbox import DesignApart
from trainings.lib.tokens import show_certificate_code
from trainings.lib.typst import CannotTypeset, Design

STANDARDS = ("a-3a", "ua-1")
CREDENTIAL_NAME = "credential.json"
MOST_BYTES = 60_000
_MARK = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
"""Combining marks: in NFC they remain only where no precomposed letter exists."""


def render(
    sheet: CertificateSheet,
    *,
    timestamp: datetime,
    pictures: Mapping[str, Picture] | None = None,
    credential: str | None = None,
) -> bytes:
    """`credential`: its Open Badge as JSON text, attached.

    Equal arguments and `versions()` give equal bytes. Refuses (`CannotTypeset`) letters that the fonts lack, missing
    pictures, every warning of Typst, and a face that overflows.
    """
    if timestamp.tzinfo is None:
        raise ValueError("a timestamp needs its zone")
    second = timestamp.astimezone(UTC).replace(microsecond=0)
    data = design_data(sheet, pictures=pictures or {}, credential=credential)
    design = typesetter(_design(sheet))
    if missing := design.missing(sheet.person_name):
        raise CannotTypeset(f"{sheet.folio}: no font has {missing}")
    [file] = design.make(data, "pdf", name=sheet.folio, pdf_standards=list(STANDARDS), timestamp=second)
    return finished(file, data)


def finished(file: bytes, data: Mapping[str, Any]) -> bytes:
    """Packed where heavier than `MOST_BYTES`, or with composed letters, which would be read twice."""
    has_parts = bool(_MARK.search(json.dumps(data, ensure_ascii=False)))
    if len(file) <= MOST_BYTES and not has_parts:
        return file
    from trainings.certificates.designs.pdf_packing import packed  # noqa: PLC0415 - some megabytes, for the few that need it

    return packed(file, has_parts=has_parts)


def preview_png(
    sheet: CertificateSheet, *, page: int = 1, ppi: int = 96, pictures: Mapping[str, Picture] | None = None
) -> bytes:
    """Page 1 is the face, 2 the back. At 96 pixels an inch a landscape letter is 1056 wide."""
    data = design_data(sheet, pictures=pictures or {})
    return typesetter(_design(sheet)).make(data, "png", name=sheet.folio, ppi=ppi)[page - 1]


def versions(design: str = FIRST, language: str = "es") -> dict[str, str]:
    """`typst`, `design` and `fonts` of a file, kept with it; each changes with a single byte. `design` covers its
    files, the language's sentences, and the packing.
    """
    return dict(_versions(all_designs().get(design, all_designs()[FIRST]), language))


@lru_cache(maxsize=64)
def _versions(chosen: DesignInfo, language: str) -> dict[str, str]:
    parts = [*chosen.folder.glob("*.typ"), *LIBRARY.glob("*.typ"), *design_texts.files_of(language)]
    return {
        "typst": version("typst"),
        "design": f"{chosen.key[:47]}-{_digest(sorted(parts), version('pikepdf'))}",
        "fonts": f"noto-serif-{_digest(typesetter(chosen).font_files())}",
    }


def missing_glyphs(*texts: str, design: str = FIRST) -> str:
    return missing_in(all_designs().get(design, all_designs()[FIRST]), *texts)


def missing_in(design: DesignInfo, *texts: str) -> str:
    return typesetter(design).missing(*texts)


def design_data(
    sheet: CertificateSheet, *, pictures: Mapping[str, Picture] | None = None, credential: str | None = None
) -> dict[str, Any]:
    modules, path = qr.svg_path(sheet.check_url, "M")
    planned = [minutes for _, minutes in sheet.contents]
    figures = design_texts.hours_in_figures
    return {
        **{name: getattr(sheet, name) for name in _PRINTED_AS_THEY_ARE},
        **design_texts.words_of(sheet),
        "contents": [[topic, figures(minutes) if minutes else None] for topic, minutes in sheet.contents],
        "total": figures(sum(planned)) if planned and all(planned) else None,
        "hours": figures(sheet.minutes),
        "code": show_certificate_code(sheet.code),
        "band": design_texts.band(sheet.minutes, sheet.language),
        "qr": {"modules": modules, "svg": code_picture(modules, path)},
        "shield": _drawn(sheet, sheet.shield, pictures or {}) if sheet.shield else None,
        "logos": [{"svg": _drawn(sheet, sha256, pictures or {}), "alt": words} for sha256, words in sheet.logos],
        "credential": credential,
    }


_PRINTED_AS_THEY_ARE = (
    "kind",
    "letterhead",
    "person_name",
    "signatories",
    "folio",
    "check_url",
    "host_text",
    "note",
)


def _design(sheet: CertificateSheet) -> DesignInfo:
    return design_for(sheet.design, sheet.kind, sheet.language)


@lru_cache(maxsize=64)
def typesetter(design: DesignInfo) -> Design:
    """In a separate process unless built in."""
    return (Design if design.is_ours else DesignApart)(design.file, root=design.folder.parent, fonts=design.fonts)


# -- pictures


def _drawn(sheet: CertificateSheet, sha256: str, pictures: Mapping[str, Picture]) -> str:
    """Pictures other than SVG are embedded in one, since JSON carries text only."""
    picture = pictures.get(sha256)
    if picture is None:
        raise CannotTypeset(f"{sheet.folio}: its picture {sha256[:12]} is not at hand")
    if picture.media_type == "image/svg+xml":
        return picture.content.decode()
    with Image.open(BytesIO(picture.content)) as opened:
        width, height = opened.size
    content = base64.b64encode(picture.content).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:{picture.media_type};base64,{content}"/></svg>'
    )


def code_picture(size: int, path: str) -> str:
    box = f'viewBox="0 0 {size} {size}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} shape-rendering="crispEdges"><path d="{path}"/></svg>'


def _digest(files: list[Path], *others: str) -> str:
    whole = hashlib.sha256("\0".join(others).encode())
    for file in files:
        whole.update("/".join(file.parts[-2:]).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:16]
