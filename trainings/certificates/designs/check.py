"""`trainings design check | preview | add`.

A design is a stranger's: it is copied to an empty place and set in a separate process.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

from trainings.certificates.designs import designs, pdf, previews
from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.designs import FONT_FOLDER, LIBRARY, OURS, DesignInfo, UnusableManifest, read_design
from trainings.certificates.designs.previews import Size, pictures, sample
from trainings.certificates.designs.texts import CertificateSheet
from trainings.lib import qr
from trainings.lib.sandbox import SECONDS, DesignApart, Job, TookTooLong, TookTooMuch
from trainings.lib.typst import CannotTypeset, UnreadableFont, code_points_of
from trainings.web.i18n import N_
from trainings.web.i18n import gettext as _
from trainings.web.problems import sentence_of

NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
"""A folder's name, kept in the database and addresses."""
HEAVIEST = 20 * 1024 * 1024

WHEN = datetime(2027, 3, 5, 15, tzinfo=UTC)
PAGES = 2
LETTERS = "áéíóúüñÁÉÍÓÚÜÑ’ʼꞌꞋ«»“”–¿¡ªº"
"""Letters that every design must print; the apostrophes are of Mayan languages."""

POINTS = {"us-letter": (612.0, 792.0), "a4": (595.3, 841.9)}
_POINTS_PER_INCH = 72
_PACKAGE_IMPORT = re.compile(r"""\b(?:import|include)\s*\(?\s*"@""")
_FONT = re.compile(r"""\bfont:\s*\(?\s*"([^"]+)\"""")
_SIZES = {Size.SHORTEST: N_("los datos más cortos"), Size.LONGEST: N_("los datos más largos")}

# Paths of our disk stay secret.
_SEARCHED = re.compile(r" *\(searched at [^)]*\)")

_PACKAGE = N_("Importa un paquete; el programa no sale a la red.")
# Typst's most frequent messages, in plain words.
_EXPLANATIONS = (
    ("package", _PACKAGE),
    ("file not found", N_("Lee un archivo que no está en su carpeta ni en lib.")),
    ("would escape", N_("Lee un archivo que no está en su carpeta ni en lib.")),
    ("access denied", N_("Lee un archivo que no está en su carpeta ni en lib.")),
    ("condition is always true", N_("Da vueltas sin terminar nunca.")),
    ("infinite", N_("Da vueltas sin terminar nunca.")),
    ("maximum function call depth", N_("Da vueltas sin terminar nunca.")),
    ("missing alt text", N_("Una imagen no tiene texto alternativo (alt).")),
    ("unknown font", N_("Pide una letra que no está en la carpeta de letras.")),
    ("no cabe en el frente", N_("El texto no cabe en el frente.")),
)


class UnusableDesign(ValueError):
    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def check(folder: Path, *, seconds: float = SECONDS) -> list[str]:
    """Sentences; none: usable. `seconds` limit one sheet; the whole may take several times as long."""
    try:
        design = read_design(folder.resolve())
    except UnusableManifest as unusable:
        return [str(unusable)]
    if wrong := list(_before(design)):
        return wrong
    with tempfile.TemporaryDirectory() as empty:
        apart = _copied(design, Path(empty))
        return list(_settings(apart, seconds)) or list(_looked_at(apart))


def preview(folder: Path, to: Path | None = None) -> list[Path]:
    """Renew a design's preview and sample data, and draw samples into `to`. Refuses: UnusableDesign."""
    try:
        design = read_design(folder.resolve())
    except UnusableManifest as unusable:
        raise UnusableDesign(str(unusable)) from unusable
    if wrong := list(_before(design)):
        raise UnusableDesign(*wrong)
    with tempfile.TemporaryDirectory() as empty:
        theirs = _copied(design, Path(empty))
        apart = _typesetter(theirs)
        try:
            drawn = previews.refresh(design, apart)
            return drawn if to is None else drawn + previews.draw_all(design, apart, to)
        except CannotTypeset as problem:
            raise UnusableDesign(*_why_not_set(theirs, problem)) from problem


def add(folder: Path) -> DesignInfo:
    """Replaces a design of its name. Refuses (UnusableDesign) what `check` finds, and names of built-in designs."""
    folder = folder.resolve()
    place = designs.DESIGNS / folder.name
    is_taken = folder.name in OURS or (place.exists() and not (place / "manifest.json").is_file())
    if is_taken or not NAME.fullmatch(folder.name):
        raise UnusableDesign(
            _("%(folder)s: póngale otro nombre a la carpeta, con letras minúsculas, cifras y guiones, como san-benito.")
            % {"folder": folder.name}
        )
    if problems := check(folder):
        raise UnusableDesign(*problems)
    if folder != place:
        with tempfile.TemporaryDirectory(dir=designs.DESIGNS) as beside:
            shutil.copytree(folder, Path(beside) / "new", symlinks=True)
            if place.exists():
                place.rename(Path(beside) / "old")
            (Path(beside) / "new").rename(place)
    (place / "manifest.json").touch()  # so the running program notices another design
    return read_design(place)


