"""Pictures are added and removed, never changed: papers name them by hash. Content tells their format. A drawing (SVG)
keeps only shapes and colours, drawn once in a separate process, since it may take forever. A photograph is written
anew, so small that a certificate with four stays below sixty kilobytes.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import warnings
import zlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from uuid import UUID
from xml.etree import ElementTree as ET

from PIL import Image, UnidentifiedImageError

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.texts import Picture
from trainings.certificates.models import BrandImage, ImageRole
from trainings.certificates.refusals import UnprintableWords
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib.sandbox import DesignApart
from trainings.lib.typst import CannotTypeset
from trainings.places.models import Operator
from trainings.schedule.models import Training
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

MOST_PARTNERS = 3
MOST_LINES = 3
LONGEST_LINE = 80


class TooManyPartners(Refusal):
    sentence = N_("En el diploma caben %(most)s logotipos. Quite uno antes de agregar otro.")


class TooManyLines(WrongInput):
    sentence = N_("Caben %(most)s líneas de hasta %(longest)s letras cada una.")


class UnknownPicture(NotFound):
    sentence = N_("Esa imagen ya no está. Abra la página otra vez.")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """`shield`: its hash, or empty; `logos`: hash and name of each."""

    lines: tuple[str, ...] = ()
    shield: str = ""
    logos: tuple[tuple[str, str], ...] = ()


async def letterhead_of(operator: Operator) -> Letterhead:
    images = await images_of(operator.id)
    shields = [one for one in images if one.role is ImageRole.SHIELD]
    partners = [one for one in images if one.role is ImageRole.PARTNER]
    return Letterhead(
        lines=tuple(operator.letterhead.splitlines()),
        shield=shields[-1].sha256 if shields else "",
        logos=tuple((one.sha256, one.name) for one in partners),
    )


async def images_of(operator_id: UUID) -> list[BrandImage]:
    return await reads(BrandImage).filter(operator_id=operator_id, removed_at=None).order_by("position", "id")


async def pictures(hashes: Collection[str]) -> dict[str, Picture]:
    if not hashes:
        return {}
    found = await reads(BrandImage).filter(sha256__in=sorted(set(hashes)))
    return {one.sha256: Picture(bytes(one.content), one.media_type) for one in found}


async def image_at(operator_ids: Collection[UUID], image_id: UUID) -> BrandImage:
    """A picture in use. Raises UnknownPicture."""
    found = await reads(BrandImage).get_or_none(id=image_id, operator_id__in=list(operator_ids), removed_at=None)
    if found is None:
        raise UnknownPicture
    return found


async def add_image(
    operator_id: UUID, role: ImageRole, name: str, picture: CleanPicture, *, actor: Actor
) -> BrandImage:
    """For future certificates. A new shield replaces the old shield; refuses a fourth logo."""
    missing = pdf.missing_glyphs(name)
    if missing:
        raise UnprintableWords(field="name", letters=missing)
    async with transaction():
        await lock(Operator, [operator_id])
        standing = await BrandImage.filter(operator_id=operator_id, role=role, removed_at=None).order_by("position")
        if role is ImageRole.SHIELD:
            await _remove(standing)
        elif len(standing) >= MOST_PARTNERS:
            raise TooManyPartners(most=MOST_PARTNERS)
        image = await BrandImage.create(
            operator_id=operator_id,
            role=role,
            name=name,
            media_type=picture.media_type,
            content=picture.content,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            position=standing[-1].position + 1 if standing else 1,
        )
        await record(
            "certificates.add_picture", actor=actor, object_id=image.id, operator=str(operator_id), role=role.value
        )
        return image


async def remove_image(operator_id: UUID, image_id: UUID, *, actor: Actor) -> None:
    async with transaction():
        await lock(Operator, [operator_id])
        await _remove(await BrandImage.filter(operator_id=operator_id, id=image_id, removed_at=None))
        await record("certificates.remove_picture", actor=actor, object_id=image_id, operator=str(operator_id))


async def _remove(images: Sequence[BrandImage]) -> None:
    for image in images:
        image.removed_at = clock.now()
        await image.save(update_fields=["removed_at"])


async def set_lines(operator_id: UUID, text: str, *, actor: Actor) -> None:
    """Empty: name and department. Refuses too many lines, and letters that cannot be printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise TooManyLines(field="letterhead", most=MOST_LINES, longest=LONGEST_LINE)
    missing = pdf.missing_glyphs(*lines)
    if missing:
        raise UnprintableWords(field="letterhead", letters=missing)
    async with transaction():
        await lock(Operator, [operator_id])
        operator = await Operator.get(id=operator_id)
        operator.letterhead = "\n".join(lines)
        await operator.save(update_fields=["letterhead"])
        await record("certificates.set_letterhead", actor=actor, object_id=operator_id, operator=str(operator_id))


