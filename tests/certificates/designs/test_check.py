"""`trainings design check`: what is wrong with somebody's design, in words, and nothing that it can break."""

import json
import os
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from trainings.__main__ import cli
from trainings.certificates.designs import check as design_check
from trainings.certificates.designs import pdf, previews
from trainings.certificates.designs.designs import DESIGNS, LIBRARY, read_design
from trainings.lib import qr, sandbox
from trainings.lib.typst import CannotTypeset, Design

INK = '#let ink = rgb("#14202b")'
END_OF_FACE = "#context assert(here().page() == 1"
"""Lines of the design, where a test puts something else."""
FULL = "El texto no cabe en el frente."


def copy_of(key: str, folder: Path, **manifest: Any) -> Path:
    """A designer's copy of one of ours, in Spanish only unless the manifest says otherwise."""
    copy = folder / "mio"
    shutil.copytree(DESIGNS / key, copy)
    kept = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps(kept | {"languages": ["es"]} | manifest), encoding="utf-8")
    return copy


def change(design: Path, old: str, new: str) -> int:
    """Change the design; the line where that was."""
    text = (design / "design.typ").read_text(encoding="utf-8")
    assert old in text
    (design / "design.typ").write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('#read("/etc/passwd")', "Lee un archivo que no está en su carpeta ni en lib."),
        ('#read("../../../../etc/passwd")', "Lee un archivo que no está en su carpeta ni en lib."),
        ("#while true { }", "Da vueltas sin terminar nunca."),
        ("#{ let f(n) = f(n + 1); f(0) }", "Da vueltas sin terminar nunca."),
        (
            "#image(bytes(\"<svg xmlns='http://www.w3.org/2000/svg'/>\"))",
            "Una imagen no tiene texto alternativo (alt).",
        ),
        ("#block(height: 30cm)", FULL),
        ('#text(font: "Comic Sans")[a]', "Pide una letra que no está en la carpeta de letras."),
        ("#nada", "Typst dice: unknown variable: nada."),
    ],
)
def test_problem_when_typst_stops_then_line_and_reason_are_told(tmp_path: Path, code: str, words: str) -> None:
    shutil.copytree(LIBRARY, tmp_path / "lib")
    design = copy_of("constancia", tmp_path)
    line = change(design, END_OF_FACE, f"{code}\n{END_OF_FACE}")
    theirs = read_design(design)
    data = pdf.design_data(previews.sample(theirs), pictures=previews.pictures(), credential="{}")

    with pytest.raises(CannotTypeset) as stopped:
        Design(theirs.file, root=tmp_path, fonts=theirs.fonts).make(
            data, "pdf", name="mio", pdf_standards=list(pdf.STANDARDS), timestamp=design_check.WHEN
        )
    told = design_check._explained(stopped.value)

    assert words in told
    assert "searched at" not in told
    # Typst has no line for an image without words.
    assert told.startswith(f"mio/design.typ, línea {line}: ") or words in (
        "Una imagen no tiene texto alternativo (alt).",
        FULL,
    )


