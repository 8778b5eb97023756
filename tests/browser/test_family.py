"""A family signs up and keeps its page in a real browser: narrow, by keyboard and without script; and with it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import FITS, open_forms, press_on, read_screen, take_ones_time, type_into
from tests.browser.telephone import Telephone
from trainings.lib import tokens

OWN_PAGE = re.compile(r"/i/[0-9A-Z]{32}$")
STEPS_TO = {"18+": 0, "12-13": 1}
"""How often the arrow is pressed from the first answer about age."""


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}")


# -- as short as it can be

ROWS_OF_HEAD = """() => new Set(
    [...document.querySelectorAll('.top > .name, .top .nav a')].map((part) => {
        const { top, height } = part.getBoundingClientRect();
        return Math.round((top + height / 2) / 8);
    }),
).size"""


def test_shared_link_leads_to_a_ticket_in_seven_taps_and_its_code_is_on_the_first_screen(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    open_forms(telephone.origin + people_site["form"])
    page, taps = telephone.open(people_site["form"].removesuffix("/inscripcion")), []
    page.set_viewport_size({"width": 360, "height": 640})
    rows = [page.evaluate(ROWS_OF_HEAD)]

    def tap(what: Locator, text: str = "") -> None:
        taps.append(what)
        what.click()
        page.keyboard.type(text)

    tap(page.get_by_role("link", name="Inscribirme"))
    expect(field(page, "other_municipality")).to_be_hidden()
    rows.append(page.evaluate(ROWS_OF_HEAD))
    for name, text in (("given_names", "Rosa"), ("surnames", "Coc"), ("phone", "4123 4567")):
        tap(field(page, name), text)
    tap(page.get_by_label("Sí", exact=True))
    tap(field(page, "consent_data"))
    take_ones_time(page)
    tap(page.get_by_role("button", name="Inscribirme"))

    expect(page).to_have_url(OWN_PAGE)
    assert (len(taps), [*rows, page.evaluate(ROWS_OF_HEAD)]) == (7, [2, 2, 2])
    code = page.get_by_role("img", name="Código QR").bounding_box()
    assert code is not None
    assert (code["y"] > 0, code["y"] + code["height"] <= 640, page.evaluate("scrollY")) == (True, True, 0)
    chat = page.get_by_role("link", name="Enviármelo por WhatsApp").get_attribute("href") or ""
    assert chat.startswith("https://wa.me/50241234567?text=")
    telephone.open(people_site["form"])
    expect(page.get_by_text("Desde este teléfono ya se inscribió: Rosa.")).to_be_visible()


# -- by keyboard


def choose_age(page: Page, name: str, age: str) -> None:
    first = page.locator(f"[name='{name}'][value='18+']")
    press_on(first, "Space")
    for _step in range(STEPS_TO[age]):
        page.keyboard.press("ArrowDown")
    expect(page.locator(f"[name='{name}'][value='{age}']")).to_be_checked()


def add(page: Page, number: int, names: tuple[str, str], age: str) -> None:
    """One more person, who is asked for a yes of their own where they are a minor."""
    press_on(page.get_by_role("button", name="Agregar otra persona"), "Enter")
    prefix = f"members-{number}-"
    expect(field(page, prefix + "given_names")).to_be_focused()
    page.keyboard.type(names[0])
    type_into(field(page, prefix + "surnames"), names[1])
    choose_age(page, prefix + "age_group", age)
    if age != "18+":
        press_on(field(page, prefix + "assent"), "Space")
    else:
        expect(field(page, prefix + "assent")).to_be_hidden()


def fill_for_three(page: Page) -> None:
    """From the training: a mother with her mother, a child of 13, and two small ones for the childcare."""
    press_on(page.get_by_role("link", name="Inscribirme"), "Enter")
    type_into(field(page, "given_names"), "Rosa Amalia")
    type_into(field(page, "surnames"), "Coc Xol")
    type_into(field(page, "phone"), "5555 1234")
    expect(field(page, "other_municipality")).to_be_hidden()
    press_on(field(page, "municipality"), "Space")
    page.keyboard.press("ArrowDown")
    type_into(field(page, "other_municipality"), "La Libertad, P")
    expect(field(page, "guardian_relation")).to_be_hidden()
    add(page, 1, ("Elvira", "Xol"), "18+")
    add(page, 2, ("Ana Lucía", "Coc"), "12-13")
    type_into(field(page, "childcare_places"), "2")
    type_into(field(page, "guardian_relation"), "Madre")
    press_on(field(page, "guardian_consent"), "Space")
    press_on(field(page, "consent_data"), "Space")
    assert page.evaluate(FITS)


def test_family_by_keyboard_without_script_signs_up_cancels_comes_back_and_hands_a_link_over(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    open_forms(telephone.origin + people_site["form"])
    page = telephone.open(people_site["form"].removesuffix("/inscripcion"), scripts=False)
    fill_for_three(page)
    take_ones_time(page)
    press_on(page.get_by_role("button", name="Inscribir a 3 personas"), "Shift")
    # The first button of the form adds a person.
    field(page, "surnames").press("Enter")

    expect(page).to_have_url(OWN_PAGE)
    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")
    tickets = page.locator("article.ticket")
    expect(tickets).to_have_count(3)
    for ticket, name in zip(tickets.all(), ("Rosa Amalia", "Elvira", "Ana Lucía"), strict=True):
        expect(ticket).to_contain_text(name)
    assert page.evaluate(FITS)

    cancel_and_come_back(page)
    family = page.url
    address = hand_over(page, "Elvira Xol")
    make_ones_own(telephone, address)
    telephone.open(family, scripts=False)
    expect(tickets.filter(has_text="Elvira")).to_contain_text("Ya tiene su propio enlace")
    assert page.request.get(address).status == 404, "the old address opens nothing"


def cancel_and_come_back(page: Page) -> None:
    press_on(page.get_by_role("link", name="Ya no podemos ir: soltar todos los lugares"), "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("¿Ya no pueden ir?")
    assert page.evaluate(FITS)
    press_on(page.get_by_role("button", name="Cancelar las 3 inscripciones"), "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Estas inscripciones están canceladas")
    assert page.evaluate(FITS)

    press_on(page.get_by_role("button", name="Volver a inscribirnos"), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")
    expect(page.get_by_role("link", name="Guardar este boleto")).to_have_count(3)


def hand_over(page: Page, name: str) -> str:
    """From the tickets to that adult's link, as the text to be copied holds it."""
    press_on(page.get_by_role("link", name=re.compile(f"^Entregar su enlace.*{name}")), "Enter")
    expect(page.get_by_role("img", name=f"Código QR del enlace de {name}")).to_be_visible()
    assert page.evaluate(FITS)
    found = re.search(r"http://\S+/i/[0-9A-Z]{32}", page.get_by_label("Texto con el enlace").input_value())
    assert found
    return found[0]


