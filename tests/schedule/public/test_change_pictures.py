"""The picture of a change for chats: however long its words are, none lies over another."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from httpx2 import AsyncClient
from PIL import Image

from tests import make
from tests.cast import Cast
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training, first, shift, text_of, with_people
from tests.schedule.panel import as_, one
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList
from trainings.schedule.public.pictures import FOOT_TOP, MARGIN, SIZE, ChangeCard, change_png

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
    long = "Ñandutí " * 16
    card = ChangeCard(
        **dict.fromkeys(("head", "title", "before", "weekday", "month", "hours", "place", "note", "phone"), long),
        day="31",
        link="https://ventanillas.example/c/ABCDEFGH",
    )

    with Image.open(BytesIO(change_png(card))) as picture:
        assert picture.size == (SIZE, SIZE)


def test_emoji_are_left_out_of_the_picture() -> None:
    # Of the same words it is the same one, drawn before.
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


async def test_session_moved_and_then_called_off_is_named_by_both_days_wherever_it_is_told(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    training = await with_people(client, cast, freeze)
    session = first(training)
    await shift(session.id, DAY)
    freeze(clock.now() + 2 * HOUR)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    call_list = await CallList.filter(training_id=training.id).order_by("-id").first()
    assert call_list is not None

    to_share = await text_of(client, one(training, "/cambios"))
    picture = await client.get(f"/panel/sesiones/{session.id}/cambio.png")
    to_call_out = await text_of(client, f"/panel/llamadas/{call_list.id}")
    in_public = await text_of(client, f"/capacitaciones/{training.slug}")

    assert picture.status_code == 200
    assert (
        f"SE CANCELÓ: {training.title}\nAntes: jueves 4 de marzo, 8:30 a. m.\n"
        "viernes 5 de marzo, de 8:30 a. m. a 12:30 p. m.\n"
    ) in to_share
    assert (
        "se canceló su actividad del jueves 4 de marzo, 8:30 a. m. (había pasado al viernes 5 de marzo, 8:30 a. m.)."
    ) in to_call_out
    assert "viernes 5 de marzo" in in_public


async def test_one_session_moved_and_then_cancelled_is_called_out_by_both_days(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    await make.make_registration(training, given_names="Beto")
    session = first(training)
    await shift(session.id, HOUR)
    freeze(clock.now() + 2 * HOUR)
    await rescheduling.cancel(session.id, actor=PROGRAM)
    call_list = await CallList.filter(training_id=training.id).order_by("-id").first()
    assert call_list is not None
    await as_(client, cast, "coordinator")

    to_call_out = await text_of(client, f"/panel/llamadas/{call_list.id}")

    assert (
        "La del jueves 4 de marzo, 8:30 a. m. (había pasado al jueves 4 de marzo, 9:30 a. m.) no se realiza."
    ) in to_call_out
