"""A family signs up and keeps its page in a real browser: narrow, by keyboard and without script; and with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser.steps import Watch, open_forms, press_on, read_screen, take_ones_time, type_into
from trainings.lib import tokens

NARROW = ViewportSize(width=320, height=640)
PLAIN: dict[str, Any] = {"java_script_enabled": False}
OWN_PAGE = re.compile(r"/i/[0-9A-Z]{32}$")
STEPS_TO = {"18+": 0, "12-13": 1}
"""How often the arrow is pressed from the first answer about age."""

Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, people_site: dict[str, str]) -> Iterator[Visit]:
    """Opens a page on a narrow telephone of its own; at the end nothing may have been complained about."""
    watch = Watch()
    with ExitStack() as stack:

        def opened(path: str, **options: Any) -> Page:
            context = browser.new_context(viewport=NARROW, locale="es-GT", **options)
            stack.callback(context.close)
            watch.over(context)
            page = context.new_page()
            page.goto(path if path.startswith("http") else people_site["origin"] + path)
            return page

        yield opened
    assert watch.complaints == []


@pytest.fixture
def form(visit: Visit, people_site: dict[str, str], request: pytest.FixtureRequest) -> Page:
    """The form, with script unless the test says otherwise."""
    open_forms(people_site["origin"] + people_site["form"])
    return visit(people_site["form"], **getattr(request, "param", {}))


def is_as_wide_as_the_screen(page: Page) -> bool:
    return bool(page.locator("html").evaluate("page => page.scrollWidth") == NARROW["width"])


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}")


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
    page.goto(page.url.removesuffix("/inscripcion"))
    press_on(page.get_by_role("link", name="Inscribirme"), "Enter")
    type_into(field(page, "given_names"), "Rosa Amalia")
    type_into(field(page, "surnames"), "Coc Xol")
    type_into(field(page, "municipality"), "La Libertad, P")
    type_into(field(page, "actor_type"), "Familia")
    type_into(field(page, "phone"), "5555 1234")
    expect(field(page, "guardian_relation")).to_be_hidden()
    add(page, 1, ("Elvira", "Xol"), "18+")
    add(page, 2, ("Ana Lucía", "Coc"), "12-13")
    type_into(field(page, "childcare_places"), "2")
    type_into(field(page, "guardian_relation"), "Madre")
    press_on(field(page, "guardian_consent"), "Space")
    press_on(field(page, "consent_data"), "Space")
    assert is_as_wide_as_the_screen(page)


@pytest.mark.parametrize("form", [PLAIN], indirect=True, ids=["without script"])
def test_family_signs_up_by_keyboard(form: Page) -> None:
    fill_for_three(form)
    take_ones_time(form)
    press_on(form.get_by_role("button", name="Inscribir a 3 personas"), "Enter")

    expect(form).to_have_url(OWN_PAGE)
    expect(form.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")
    for name in ("Rosa Amalia", "Elvira", "Ana Lucía"):
        expect(form.locator("main")).to_contain_text(name)
    assert is_as_wide_as_the_screen(form)


def test_enter_in_a_field_signs_up_and_adds_nobody_with_script_and_without(
    visit: Visit, people_site: dict[str, str]
) -> None:
    forms = [visit(people_site["form"], **PLAIN), visit(people_site["form"])]
    for form in forms:
        field(form, "given_names").fill("Rosa")
        field(form, "surnames").fill("Ba")
        field(form, "municipality").select_option("1705")
        field(form, "actor_type").select_option(index=3)
        field(form, "consent_data").check()

    for form in forms:
        take_ones_time(form)
        field(form, "given_names").press("Enter")

        expect(form).to_have_url(OWN_PAGE)


# -- with script


def test_people_are_added_and_taken_out_in_the_page(form: Page) -> None:
    button = form.get_by_role("button", name="Agregar otra persona")
    for name in ("Diego", "Ana"):
        button.click()
        form.keyboard.type(name)
    expect(form.get_by_role("status")).to_have_text("Se agregó otra persona. Ya son 3.")
    expect(form.get_by_role("button", name="Inscribir a 3 personas")).to_be_visible()

    form.get_by_role("button", name="Quitar a Diego").click()

    expect(button).to_be_focused()
    expect(form.get_by_role("status")).to_have_text("Se quitó a una persona. Ahora son 2.")
    expect(form.get_by_role("heading", level=3)).to_have_text(["Persona 2"])
    expect(form.locator(".member [name$=given_names]")).to_have_value("Ana")
    for _more in range(6):
        button.click()
    expect(form.locator(".member")).to_have_count(7)
    expect(button).to_be_hidden()
    names = form.locator(".member [name$=given_names]").evaluate_all("fields => fields.map(field => field.name)")
    assert len(set(names)) == 7


def test_people_typed_so_far_are_there_again_after_reading_another_page(form: Page) -> None:
    for number, (name, age) in enumerate((("Diego", "14-17"), ("Ana", "18+")), 1):
        form.get_by_role("button", name="Agregar otra persona").click()
        form.keyboard.type(name)
        form.locator(f"[name='members-{number}-age_group'][value='{age}']").check()
    form.get_by_role("button", name="Quitar a Ana").click()
    field(form, "members-1-assent").check()
    field(form, "members-1-surnames").fill("Coc")

    form.get_by_role("link", name="Qué guardamos y por qué").click()
    expect(form).to_have_url(re.compile("/privacidad$"))
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


def test_who_comes_after_a_family_on_a_telephone_finds_none_of_it(form: Page) -> None:
    address = form.url
    form.get_by_role("button", name="Agregar otra persona").click()
    form.keyboard.type("Diego")
    form.get_by_role("link", name="Qué guardamos y por qué").click()
    form.goto(address)

    expect(form.locator(".member")).to_have_count(0)

    for name, typed in (("given_names", "Rosa"), ("surnames", "Coc"), ("phone", "5555 1234")):
        field(form, name).fill(typed)
    field(form, "municipality").select_option("1705")
    field(form, "actor_type").select_option(index=3)
    form.get_by_role("button", name="Agregar otra persona").click()
    form.keyboard.type("Elvira")
    field(form, "members-1-surnames").fill("Xol")
    form.locator("[name='members-1-age_group'][value='18+']").check()
    field(form, "consent_data").check()
    form.locator("[data-send]").click()
    expect(form).to_have_url(OWN_PAGE)
    form.go_back()

    expect(form).to_have_url(address)
    expect(form.locator(".member")).to_have_count(0)


def test_what_is_asked_follows_the_age_and_the_municipality_that_were_chosen(form: Page) -> None:
    permission = [field(form, name) for name in ("guardian_relation", "assent")]
    form.get_by_label("14 a 17").check()
    for one in permission:
        expect(one).to_be_visible()
    form.get_by_label("18 o más").check()
    for one in permission:
        expect(one).to_be_hidden()

    options = form.locator("#communities option")
    assert options.evaluate_all("options => options.map(option => option.value)") == ["Las Pozas"]
    form.get_by_label("Municipio donde vive").select_option(value="1207")
    expect(form.locator("#communities option[value='Sibinal Chiquito']")).to_have_count(1)
    expect(options).to_have_count(1)


def test_pages_hold_at_four_hundred_percent_and_in_forced_colours(visit: Visit, people_site: dict[str, str]) -> None:
    """1280 px at 400 % are 320 of the page's own."""
    page = visit(people_site["form"], device_scale_factor=4)
    page.get_by_role("button", name="Agregar otra persona").click()
    expect(field(page, "website")).not_to_be_in_viewport()
    for path in (None, people_site["cancelled"]):
        if path:
            page.goto(people_site["origin"] + path)
        for colours in ("none", "active"):
            page.emulate_media(forced_colors=colours)
            assert is_as_wide_as_the_screen(page), (path, colours)
    expect(page.get_by_role("img", name="Código QR del boleto de Cata Coc Xol")).to_be_visible()


