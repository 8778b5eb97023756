"""The story of a ceremony: prepared the day before, two names corrected at noon, made valid by attendance, handed over.

A stranger checks one with the phone's camera, and with a verifier of badges, before and after it is annulled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pypdf
import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.certificates_server import ENDS, EVE, MISSPELT, Ceremony, ceremony
from tests.browser.scanner import PHONE
from tests.browser.steps import Watch
from tests.certificates.trust.stranger import verdicts_of
from trainings.lib.tokens import certificate_code

DESK = ViewportSize(width=1280, height=900)
NOON = EVE + timedelta(hours=3)
AFTERWARDS = ENDS + timedelta(minutes=20)
LINES = "(words) => words.getClientRects().length"
COVERED = """async () => {
    let covered = 0;
    for (const tick of document.querySelectorAll('.ticks input')) {
        tick.focus();
        // The page may glide to where it is: looked at once it has come to rest there.
        let was = NaN;
        for (let rests = 0, looks = 0; rests < 4 && looks < 300; looks += 1) {
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            const { top } = tick.getBoundingClientRect();
            rests = top === was && top >= 0 && top < innerHeight ? rests + 1 : 0;
            was = top;
        }
        const { x, y, width, height } = tick.getBoundingClientRect();
        covered += document.elementFromPoint(x + width / 2, y + height / 2) !== tick;
    }
    return covered;
}"""
CODE = "Código del diploma, folio o boleto"


@dataclass
class Story:
    """The coordinator at her desk, and a stranger with a phone."""

    site: Ceremony
    desk: Page
    stranger: Page
    n_people: int
    n_absent: int
    paper: bytes = b""
    cookie: str = ""

    @property
    def n_valid(self) -> int:
        return self.n_people - self.n_absent

    def at(self, moment: datetime) -> None:
        """Time passes, and the coordinator signs in again."""
        self.cookie = self.site.at(moment)
        self.sign_in(self.desk)

    def sign_in(self, page: Page) -> None:
        page.context.add_cookies([{"name": "staff", "value": self.cookie, "url": self.site.origin}])

    def open_diplomas(self) -> None:
        self.desk.goto(f"{self.site.page}/diplomas")

    def press(self, name: str | re.Pattern[str]) -> None:
        self.desk.get_by_role("button", name=name).click()

    def printed(self, link: str | re.Pattern[str]) -> list[str]:
        """The words of each page of the file that a link leads to, as it comes out of the printer."""
        self.open_diplomas()
        self.desk.get_by_role("link", name=link).click()
        with self.desk.expect_download() as download:
            self.press("Descargar el PDF para imprimir")
        self.paper = Path(download.value.path()).read_bytes()
        return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(self.paper)).pages]

    def scanned(self, page: int) -> str:
        """What the camera of a phone reads off a printed page."""
        picture = pypdfium2.PdfDocument(self.paper)[page].render(scale=150 / 72).to_pil()
        [code] = zxingcpp.read_barcodes(picture)
        return code.text


@pytest.fixture
def story(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Story]:
    watch = Watch()
    n_people, n_absent = request.param
    with ceremony(tmp_path / "site", n_people) as site, ExitStack() as stack:

        def opened(size: ViewportSize) -> Page:
            context = browser.new_context(viewport=size, locale="es-GT")
            stack.callback(context.close)
            watch.over(context)
            return context.new_page()

        yield Story(site, opened(DESK), opened(PHONE), n_people, n_absent)
    assert watch.complaints == []


@pytest.mark.parametrize(
    "story", [(5, 1), pytest.param((40, 3), marks=pytest.mark.proof)], indirect=True, ids=["five", "forty"]
)
def test_ceremony_from_the_day_before_to_a_stranger_who_sees_it_annulled(story: Story, browser: Browser) -> None:
    prepare_the_day_before(story)
    folios = print_all(story)
    correct_two_names_at_noon(story, folios)
    address = scan_on_the_way(story)
    let_attendance_decide(story)
    hand_over_by_telephone(story, folios, browser)
    hand_over_the_rest(story)
    badge = check_as_a_stranger(story, address)
    annul(story, address, badge)


def prepare_the_day_before(story: Story) -> None:
    story.at(EVE)
    desk = story.desk
    desk.goto(f"{story.site.origin}/panel/diplomas")
    desk.get_by_role("row").filter(has_text="Todavía no termina").get_by_role("link").first.click()
    desk.get_by_role("link", name="Preparar para la ceremonia").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Preparar para la ceremonia")
    story.press(f"Preparar {story.n_people} diplomas")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Preparar diplomas")
    expect(desk.locator("main")).to_contain_text(f"Terminado: {story.n_people} documentos con su archivo.")
    story.open_diplomas()
    expect(desk.locator("main")).to_contain_text(f"{story.n_people} preparados, aún no válidos.")


def print_all(story: Story) -> dict[str, str]:
    """Names and folios of what comes out of the printer: a face and a back each, in order."""
    pages = story.printed("Imprimir todos")
    assert len(pages) == 2 * story.n_people
    names = [found_in(r"Persona\d\d Caal \w+", page) for page in pages[::2]]
    folios = [found_in(r"VIMMIG-1705-2027-\d{6}", page) for page in pages[1::2]]
    assert len(set(names)) == len(set(folios)) == story.n_people
    story.open_diplomas()
    expect(story.desk.locator(".road")).to_contain_text("Todo está impreso.")
    return dict(zip(names, folios, strict=True))


def found_in(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, (pattern, text)
    return found[0]


def correct_two_names_at_noon(story: Story, folios: dict[str, str]) -> None:
    """Only those two are printed again, with the folios that they had."""
    story.at(NOON)
    desk = story.desk
    wrong = sorted(name for name in folios if name.endswith(MISSPELT))
    assert len(wrong) == 2
    for name in wrong:
        story.open_diplomas()
        desk.get_by_role("link", name=re.compile(f"^{name.split()[0]} ")).first.click()
        desk.get_by_label("Apellidos").fill("Caal Tzib")
        story.press("Guardar el nombre")
        expect(desk.get_by_role("heading", level=1)).to_have_text(name.replace(MISSPELT, "Tzib"))
    story.open_diplomas()
    expect(desk.locator(".road")).to_contain_text("2 cambiaron después de imprimirlos.")
    pages = story.printed("Imprimir solo los 2 que cambiaron")
    again = {
        found_in(r"Persona\d\d Caal \w+", face): found_in(r"VIMMIG-1705-2027-\d{6}", back)
        for face, back in zip(pages[::2], pages[1::2], strict=True)
    }
    assert again == {name.replace(MISSPELT, "Tzib"): folios[name] for name in wrong}
    story.open_diplomas()
    expect(desk.locator(".road")).to_contain_text("Todo está impreso.")


def scan_on_the_way(story: Story) -> str:
    """A stranger's camera reads the back of the first of them: not yet valid. Gives the address."""
    address = story.scanned(1)
    story.stranger.goto(address.lower())
    expect(story.stranger.locator("main")).to_contain_text("Aún no válido")
    expect(story.stranger.locator("main")).not_to_contain_text("Persona01")
    return story.stranger.url