def make_ones_own(telephone: Telephone, address: str) -> None:
    """On a telephone that is not the family's."""
    telephone.empty()
    page = telephone.open(address, scripts=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("¿Este boleto es suyo?")
    _screen, code = read_screen(page)
    assert tokens.read_qr(code) == code
    press_on(page.get_by_role("button", name="Este boleto es mío"), "Enter")
    expect(page).not_to_have_url(address)
    expect(page).to_have_url(OWN_PAGE)
    expect(page.get_by_role("status")).to_contain_text("Listo, este boleto es suyo.")
    answer(page)


def answer(page: Page) -> None:
    press_on(page.get_by_role("link", name="Responder"), "Enter")
    type_into(page.get_by_label("Sexo"), "Hombre")
    type_into(page.get_by_label("Idioma que prefiere"), "Q’eqchi’")
    assert page.evaluate(FITS)
    press_on(page.get_by_role("button", name="Guardar mis respuestas"), "Enter")
    expect(page.get_by_role("status")).to_contain_text("Listo, gracias.")


def test_offer_is_accepted_by_keyboard_without_script(telephone: Telephone, people_site: dict[str, str]) -> None:
    page = telephone.open(people_site["offered"], scripts=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hay lugar para ustedes")
    assert page.evaluate(FITS)
    press_on(page.get_by_role("link", name="No podemos", exact=True), "Enter")
    press_on(page.get_by_role("link", name="Volver", exact=True), "Enter")

    press_on(page.get_by_role("button", name="Sí, vamos"), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")


# -- with script


def add_in_page(page: Page, name: str) -> None:
    page.get_by_role("button", name="Agregar otra persona").click()
    page.keyboard.type(name)


def test_people_are_added_and_taken_out_in_the_page_and_what_is_asked_follows_what_was_chosen(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    form = telephone.open(people_site["form"])
    what_is_asked_follows_the_age(form)
    communities_follow_the_municipality(form)
    button = form.get_by_role("button", name="Agregar otra persona")
    for name in ("Diego", "Ana"):
        add_in_page(form, name)
    expect(form.get_by_role("status")).to_have_text("Se agregó otra persona. Ya son 3.")
    expect(form.get_by_role("button", name="Inscribir a 3 personas")).to_be_visible()
    form.get_by_role("button", name="Quitar a Diego").click()

    expect(button).to_be_focused()
    expect(form.get_by_role("status")).to_have_text("Se quitó a una persona. Ahora son 2.")
    expect(form.get_by_role("heading", level=3)).to_have_text(["Persona 2"])
    expect(form.locator(".member [name$=given_names]")).to_have_value("Ana")
    expect(field(form, "website")).not_to_be_in_viewport()
    fits_in_all_colours(form)
    for _more in range(6):
        button.click()
    expect(form.locator(".member")).to_have_count(7)
    expect(button).to_be_hidden()
    names = form.locator(".member [name$=given_names]").evaluate_all("fields => fields.map(field => field.name)")
    assert len(set(names)) == 7


def what_is_asked_follows_the_age(form: Page) -> None:
    permission = [field(form, name) for name in ("guardian_relation", "assent")]
    form.get_by_label("14 a 17").check()
    for one in permission:
        expect(one).to_be_visible()
    form.get_by_label("18 o más").check()
    for one in permission:
        expect(one).to_be_hidden()


def communities_follow_the_municipality(form: Page) -> None:
    options = form.locator("#communities option")
    assert options.evaluate_all("options => options.map(option => option.value)") == ["Las Pozas"]
    form.get_by_label("En otro lugar").check()
    form.get_by_label("Municipio donde vive").select_option(value="1207")
    expect(form.locator("#communities option[value='Sibinal Chiquito']")).to_have_count(1)
    expect(options).to_have_count(1)


def fits_in_all_colours(page: Page) -> None:
    """320 px are 1280 at 400 %."""
    for colours in ("active", "none"):
        page.emulate_media(forced_colors=colours)
        assert page.evaluate(FITS), colours


def test_people_typed_so_far_are_there_again_but_not_for_who_comes_after_on_the_same_telephone(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    form = telephone.open(people_site["form"])
    for number, (name, age) in enumerate((("Diego", "14-17"), ("Ana", "18+")), 1):
        add_in_page(form, name)
        form.locator(f"[name='members-{number}-age_group'][value='{age}']").check()
    form.get_by_role("button", name="Quitar a Ana").click()
    field(form, "members-1-assent").check()
    field(form, "members-1-surnames").fill("Coc")

    read_what_is_kept(form)
    form.go_back()

    expect(form.locator(".member")).to_have_count(1)
    expect(field(form, "members-1-given_names")).to_have_value("Diego")
    expect(field(form, "members-1-surnames")).to_have_value("Coc")
    expect(form.locator("[name='members-1-age_group'][value='14-17']")).to_be_checked()
    expect(field(form, "members-1-assent")).to_be_checked()
    expect(form.get_by_role("button", name="Inscribir a 2 personas")).to_be_visible()
    expect(form.get_by_role("button", name="Quitar a Diego")).to_be_visible()
    form.reload()
    expect(field(form, "members-1-given_names")).to_have_value("Diego")

    read_what_is_kept(form)
    telephone.open(people_site["form"])
    expect(form.locator(".member")).to_have_count(0)
    sign_up_two_by_enter_in_a_field(form)
    form.go_back()
    expect(form).to_have_url(telephone.origin + people_site["form"])
    expect(form.locator(".member")).to_have_count(0)


def read_what_is_kept(form: Page) -> None:
    form.get_by_role("link", name="Qué guardamos y por qué").click()
    expect(form).to_have_url(re.compile("/privacidad$"))


def sign_up_two_by_enter_in_a_field(form: Page) -> None:
    """Nobody is added by it. All tickets fit the narrowest screen, whatever its colours are."""
    for name, typed in (("given_names", "Rosa"), ("surnames", "Coc"), ("phone", "5555 1234")):
        field(form, name).fill(typed)
    field(form, "municipality").check()
    add_in_page(form, "Elvira")
    field(form, "members-1-surnames").fill("Xol")
    form.locator("[name='members-1-age_group'][value='18+']").check()
    field(form, "consent_data").check()
    take_ones_time(form)
    field(form, "given_names").press("Enter")
    expect(form).to_have_url(OWN_PAGE)
    expect(form.get_by_role("img", name="Código QR del boleto de Elvira Xol")).to_be_visible()
    expect(form.locator("article.ticket")).to_have_count(2)
    fits_in_all_colours(form)