def test_check_when_a_package_is_named_in_parts_then_told_where(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    line = change(design, INK, f'{INK}\n#import "@pre" + "view/tablex:0.0.8": tablex')

    [told] = design_check.check(design)

    said = f"mio/design.typ, línea {line + 1}: Importa un paquete; el programa no sale a la red."
    assert told.startswith(said)


def test_check_when_a_package_is_imported_then_refused_before_it_is_set(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    line = change(design, INK, f'{INK}\n#import "@preview/tablex:0.0.8": tablex\n#while true {{ }}')

    ran = CliRunner().invoke(cli, ["design", "check", str(design)])

    assert ran.exit_code == 1
    assert ran.output == (f"✗ mio/design.typ, línea {line + 1}: Importa un paquete; el programa no sale a la red.\n")


@pytest.mark.parametrize(
    ("code", "seconds", "words"),
    [
        ("#let all = range(1000000000)", 4.0, "Pide más memoria de la que hay."),
        (
            "#for a in range(100000) { for b in range(100000) { [] } }",
            0.1,
            "No termina: se detuvo después de varios segundos.",
        ),
    ],
)
def test_check_when_the_design_eats_memory_or_time_then_it_is_stopped_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, seconds: float, words: str
) -> None:
    monkeypatch.setattr(sandbox, "MEMORY", 400 << 20)
    design = copy_of("constancia", tmp_path)
    change(design, INK, f"{INK}\n{code}")

    [told] = design_check.check(design, seconds=seconds)

    assert told.startswith(f"mio: {words}")


def test_check_when_parts_are_left_out_and_the_code_is_small_then_each_is_told(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path, orientation="landscape", slots=["shield", "logos", "note"])
    change(design, "#let code-side = 35mm", "#let code-side = 22mm")
    change(design, "label(w.label, 46pt, style: text.with(fill: blue))", "heading(level: 1)[Constancia]")
    change(design, "logos(d, crest-height, 58mm)", "[]")
    change(design, "fit(text-of(w.made), hi: sizes.first(), one-line: 0.9)", "text(size: 9pt)[Extendido hoy.]")

    assert design_check.check(design) == [
        "El frente no muestra cómo se llama el documento (words.label).",
        "El frente no muestra dónde y cuándo se extiende (words.made).",
        "No muestra los logotipos (logos).",
        "El papel no es el que dice manifest.json (paper, orientation).",
        "El código QR mide 22 mm; han de ser 30 o más.",
    ]


@pytest.mark.parametrize(
    ("side_mm", "spoil", "words"),
    [
        (35, None, ""),
        (30, None, ""),
        (25, None, "El código QR mide 25 mm; han de ser 30 o más."),
        (35, (500, 200, 510, 600), "Al código QR le falta blanco alrededor: cuatro módulos a cada lado."),
        (35, (300, 300, 420, 420), "El código QR no se lee a 150 puntos por pulgada."),
    ],
)
def test_code_when_small_crowded_or_spoilt_then_told(
    side_mm: int, spoil: tuple[int, int, int, int] | None, words: str
) -> None:
    address = "HTTPS://VENTANILLAS.EXAMPLE/V/7K3MQ9XBFHJ4T2"
    side = round(side_mm * design_check.READ_AT / 25.4)
    dark = Image.open(BytesIO(qr.png(address, "M"))).convert("L")
    code = dark.crop((40, 40, dark.width - 40, dark.height - 40)).resize((side, side))
    page = Image.new("L", (1275, 1650), 255)
    page.paste(code, (490 - side, 490 - side))
    if spoil:
        page.paste(0, spoil)

    assert design_check.wrong_code([page], address) == words


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"kinds": ["diploma", "medalla"]}, "kinds: no hay medalla, sólo certificado, constancia, diploma"),
        ({"languages": ["es", "tlh"]}, "languages: no hay tlh, sólo en, es"),
        ({"slots": ["sello"]}, "slots: no hay sello, sólo band, logos, note, shield"),
        ({"paper": "a3"}, "paper: no hay a3, sólo a4, us-letter"),
        ({"title": " ", "kinds": []}, "falta kinds; falta title"),
    ],
)
def test_check_when_the_manifest_says_what_there_is_not_then_told(
    tmp_path: Path, manifest: dict[str, Any], words: str
) -> None:
    assert design_check.check(copy_of("constancia", tmp_path, **manifest)) == [f"mio/manifest.json: {words}"]