def let_attendance_decide(story: Story) -> None:
    """The signed sheet is typed in: all but the last ones came. Closing makes theirs valid; the others are annulled."""
    story.at(AFTERWARDS)
    desk = story.desk
    absent = ", ".join(str(row) for row in range(story.n_valid + 1, story.n_people + 1))
    door = f"{story.site.origin}/panel/sesiones/{story.site.made['session']}"
    desk.goto(f"{door}/hojas/{story.site.made['sheet']}")
    desk.get_by_label("Quiénes firmaron").fill(f"todas menos {absent}")
    story.press("Revisar antes de marcar")
    story.press(re.compile("^Marcar"))
    expect(desk.locator(".result-line")).to_contain_text(f"{story.n_valid} filas marcadas")
    desk.goto(f"{door}/asistencia/cerrar")
    story.press("Cerrar la sesión")
    expect(desk.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()
    story.open_diplomas()
    road = desk.locator(".road")
    expect(road).to_contain_text(f"{story.n_valid} válidos.")
    story.press(re.compile("^Anular (el que no se usó|los \\d+ que no se usaron)$"))
    expect(road).not_to_contain_text("aún no válido")
    expect(desk.locator(".papers")).to_contain_text("Anulado")


def hand_over_by_telephone(story: Story, folios: dict[str, str], browser: Browser) -> None:
    """The camera that it comes with opens the address of a diploma; of a ticket it only says the code."""
    watch = Watch()
    with browser.new_context(viewport=PHONE, locale="es-GT") as context:
        watch.over(context)
        phone = context.new_page()
        story.sign_in(phone)
        note_what_the_camera_opens(story, phone)
        note_what_is_typed(story, folios, phone)
    assert [one for one in watch.complaints if not re.search(r"\b(404|409|422)\b", one)] == []


def note_what_the_camera_opens(story: Story, page: Page) -> None:
    note = page.get_by_role("button", name="Anotar «recibí conforme»")

    address = story.scanned(3)
    page.goto(address)
    expect(page.get_by_role("region", name="Usted es de la ventanilla")).to_be_visible()
    note.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Persona02 C. T.")
    expect(page.locator("main")).to_contain_text("«Recibí conforme»: lo anotó")
    page.get_by_role("button", name="Deshacer").click()
    expect(page.locator("main")).to_contain_text("Se deshizo: aún no consta que lo recibió.", ignore_case=True)
    note.click()
    expect(page.locator("main")).to_contain_text("Siguiente: escanee otro.")
    story.desk.goto(page.url)
    assert story.desk.locator(".seal span").evaluate(LINES) == 1, "no word is broken where the seal is narrow"
    page.goto(address)
    page.get_by_role("link", name="Ver o deshacer").click()
    page.get_by_role("link", name="Entregar los diplomas").click()
    expect(page.locator(".ticks input").first).to_be_visible()
    assert page.evaluate(COVERED) == 0, "who goes on by keyboard sees where they are"
    page.goto(f"{story.site.origin}/V/{certificate_code()}".upper())
    expect(page.get_by_role("heading", level=1)).to_have_text("No encontramos ese código")


def note_what_is_typed(story: Story, folios: dict[str, str], page: Page) -> None:
    """What the camera only says, and a folio without it. Whatever is no paper of this training is answered in words."""
    page.goto(f"{story.site.page}/entrega")
    last = page.get_by_role("region", name="Lo último que se anotó")
    type_code(page, story.site.made["tickets"][2])
    expect(last).to_contain_text("Persona03 C. X.")
    expect(page.get_by_label(CODE)).to_be_focused()
    page.keyboard.type(folios["Persona04 Caal Xol"].lower())
    page.keyboard.press("Enter")
    expect(last).to_contain_text("Persona04 C. X.")
    refused = {
        "WIFI:S:Casa;T:WPA;P:secreto;;": "Ese código no es de un diploma ni de un boleto",
        story.site.made["tickets"][-1]: "Esa persona no tiene un diploma por entregar",
    }
    for code, words in refused.items():
        type_code(page, code)
        expect(page.get_by_role("alert")).to_contain_text(words)


def type_code(page: Page, code: str) -> None:
    page.get_by_label(CODE).fill(code)
    page.get_by_role("button", name="Anotar la entrega").click()


def hand_over_the_rest(story: Story) -> None:
    """By community, and noted by the rows of the signed sheet."""
    desk = story.desk
    desk.goto(f"{story.site.page}/ceremonia")
    expect(desk.locator(".call-head")).to_contain_text(f"{story.n_valid} personas, 3 comunidades")
    expect(desk.locator(".called")).to_have_count(story.n_valid)
    desk.goto(f"{story.site.page}/entrega")
    desk.get_by_label("Quiénes recibieron").fill("todas")
    story.press("Anotar las filas")
    expect(desk.locator("main")).to_contain_text(f"{story.n_valid} de {story.n_valid} entregados.")
    story.open_diplomas()
    expect(desk.locator(".road .is-next")).to_have_count(0)


def check_as_a_stranger(story: Story, address: str) -> str:
    """Valid, of the person whose name is on the paper; a verifier of badges says so too. Gives the badge."""
    page = story.stranger
    page.goto(address)
    expect(page.locator("main")).to_contain_text("Este diploma es válido")
    page.get_by_label("¿Es este el nombre?").fill("persona01 caal tzib")
    page.get_by_role("button", name="Comparar").click()
    expect(page.locator("main")).to_contain_text("Sí, ese es el nombre impreso.")
    badge = page.request.get(f"{address}.json").text()
    [verdict] = verdicts_of(story.site.origin, [json.loads(badge)], now=AFTERWARDS)
    assert (verdict.verified, verdict.status["revocation"]) == (True, False)
    return badge


def annul(story: Story, address: str, badge: str) -> None:
    desk = story.desk
    story.open_diplomas()
    desk.get_by_role("link", name=re.compile("^Persona01 ")).first.click()
    desk.get_by_role("link", name="Anular").click()
    desk.get_by_label("Motivo").fill("se imprimió por error")
    desk.get_by_role("button", name="Anular", exact=True).click()
    expect(desk.get_by_role("status").filter(has_text="anulado")).to_be_visible()

    story.stranger.goto(address)
    expect(story.stranger.locator("main")).to_contain_text("Este diploma fue anulado")
    expect(story.stranger.locator("main")).not_to_contain_text("se imprimió por error")
    [verdict] = verdicts_of(story.site.origin, [json.loads(badge)], now=AFTERWARDS)
    assert verdict.status["revocation"] is True