# -- design and language


class Paper(NamedTuple):
    """`design`: a folder in `certificates/`. `language`: a code, or two where bilingual (`es`, `es+kek`)."""

    design: str
    language: str


def paper_of(training: Training) -> Paper:
    """The training's own, else its operator's (loaded)."""
    operator = training.hub.operator
    return Paper(training.design or operator.design, training.paper_language or operator.paper_language)


async def choose_for_operator(operator_id: UUID, paper: Paper, *, actor: Actor) -> None:
    async with transaction():
        [operator] = await lock(Operator, [operator_id])
        operator.design, operator.paper_language = paper
        await operator.save(update_fields=["design", "paper_language"])
        await record("certificates.choose_paper", actor=actor, object_id=operator_id, **paper._asdict())


async def choose_for_training(training_id: UUID, paper: Paper, *, actor: Actor) -> None:
    async with transaction():
        training = await locked_training(training_id)
        await training.fetch_related("hub__operator")
        operator = training.hub.operator
        is_usual = paper == (operator.design, operator.paper_language)
        training.design, training.paper_language = ("", "") if is_usual else paper
        await training.save(update_fields=["design", "paper_language"])
        await record(
            "certificates.choose_paper",
            actor=actor,
            object_id=training_id,
            hub_id=training.hub_id,
            **paper._asdict(),
        )


# -- cleaning pictures

SVG, PNG = "image/svg+xml", "image/png"
RASTERS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 25_000_000
LONGEST_SIDES = (480, 400, 320, 256, 200, 160, 128, 96, 64)
"""Pixels: 480 print a shield of 2 cm at 600 dpi; heavy pictures are made smaller."""
COLOURS = (64, 32)
SHRUNK_AS_THEY_ARE = frozenset(("L", "LA", "RGB", "RGBA"))
_one_at_a_time = ThreadPoolExecutor(1, "pictures")
"""A picture may take a hundred megabytes, or all its seconds: none takes a shared thread."""
MOST_OCTETS = 4_800
"""Bytes of a picture in the file: the longest packed paper has 38,500 besides, and four pictures fit."""
MOST_SVG_OCTETS, BARE_PAGE = 24_000, 2_900
SVG_NAMESPACE = "http://www.w3.org/2000/svg"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
ET.register_namespace("", SVG_NAMESPACE)

_SHAPES = """
    svg g defs clipPath linearGradient radialGradient stop title desc path rect circle ellipse line polyline polygon
"""
SHAPES = frozenset(_SHAPES.split())
ACTIVE = frozenset(("script", "foreignObject", "iframe", "image", "use", "a", "set", "animate", "animateTransform"))
WRITTEN = frozenset(("text", "tspan", "textPath"))
_ATTRIBUTES = """
    id d x y x1 y1 x2 y2 cx cy r rx ry fx fy width height points transform viewBox preserveAspectRatio version href
    fill fill-opacity fill-rule clip-path clip-rule clipPathUnits color opacity stroke stroke-width stroke-opacity
    stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset style offset stop-color
    stop-opacity gradientUnits gradientTransform spreadMethod display visibility
"""
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
DEEPEST = 60
SECONDS_TO_DRAW = 5.0
DRAWN = '#set page(width: auto, height: auto)\n#image("drawing.svg", width: 2cm)'
ELSEWHERE = re.compile(r"url\s*\(\s*['\"]?\s*(?!['\"]?#)|@import|expression|javascript:", re.IGNORECASE)
DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*>")
LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:px|pt|mm|cm|in)?\s*")


