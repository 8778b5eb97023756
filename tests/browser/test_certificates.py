"""The story of a ceremony: prepared the day before, two names corrected at noon, made valid by attendance, handed over.

A stranger checks one with the phone's camera before and after it is annulled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    """The coordinator at her desk or with a telephone, and a stranger with one: one browser becomes theirs in turn."""

    site: Ceremony
    page: Page
    n_people: int
    n_absent: int
    cookie: str = ""
    printed_so_far: list[bytes] = field(default_factory=list)

    @property
    def n_valid(self) -> int:
        return self.n_people - self.n_absent

    def at(self, moment: datetime) -> None:
        """Time passes, and the coordinator signs in again."""
        self.cookie = self.site.at(moment)
        self.be_coordinator(DESK)

    def be_coordinator(self, screen: ViewportSize) -> None:
        self.page.context.add_cookies([{"name": "staff", "value": self.cookie, "url": self.site.origin}])
        self.page.set_viewport_size(screen)

    def be_stranger(self) -> None:
        self.page.context.clear_cookies()
        self.page.set_viewport_size(PHONE)

    def open_diplomas(self) -> None:
        self.page.goto(f"{self.site.training}/diplomas")

    def press(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name).click()

    def printed(self, link: str | re.Pattern[str]) -> list[str]:
        """The words of each page of the file that a link of the diplomas leads to, as it comes out of the printer."""
        self.page.get_by_role("link", name=link).click()
        with self.page.expect_download() as download:
            self.press("Descargar el PDF para imprimir")
        paper = Path(download.value.path()).read_bytes()
        self.printed_so_far.append(paper)
        return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(paper)).pages]

    def scanned(self, paper: int, page: int) -> str:
        """What the camera of a phone reads off a printed page."""
        picture = pypdfium2.PdfDocument(self.printed_so_far[paper])[page].render(scale=150 / 72).to_pil()
        [code] = zxingcpp.read_barcodes(picture)
        return code.text


@pytest.fixture
def story(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Story]:
    """What is refused is answered with a status that the browser complains of; of nothing else it may."""
    watch = Watch()
    n_people, n_absent = request.param
    with ceremony(tmp_path / "site", n_people) as site, browser.new_context(locale="es-GT") as context:
        watch.over(context)
        yield Story(site, context.new_page(), n_people, n_absent)
    assert [one for one in watch.complaints if not re.search(r"\b(404|409|422)\b", one)] == []


@pytest.mark.parametrize(
    "story", [(5, 1), pytest.param((40, 3), marks=pytest.mark.proof)], indirect=True, ids=["five", "forty"]
)
def test_ceremony_from_the_day_before_to_a_stranger_who_sees_it_annulled(story: Story) -> None:
    prepare_the_day_before(story)
    folios = print_all(story)
    correct_a_name_at_noon(story, folios)
    address = scan_on_the_way(story)
    let_attendance_decide(story)
    note_what_the_camera_opens(story, folios)
    note_what_is_typed(story, folios)
    hand_over_the_rest(story)
    check_as_a_stranger(story, address)
    annul(story)
    see_it_annulled(story, address)


def prepare_the_day_before(story: Story) -> None:
    story.at(EVE)
    page = story.page
    page.goto(f"{story.site.origin}/panel/diplomas")
    page.get_by_role("row").filter(has_text="Todavía no termina").get_by_role("link").first.click()
    page.get_by_role("link", name="Preparar para la ceremonia").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Preparar para la ceremonia")
    story.press(f"Preparar {story.n_people} diplomas")
    expect(page.get_by_role("heading", level=1)).to_have_text("Preparar diplomas")
    expect(page.locator("main")).to_contain_text(f"Terminado: {story.n_people} documentos con su archivo.")
    story.open_diplomas()
    expect(page.locator("main")).to_contain_text(f"{story.n_people} preparados, aún no válidos.")


def print_all(story: Story) -> dict[str, str]:
    """Names and folios of what comes out of the printer: a face and a back each, in order."""
    pages = story.printed("Imprimir todos")
    assert len(pages) == 2 * story.n_people
    names = [found_in(r"Persona\d\d Caal \w+", page) for page in pages[::2]]
    folios = [found_in(r"VIMMIG-1705-2027-\d{6}", page) for page in pages[1::2]]
    assert len(set(names)) == len(set(folios)) == story.n_people
    story.open_diplomas()
    expect(story.page.locator(".road")).to_contain_text("Todo está impreso.")
    return dict(zip(names, folios, strict=True))


def found_in(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, (pattern, text)
    return found[0]


def correct_a_name_at_noon(story: Story, folios: dict[str, str]) -> None:
    """Only that one is printed again, with the folio that it had."""
    story.at(NOON)
    page = story.page
    [wrong] = [name for name in folios if name.endswith(MISSPELT)]
    right = wrong.replace(MISSPELT, "Tzib")
    page.get_by_role("link", name=re.compile(f"^{wrong.split()[0]} ")).first.click()
    page.get_by_label("Apellidos").fill("Caal Tzib")
    story.press("Guardar el nombre")
    expect(page.get_by_role("heading", level=1)).to_have_text(right)
    story.open_diplomas()
    [face, back] = story.printed("Imprimir solo el que cambió")
    assert found_in(r"Persona\d\d Caal \w+", face) == right
    assert found_in(r"VIMMIG-1705-2027-\d{6}", back) == folios[wrong]
    story.open_diplomas()
    expect(page.locator(".road")).to_contain_text("Todo está impreso.")


def scan_on_the_way(story: Story) -> str:
    """A stranger's camera reads the back of the first of them: not yet valid. Gives the address."""
    address = story.scanned(-1, 1)
    story.be_stranger()
    story.page.goto(address.lower())
    expect(story.page.locator("main")).to_contain_text("Aún no válido")
    expect(story.page.locator("main")).not_to_contain_text("Persona01")
    return story.page.url


