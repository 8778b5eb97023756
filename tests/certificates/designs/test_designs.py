"""The designs in `certificates/`: their samples, fonts and previews, and the shield that a municipality hands in."""

import shutil
from hashlib import sha256
from io import BytesIO
from itertools import combinations, product
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.certificates.sheets import SAMPLES, WHEN, by_the_day, of_today, photographed, rendered, sample
from trainings.certificates.designs import pdf, previews
from trainings.certificates.designs.designs import DESIGNS, FONT_FOLDER, LIBRARY, all_designs, designs_in, read_design
from trainings.certificates.designs.previews import Size
from trainings.certificates.designs.texts import Picture
from trainings.lib.sandbox import DesignApart
from trainings.lib.typst import CannotTypeset, Design

IN_DOCS = DESIGNS.parent / "docs" / "pictures" / "designs"


def test_versions_then_fit_their_columns() -> None:
    versions = pdf.versions()

    assert set(versions) == {"typst", "design", "fonts"}
    assert len(versions["typst"]) <= 16
    assert versions["design"].startswith("diploma-")
    assert versions["fonts"].startswith("noto-serif-")
    assert max(map(len, versions.values())) <= 64


def test_versions_then_differ_by_design_and_language() -> None:
    told = {pdf.versions(key, language)["design"] for key in all_designs() for language in ("es", "en", "es+en")}

    assert len(told) == 3 * len(all_designs())


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_samples_then_each_is_printable_on_two_pages(file: Path) -> None:
    assert len(rendered(sample(file.stem)).pages) == 2


@pytest.mark.parametrize("key", sorted(all_designs()))
def test_design_then_its_sample_and_preview_are_as_it_is_now(key: str) -> None:
    design = all_designs()[key]

    shown = (design.folder / previews.SAMPLE).read_text(encoding="utf-8")
    assert shown == previews.sample_text(design)
    drawn = previews.preview(design, pdf.typesetter(design))
    assert is_as(design.folder / previews.PREVIEW, drawn), f"trainings design preview {key}"


@by_the_day(3)
@pytest.mark.parametrize("key", sorted(all_designs()))
def test_pictures_of_designs_then_of_each_language_and_length_and_as_drawn_now(key: str, turn: int) -> None:
    """Drawn are the shortest in one language or the longest in two."""
    design = all_designs()[key]
    language = design.all_languages()[of_today(key, turn, 3)]
    size = Size.LONGEST if "+" in language else Size.SHORTEST
    drawn = previews.drawn(design, pdf.typesetter(design), size, language)

    in_docs = {file.name for file in IN_DOCS.glob(f"{key}-*.png")}
    assert in_docs == {
        f"{key}-{language}-{size}-{page}.png"
        for language, size, page in product(("es", "en", "es-en"), (Size.SHORTEST, Size.LONGEST), (1, 2))
    }
    stale = {name for name, page in drawn.items() if not is_as(IN_DOCS / name, page)}
    assert (len(drawn), stale) == (2, set()), f"trainings design preview certificates/{key} --to docs/pictures/designs"


def test_samples_of_designs_then_every_kind_is_named_on_one() -> None:
    kinds = {previews.sample(design).kind for design in all_designs().values()}

    assert kinds == {"diploma", "constancia", "certificado"}


def is_as(kept: Path, drawn: bytes) -> bool:
    """Whether a picture shows the same, but for a breath of difference between machines."""
    pair = [Image.open(BytesIO(content)).convert("L") for content in (kept.read_bytes(), drawn)]
    is_as_large = pair[0].size == pair[1].size
    return is_as_large and ImageStat.Stat(ImageChops.difference(*pair)).mean[0] < 0.5


def test_fonts_then_are_the_files_their_table_says() -> None:
    table = (FONT_FOLDER / "README.md").read_text(encoding="utf-8")

    files = [*FONT_FOLDER.glob("*.ttf"), *FONT_FOLDER.glob("OFL*.txt")]
    assert len(files) == 6
    for file in files:
        assert f"| {file.name} | " in table
        assert sha256(file.read_bytes()).hexdigest() in table


# -- shields


def with_shield(drawing: bytes) -> bytes:
    key = sha256(drawing).hexdigest()
    return pdf.render(sample(shield=key), timestamp=WHEN, pictures={key: Picture(drawing, "image/svg+xml")})


