"""A training in several places, as everybody reads of it: each day beside its place, access by place."""

from __future__ import annotations

import re

from httpx2 import AsyncClient

from tests.feeds.test_posters import WHEN, words_of
from tests.schedule.going_round import TODAY, going_round
from tests.schedule.public_pages import Freeze, page_of
from trainings.feeds import posters
from trainings.schedule.models import PlaceShown

HALL = "de 8:30 a. m. a 12:30 p. m.: Salón municipal, Barrio El Centro, La Libertad, Petén."
SCHOOL = "Martes, 9 de marzo de 2027, de 8:30 a. m. a 12:30 p. m.: Escuela oficial, Barrio Nuevo, Las Cruces, Petén."
PARISH = "Martes, 16 de marzo de 2027, de 8:30 a. m. a 12:30 p. m.: Parroquia de Las Pozas, Las Pozas, Sayaxché, Petén."


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


async def test_page_of_a_training_in_several_places_pairs_days_and_access_with_each(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(TODAY)
    found = await going_round()

    text = plain((await page_of(client, found.training)).text)

    assert "La Libertad, Las Cruces y Sayaxché, Petén" in text
    assert "Martes, 9 de marzo de 2027, de 8:30 a. m. a 12:30 p. m.: Escuela oficial, Las Cruces" in text
    assert "Salón municipal, La Libertad: Entrada sin gradas y baño accesible." in text
    assert "Escuela oficial, Las Cruces: Pregunte a la ventanilla." in text
    assert "Parroquia de Las Pozas, Sayaxché: Solo se llega por gradas." in text


async def test_poster_and_text_of_a_training_in_several_places_say_what_is_where(freeze: Freeze, db: object) -> None:
    freeze(TODAY)
    found = await going_round(extra=(23,))

    data = await posters.training_data(found.training)
    poster = words_of(posters.poster(posters.TRAINING, data, "pdf", made_at=WHEN))
    told = plain(posters.text_of_training(data))

    assert "Empieza el martes de marzo de 2027 de 8:30 a. m. a 12:30 p. m., en La Libertad" in poster
    for text in (poster, told):
        for line in (f"Martes 2 y 23 de marzo de 2027, {HALL}", SCHOOL, PARISH):
            assert line in text
    assert "Salón municipal, La Libertad: Entrada sin gradas y baño accesible." in poster
    assert "Parroquia de Las Pozas, Sayaxché: Solo se llega por gradas." in poster


async def test_long_training_in_several_places_is_told_by_place(freeze: Freeze, db: object) -> None:
    freeze(TODAY)
    found = await going_round(extra=(3, 4, 5, 8, 10, 11, 12))

    told = plain(posters.text_of_training(await posters.training_data(found.training)))

    assert f"· Del 2 al 12 de marzo de 2027, {HALL} · {SCHOOL} · {PARISH}" in told


async def test_places_that_are_protected_are_told_apart_by_their_municipalities(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(TODAY)
    found = await going_round(place_shown=PlaceShown.AFTER_CONFIRMATION)

    page = plain((await page_of(client, found.training)).text)
    told = plain(posters.text_of_training(await posters.training_data(found.training)))

    assert "Martes, 9 de marzo de 2027, de 8:30 a. m. a 12:30 p. m.: Las Cruces, Petén." in told
    assert "El lugar exacto se le dice al inscribirse." in told
    for text in (page, told):
        assert not any(secret in text for secret in ("Escuela oficial", "Parroquia", "sin gradas"))