def _copied(design: DesignInfo, place: Path) -> DesignInfo:
    shutil.copytree(LIBRARY, place / "lib")
    shutil.copytree(design.folder, place / design.key)
    return read_design(place / design.key)


def _typesetter(design: DesignInfo, *, seconds: float = 4 * SECONDS) -> DesignApart:
    return DesignApart(design.file, root=design.folder.parent, fonts=design.fonts, seconds=seconds)


def _explained(problem: CannotTypeset) -> str:
    if isinstance(problem, UnreadableFont):
        return _unreadable(problem.path)
    design, _colon, reason = problem.reason.partition(": ")
    if isinstance(problem, TookTooLong):
        return f"{design}: " + _(
            "No termina: se detuvo después de varios segundos. Busque un ciclo (for, while) sin fin."
        )
    if isinstance(problem, TookTooMuch):
        return f"{design}: " + _("Pide más memoria de la que hay. Busque una lista o un texto que crece sin fin.")
    reason = _SEARCHED.sub("", reason).rstrip(".")
    known = next((_(words) for part, words in _EXPLANATIONS if part in reason), "")
    said = _("Typst dice: %(reason)s.") % {"reason": reason}
    return _in_place(f"{known} {said}".strip(), problem.file or design, problem.line)


def _unreadable(font: Path) -> str:
    file = "/".join(font.parts[-3:])
    return _("%(file)s no es una letra TTF entera: cópiela otra vez, o bórrela.") % {"file": file}


def _in_place(sentence: str, file: str, line: int | None) -> str:
    if line is None:
        return f"{file}: {sentence}"
    return _("%(file)s, línea %(line)s: %(sentence)s") % {"file": file, "line": line, "sentence": sentence}


# -- before it is set


def _before(design: DesignInfo) -> Iterator[str]:
    if strange := list(_strange(design)):
        yield from strange
        return
    if not design.file.is_file():
        yield _("Falta design.typ: ahí está el diseño.")
    if links := designs.links_in(design.folder):
        yield from (_("%(file)s lleva a otro lugar: copie el archivo mismo.") % {"file": one.name} for one in links)
        return
    yield from _packages(design)
    yield from _sentences(design)


