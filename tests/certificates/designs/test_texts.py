"""The words of certificates: their languages, and one that is supplied as a file (here a made-up one)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest

from tests.certificates.sheets import WHEN
from trainings.certificates.designs import pdf
from trainings.certificates.designs import previews as design_samples
from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.designs import all_designs, design_for
from trainings.certificates.designs.previews import Size
from trainings.certificates.designs.texts import CertificateSheet, UnusableTexts, read_wording
from trainings.places.words import HUB_NAME
from trainings.schedule.models import CourseKind

ENGLISH = json.loads((design_texts.TEXTS / "en.json").read_text(encoding="utf-8"))


def made_up() -> dict[str, Any]:
    """Every sentence of a language that nobody speaks: the English one with its letters turned, its places kept."""
    texts: dict[str, Any] = json.loads(json.dumps(ENGLISH), object_hook=_turned)
    return texts | {"name": "Aaq", "tag": "qaa-GT"}


def _turned(part: dict[str, Any]) -> dict[str, Any]:
    return {key: _turn(value) if isinstance(value, str) else value for key, value in part.items()}


def _turn(sentence: str) -> str:
    return " ".join(word if "{" in word else word[::-1].lower() for word in sentence.split(" "))


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of languages: Spanish and the made-up one."""
    for code in ("es", "en"):
        (tmp_path / f"{code}.json").write_bytes((design_texts.TEXTS / f"{code}.json").read_bytes())
    (tmp_path / "qaa.json").write_text(json.dumps(made_up()), encoding="utf-8")
    monkeypatch.setattr(design_texts, "TEXTS", tmp_path)
    design_texts.wording.cache_clear()
    yield tmp_path
    design_texts.wording.cache_clear()


def said(runs: list[tuple[str, str]]) -> str:
    return "".join(text for text, _role in runs)


def of_taller(language: str, **changes: Any) -> CertificateSheet:
    sheet = design_samples.sample(all_designs()["diploma"], Size.USUAL, language=language)
    return replace(sheet, **changes)


# -- sentences


def test_words_in_english_then_the_sentence_is_whole() -> None:
    words = design_texts.words_of(of_taller("en"))["words"]

    assert " ".join((said(words["gives"]), words["label"], words["to"])) == (
        "The Municipalidad de La Libertad, Petén, through its Ventanilla Informativa Municipal sobre Migración, "
        "awards this Diploma to"
    )
    assert said(words["reason"]) == (
        "for having completed the workshop “Ruta de protección de niñez y adolescencia no acompañada”, "
        "with a duration of eight hours, held on 4 March 2027."
    )
    assert said(words["made"]) == ("Given in La Libertad, Petén, on the fifth day of March, two thousand twenty-seven.")


@pytest.mark.parametrize("kind", CourseKind)
@pytest.mark.parametrize("language", ["es", "en"])
def test_words_of_each_activity_then_held_agrees_with_it(kind: CourseKind, language: str) -> None:
    activity = design_texts.activity(language, kind.value)
    words = design_texts.words_of(of_taller(language, activity_kind=kind.value, activity=activity))["words"]

    reason = said(words["reason"])
    assert f" {activity} " in reason
    if language == "es":
        assert (" realizada " in reason) == activity.startswith("la ")


def test_texts_then_name_the_hub_and_all_activities() -> None:
    assert set(design_texts.ACTIVITIES) == {kind.value for kind in CourseKind}
    assert all(HUB_NAME in design_texts.authority(code, "X") for code in ("es", "en"))


# -- a language that is supplied


@pytest.mark.usefixtures("texts")
def test_second_language_then_printed_whole_beside_spanish_with_figures() -> None:
    sheet = of_taller("es+qaa", minutes=90, held_days=(date(2027, 3, 4), date(2027, 3, 11)))

    file = pdf.render(sheet, timestamp=WHEN, pictures=design_samples.pictures())

    second = pdf.design_data(sheet, pictures=design_samples.pictures())["second"]
    assert said(second["reason"]) == (
        "rof gnivah detelpmoc eht pohskrow “Ruta de protección de niñez y adolescencia no acompañada”, "
        "htiw a noitarud fo 1 h 30 min, dleh 04/03/2027, 11/03/2027."
    )
    assert said(second["made"]) == "nevig ni La Libertad, Petén, 05/03/2027."
    face = " ".join(pypdf.PdfReader(BytesIO(file)).pages[0].extract_text().split())
    assert "Diploma a María Elena Caal Tzib por haber completado el taller «Ruta" in face
    assert (
        " ".join((said(second["gives"]), second["label"], second["to"], sheet.person_name, said(second["reason"])))
        in face
    )


@pytest.mark.usefixtures("texts")
def test_designs_then_offer_the_supplied_language_beside_spanish() -> None:
    assert all_designs()["diploma"].all_languages() == ["es", "en", "es+en", "es+qaa"]
    assert design_for("sobrio", "constancia", "es+qaa").key == "sobrio"


@pytest.mark.parametrize("key", ["tag", "quoted", "kinds.constancia.reason", "activities.curso.held", "qr"])
def test_language_when_a_sentence_is_missing_then_refused_naming_it(texts: Path, key: str) -> None:
    kept = made_up()
    *outer, last = key.split(".")
    part = kept
    for name in outer:
        part = part[name]
    del part[last]
    (texts / "qaa.json").write_text(json.dumps(kept), encoding="utf-8")

    with pytest.raises(UnusableTexts, match=f"^qaa.json: falta {key}.$"):
        read_wording(texts / "qaa.json")
    assert all_designs()["sobrio"].all_languages() == ["es", "en", "es+en"]
    with pytest.raises(UnusableTexts, match=f"falta {key}"):
        pdf.render(of_taller("es+qaa"), timestamp=WHEN, pictures=design_samples.pictures())


@pytest.mark.parametrize(
    ("sentence", "complaint"),
    [
        ("{activity} {title} {hours}", "en kinds.diploma.reason falta {held}."),
        ("{activity} {title} {hours} {held} {name}", "en kinds.diploma.reason sobra {name}."),
        ("{activity", "en kinds.diploma.reason una llave { } no cierra."),
    ],
)
def test_language_when_a_place_to_fill_is_wrong_then_refused_naming_it(
    texts: Path, sentence: str, complaint: str
) -> None:
    kept = made_up()
    kept["kinds"]["diploma"]["reason"] = sentence
    (texts / "qaa.json").write_text(json.dumps(kept), encoding="utf-8")

    with pytest.raises(UnusableTexts) as refused:
        read_wording(texts / "qaa.json")

    assert str(refused.value) == f"qaa.json: {complaint}"


# -- which design prints it


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (("sobrio", "constancia", "es"), "sobrio"),
        (("constancia", "constancia", "en"), "constancia"),
        (("constancia", "diploma", "es"), "diploma"),
        (("certificado", "constancia", "es"), "diploma"),
        (("gone", "certificado", "es+en"), "diploma"),
        (("diploma", "diploma", "tlh"), "diploma"),
    ],
)
def test_design_for_when_it_is_gone_or_does_not_fit_then_the_first_that_does(
    asked: tuple[str, str, str], given: str
) -> None:
    assert design_for(*asked).key == given