def test_check_when_files_are_missing_then_each_is_told(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    (design / "design.typ").unlink()
    (design / "shadow.svg").symlink_to("/etc/hostname")
    (design / "x.typ").symlink_to("/nonexistent")

    assert design_check.check(design) == [
        "Falta design.typ: ahí está el diseño.",
        "shadow.svg lleva a otro lugar: copie el archivo mismo.",
        "x.typ lleva a otro lugar: copie el archivo mismo.",
    ]


def test_check_when_files_have_no_end_then_told_without_reading_them(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    os.mkfifo(design / "more.typ")
    (design / "folder.typ").mkdir()
    with (design / "photo.png").open("wb") as photo:
        photo.truncate(1 << 34)

    assert design_check.check(design) == [
        "folder.typ no es un archivo: bórrelo.",
        "more.typ no es un archivo: bórrelo.",
        "La carpeta pesa demasiado; lo más son 20 MB.",
    ]
    (design / "manifest.json").unlink()
    os.mkfifo(design / "manifest.json")
    assert design_check.check(design) == ["mio/manifest.json: no es un archivo"]


@pytest.mark.parametrize("data", ["[" * 30_000, "[" * 300_000, "1" * 5_000], ids=["nested", "deep", "long number"])
def test_check_when_its_manifest_has_no_end_then_told(tmp_path: Path, data: str) -> None:
    design = copy_of("constancia", tmp_path)
    (design / "manifest.json").write_text(data, encoding="utf-8")

    assert design_check.check(design) == ["mio/manifest.json: es demasiado largo"]


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("nowhere", "nowhere no es una carpeta: revise la dirección."),
        ("lib", "En lib no hay manifest.json: copie una carpeta entera de certificates, como sobrio."),
    ],
)
def test_check_when_the_folder_is_no_design_then_told(folder: str, words: str) -> None:
    ran = CliRunner().invoke(cli, ["design", "check", str(DESIGNS / folder)])

    assert (ran.exit_code, ran.output) == (1, f"✗ {words}\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{\n  title: "Hola"\n}', "no es JSON, línea 2: revise comillas, comas y llaves ahí y en la línea de antes"),
        (b'{\n  "title": "Hola"\n  "kinds": []\n}', "no es JSON, línea 3: revise comillas"),
        (b" \n", "está vacío"),
        ('{"title": "Constancia de niñez"}'.encode("latin-1"), "guárdelo como texto en UTF-8"),
        (b"[]", "no es un objeto { … }"),
    ],
)
def test_check_when_the_manifest_cannot_be_read_then_line_and_reason_are_told(
    tmp_path: Path, content: bytes, words: str
) -> None:
    design = copy_of("constancia", tmp_path)
    (design / "manifest.json").write_bytes(content)

    [told] = design_check.check(design)

    assert told.startswith(f"mio/manifest.json: {words}")


def test_preview_then_draws_the_preview_and_all_samples(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    (design / "preview.png").unlink()

    ran = CliRunner().invoke(cli, ["design", "preview", str(design), "--to", str(tmp_path / "drawn")])

    assert ran.exit_code == 0
    assert (design / "preview.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(file.name for file in (tmp_path / "drawn").iterdir()) == [
        "mio-es-longest-1.png",
        "mio-es-longest-2.png",
        "mio-es-shortest-1.png",
        "mio-es-shortest-2.png",
    ]


def test_preview_when_the_design_cannot_be_set_then_told_in_words(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    line = change(design, INK, "#while true { }")

    ran = CliRunner().invoke(cli, ["design", "preview", str(design)])

    assert ran.exit_code == 1
    assert ran.output.startswith(f"✗ mio/design.typ, línea {line}: Da vueltas sin terminar nunca.")


def test_check_when_it_takes_the_number_out_of_the_folio_then_told_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_folios = {part: change for part, change in design_check._FACE.items() if "folio" in part}
    monkeypatch.setattr(design_check, "_FACE", of_folios)
    monkeypatch.setattr(design_check, "_ANYWHERE", {})
    shutil.copytree(LIBRARY, tmp_path / "lib")
    design = copy_of("constancia", tmp_path)
    change(design, END_OF_FACE, f"#let number = int(d.folio.slice(-6))\n{END_OF_FACE}")

    [problem] = design_check._looked_at(read_design(design))

    assert problem.startswith("mio/design.typ, línea ")
