import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainings.lib.text import (
    TextTooLong,
    UnreadableText,
    are_alike,
    as_drawn,
    clean,
    clean_multiline,
    fold,
    initials,
    like_terms,
    search_text,
    short_name,
    slugify,
)

NAMES = ["Ba", "Coc", "Cucul Cucul", "De La Cruz", "de León", "Q’eqchi’", "Qʼeqchiʼ", "Qꞌeqchiꞌ", "Q'eqchi'", "Ñ"]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"))


@pytest.mark.parametrize(
    "name", [*NAMES, "👩‍🌾 Ana", "<b>Ana</b>", "{{ 7*7 }}", "O'Neill; DROP TABLE", "X Æ A-12", "ﬁ", "'"]
)
def test_clean_keeps_a_name_exactly_as_written(name: str) -> None:
    assert clean(name, 80) == name


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  María \t Elena\u00a0\u00a0Caal\n", "María Elena Caal"),
        ("Mari\u0301a", "María"),
        ("Peña\u202e gnp.exe", "Peña gnp.exe"),
        ("\u2066Ana\u2069\u200f", "Ana"),
        ("An\x00a\x07", "Ana"),
        ("\ufeffAna\u200b\u00ad", "Ana"),
        ("Ana \u200b Coc", "Ana Coc"),
        ("a\u2028b", "a b"),
        ("\u200d \u200c", ""),
        ("\u202e", ""),
        ("Ana\ufffe", "Ana"),
        ("n\u200b\u0303", "ñ"),
    ],
)
def test_clean_removes_what_cannot_be_seen(written: str, stored: str) -> None:
    assert clean(written, 80) == stored


@pytest.mark.parametrize("damaged", ["Mar\ufffda", "Mar" + chr(0xDCED)])
def test_clean_refuses_damaged_text(damaged: str) -> None:
    with pytest.raises(UnreadableText):
        clean(damaged, 80)


def test_clean_counts_what_is_left() -> None:
    assert clean("  ab\u200b  ", 2) == "ab"
    with pytest.raises(TextTooLong) as refused:
        clean("abc", 2)
    assert refused.value.max_length == 2


@given(ANY_TEXT)
def test_clean_twice_is_clean_once(text: str) -> None:
    once = clean(text, 10_000)

    assert clean(once, 10_000) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not {unicodedata.category(c) for c in once} & {"Cc", "Zl", "Zp"}


def test_clean_multiline_keeps_paragraphs() -> None:
    written = "\r\n\r\n Traer:\u202e  cuaderno \r\n lápiz\r\n\r\n \r\n\r\nGracias\u2029"

    assert clean_multiline(written, 100) == "Traer: cuaderno\nlápiz\n\nGracias"


def test_clean_multiline_refuses_too_long_and_damaged() -> None:
    with pytest.raises(TextTooLong):
        clean_multiline("a\nb\nc", 4)
    with pytest.raises(UnreadableText):
        clean_multiline("a\n\ufffd", 40)


@given(ANY_TEXT)
def test_clean_multiline_twice_is_once(text: str) -> None:
    once = clean_multiline(text, 10_000)

    assert clean_multiline(once, 10_000) == once


