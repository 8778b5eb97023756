"""A family signs up in a real browser: narrow, by keyboard and without script; and with it, people in one page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser.steps import Watch, open_forms, press_on, take_ones_time, type_into, wait_ones_time
from tests.database import put_template
from tests.processes import running

NARROW = ViewportSize(width=320, height=640)
OWN_PAGE = re.compile(r"/i/[0-9A-Z]{32}$")
STEPS_TO = {"18+": 0, "12-13": 1}
"""How often the arrow is pressed from the first answer about age."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the form."""
    folder = tmp_path_factory.mktemp("family")
    put_template(folder)
    with running("tests.browser.family_server", folder) as server:
        address = server.made["origin"] + server.made["form"]
        open_forms(address)
        yield address


@pytest.fixture
def open_form(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens the form on a narrow telephone of its own; nothing may be complained about."""
    watch = Watch()
    with ExitStack() as stack:

        def opened(**options: Any) -> Page:
            context = browser.new_context(viewport=NARROW, locale="es-GT", **options)
            stack.callback(context.close)
            watch.over(context)
            page = context.new_page()
            page.goto(site)
            return page

        yield opened
    assert watch.complaints == []


@pytest.fixture
def form(open_form: Callable[..., Page], request: pytest.FixtureRequest) -> Page:
    """The form, with script unless the test says otherwise."""
    return open_form(**getattr(request, "param", {}))


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


def send_three(page: Page) -> None:
    press_on(page.get_by_role("button", name="Inscribir a 3 personas"), "Enter")


def open_one(page: Page, name: str) -> None:
    """From the tickets to what can be changed for one of them."""
    press_on(page.get_by_role("link", name=re.compile(f"^Corregir.*: {name}")), "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def rename(page: Page, name: str, right: str) -> None:
    open_one(page, name)
    press_on(field(page, "given_names"), "Control+a")
    page.keyboard.type(right)
    press_on(page.get_by_role("button", name="Guardar el nombre"), "Enter")
    expect(page.locator("main")).to_contain_text(right)
    if not OWN_PAGE.search(page.url):
        press_on(page.get_by_role("link", name="Volver a los boletos"), "Enter")
    expect(page.locator("article.ticket").filter(has_text=right)).to_have_count(1)


def cancel(page: Page, name: str) -> None:
    open_one(page, name)
    press_on(page.get_by_role("link", name="Cancelar su inscripción"), "Enter")
    press_on(page.get_by_role("button", name="Cancelar su inscripción"), "Enter")
    expect(page).to_have_url(OWN_PAGE)


@pytest.mark.parametrize("form", [{"java_script_enabled": False}], indirect=True, ids=["without script"])
def test_family_signs_up_by_keyboard_and_changes_its_mind(form: Page) -> None:
    fill_for_three(form)
    take_ones_time(form)
    send_three(form)
    expect_three_tickets(form)
    rename(form, "Elvira", "Elvira Inés")
    cancel(form, "Ana Lucía")
    expect(form.locator("article.ticket").filter(has_text="Ana Lucía")).to_contain_text("Volver a inscribir")
    expect(form.get_by_role("link", name="Guardar este boleto")).to_have_count(2)


def test_family_signs_up_by_keyboard_with_script(form: Page) -> None:
    """What the page itself holds is sent."""
    fill_for_three(form)
    wait_ones_time(form)
    send_three(form)
    expect_three_tickets(form)


def expect_three_tickets(page: Page) -> None:
    expect(page).to_have_url(OWN_PAGE)
    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")
    for name in ("Rosa Amalia", "Elvira", "Ana Lucía"):
        expect(page.locator("main")).to_contain_text(name)
    assert is_as_wide_as_the_screen(page)


def test_enter_in_a_field_signs_up_and_adds_nobody_with_script_and_without(open_form: Callable[..., Page]) -> None:
    forms = [open_form(java_script_enabled=False), open_form()]
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


def test_permission_shows_as_soon_as_a_minors_age_is_chosen_and_goes_with_it(form: Page) -> None:
    form.get_by_label("14 a 17").check()
    expect(field(form, "guardian_relation")).to_be_visible()
    expect(field(form, "assent")).to_be_visible()

    form.get_by_label("18 o más").check()

    expect(field(form, "guardian_relation")).to_be_hidden()
    expect(field(form, "assent")).to_be_hidden()


def test_communities_are_those_of_the_chosen_municipality(form: Page) -> None:
    options = form.locator("#communities option")
    assert options.evaluate_all("options => options.map(option => option.value)") == ["Las Pozas"]

    form.get_by_label("Municipio donde vive").select_option(value="1207")

    expect(form.locator("#communities option[value='Sibinal Chiquito']")).to_have_count(1)
    expect(options).to_have_count(1)


def test_form_holds_at_four_hundred_percent_and_in_forced_colours(browser: Browser, site: str) -> None:
    """1280 px at 400 % are 320 of the page's own."""
    context = browser.new_context(viewport=NARROW, device_scale_factor=4, locale="es-GT")
    page = context.new_page()
    page.goto(site)
    page.get_by_role("button", name="Agregar otra persona").click()

    for colours in ("none", "active"):
        page.emulate_media(forced_colors=colours)
        assert is_as_wide_as_the_screen(page), colours
        expect(field(page, "website")).not_to_be_in_viewport()
    context.close()