def test_render_when_shield_given_then_drawn_in_place_of_the_empty_one() -> None:
    shield = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 12"><path fill="#00f" d="M0 0h10v12H0z"/></svg>'

    file = with_shield(shield)

    assert photographed(file, 0, 72).convert("RGB").getpixel((130, 70)) == (0, 0, 255)


def test_render_when_shield_is_no_picture_then_refused() -> None:
    with pytest.raises(CannotTypeset):
        with_shield(b"<svg")


def test_render_when_shield_points_at_a_file_then_the_file_stays_closed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (10, 10), "red").save(secret)
    shield = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 12">'
        f'<image xlink:href="{secret}" width="10" height="12"/></svg>'
    ).encode()

    try:
        file = with_shield(shield)
    except CannotTypeset:
        return
    assert (255, 0, 0) not in {color for _, color in photographed(file, 0, 36).convert("RGB").getcolors(1 << 20) or []}


def test_render_when_logos_are_png_and_svg_then_each_is_drawn_and_named() -> None:
    drawn = BytesIO()
    Image.new("RGB", (60, 30), (255, 0, 0)).save(drawn, "PNG")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path fill="#00f" d="M0 0h10v10H0z"/></svg>'
    pictures = {"p": Picture(drawn.getvalue(), "image/png"), "s": Picture(svg, "image/svg+xml")}
    sheet = sample(logos=(("p", "Cooperativa El Progreso"), ("s", "Radio La Voz")))

    file = pdf.render(sheet, timestamp=WHEN, pictures=pictures)

    colours = photographed(file, 0, 40).convert("RGB").getcolors(1 << 20) or []
    assert {(255, 0, 0), (0, 0, 255)} <= {colour for _count, colour in colours}
    assert b"Cooperativa El Progreso" in (told := pikepdf_texts(file))
    assert b"Radio La Voz" in told


def pikepdf_texts(file: bytes) -> bytes:
    """The alternative texts of a file."""
    with pikepdf.open(BytesIO(file)) as opened:
        dictionaries = (one for one in opened.objects if isinstance(one, pikepdf.Dictionary))
        return b"\n".join(bytes(one.Alt) for one in dictionaries if "/Alt" in one)


def test_render_when_a_picture_is_not_at_hand_then_refused() -> None:
    with pytest.raises(CannotTypeset, match="its picture abc is not at hand"):
        pdf.render(sample(shield="abc"), timestamp=WHEN)


# -- paper and ink


def test_sobrio_then_black_on_white_without_dark_areas() -> None:
    design = all_designs()["sobrio"]
    file = pdf.render(previews.sample(design, Size.SHORTEST), timestamp=WHEN)

    for number in (0, 1):
        page = photographed(file, number, 72).convert("RGB")
        assert max(ImageStat.Stat(difference).extrema[0][1] for difference in _differences(page)) <= 8
        grey = page.convert("L")
        assert ImageStat.Stat(grey).mean[0] > 255 * 0.93
    # No square centimetre of the face takes more toner than its code, which is half of it.
    face = photographed(file, 0, 72).convert("L").resize((28, 22), Image.Resampling.BOX)
    assert min(face.tobytes()) > 115


def _differences(page: Image.Image) -> list[Image.Image]:
    """Between any two colours of each point: none where it is grey."""
    return [ImageChops.difference(one, other) for one, other in combinations(page.split(), 2)]


# -- designs of others


def test_design_when_it_did_not_come_with_the_program_then_set_apart(tmp_path: Path) -> None:
    ours = all_designs()["sobrio"]
    shutil.copytree(ours.folder, tmp_path / "sobrio")
    shutil.copytree(LIBRARY, tmp_path / "lib")
    theirs = read_design(tmp_path / "sobrio")

    assert ours.is_ours
    assert not theirs.is_ours
    assert type(pdf.typesetter(ours)) is Design
    assert type(pdf.typesetter(theirs)) is DesignApart


def test_designs_when_unusable_or_pointing_elsewhere_then_not_offered(tmp_path: Path) -> None:
    for name in ("good", "misspelt", "linked"):
        shutil.copytree(DESIGNS / "sobrio", tmp_path / name)
    (tmp_path / "misspelt" / "manifest.json").write_text('{"title": "x"}')
    (tmp_path / "linked" / "passwords.txt").symlink_to("/etc/passwd")
    (tmp_path / "lib").mkdir()

    assert list(designs_in(tmp_path)) == ["good"]
