"""The parts pages are built of: fields tied to their errors, the band that counts, dates, icons."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.web.pages import draw
from trainings.web.band import line_band, marks_band, seats_band
from trainings.web.forms import Typed
from trainings.web.i18n import speaking
from trainings.web.render import TEMPLATE_DIR

LIT_FIGURE = "h2v2h2v2h2v2h-2v2h-2v2h-2v-2h-2v-2h-2v-2h2v-2h2z"
DIM_FIGURE = "h1v2h2v1h-2v2h-1v-2h-2v-1h2z"
PARTS = '{% import "parts/field.html" as field %}{% from "parts/summary.html" import summary, why_not %}'


def test_text_field_when_wrong_is_tied_to_hint_and_error_and_keeps_what_was_typed() -> None:
    form = Typed({"phone": ['55 "<b>']}, {"phone": "Escriba los 8 números."})

    page = draw(PARTS + '{{ field.phone(form, "phone", "Teléfono", "Puede ser de un familiar.") }}', form=form)

    box = page.one("input", id="phone")
    assert box["value"] == '55 "<b>'
    assert box["aria-invalid"] == "true"
    assert box["aria-describedby"] == "phone-h phone-e"
    assert {"phone-h", "phone-e"} <= set(page.ids)
    assert page.one("label")["for"] == "phone"
    assert "Error: Escriba los 8 números." in page.text
    assert page.all("b") == []


def test_text_field_when_right_says_nothing_of_errors() -> None:
    page = draw(PARTS + '{{ field.text(none, "given_names", "Nombres", value="Ana") }}')

    box = page.one("input")
    assert (box["value"], "required" in box) == ("Ana", True)
    assert "aria-invalid" not in box
    assert "aria-describedby" not in box
    assert "(opcional)" not in page.text


def test_optional_field_says_so_and_is_not_required() -> None:
    page = draw(PARTS + '{{ field.email(none, "email", "Correo") }}')

    assert "Correo (opcional)" in page.text
    assert "required" not in page.one("input")


def test_password_field_never_shows_what_was_typed() -> None:
    form = Typed({"password": ["secreta-123"]}, {"password": "No coincide."})

    page = draw(PARTS + '{{ field.password(form, "password", "Contraseña") }}', form=form)

    assert "secreta-123" not in page.source
    assert page.one("input")["autocomplete"] == "current-password"


def test_area_keeps_line_breaks_and_escapes_markup() -> None:
    form = Typed({"bring": ["\nuno\n</textarea><script>"]})

    page = draw(PARTS + '{{ field.area(form, "bring", "Qué traer") }}', form=form)

    # The parser of browsers drops one line break after <textarea>.
    assert ">\n\nuno\n&lt;/textarea&gt;&lt;script&gt;</textarea>" in page.source


def test_select_with_groups_marks_the_given_choice() -> None:
    form = Typed({"municipality": ["1312"]})
    groups = [("Petén", [("1705", "La Libertad, Petén")]), ("Huehuetenango", [("1312", "La Libertad, Huehuetenango")])]

    page = draw(PARTS + '{{ field.select(form, "municipality", "Municipio", groups=g) }}', form=form, g=groups)

    assert [group["label"] for group in page.all("optgroup")] == ["Petén", "Huehuetenango"]
    assert [option["value"] for option in page.all("option") if "selected" in option] == ["1312"]
    assert page.all("option")[0]["value"] == ""


def test_radios_when_unanswered_start_without_an_answer_and_carry_the_error_on_the_group() -> None:
    form = Typed({}, {"sex": "Escoja una de las opciones."})
    choices = [("mujer", "Mujer"), ("hombre", "Hombre"), ("nd", "Prefiero no decir")]

    page = draw(PARTS + '{{ field.radios(form, "sex", "Sexo", c) }}', form=form, c=choices)

    assert [box["value"] for box in page.all("input", type="radio")] == ["mujer", "hombre", "nd"]
    assert not any("checked" in box for box in page.all("input"))
    group = page.one("fieldset")
    assert (group["role"], group["aria-invalid"], group["aria-describedby"]) == ("radiogroup", "true", "sex-e")
    assert page.ids.count("sex") == 1


def test_checks_keep_every_answer_under_one_name() -> None:
    form = Typed({"needs": ["ramp", "food"]})
    choices = [("interpreter", "Intérprete"), ("ramp", "Rampa"), ("food", "Alimentación")]

    page = draw(PARTS + '{{ field.checks(form, "needs", "Apoyo", c) }}', form=form, c=choices)

    assert [box["value"] for box in page.all("input") if "checked" in box] == ["ramp", "food"]


@pytest.mark.parametrize(
    ("form", "checked"),
    [(None, True), (Typed(), True), (Typed({"other": ["x"]}), False), (Typed({"walk_ins": ["yes"]}), True)],
)
def test_check_is_ticked_by_default_only_until_a_form_was_sent(form: Typed | None, checked: bool) -> None:
    page = draw(PARTS + '{{ field.check(form, "walk_ins", "Aceptar", checked=true) }}', form=form)

    assert ("checked" in page.one("input")) is checked


def test_summary_links_to_fields_that_exist_and_takes_the_focus() -> None:
    form = Typed({}, {"phone": "Escriba los 8 números.", "sex": "Escoja una.", "": "La capacitación cambió."})
    fields = '{{ field.phone(form, "phone", "Teléfono") }}{{ field.radios(form, "sex", "Sexo", c) }}'

    page = draw(PARTS + "{{ summary(form) }}" + fields, form=form, c=[("mujer", "Mujer"), ("nd", "Prefiero no decir")])

    targets = [link["href"] or "" for link in page.all("a")]
    assert targets == ["#phone", "#sex"]
    assert {target[1:] for target in targets} <= set(page.ids)
    box = page.one("div", role="alert")
    assert (box["tabindex"], "autofocus" in box) == ("-1", True)
    assert "Falta corregir 3 datos" in page.text
    assert "La capacitación cambió." in page.text


def test_summary_without_errors_is_nothing() -> None:
    assert draw(PARTS + "{{ summary(none) }}{{ summary(form) }}", form=Typed({"a": ["b"]})).source.strip() == ""


# -- the band


def test_seats_band_draws_taken_places_first_and_in_rows_of_ten() -> None:
    band = seats_band(2, 12)

    assert (band.width, band.height, band.figure) == (120, 24, 1)
    assert band.dim == "M5.5 3.5" + DIM_FIGURE + 9 * ("m12 0" + DIM_FIGURE)
    assert band.lit == "M5 13" + LIT_FIGURE + "m12 0" + LIT_FIGURE


@pytest.mark.parametrize(
    ("free", "capacity", "n_lit", "n_dim", "figure"),
    [
        (0, 30, 0, 30, 1),
        (30, 30, 30, 0, 1),
        (7, 60, 7, 53, 1),
        (1, 61, 1, 30, 2),
        (83, 200, 17, 23, 5),
        (5000, 5000, 50, 0, 100),
        (-3, 20, 0, 20, 1),
    ],
)
def test_seats_band_counts_each_place_and_above_sixty_several_at_once(
    free: int, capacity: int, n_lit: int, n_dim: int, figure: int
) -> None:
    band = seats_band(free, capacity)

    assert (band.lit.count("z"), band.dim.count("z"), band.figure) == (n_lit, n_dim, figure)


def test_seats_band_with_one_free_place_never_looks_full() -> None:
    assert all(seats_band(1, capacity).lit.count("z") == 1 for capacity in range(1, 3000, 7))


@pytest.mark.parametrize(
    ("lit", "total", "n_lit", "n_dim"), [(0, 8, 0, 8), (8, 8, 8, 0), (39, 40, 39, 1), (79, 80, 39, 1), (80, 80, 40, 0)]
)
def test_line_band_is_full_only_when_everybody_is_there(lit: int, total: int, n_lit: int, n_dim: int) -> None:
    band = line_band(lit, total)

    assert (band.lit.count("z"), band.dim.count("z"), band.height) == (n_lit, n_dim, 12)


def test_marks_band_lights_the_days_with_trainings() -> None:
    band = marks_band([4, 6], 31)

    assert band.width == 31 * 12
    assert band.lit == "M41 1" + LIT_FIGURE + "m24 0" + LIT_FIGURE


def test_seats_stand_beside_words_and_hidden_from_readers() -> None:
    bands = "{{ seats(1, 30) }}{{ seats(0, 30, waiting=true) }}{{ seats(9, 90) }}{{ seats(1, 1) }}"

    page = draw('{% from "parts/band.html" import seats %}' + bands)

    assert "Queda 1 de 30 lugares" in page.text
    assert "Queda 1 de 1 lugar" in page.text
    assert "1 de 1 lugares" not in page.text
    assert "Lleno. Hay lista de espera" in page.text
    assert "Cada figura vale 2." in page.text
    assert [svg["aria-hidden"] for svg in page.all("svg")] == ["true"] * 4


# -- dates, icons


def test_day_is_shown_in_guatemala_and_in_the_language_of_the_page() -> None:
    start = datetime(2027, 3, 7, 2, 30, tzinfo=UTC)
    source = '{% from "parts/day.html" import day %}{{ day(start) }}'

    page = draw(source, start=start)
    with speaking("en"):
        english = draw(source, start=start)

    assert page.one("time")["datetime"] == "2027-03-06T20:30-06:00"
    assert " ".join(page.text.split()) == "sábado 6 de marzo 8:30 p. m."
    assert "Saturday" in english.text


def test_every_icon_asked_for_by_a_template_exists() -> None:
    known = set(re.findall(r'^  "([a-z]+)": "M', (TEMPLATE_DIR / "parts/icons.html").read_text("utf-8"), re.MULTILINE))
    asked = set()
    for path in TEMPLATE_DIR.rglob("*.html"):
        asked |= set(re.findall(r'(?:\bicon|fact|line)\("([a-z]+)"', path.read_text("utf-8")))

    assert len(known) > 40
    assert asked <= known
