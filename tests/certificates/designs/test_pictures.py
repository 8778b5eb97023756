"""Pictures of a letterhead: cleaned, small, and nothing but pictures."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageDraw

from tests.certificates.sheets import WHEN
from trainings.certificates.designs import brand, pdf, previews
from trainings.certificates.designs.brand import MOST_PARTNERS, PNG, SVG, CleanPicture, clean
from trainings.certificates.designs.designs import all_designs
from trainings.certificates.designs.texts import Picture
from trainings.errors import Refusal

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
INKSCAPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    f'<svg {NAMESPACE} xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" width="20mm" height="30mm">'
    "<!-- shield --><inkscape:page/><metadata>who drew it</metadata>"
    '<defs><linearGradient id="g"><stop offset="0" stop-color="#123"/></linearGradient></defs>'
    '<g inkscape:label="Escudo"><path fill="url(#g)" d="M0 0h20v20l-10 10L0 20z"/></g></svg>'
)


def drawing(body: str, head: str = 'viewBox="0 0 20 20"') -> bytes:
    return f"<svg {NAMESPACE} {head}>{body}</svg>".encode()


def photograph(width: int, height: int, kind: str) -> bytes:
    file = BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(file, kind)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


def test_drawing_when_cleaned_then_only_shapes_and_colours_are_left() -> None:
    picture = clean(INKSCAPE.encode())

    text = picture.content.decode()
    assert (picture.media_type, picture.width, picture.height) == (SVG, 20, 30)
    assert 'viewBox="0 0 20.0 30.0"' in text
    assert 'fill="url(#g)"' in text
    assert not any(word in text for word in ("inkscape", "metadata", "DOCTYPE", "mm"))
    assert clean(picture.content).content == picture.content


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_photograph_when_cleaned_then_png_that_is_light(kind: str) -> None:
    picture = clean(photograph(160, 120, kind))

    opened = Image.open(BytesIO(picture.content))
    assert (picture.media_type, opened.format, opened.size) == (PNG, "PNG", (picture.width, picture.height))
    assert len(picture.content) < 6_000
    assert picture.width / picture.height == pytest.approx(4 / 3, rel=0.02)


def curves(n: int) -> str:
    drawn = Random(7)
    return "".join(f"l{drawn.uniform(-9, 9):.2f},{drawn.uniform(-9, 9):.2f}" for _ in range(n))


def scanned(seed: int) -> bytes:
    """A shield in colours on paper with grain, as a scanner sees it."""
    whole, file = Image.new("RGB", (240, 240), "white"), BytesIO()
    drawn = ImageDraw.Draw(whole)
    for n in range(12):
        near, far, colour = 16 + 8 * n, 224 - 8 * n, (n * 37 + seed * 50, n * 91, n * 53 + seed * 20)
        drawn.ellipse((near, near, far, far), fill=tuple(part % 255 for part in colour))
    grain = Image.merge("RGB", [Image.effect_noise((240, 240), 90) for _ in range(3)])
    Image.blend(whole, grain, 0.12).save(file, "JPEG", quality=85)
    return file.getvalue()


@cache
def heaviest(what: str) -> list[CleanPicture]:
    """As many as a paper takes, each as heavy as may be. Drawings are one, begun at several places."""
    if what == "drawings":
        one = clean(drawing(f'<path d="M0 0{curves(400)}"/>'))
        return [replace(one, content=one.content.replace(b"M0 0", b"M%d 0" % n)) for n in range(1 + MOST_PARTNERS)]
    makers: dict[str, Callable[[int], bytes]] = {"noise": lambda _seed: photograph(160, 160, "PNG"), "scans": scanned}
    return [clean(makers[what](seed)) for seed in range(1 + MOST_PARTNERS)]


@pytest.mark.parametrize(
    ("what", "key"), [*zip(("noise", "drawings", "scans", "scans"), sorted(all_designs()), strict=True)]
)
def test_paper_when_pictures_and_texts_are_as_heavy_as_may_be_then_still_light(what: str, key: str) -> None:
    cleaned, design = heaviest(what), all_designs()[key]
    shield, *logos = [one.sha256 for one in cleaned]
    given = {one.sha256: Picture(one.content, one.media_type) for one in cleaned}
    credential = '{"proof": "' + Random(3).randbytes(1_500).hex() + '"}'
    sheet = previews.sample(design, previews.Size.LONGEST, kind=min(design.kinds), language="es+en")
    sheet = replace(sheet, shield=shield, logos=tuple((logo, "Cooperación de muestra") for logo in logos))

    file = pdf.render(sheet, timestamp=WHEN, pictures=given, credential=credential)

    assert len(set(logos)) == 3
    assert min(one.width for one in cleaned) >= 60 or cleaned[0].media_type == SVG
    assert len(file) <= 60_000


ACTIVE = "un programa, una imagen o un enlace"
NONE = "no es una imagen"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (drawing("<script>alert(1)</script>"), ACTIVE),
        (drawing('<g onload="alert(1)"/>'), ACTIVE),
        (drawing('<a href="https://example.org"><path d="M0 0"/></a>'), ACTIVE),
        (drawing('<image href="data:image/png;base64,AAAA"/>'), ACTIVE),
        (drawing("<foreignObject/>"), ACTIVE),
        (drawing('<use href="#a"/>'), ACTIVE),
        (drawing('<path style="fill:url(https://example.org/a)"/>'), ACTIVE),
        (drawing('<path style="fill:u\\72l(https://example.org/a)"/>'), ACTIVE),
        (drawing('<path fill="url( &quot;//example.org&quot;)"/>'), ACTIVE),
        (b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + drawing("&a;"), ACTIVE),
        (drawing("<text>La Libertad</text>"), "Conviértalas en trazos"),
        (drawing("<style>path { fill: red }</style>"), "hoja de estilos"),
        (drawing("<g>" * 500 + "</g>" * 500), "demasiado detalle"),
        (drawing('<path d="' + "M0 0h1" * 8_000 + '"/>'), "demasiado detalle"),
        (drawing(f'<path d="M0 0{curves(900)}"/>'), "demasiado detalle"),
        (drawing("", head=""), "no dice su tamaño"),
        (drawing("", head='viewBox="0 0 900 1"'), "demasiado delgada"),
        (b"<svg>", NONE),
        (b"<?xml version='1.0'?><html/>", NONE),
        (b"MZ\x90\0" + b"\0" * 500, NONE),
        (b"%PDF-1.7\n%%EOF", NONE),
        (png_that_claims(100, 100), NONE),
        (png_that_claims(10_000, 10_000), "10000 × 10000 puntos"),
        (png_that_claims(60_000, 60_000), "demasiado grande"),
        (b"GIF89a" + b"\0" * 50, NONE),
        (b"", "Escoja el archivo"),
    ],
)
def test_what_is_no_picture_or_more_than_one_then_refused_in_words(content: bytes, sentence: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean(content)

    assert sentence in str(refused.value)
    assert (refused.value.status, refused.value.field) == (422, "file")


def nested_clips(levels: int) -> bytes:
    """Each of ten shapes is clipped by ten shapes, and so on: small to read, endless to draw."""
    clipped = "".join(
        f'<clipPath id="c{n}">' + f'<rect width="9" height="9" clip-path="url(#c{n + 1})"/>' * 10 + "</clipPath>"
        for n in range(levels)
    )
    last = f'<clipPath id="c{levels}"><rect width="3" height="3"/></clipPath>'
    return drawing(f'{clipped}{last}<rect width="9" height="9" clip-path="url(#c0)"/>')


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(nested_clips(9), id="clips within clips"),
        pytest.param(
            drawing(f'<path stroke="#000" d="M0 0{" A1e9 1e9 0 1 1 1e9 1e-9" * 800}"/>'), id="arcs around the world"
        ),
    ],
)
def test_drawing_when_it_takes_for_ever_to_draw_then_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brand, "SECONDS_TO_DRAW", 0.1)

    with pytest.raises(Refusal) as refused:
        clean(content)

    assert refused.value.code == "detailed_drawing"


def test_photograph_when_as_large_as_may_be_then_unpacked_once_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of what may be. Linux says how much memory a process ever took, and forgets it where it is told to."""
    monkeypatch.setattr(brand, "MOST_PIXELS", 2500 * 2500)
    file = BytesIO()
    Image.new("RGB", (2500, 2500), "#456").save(file, "PNG", compress_level=1)
    Path("/proc/self/clear_refs").write_text("5")
    before = most_memory()

    clean(file.getvalue())

    assert most_memory() - before < 40_000_000, "the points alone are 25 millions"


def most_memory() -> int:
    """Octets."""
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) * 1024
