"""The check page in a browser: one sheet of paper, a file dropped, one too large, and all without script."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path

import pypdf
from playwright.sync_api import expect

from tests.browser.steps import FITS
from tests.browser.telephone import Telephone
from trainings.places.data import municipalities

DROP = """([name, octets]) => {
    const file = new File([Uint8Array.from(atob(octets), (one) => one.charCodeAt(0))], name, {type: "application/pdf"});
    const data = new DataTransfer();
    data.items.add(file);
    for (const kind of ["dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""
BROKEN = """(names) => {
    const heading = document.querySelector("h1");
    return names.filter((name) => {
        heading.textContent = name;
        const text = heading.firstChild;
        return [...name.matchAll(/[^ ]+/g)].some((word) => {
            const range = document.createRange();
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            return range.getClientRects().length !== 1;
        });
    });
}"""
"""Those of the names that break within a word where the heading stands."""
SAME = "El archivo es el que entregamos, sin ningún cambio."
TOO_LARGE = "Ese archivo pesa más de 1 MB"


def test_page_when_printed_then_one_sheet_with_the_verdict_and_no_form(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    for which, verdict in (("check", "Este diploma es válido"), ("transcript", "Este historial es auténtico")):
        page = telephone.open(people_site[which])
        assert page.evaluate(FITS)

        [sheet] = pypdf.PdfReader(BytesIO(page.pdf(format="Letter"))).pages

        words = " ".join(sheet.extract_text().split())
        assert verdict in words
        assert "Compare con el papel" in words
        assert "Revisar otro diploma" not in words


def test_file_when_dropped_then_looked_at_and_one_too_large_is_never_sent(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    page = telephone.open("/verificar")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    content = Path(people_site["file"]).read_bytes()

    page.evaluate(DROP, ["grande.pdf", base64.b64encode(bytes(1_100_000)).decode()])
    expect(page.get_by_role("alert")).to_contain_text(TOO_LARGE)
    assert "POST" not in sent
    page.evaluate(DROP, ["diploma.pdf", base64.b64encode(content).decode()])

    expect(page.get_by_text(SAME)).to_be_visible()
    page.go_back()
    page.locator("#archivo").set_input_files({"name": "x.pdf", "mimeType": "application/pdf", "buffer": content + b"."})
    page.get_by_role("button", name="Revisar el archivo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Este archivo fue cambiado")


def test_everything_when_there_is_no_script_then_works_all_the_same(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    page = telephone.open("/verificar", scripts=False)

    page.locator("#archivo").set_input_files(people_site["file"])
    page.get_by_role("button", name="Revisar el archivo").click()
    expect(page.get_by_text(SAME)).to_be_visible()
    page.get_by_label("¿Es este el nombre?").fill("maria elena de los angeles caal tzib de xol")
    page.get_by_role("button", name="Comparar").click()

    expect(page.get_by_text("Sí, ese es el nombre impreso.")).to_be_visible()


def test_issuer_when_the_telephone_is_narrow_then_no_municipality_breaks_within_a_word(telephone: Telephone) -> None:
    page = telephone.open("/emisores/1705")
    names = [f"Municipalidad de {one.name}, {one.department}" for one in municipalities()]

    assert page.evaluate(BROKEN, names) == []
    assert page.evaluate(BROKEN, ["Quetzaltenango" * 3]) != [], "what it would say of one that does"
    assert page.evaluate(FITS)
