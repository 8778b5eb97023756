"""The picture of a change for chats: however long its words are, none lies over another."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from httpx2 import AsyncClient
from PIL import Image

from tests.cast import Cast
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training, first, shift, text_of
from tests.schedule.panel import as_, one
from trainings import clock
from trainings.schedule.change_pictures import FOOT_TOP, MARGIN, SIZE, ChangeCard, change_png

LONG = "Primeros auxilios psicológicos para personas migrantes y sus familias"
MOVED = ChangeCard(
    head="CAMBIO DE FECHA",
    title=LONG,
    before="Antes: martes 2 de febrero, 8:30 a. m., Escuela Oficial Urbana Mixta, aula 4, La Libertad, Petén",
    weekday="miércoles",
    day="23",
    month="de septiembre",
    hours="de 8:30 a. m. a 12:30 p. m.",
    place="Casa de la Cultura de Las Cruces, Las Cruces, Petén",
    note="",
    phone="Ventanilla: 5555 0117",
    link="https://ventanillas.example.org/c/60N9AR",
)
CALLED_OFF = ChangeCard(
    head="SE CANCELÓ",
    title=LONG,
    before="",
    weekday=MOVED.weekday,
    day=MOVED.day,
    month=MOVED.month,
    hours=MOVED.hours,
    place=MOVED.place,
    note="No hace falta que llegue.",
    phone=MOVED.phone,
    link=MOVED.link,
)


def darkest(picture: Image.Image, top: int, bottom: int) -> int:
    """The darkest grey between two heights, left of the code."""
    return picture.crop((MARGIN, top, SIZE // 2, bottom)).getextrema()[0]  # type: ignore[return-value]


@pytest.mark.parametrize("card", [MOVED, CALLED_OFF], ids=["moved", "called off"])
def test_place_of_two_lines_stays_clear_of_the_foot(card: ChangeCard) -> None:
    picture = Image.open(BytesIO(change_png(card))).convert("L")

    assert darkest(picture, FOOT_TOP - 25, FOOT_TOP - 22) < 64, "the rule of the foot"
    assert darkest(picture, FOOT_TOP - 34, FOOT_TOP - 25) > 200, "nothing touches the rule from above"
    assert darkest(picture, FOOT_TOP - 20, FOOT_TOP + 24) > 200, "nor lies between it and the telephone"


def test_long_words_do_not_break_the_picture() -> None:
    long = "Ñandutí " * 40
    card = ChangeCard(
        **dict.fromkeys(("head", "title", "before", "weekday", "month", "hours", "place", "note", "phone"), long),
        day="31",
        link="https://ventanillas.example/c/ABCDEFGH",
    )

    with Image.open(BytesIO(change_png(card))) as picture:
        assert picture.size == (SIZE, SIZE)


def test_emoji_are_left_out_of_the_picture() -> None:
    assert change_png(replace(MOVED, title=f"{LONG} 🌽")) == change_png(MOVED)


async def test_picture_and_text_say_old_and_new_date_and_whom_to_call(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    session = first(training)
    await shift(session.id, DAY)
    await as_(client, cast, "assistant")

    page = await text_of(client, one(training, "/cambios"))
    answer = await client.get(f"/panel/sesiones/{session.id}/cambio.png")

    assert answer.headers["content-type"] == "image/png"
    with Image.open(BytesIO(answer.content)) as picture:
        assert picture.size == (SIZE, SIZE)
    for words in (
        f"CAMBIO DE FECHA: {training.title}",
        "Antes: jueves 4 de marzo, 8:30 a. m.",
        "Ahora: viernes 5 de marzo, de 8:30 a. m. a 12:30 p. m.",
        f"/c/{training.short_code}",
    ):
        assert words in page
    freeze(clock.now() + HOUR)
    await shift(session.id, HOUR - DAY)
    assert f"CAMBIO DE HORA: {training.title}" in await text_of(client, one(training, "/cambios")), "the same day"