class NoPicture(WrongInput):
    sentence = N_("Ese archivo no es una imagen, aunque su nombre lo diga. Sirven SVG, PNG y JPG.")


class PictureMissing(WrongInput):
    sentence = N_("Escoja el archivo de la imagen.")


class TooManyPixels(WrongInput):
    sentence = N_(
        "La imagen es demasiado grande (%(width)s × %(height)s puntos). Redúzcala: 1000 puntos de ancho bastan."
    )


class ActiveDrawing(WrongInput):
    sentence = N_("Ese dibujo trae un programa, una imagen o un enlace adentro (%(what)s). Guárdelo como PNG y súbalo.")


class DrawnLetters(WrongInput):
    sentence = N_(
        "El dibujo tiene letras escritas con un tipo de letra que el diploma no tiene. Conviértalas en trazos "
        "(«objeto a trayecto»), o guárdelo como PNG."
    )


class DetailedDrawing(WrongInput):
    sentence = N_("El dibujo tiene demasiado detalle para imprimirse tan pequeño. Guárdelo como PNG y súbalo.")


class StyledDrawing(WrongInput):
    sentence = N_("El dibujo lleva una hoja de estilos. Guárdelo como «SVG simple» o como PNG.")


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """`width` and `height` in pixels, of a drawing in its units."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


async def cleaned(content: bytes) -> CleanPicture:
    return await asyncio.get_running_loop().run_in_executor(_one_at_a_time, clean, content)


def clean(content: bytes) -> CleanPicture:
    """Refuses in words a file that is no picture, too large, or holds more than a picture. Some seconds of CPU."""
    if not content:
        raise PictureMissing(field="file")
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<?xml", b"<svg", b"<!--", b"<!DOCTYPE svg")):
        return _drawing(content)
    return _raster(content)


# -- drawings


def _drawing(content: bytes) -> CleanPicture:
    root = _parsed(content)
    if root.tag != f"{{{SVG_NAMESPACE}}}svg":
        raise NoPicture(field="file")
    kept = _kept(root)
    width, height = _measures(root)
    kept.set("viewBox", root.get("viewBox") or f"0 0 {width} {height}")
    for name in ("width", "height"):
        kept.attrib.pop(name, None)
    text = ET.tostring(kept, encoding="unicode")
    if len(text) > MOST_SVG_OCTETS:
        raise DetailedDrawing(field="file")
    if _drawn_apart(text) - BARE_PAGE > MOST_OCTETS:
        raise DetailedDrawing(field="file")
    return CleanPicture(text.encode(), SVG, round(width), round(height))


def _drawn_apart(text: str) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "drawing.svg").write_text(text, encoding="utf-8")
        (folder / "page.typ").write_text(DRAWN, encoding="utf-8")
        apart = DesignApart(folder / "page.typ", root=folder, fonts=folder, seconds=SECONDS_TO_DRAW)
        try:
            [[file], _pictures] = apart.make_several([([{}], "pdf", {}), ([{}], "png", {})], name="drawing")
        except CannotTypeset as problem:
            raise DetailedDrawing(field="file") from problem
    return sum(map(len, file))


def _parsed(content: bytes) -> ET.Element:
    """Refuses entity declarations before parsing: they can grow without end, or name files."""
    text = DOCTYPE.sub(b"", content, count=1)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ActiveDrawing(field="file", what="DOCTYPE")
    try:
        return ET.fromstring(text)  # noqa: S314  # no declarations are left in it
    except (ET.ParseError, ValueError, LookupError) as exc:
        raise NoPicture(field="file") from exc


def _kept(element: ET.Element, depth: int = 0) -> ET.Element:
    if depth > DEEPEST:
        raise DetailedDrawing(field="file")
    copy = ET.Element(element.tag, _kept_attributes(element))
    for child in element:
        tag = _plain_tag(child)
        if tag in ACTIVE:
            raise ActiveDrawing(field="file", what=tag)
        if tag in WRITTEN:
            raise DrawnLetters(field="file")
        if tag == "style":
            raise StyledDrawing(field="file")
        if tag in SHAPES:
            copy.append(_kept(child, depth + 1))
    return copy


def _kept_attributes(element: ET.Element) -> dict[str, str]:
    kept = {}
    for name, value in element.attrib.items():
        plain = "href" if name == XLINK_HREF else name
        points_out = plain == "href" and not value.startswith("#")
        hides = plain == "style" and "\\" in value  # a letter of `url` may be written as its number
        if points_out or hides or plain.lower().startswith("on") or ELSEWHERE.search(value):
            raise ActiveDrawing(field="file", what=plain[:20])
        if plain in ATTRIBUTES:
            kept[plain] = value
    return kept


def _plain_tag(element: ET.Element) -> str:
    """`path` for an SVG element; empty for other vocabularies."""
    namespace, _, tag = element.tag.rpartition("}")
    return tag if namespace == f"{{{SVG_NAMESPACE}" else ""


def _measures(root: ET.Element) -> tuple[float, float]:
    """In drawing units. Refuses missing measures, and a drawing as thin as a line."""
    box = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", root.get("viewBox", ""))]
    sides = [LENGTH.fullmatch(root.get(name, "")) for name in ("width", "height")]
    if len(box) == 4:
        width, height = box[2:]
    elif all(sides):
        width, height = (float(side[1]) for side in sides if side)
    else:
        raise NoPicture(
            N_("El dibujo no dice su tamaño. Guárdelo otra vez como «SVG simple» o como PNG."), field="file"
        )
    if not (0 < width < 1e6 and 0 < height < 1e6 and 1 / 8 <= width / height <= 8):
        raise NoPicture(N_("La imagen es demasiado delgada para un diploma. Recórtela."), field="file")
    return width, height


# -- photographs and scans


def _raster(content: bytes) -> CleanPicture:
    """The header tells the size before any pixel: a hundred megapixels are never unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(content), formats=RASTERS)
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise TooManyPixels(field="file", width=width, height=height)
            if not 1 / 8 <= width / height <= 8:
                raise NoPicture(N_("La imagen es demasiado delgada para un diploma. Recórtela."), field="file")
            picture.draft("RGB", (LONGEST_SIDES[0], LONGEST_SIDES[0]))
            whole = _unpacked(picture)
    except Image.DecompressionBombError as exc:
        raise TooManyPixels(
            N_("La imagen es demasiado grande. Redúzcala: 1000 puntos de ancho bastan."), field="file"
        ) from exc
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as exc:
        raise NoPicture(field="file") from exc
    return _small(whole)


