"""Tells a designer in words what is wrong with a design: its manifest, its sentences, what it leaves out, its QR.

The design is somebody else's: it is copied to an empty place and set in a process apart from ours.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image

from trainings.certificates import design_previews, design_slots, design_texts, pdf
from trainings.certificates.design_problems import PACKAGE, UNREADABLE_FONT, Said, Trouble, in_place, together
from trainings.certificates.design_samples import Size, pictures, sample
from trainings.certificates.designs import (
    FONT_FOLDER,
    HEAVIEST,
    LIBRARY,
    DesignInfo,
    UnusableManifest,
    is_too_heavy,
    links_in,
    read_design,
    strange_in,
)
from trainings.certificates.json_files import json_in
from trainings.certificates.printed import CertificateSheet
from trainings.lib.sandbox import SECONDS, DesignApart, TookTooLong, TookTooMuch
from trainings.lib.typst import CannotTypeset, UnreadableFont, code_points_of
from trainings.web.i18n import N_

WHEN = datetime(2027, 3, 5, 15, tzinfo=UTC)
PAGES = 2
LETTERS = "áéíóúüñÁÉÍÓÚÜÑ’ʼꞌꞋ«»“”–¿¡ªº"
"""What every name and sentence in Guatemala may hold; the apostrophes are those of Mayan languages."""

POINTS = {"us-letter": (612.0, 792.0), "a4": (595.3, 841.9)}
_POINTS_PER_INCH = 72
_PACKAGE = re.compile(r"""\b(?:import|include)\s*\(?\s*"@""")
_FONT = re.compile(r"""\bfont:\s*\(?\s*"([^"]+)\"""")
_SIZES = {Size.SHORTEST: N_("los datos más cortos"), Size.LONGEST: N_("los datos más largos")}


Problem = Said | Trouble


class NotDrawn(ValueError):
    """A design of which no picture can be made; the sentence says why."""


def check(folder: Path, *, seconds: float = SECONDS) -> list[str]:
    """As `problems_in`, told now."""
    return [str(one) for one in problems_in(folder, seconds=seconds)]


def problems_in(folder: Path, *, seconds: float = SECONDS) -> list[Problem]:
    """All that is wrong, each in a sentence for whoever reads it; nothing where the design may be used. Takes some
    seconds.

    `seconds` are what one sheet may take; all together may take some times as long.
    """
    try:
        design = read_design(folder.resolve())
    except UnusableManifest as unusable:
        return [Said("%(unusable)s", {"unusable": unusable})]
    wrong = list(_before(design))
    if wrong:
        return wrong
    with tempfile.TemporaryDirectory() as empty:
        apart = copied(design, Path(empty))
        return list(_settings(apart, seconds)) or list(_seen(apart))


def preview(folder: Path, to: Path | None = None) -> list[Path]:
    """Renew preview and sample data of a design, and draw all its samples into `to`; the files. Refuses: NotDrawn."""
    try:
        design = read_design(folder.resolve())
    except UnusableManifest as unusable:
        raise NotDrawn(str(unusable)) from unusable
    if wrong := list(_before(design, is_drawn=False)):
        raise NotDrawn("\n".join(map(str, wrong)))
    with tempfile.TemporaryDirectory() as empty:
        theirs = copied(design, Path(empty))
        apart = typesetter(theirs)
        try:
            drawn = design_previews.refresh(design, apart)
            return drawn if to is None else drawn + design_previews.draw_all(design, apart, to)
        except CannotTypeset as problem:
            raise NotDrawn("\n".join(map(str, _why_not_set(theirs, problem)))) from problem


def copied(design: DesignInfo, place: Path) -> DesignInfo:
    """The same design where it can read nothing but itself and what all share."""
    shutil.copytree(LIBRARY, place / "lib")
    shutil.copytree(design.folder, place / design.key)
    return read_design(place / design.key)