def let_attendance_decide(story: Story) -> None:
    """The signed sheet is typed in: all but the last ones came. Closing makes theirs valid; the others are annulled."""
    story.at(AFTERWARDS)
    page = story.page
    absent = ", ".join(str(row) for row in range(story.n_valid + 1, story.n_people + 1))
    door = f"{story.site.origin}/panel/sesiones/{story.site.made['session']}"
    page.goto(f"{door}/hojas/{story.site.made['sheet']}")
    page.get_by_label("Quiénes firmaron").fill(f"todas menos {absent}")
    story.press("Revisar antes de marcar")
    story.press(re.compile("^Marcar"))
    expect(page.locator(".result-line")).to_contain_text(f"{story.n_valid} filas marcadas")
    page.goto(f"{door}/asistencia/cerrar")
    story.press("Cerrar la sesión")
    expect(page.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()
    story.open_diplomas()
    road = page.locator(".road")
    expect(road).to_contain_text(f"{story.n_valid} válidos.")
    story.press(re.compile("^Anular (el que no se usó|los \\d+ que no se usaron)$"))
    expect(road).not_to_contain_text("aún no válido")
    expect(page.locator(".papers")).to_contain_text("Anulado")


def note_what_the_camera_opens(story: Story, folios: dict[str, str]) -> None:
    """The camera that a telephone comes with opens the address of a diploma."""
    story.be_coordinator(PHONE)
    page = story.page
    note = page.get_by_role("button", name="Anotar «recibí conforme»")

    address = story.scanned(0, 2 * [*folios].index("Persona02 Caal Xol") + 1)
    page.goto(address)
    expect(page.get_by_role("region", name="Usted es de la ventanilla")).to_be_visible()
    note.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Persona02 C. X.")
    expect(page.locator("main")).to_contain_text("«Recibí conforme»: lo anotó")
    page.set_viewport_size(DESK)
    assert page.locator(".seal span").evaluate(LINES) == 1, "no word is broken where the seal is narrow"
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Deshacer").click()
    expect(page.locator("main")).to_contain_text("Se deshizo: aún no consta que lo recibió.", ignore_case=True)
    note.click()
    expect(page.locator("main")).to_contain_text("Siguiente: escanee otro.")
    page.goto(address)
    page.get_by_role("link", name="Ver o deshacer").click()
    page.get_by_role("link", name="Entregar los diplomas").click()
    expect(page.locator(".ticks input").first).to_be_visible()
    assert page.evaluate(COVERED) == 0, "who goes on by keyboard sees where they are"


def note_what_is_typed(story: Story, folios: dict[str, str]) -> None:
    """What the camera only says, and a folio without it. Whatever is no paper of this training is answered in words."""
    page = story.page
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
    page = story.page
    page.set_viewport_size(DESK)
    page.goto(f"{story.site.training}/ceremonia")
    expect(page.locator(".call-head")).to_contain_text(f"{story.n_valid} personas, 3 comunidades")
    expect(page.locator(".called")).to_have_count(story.n_valid)
    page.goto(f"{story.site.training}/entrega")
    page.get_by_label("Quiénes recibieron").fill("todas")
    story.press("Anotar las filas")
    expect(page.locator("main")).to_contain_text(f"{story.n_valid} de {story.n_valid} entregados.")


def check_as_a_stranger(story: Story, address: str) -> None:
    """Valid, of the person whose name is on the paper."""
    story.be_stranger()
    page = story.page
    page.goto(address)
    expect(page.locator("main")).to_contain_text("Este diploma es válido")
    page.get_by_label("¿Es este el nombre?").fill("persona01 caal tzib")
    page.get_by_role("button", name="Comparar").click()
    expect(page.locator("main")).to_contain_text("Sí, ese es el nombre impreso.")


def annul(story: Story) -> None:
    story.be_coordinator(DESK)
    page = story.page
    story.open_diplomas()
    expect(page.locator(".road .is-next")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Persona01 ")).first.click()
    page.get_by_role("link", name="Anular").click()
    page.get_by_label("Motivo").fill("se imprimió por error")
    page.get_by_role("button", name="Anular", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="anulado")).to_be_visible()


def see_it_annulled(story: Story, address: str) -> None:
    story.be_stranger()
    main = story.page.locator("main")
    story.page.goto(address)
    expect(main).to_contain_text("Este diploma fue anulado")
    expect(main).not_to_contain_text("se imprimió por error")