def _unpacked(picture: Image.Image) -> Image.Image:
    if picture.mode in SHRUNK_AS_THEY_ARE:
        picture.thumbnail((LONGEST_SIDES[0], LONGEST_SIDES[0]), Image.Resampling.LANCZOS)
    whole = picture.convert("RGBA")
    whole.thumbnail((LONGEST_SIDES[0], LONGEST_SIDES[0]), Image.Resampling.LANCZOS)
    return whole


def _small(picture: Image.Image) -> CleanPicture:
    tried = (_of_few_colours(smaller, n) for smaller in _ever_smaller(picture) for n in COLOURS)
    for few in tried:
        if _octets_in_paper(few) <= MOST_OCTETS:
            break
    file = BytesIO()
    few.save(file, "PNG", optimize=True)
    return CleanPicture(file.getvalue(), PNG, *few.size)


def _ever_smaller(picture: Image.Image) -> Iterator[Image.Image]:
    yield picture
    for side in LONGEST_SIDES:
        if side < max(picture.size):
            smaller = picture.copy()
            smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
            yield smaller


def _of_few_colours(picture: Image.Image, n: int) -> Image.Image:
    return picture.quantize(n, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _octets_in_paper(picture: Image.Image) -> int:
    whole = picture.convert("RGBA")
    clear = whole.getchannel("A")
    is_solid = clear.getextrema() == (255, 255)
    return len(zlib.compress(whole.convert("RGB").tobytes())) + (0 if is_solid else len(zlib.compress(clear.tobytes())))