def typesetter(design: DesignInfo, *, seconds: float = 4 * SECONDS) -> DesignApart:
    return DesignApart(design.file, root=design.folder.parent, fonts=design.fonts, seconds=seconds)


# -- before it is set


def _before(design: DesignInfo, *, is_drawn: bool = True) -> Iterator[Problem]:
    """What is wrong with its files. Those that could not be read to their end are told alone, unread."""
    if strange := list(_strange(design)):
        yield from strange
        return
    yield from _files(design, is_drawn=is_drawn)
    if links := list(_links(design)):
        yield from links
        return
    yield from _packages(design)
    yield from _sentences(design)


def _strange(design: DesignInfo) -> Iterator[Problem]:
    for one in strange_in(design.folder):
        if not one.is_symlink():
            yield Said(N_("%(file)s no es un archivo: bórrelo."), {"file": one.name})
    if is_too_heavy(design.folder):
        yield Said(N_("La carpeta pesa demasiado; lo más son %(most)s MB."), {"most": HEAVIEST // 1024**2})


def _files(design: DesignInfo, *, is_drawn: bool = True) -> Iterator[Problem]:
    if not design.file.is_file():
        yield Said(N_("Falta design.typ: ahí está el diseño."))
    if not is_drawn:
        return
    again = Said(N_("`trainings design preview %(folder)s` hace el archivo."), {"folder": design.folder})
    if not (design.folder / design_previews.PREVIEW).is_file():
        yield together(Said(N_("Falta preview.png, la imagen de muestra.")), again, " ")
    try:
        kept = json_in(design.folder / design_previews.SAMPLE)
        missing = json.loads(design_previews.sample_text(design)).keys() - set(kept)
    except (ValueError, TypeError):
        yield together(Said(N_("Falta sample.json, los datos de muestra, o no se puede leer.")), again, " ")
    else:
        if missing:
            lacking = Said(N_("A sample.json le falta: %(names)s."), {"names": ", ".join(sorted(missing))})
            yield together(lacking, again, " ")


def _links(design: DesignInfo) -> Iterator[Problem]:
    for file in links_in(design.folder):
        yield Said(N_("%(file)s lleva a otro lugar: copie el archivo mismo."), {"file": file.name})


def _packages(design: DesignInfo) -> Iterator[Problem]:
    for file in sorted(design.folder.rglob("*.typ")):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if _PACKAGE.search(line.partition("//")[0]):
                yield in_place(Said(PACKAGE), f"{design.key}/{file.name}", number)


def _sentences(design: DesignInfo) -> Iterator[Problem]:
    fonts = typesetter(design)
    if not fonts.font_files():
        yield Said(N_("La carpeta fonts no tiene ninguna letra (TTF)."))
        return
    if unreadable := list(_unreadable(fonts)):
        yield from unreadable
        return
    if missing := fonts.missing(LETTERS):
        yield Said(N_("A su letra le falta: %(letters)s"), {"letters": " ".join(missing)})
    for code in design.files_of_languages():
        try:
            said = design_texts.read_wording(design_texts.TEXTS / f"{code}.json").sentences
        except design_texts.UnusableTexts as unusable:
            yield Said(unusable.text, unusable.values)
        else:
            if missing := fonts.missing(*said.values()):
                lacking = N_("%(file)s.json: a la letra le falta: %(letters)s")
                yield Said(lacking, {"file": code, "letters": " ".join(missing)})


def _unreadable(fonts: DesignApart) -> Iterator[Problem]:
    """Of its letters those that are no font, and those that Typst cannot use."""
    for file in fonts.font_files():
        try:
            code_points_of(file)
        except UnreadableFont as problem:
            yield Trouble.of(problem)


# -- set


def _settings(design: DesignInfo, seconds: float) -> Iterator[Problem]:
    """The usual sheet, and then every kind in every language with the shortest and the longest data."""
    pairs = product(sorted(design.kinds), design.all_languages())
    sheets = [sample(design, size, kind=kind, language=language) for kind, language in pairs for size in _SIZES]
    try:
        _set(design, [sample(design)], seconds=seconds)
        files = _set(design, sheets, seconds=4 * seconds)
    except CannotTypeset as problem:
        yield from _why_not_set(design, problem)
        return
    heaviest = max(len(pdf.finished(file, {})) for [file] in files)
    if heaviest > pdf.MOST_BYTES:
        sentence = N_("El archivo más pesado tiene %(n)s KB; lo más son %(most)s.")
        yield Said(sentence, {"n": heaviest // 1000, "most": pdf.MOST_BYTES // 1000})


def _why_not_set(design: DesignInfo, problem: CannotTypeset) -> Iterator[Problem]:
    if not isinstance(problem, TookTooLong | TookTooMuch):
        yield from _fonts_missing(design)
    yield Trouble.of(problem)


def _fonts_missing(design: DesignInfo) -> Iterator[Problem]:
    """What else may be behind it where a design brings its own letters: Typst stops before it says so."""
    if design.fonts == FONT_FOLDER:
        return
    try:
        known = typesetter(design).families()
    except CannotTypeset:
        return
    for file in typesetter(design).font_files():
        if file.name not in known:
            yield Said(UNREADABLE_FONT, {"file": "/".join(file.parts[-3:])})
    for file in sorted([*design.folder.glob("*.typ"), *(design.folder.parent / "lib").glob("*.typ")]):
        for family in sorted(set(_FONT.findall(file.read_text(encoding="utf-8", errors="replace")))):
            if family.casefold() not in {one.casefold() for one in known.values()}:
                said = N_("%(file)s pide la letra «%(family)s», y en la carpeta fonts no está: cópiela ahí.")
                yield Said(said, {"file": f"{file.parent.name}/{file.name}", "family": family})


def _set(design: DesignInfo, sheets: Sequence[CertificateSheet], *, seconds: float) -> list[list[bytes]]:
    data = [pdf.design_data(sheet, pictures=pictures(), credential="{}") for sheet in sheets]
    return typesetter(design, seconds=seconds).make_all(
        data, "pdf", name=design.key, pdf_standards=list(pdf.STANDARDS), timestamp=WHEN
    )


def _drawn(design: DesignInfo, sizes: Sequence[Size], ppi: int) -> list[list[Image.Image]]:
    data = [pdf.design_data(sample(design, size), pictures=pictures()) for size in sizes]
    sheets = typesetter(design).make_all(data, "png", name=design.key, ppi=ppi)
    return [[Image.open(BytesIO(page)).convert("L") for page in pages] for pages in sheets]


# -- looked at


def _seen(design: DesignInfo) -> Iterator[Problem]:
    """With other data than the samples it may not be set at all."""
    try:
        yield from design_slots.not_printed(design, typesetter(design))
        yield from _looked_at(design)
    except CannotTypeset as problem:
        yield Trouble.of(problem)


def _looked_at(design: DesignInfo) -> Iterator[Problem]:
    drawn = _drawn(design, list(_SIZES), design_slots.READ_AT)
    for words, pages in zip(_SIZES.values(), drawn, strict=True):
        if len(pages) != PAGES:
            sentence = N_("Con %(data)s salen %(n)s páginas; han de ser dos, frente y reverso.")
            yield Said(sentence, {"data": Said(words), "n": len(pages)})
    if not all(_is_on_its_paper(design, page) for pages in drawn for page in pages):
        yield Said(N_("El papel no es el que dice manifest.json (paper, orientation)."))
    codes = (design_slots.wrong_code(pages, sample(design).check_url) for pages in drawn)
    if wrong := next(filter(None, codes), None):
        yield wrong


def _is_on_its_paper(design: DesignInfo, page: Image.Image) -> bool:
    points = POINTS[design.paper]
    wanted = points if design.orientation == "portrait" else points[::-1]
    return all(
        abs(is_there - size * design_slots.READ_AT / _POINTS_PER_INCH) < 2
        for is_there, size in zip(page.size, wanted, strict=True)
    )
