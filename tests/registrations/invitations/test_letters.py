"""What letters of invitation say, and what a reader, a camera and a screen reader find in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pypdf
import pytest
import zxingcpp

from tests import make
from tests.cast import Cast
from tests.certificates.sheets import assert_within_page, photographed
from tests.registrations.card_world import make_block
from tests.registrations.letters import POZAS, prepared, printed, words_of
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.places.models import Signatory
from trainings.registrations.invitations import convocation
from trainings.registrations.invitations import letters as letter_sheets
from trainings.registrations.invitations.convocation import Invited
from trainings.registrations.models import Addressee
from trainings.schedule.models import CourseKind, CoursePrerequisite, PlaceShown, TrainingState
from trainings.settings import get_settings

Freeze = Callable[[datetime], None]
TODAY = datetime(2027, 2, 15, 16, tzinfo=clock.GUATEMALA)
LETTER = (
    "Municipalidad de La Libertad, Petén "
    "Ventanilla Informativa Municipal sobre Migración, La Libertad, Petén "
    "1ra calle 2-15 zona 1, frente al parque · Teléfono 7900 1234 "
    "La Libertad, Petén, 15 de febrero de 2027 "
    "Señoras y señores COCODE Las Pozas Presidencia Aldea Las Pozas Presente "
    "Reciban un cordial saludo. La Ventanilla Informativa Municipal sobre Migración de La Libertad, Petén, les "
    "invita a participar, y a compartir esta invitación con las personas de su comunidad. "
    "Taller Trata de personas Qué es y a quién se avisa. "
    "Cuándo Sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m. "
    "Dónde Salón municipal, Barrio El Centro, La Libertad, Petén. "
    "Para quién Integrantes del COCODE y docentes. Desde 14 años. Menores de edad, con permiso de su madre, padre "
    "o persona encargada. "
    "Idioma Español, con intérprete de q’eqchi’. "
    "Se ofrece Refacción, pasaje, cuidado infantil e intérprete. "
    "Qué traer Cuaderno. Cupo 20 lugares. "
    "Al terminar Diploma de la municipalidad, si está al menos el 80 % del tiempo. "
    "Cómo inscribirse Apunte la cámara del teléfono a este código, o escriba en el navegador: "
    "{address} "
    "También puede llamar al 7900 1234, o venir a la ventanilla (lunes a viernes, de 8:00 a 16:00). "
    "No hace falta tener correo ni teléfono propio. "
    "La inscripción se cierra el viernes 5 de marzo, 8:30 a. m. "
    "Agradecemos su apoyo para que esta invitación llegue a quienes les pueda servir. Atentamente, "
    "Rosa Xol Tiul Coordinadora de la ventanilla"
)


async def test_letter_says_who_invites_whom_to_what_when_and_where(cast: Cast, freeze: Freeze) -> None:
    freeze(TODAY)
    start = datetime(2027, 3, 6, 8, 30, tzinfo=clock.GUATEMALA)
    course = await make.make_course("Trata de personas", summary="Qué es y a quién se avisa.")
    training = await make.make_training(
        hub=cast.hub,
        course=course,
        sessions=[(start, start + timedelta(hours=4))],
        audience=("cocode", "docente"),
        languages=("spa",),
        interpreter_languages=("kek",),
        offers=("snack", "fare"),
        childcare_capacity=4,
        bring="Cuaderno.",
        admits_minors=True,
        minimum_age=14,
        closes_at=start - timedelta(days=1),
    )
    await prepared(training)

    file = await printed(training)

    assert words_of(file) == LETTER.format(address=f"{get_settings().host}/c/{training.short_code}")


async def test_each_body_has_a_page_that_a_camera_reads(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await prepared(training)

    file = await printed(training)
    reader = pypdf.PdfReader(BytesIO(file))
    codes = [[code.text for code in zxingcpp.read_barcodes(photographed(file, page, 110))] for page in range(2)]

    assert [(page.mediabox.width, page.mediabox.height) for page in reader.pages] == [(612, 792)] * 2
    assert "Escuela Oficial Rural Mixta K’ante’ Presente" in words_of(file, 1)
    assert "con su comunidad educativa." in words_of(file, 1)
    assert codes == [[f"{get_settings().base_url}/c/{training.short_code}"]] * 2
    assert_within_page(file)


async def test_file_is_for_screen_readers_and_without_colour(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, title="Ruta de protección")
    await prepared(training, POZAS)

    file = await printed(training)
    reader = pypdf.PdfReader(BytesIO(file))
    picture = photographed(file, 0, 60).convert("RGB")

    assert reader.metadata is not None
    assert reader.metadata.title == "Convocatoria: Ruta de protección"
    root: Any = reader.root_object
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("es-GT", True)
    red, green, blue = picture.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


async def test_protected_place_and_title_stay_off_the_paper(cast: Cast) -> None:
    course = await make.make_course("Refugio y protección", summary="A quién se refiere cada caso.")
    training = await make.make_training(
        hub=cast.hub,
        course=course,
        neutral_title="Reunión en la municipalidad",
        place_shown=PlaceShown.AFTER_CONFIRMATION,
    )
    await prepared(training)

    text = words_of(await printed(training))

    assert "Reunión en la municipalidad" in text
    assert "Dónde La Libertad, Petén. El lugar exacto se le dice al inscribirse." in text
    for secret in ("Salón municipal", "Barrio El Centro", "Refugio", "A quién se refiere", "igración"):
        assert secret not in text


async def test_many_sessions_are_told_by_their_first_and_last_day(cast: Cast, freeze: Freeze) -> None:
    freeze(TODAY)
    first = datetime(2027, 3, 6, 8, 30, tzinfo=clock.GUATEMALA)
    course = await make.make_course("Diplomado", kind=CourseKind.DIPLOMADO, minutes=2400)
    required = await make.make_course("Riesgos")
    await CoursePrerequisite.create(course=course, required=required)
    weeks = [first + timedelta(weeks=n) for n in range(10)]
    training = await make.make_training(
        hub=cast.hub, course=course, sessions=[(one, one + timedelta(hours=4)) for one in weeks]
    )
    await prepared(training)

    text = words_of(await printed(training))

    assert "10 sesiones, del 6 de marzo al 8 de mayo de 2027, de 8:30 a. m. a 12:30 p. m. Dónde" in text
    assert "Requisito Antes hay que completar «Riesgos»." in text


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "Adjuntamos una tarjeta, que aparta un lugar para su comunidad."),
        (3, "Adjuntamos 3 tarjetas: cada una aparta un lugar para su comunidad."),
    ],
)
async def test_letter_with_cards_says_how_many_and_until_when(cast: Cast, freeze: Freeze, n: int, words: str) -> None:
    freeze(TODAY)
    start = datetime(2027, 3, 6, 8, 30, tzinfo=clock.GUATEMALA)
    training = await make.make_training(hub=cast.hub, sessions=[(start, start + timedelta(hours=4))])
    block = await make_block(training, n)
    pozas, school = await prepared(training)

    await convocation.attach(training.id, [pozas.id], block.id, actor=PROGRAM)
    text = words_of(await printed(training))
    await convocation.attach(training.id, [pozas.id], None, actor=PROGRAM)
    without = words_of(await printed(training))

    assert words in text
    assert "se dan a otras personas el viernes 5 de marzo, 8:30 a. m." in text
    assert "tarjeta" not in without
    assert school.block_id is None


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (TrainingState.DRAFT, letter_sheets.NotYetPublished),
        (TrainingState.CANCELLED, letter_sheets.NothingToInviteTo),
    ],
)
async def test_letter_is_refused_where_it_would_lead_nowhere(
    cast: Cast, state: TrainingState, refusal: type[Exception]
) -> None:
    training = await make.make_training(hub=cast.hub, state=state)
    await prepared(training)

    with pytest.raises(refusal):
        await printed(training)


async def test_letter_is_refused_after_the_training_and_without_anybody(cast: Cast, freeze: Freeze) -> None:
    training = await make.make_training(hub=cast.hub)

    with pytest.raises(letter_sheets.NoLetters):
        await printed(training)
    await prepared(training)
    freeze(clock.now() + timedelta(days=3))
    with pytest.raises(letter_sheets.NothingToInviteTo):
        await printed(training)


async def test_letter_comes_out_whatever_was_typed(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, title="Taller 🎉 " + "Q’eqchi’ " * 18, summary="x" * 3000)
    long = Invited(Addressee.OTHER, "😀 " + "N" * 150, "O" * 160, "C" * 120)
    await prepared(training, POZAS, long)

    file = await printed(training)

    assert "COCODE Las Pozas" in words_of(file)
    words = "".join(words_of(file, page) for page in range(len(pypdf.PdfReader(BytesIO(file)).pages)))
    assert "😀" not in words
    assert "? N" not in words


async def test_signer_is_a_bare_line_where_nobody_is_known(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await Signatory.all().delete()
    await prepared(training, POZAS)

    known = words_of(await printed(training))
    await make.make_user(hub=cast.hub, name="Otra Persona")
    several = words_of(await printed(training))

    assert known.endswith("Atentamente, Rosa Xol Coordinación, Ventanilla de La Libertad")
    assert several.endswith("Atentamente, Coordinación, Ventanilla de La Libertad")


async def test_sample_of_the_design_shows_all_that_a_letter_has(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await training.fetch_related("hub")
    letters = await prepared(training)
    made = await letter_sheets.letters_data(training, letters)

    [picture, *_more] = letter_sheets.LETTER.make(made, "png", name="letter", ppi=30)
    sample = re.findall(r'"(\w+)":', (letter_sheets.LETTER.file.parent / "sample.json").read_text())

    assert picture.startswith(b"\x89PNG")
    assert {*made, *made["letters"][0], *made["qr"], *made["signer"]} == set(sample)