# -- its page


def hand_over(page: Page, name: str) -> str:
    """From the tickets to that adult's link, as the text to be copied holds it."""
    press_on(page.get_by_role("link", name=re.compile(f"^Entregar su enlace.*{name}")), "Enter")
    expect(page.get_by_role("img", name=f"Código QR del enlace de {name}")).to_be_visible()
    assert is_as_wide_as_the_screen(page)
    found = re.search(r"http://\S+/i/[0-9A-Z]{32}", page.get_by_label("Texto con el enlace").input_value())
    assert found
    return found[0]


def answer(page: Page) -> None:
    press_on(page.get_by_role("link", name="Responder"), "Enter")
    type_into(page.get_by_label("Sexo"), "Hombre")
    type_into(page.get_by_label("Idioma que prefiere"), "Q’eqchi’")
    assert is_as_wide_as_the_screen(page)
    press_on(page.get_by_role("button", name="Guardar mis respuestas"), "Enter")
    expect(page.get_by_role("status")).to_contain_text("Listo, gracias.")


def test_link_is_handed_over_and_made_ones_own_and_questions_are_answered_without_script(
    visit: Visit, people_site: dict[str, str]
) -> None:
    family = visit(people_site["handed"], **PLAIN)
    address = hand_over(family, "Beto Coc Xol")

    beto = visit(address, **PLAIN)
    expect(beto.get_by_role("heading", level=1)).to_have_text("¿Este boleto es suyo?")
    _screen, code = read_screen(beto)
    assert tokens.read_qr(code) == code
    press_on(beto.get_by_role("button", name="Este boleto es mío"), "Enter")

    expect(beto).not_to_have_url(address)
    expect(beto).to_have_url(OWN_PAGE)
    expect(beto.get_by_role("status")).to_contain_text("Listo, este boleto es suyo.")
    answer(beto)
    family.goto(people_site["origin"] + people_site["handed"])
    expect(family.locator("article.ticket").filter(has_text="Beto")).to_contain_text(
        "Ya tiene su propio enlace: desde ahí corrige su nombre o cancela."
    )
    expect(family.get_by_role("link", name=re.compile("^Entregar su enlace.*Beto"))).to_have_count(0)
    assert family.request.get(address).status == 404, "the old address opens nothing"


def test_all_cancel_and_come_back_by_keyboard(visit: Visit, people_site: dict[str, str]) -> None:
    page = visit(people_site["cancelled"], **PLAIN)
    press_on(page.get_by_role("link", name="Ya no podemos ir: soltar todos los lugares"), "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("¿Ya no pueden ir?")
    assert is_as_wide_as_the_screen(page)
    press_on(page.get_by_role("button", name="Cancelar las 3 inscripciones"), "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Estas inscripciones están canceladas")
    assert is_as_wide_as_the_screen(page)

    press_on(page.get_by_role("button", name="Volver a inscribirnos"), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")
    expect(page.get_by_role("link", name="Guardar este boleto")).to_have_count(3)


def test_offer_is_accepted_by_keyboard_without_script(visit: Visit, people_site: dict[str, str]) -> None:
    page = visit(people_site["offered"], **PLAIN)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hay lugar para ustedes")
    assert is_as_wide_as_the_screen(page)
    press_on(page.get_by_role("link", name="No podemos", exact=True), "Enter")
    press_on(page.get_by_role("link", name="Volver", exact=True), "Enter")

    press_on(page.get_by_role("button", name="Sí, vamos"), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")