@pytest.mark.parametrize("apostrophe", "'’ʼꞌꞋ‘`´ʻ′‛")
def test_fold_forgets_which_apostrophe_was_used(apostrophe: str) -> None:
    assert fold(f"Q{apostrophe}EQCHI{apostrophe}") == "qeqchi"


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Sigüilá", "siguila"),
        ("NIÑO", "nino"),
        ("Mari\u0301a", "maria"),
        ("De La Cruz", "de la cruz"),
        ("Tzul-Coc, S.A. (100%)", "tzul coc s a 100"),
        ("100%_\\", "100"),
        ("🌽", ""),
        ("Straße", "strasse"),
        ("Ｃoc", "coc"),
        ("", ""),
    ],
)
def test_fold(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(ANY_TEXT)
def test_folded_words_hold_no_wildcard_and_fold_to_themselves(text: str) -> None:
    folded = fold(text)

    assert not set(folded) & set("%_\\'\0")
    assert fold(folded) == folded


def test_search_text_puts_a_blank_before_every_word() -> None:
    assert search_text("María Elena", "Caal Tzib", "", "🌽", "Las Pozas") == " maria elena caal tzib las pozas"
    assert search_text("", "¿?") == ""


def test_like_terms_are_one_pattern_a_word() -> None:
    assert like_terms("  Caal, q’eqchi’ CAAL %_ ") == ["% caal%", "% qeqchi%"]
    assert like_terms("%_'\\") == []
    assert len(like_terms("a b c d e f g h i j k")) == 8


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("La Libertad, Petén", "la-libertad-peten"),
        ("San Miguel Sigüilá", "san-miguel-siguila"),
        ("Q’eqchi’ para todos", "qeqchi-para-todos"),
        ("  ¿Trata o tráfico? — 2027  ", "trata-o-trafico-2027"),
        ("Ñ", "n"),
        ("🌽", ""),
        ("Привет mundo", "mundo"),
    ],
)
def test_slugify(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_slugify_cuts_between_words() -> None:
    assert slugify("uno dos tres", max_length=7) == "uno-dos"
    assert slugify("uno dos tres", max_length=8) == "uno-dos"
    assert slugify("uno dos tres", max_length=6) == "uno"
    assert slugify("a" * 80, max_length=60) == "a" * 60


@pytest.mark.parametrize(
    ("given_names", "surnames", "expected"),
    [
        ("María Elena", "Caal Tzib", "M. E. C. T."),
        ("Ana", "Ba", "A. B."),
        ("Rosa", "Cucul Cucul", "R. C. C."),
        ("María del Carmen", "De La Cruz de León", "M. C. C. L."),
        ("Ixq’anil", "’Aj Ñ", "I. A. Ñ."),
        ("a\u0301lvaro", "ꞌOch", "Á. O."),
        ("J", "", "J."),
        ("De", "La", "D. L."),
        ("<b>Eva</b>", "🌽", "B. 🌽."),
        ("", "", ""),
    ],
)
def test_initials(given_names: str, surnames: str, expected: str) -> None:
    assert initials(given_names, surnames) == expected


@pytest.mark.parametrize(
    ("given_names", "surnames", "expected"),
    [
        ("María Elena", "Caal Tzib", "María Elena C. T."),
        ("Ana", "De La Cruz", "Ana C."),
        ("Rosa", "Caal Tzib Vda. de Pop", "Rosa C. T."),
        ("Ixq’anil", "Ba", "Ixq’anil B."),
        ("J", "", "J"),
    ],
)
def test_short_name(given_names: str, surnames: str, expected: str) -> None:
    assert short_name(given_names, surnames) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Ana Cok Xol", "Ana Coc Xol", True),
        ("Beto Caal", "Alberto Caal Tzib", True),
        ("JUAN PEREZ", "Juan Pérez", True),
        ("Ma. Elena Caal", "María Elena Caal", True),
        ("Fco. Pop", "Francisco Pop", True),
        ("J. Carlos Ac", "José Carlos Ak", True),
        ("Rosa Xoc Ba", "Rosa Choc Va", True),
        ("Ana Coc", "Ana Cocom Rigoberto Pérez Méndez", False),
        ("Juan Coc", "José Coc", False),
        ("Ana Ana", "Ana Coc", False),
        ("Berta Méndez", "Rigoberto Otra", False),
        ("", "Ana", False),
    ],
)
def test_are_alike(one: str, other: str, expected: bool) -> None:
    assert are_alike(one, other) is expected
    assert are_alike(other, one) is expected


@given(ANY_TEXT, ANY_TEXT)
def test_no_name_makes_initials_fail(given_names: str, surnames: str) -> None:
    assert isinstance(initials(given_names, surnames) + short_name(given_names, surnames), str)


def test_as_drawn_leaves_pictures_out_and_marks_letters() -> None:
    assert as_drawn("Feria 🌽 del maíz", "🌽") == "Feria del maíz"
    assert as_drawn("Feria 中", "中") == "Feria ?"
    assert as_drawn("🌽", "🌽") == "?"
    assert as_drawn("🌽", "🌽", otherwise="") == ""
    assert as_drawn("dos  blancos", "") == "dos  blancos"