def _strange(design: DesignInfo) -> Iterator[str]:
    """Neither file nor folder, such as a pipe, which never ends; or a folder named as a program."""
    found = sorted(design.folder.rglob("*"))
    for one in found:
        is_file_or_folder = one.is_file() or (one.is_dir() and one.suffix != ".typ")
        if not is_file_or_folder and not one.is_symlink():
            yield _("%(file)s no es un archivo: bórrelo.") % {"file": one.name}
    if sum(one.lstat().st_size for one in found) > HEAVIEST:
        yield _("La carpeta pesa demasiado; lo más son %(most)s MB.") % {"most": HEAVIEST // 1024**2}


def _packages(design: DesignInfo) -> Iterator[str]:
    for file in sorted(design.folder.rglob("*.typ")):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if _PACKAGE_IMPORT.search(line.partition("//")[0]):
                yield _in_place(_(_PACKAGE), f"{design.key}/{file.name}", number)


def _sentences(design: DesignInfo) -> Iterator[str]:
    fonts = _typesetter(design)
    if not fonts.font_files():
        yield _("La carpeta fonts no tiene ninguna letra (TTF).")
        return
    if unreadable := list(_unreadable_fonts(fonts)):
        yield from unreadable
        return
    if missing := fonts.missing(LETTERS):
        yield _("A su letra le falta: %(letters)s") % {"letters": " ".join(missing)}
    for code in design.files_of_languages():
        try:
            said = design_texts.read_wording(design_texts.TEXTS / f"{code}.json").sentences
        except design_texts.UnusableTexts as unusable:
            yield sentence_of(unusable)
        else:
            if missing := fonts.missing(*said.values()):
                lacking = {"file": code, "letters": " ".join(missing)}
                yield _("%(file)s.json: a la letra le falta: %(letters)s") % lacking


def _unreadable_fonts(fonts: DesignApart) -> Iterator[str]:
    for file in fonts.font_files():
        try:
            code_points_of(file)
        except UnreadableFont as problem:
            yield _unreadable(problem.path)


# -- set


def _settings(design: DesignInfo, seconds: float) -> Iterator[str]:
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
        sizes = {"n": heaviest // 1000, "most": pdf.MOST_BYTES // 1000}
        yield _("El archivo más pesado tiene %(n)s KB; lo más son %(most)s.") % sizes


def _why_not_set(design: DesignInfo, problem: CannotTypeset) -> Iterator[str]:
    if not isinstance(problem, TookTooLong | TookTooMuch):
        yield from _fonts_missing(design)
    yield _explained(problem)


def _fonts_missing(design: DesignInfo) -> Iterator[str]:
    """A possible cause where a design brings fonts: Typst stops before it says so."""
    if design.fonts == FONT_FOLDER:
        return
    try:
        known = _typesetter(design).families()
    except CannotTypeset:
        return
    for file in _typesetter(design).font_files():
        if file.name not in known:
            yield _unreadable(file)
    for file in sorted([*design.folder.glob("*.typ"), *(design.folder.parent / "lib").glob("*.typ")]):
        for family in sorted(set(_FONT.findall(file.read_text(encoding="utf-8", errors="replace")))):
            if family.casefold() not in {one.casefold() for one in known.values()}:
                said = _("%(file)s pide la letra «%(family)s», y en la carpeta fonts no está: cópiela ahí.")
                yield said % {"file": f"{file.parent.name}/{file.name}", "family": family}


def _set(design: DesignInfo, sheets: Sequence[CertificateSheet], *, seconds: float) -> list[list[bytes]]:
    data = [pdf.design_data(sheet, pictures=pictures(), credential="{}") for sheet in sheets]
    return _typesetter(design, seconds=seconds).make_all(
        data, "pdf", name=design.key, pdf_standards=list(pdf.STANDARDS), timestamp=WHEN
    )


# -- looked at


def _looked_at(design: DesignInfo) -> Iterator[str]:
    changes = _changes_of(design)
    usual = pdf.design_data(sample(design), pictures=pictures())
    sizes = [pdf.design_data(sample(design, size), pictures=pictures()) for size in _SIZES]
    jobs: list[Job] = [
        ([usual, *(_changed(usual, change) for change in changes.values())], "png", {"ppi": _COMPARED_AT}),
        (_in_two_languages(design), "png", {"ppi": _COMPARED_AT}),
        (sizes, "png", {"ppi": READ_AT}),
    ]
    try:
        parts, in_two, drawn = _typesetter(design).make_several(jobs, name=design.key)
    except CannotTypeset as problem:
        yield _explained(problem)
        return
    yield from _not_printed(changes, *parts)
    if in_two and in_two[0] == in_two[1]:
        yield _("En dos idiomas no muestra el segundo (second).")
    yield from _pages_wrong(design, drawn)


def _pages_wrong(design: DesignInfo, sheets: list[list[bytes]]) -> Iterator[str]:
    drawn = [[Image.open(BytesIO(page)).convert("L") for page in pages] for pages in sheets]
    for words, pages in zip(_SIZES.values(), drawn, strict=True):
        if len(pages) != PAGES:
            sentence = _("Con %(data)s salen %(n)s páginas; han de ser dos, frente y reverso.")
            yield sentence % {"data": _(words), "n": len(pages)}
    if not all(_is_on_its_paper(design, page) for pages in drawn for page in pages):
        yield _("El papel no es el que dice manifest.json (paper, orientation).")
    codes = (wrong_code(pages, sample(design).check_url) for pages in drawn)
    if wrong := next(filter(None, codes), ""):
        yield wrong


def _is_on_its_paper(design: DesignInfo, page: Image.Image) -> bool:
    points = POINTS[design.paper]
    wanted = points if design.orientation == "portrait" else points[::-1]
    return all(
        abs(is_there - size * READ_AT / _POINTS_PER_INCH) < 2 for is_there, size in zip(page.size, wanted, strict=True)
    )


# -- what it has to show: each part is changed in turn, and the page must change with it

_OTHER = "Xocomil"
_COMPARED_AT = 50

Change = Callable[[dict[str, Any]], None]


def _put(*path: str, value: Any = _OTHER) -> Change:
    def change(data: dict[str, Any]) -> None:
        for name in path[:-1]:
            data = data[name]
        data[path[-1]] = value

    return change


def _retitle(data: dict[str, Any]) -> None:
    words = data["words"]
    words["reason"] = [(_OTHER if role == "title" else text, role) for text, role in words["reason"]]


def _sign(which: int) -> Change:
    def change(data: dict[str, Any]) -> None:
        data["signatories"] = [
            tuple(_OTHER if n == which else text for n, text in enumerate(pair)) for pair in data["signatories"]
        ]

    return change


def _recode(data: dict[str, Any]) -> None:
    modules, path = qr.svg_path("HTTPS://OTRA.EXAMPLE/V/00000000000000", "M")
    data["qr"] = {"modules": modules, "svg": pdf.code_picture(modules, path)}


_RUNS = [(_OTHER, "title")]
_FACE: dict[str, Change] = {
    N_("la primera frase (words.gives)"): _put("words", "gives", value=_RUNS),
    N_("cómo se llama el documento (words.label)"): _put("words", "label"),
    N_("el nombre de la persona (person_name)"): _put("person_name"),
    N_("el título (en words.reason)"): _retitle,
    N_("por qué se otorga (words.reason)"): _put("words", "reason", value=_RUNS),
    N_("dónde y cuándo se extiende (words.made)"): _put("words", "made", value=_RUNS),
    N_("quién lo extiende (letterhead)"): _put("letterhead", value=[_OTHER]),
    N_("los nombres de quienes firman (signatories)"): _sign(0),
    N_("los cargos de quienes firman (signatories)"): _sign(1),
    N_("el folio (folio)"): _put("folio"),
    N_("el código (code)"): _put("code"),
}
"""The last two allow checking a framed or copied paper."""

_ANYWHERE: dict[str, Change] = {
    N_("los contenidos (contents)"): _put("contents", value=[(_OTHER, "1")]),
    N_("la dirección para revisarlo (host_text)"): _put("host_text"),
    N_("el código QR (qr)"): _recode,
}
_OPTIONAL: dict[str, tuple[str, Change]] = {
    "shield": (N_("el escudo (shield)"), _put("shield", value=None)),
    "logos": (N_("los logotipos (logos)"), _put("logos", value=[])),
    "note": (N_("la nota de la firma electrónica (note)"), _put("note", value=[_OTHER])),
    "band": (N_("la faja que cuenta las horas (band)"), _put("band", "whole", value=3)),
}


def _changes_of(design: DesignInfo) -> dict[str, Change]:
    return _FACE | _ANYWHERE | dict(part for slot, part in _OPTIONAL.items() if slot in design.slots)


def _not_printed(changes: Iterable[str], before: list[bytes], *after: list[bytes]) -> Iterator[str]:
    for words, pages in zip(changes, after, strict=True):
        if words in _FACE and pages[0] == before[0]:
            yield _("El frente no muestra %(part)s.") % {"part": _(words)}
        elif pages == before:
            yield _("No muestra %(part)s.") % {"part": _(words)}


def _in_two_languages(design: DesignInfo) -> list[dict[str, Any]]:
    """A sheet, and it with another statement in the second language; none where there is one language."""
    language = next((language for language in design.all_languages() if "+" in language), None)
    if language is None:
        return []
    both = pdf.design_data(sample(design, language=language), pictures=pictures())
    return [both, _changed(both, _put("second", "reason", value=_RUNS))]


def _changed(data: dict[str, Any], change: Change) -> dict[str, Any]:
    other = deepcopy(data)
    change(other)
    return other


# -- its QR

READ_AT = 150
"""Dots per inch of a cheap scanner."""

LEAST_MM = 30.0
_MM_PER_INCH = 25.4
_LIGHT = 250


def wrong_code(pages: list[Image.Image], address: str) -> str:
    """The problem of the largest QR on these pages (grey, `READ_AT` dpi), or empty."""
    found = [(page, code.position) for page in pages for code in zxingcpp.read_barcodes(page) if code.text == address]
    if not found:
        return _("El código QR no se lee a %(dpi)s puntos por pulgada.") % {"dpi": READ_AT}
    page, corners = max(found, key=lambda one: _width(one[1]))
    width = _width(corners)
    millimetres = width * _MM_PER_INCH / READ_AT
    # A pixel more or less is the scanner's, not the designer's.
    if millimetres < LEAST_MM - 0.3:
        return _("El código QR mide %(mm)s mm; han de ser 30 o más.") % {"mm": f"{millimetres:.0f}"}
    if not _is_quiet(page, corners, 3.5 * width / len(qr.matrix(address, "M"))):
        return _("Al código QR le falta blanco alrededor: cuatro módulos a cada lado.")
    return ""


def _width(corners: Any) -> float:
    return float(corners.top_right.x - corners.top_left.x)


def _is_quiet(page: Image.Image, corners: Any, margin: float) -> bool:
    left, top = corners.top_left.x, corners.top_left.y
    right, bottom = corners.bottom_right.x, corners.bottom_right.y
    beside = (
        (left - margin, top - margin, left - 3, bottom + margin),
        (right + 3, top - margin, right + margin, bottom + margin),
        (left - margin, top - margin, right + margin, top - 3),
        (left - margin, bottom + 3, right + margin, bottom + margin),
    )
    return all(page.crop(tuple(map(round, box))).getextrema()[0] >= _LIGHT for box in beside)  # type: ignore[operator]  # grey: a number
