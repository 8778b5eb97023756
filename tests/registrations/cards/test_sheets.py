"""Cards on paper: what a reader, a camera and a pair of scissors find in them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pypdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from tests import make
from tests.registrations.card_world import card_of, make_block, make_spare_cards, named
from trainings.audit.actor import PROGRAM
from trainings.lib.folders import DESIGNS
from trainings.lib.tokens import show_short_code
from trainings.places.models import Hub
from trainings.registrations.cards.queries import Block, CardLine, block_at_desk, blocks_of, by_bearer_link
from trainings.registrations.cards.sheets import RESERVED_CARDS, SPARE_CARDS, reserved_data, spare_data
from trainings.registrations.models import Card
from trainings.registrations.seats import actions, cards
from trainings.schedule.models import PlaceShown, Training
from trainings.settings import Settings

WHEN = datetime(2027, 3, 5, 15, tzinfo=UTC)
LETTER = (612, 792)
DOTS = 150


async def sheet_of(training: Training) -> bytes:
    [block] = await blocks_of(training.id)
    return RESERVED_CARDS.pdf(reserved_data(block), made_at=WHEN)


async def spare_sheet(training: Training, n: int) -> bytes:
    lines = [
        CardLine(card.id, card.number, card.short_code, card.qr_token, card.state)
        for card in await make_spare_cards(training, n)
    ]
    hub = await Hub.get(id=training.hub_id)
    return SPARE_CARDS.pdf(spare_data(hub, lines), made_at=WHEN)


def pages(file: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(file)).pages]


def photographed(file: bytes, page: int) -> Image.Image:
    """As a copier of the town hall gives it back: 150 dots an inch, grey."""
    picture: Image.Image = pypdfium2.PdfDocument(file)[page].render(scale=DOTS / 72).to_pil()
    return picture.convert("L")


def codes_on(file: bytes) -> list[Any]:
    return [found for page in range(len(pages(file))) for found in zxingcpp.read_barcodes(photographed(file, page))]


def side_in_mm(found: Any) -> float:
    across = found.position.top_right.x - found.position.top_left.x
    return float(across / DOTS * 25.4)


# -- reserved cards


async def test_reserved_then_eight_to_a_letter_page_with_all_that_the_bearer_needs_and_each_code_is_read(
    sqlite_db: Settings,
) -> None:
    training = await make.make_training(title="Estafas en ofertas de trabajo")
    block = await make_block(training, 9)

    file = await sheet_of(training)

    reader = pypdf.PdfReader(BytesIO(file))
    assert [(page.mediabox.width, page.mediabox.height) for page in reader.pages] == [LETTER, LETTER]
    first, second = pages(file)
    assert [first.count("Lugar apartado para Las Pozas"), second.count("Lugar apartado para Las Pozas")] == [8, 1]
    for words in ("Estafas en ofertas de trabajo", "de 8:30 a. m. a 12:30 p. m.", "7900 1234"):
        assert first.count(words) == 8, words
    assert first.count("Salón municipal, Barrio El Centro, La Libertad, Petén") == 8
    assert "Tarjeta 1 de 9" in first
    assert "Tarjeta 9 de 9" in second
    made, found = await Card.filter(block_id=block.id), codes_on(file)
    assert all(show_short_code(card.short_code) in first + second for card in made)
    assert {one.text for one in found} == {card.qr_token for card in made}
    assert {one.ec_level for one in found} == {"H"}
    assert min(side_in_mm(one) for one in found) >= 30


async def test_reserved_when_the_place_is_protected_then_place_and_neutral_title(sqlite_db: Settings) -> None:
    training = await make.make_training(
        title="Trata de personas", neutral_title="Taller de los martes", place_shown=PlaceShown.AFTER_CONFIRMATION
    )
    await make_block(training)

    [page] = pages(await sheet_of(training))

    assert "Taller de los martes" in page
    assert "Salón municipal" in page, "who holds a card has a place"
    assert "Trata" not in page


async def test_cards_with_emoji_then_they_are_left_out_and_all_letters_stay(sqlite_db: Settings) -> None:
    training = await make.make_training(title="Taller 🎉 Q’eqchiʼ")
    block = await make_block(training, 3, community="Aldea 🌽 Ẍeqʼab’, Ñ")
    await named(await card_of(block, 1), given_names="K’in ẍ 😀", surnames="Muñoz 🎉")
    await named(await card_of(block, 2), body_hash="b", given_names="👩🏽‍🏫❤️", surnames="🇬🇹")

    [page] = pages(RESERVED_CARDS.pdf(reserved_data(await by_bearer_link(block.token or "")), made_at=WHEN))

    assert page.count("Lugar apartado para Aldea Ẍeqʼab’, Ñ") == 3
    assert page.count("Taller Q’eqchiʼ") == 3
    assert re.findall(r"Tarjeta \d de 3 ?(.*?) ?(?:\w{4}-|$)", page) == ["K’in ẍ M.", "", ""]
    assert "?" not in page


async def test_reserved_of_many_sessions_then_the_first_days_and_how_many_more(sqlite_db: Settings) -> None:
    sessions = [(make.tomorrow_at(8, days=day), make.tomorrow_at(12, days=day)) for day in range(1, 6)]
    training = await make.make_training(sessions=sessions)
    await make_block(training, 1)

    [page] = pages(await sheet_of(training))

    assert page.count("de 8:00 a. m. a 12:00 p. m.") == 2
    assert "y 3 sesiones más" in page


async def test_reserved_then_bearers_names_stand_on_it_and_given_up_cards_are_left_out(sqlite_db: Settings) -> None:
    training = await make.make_training()
    block = await make_block(training, 5)
    staff = await make.actor_of(await make.make_user(hub=await make.make_hub()))
    await named(await card_of(block, 1))
    cancelled = await named(await card_of(block, 2), body_hash="berta", given_names="Berta")
    await actions.cancel(cancelled.registration_id, actor=PROGRAM)
    await cards.void((await card_of(block, 3)).id, actor=PROGRAM)
    await named(await card_of(block, 4), body_hash="cruz", given_names="Cruz", actor=staff)

    [of_bearer] = pages(RESERVED_CARDS.pdf(reserved_data(await by_bearer_link(block.token or "")), made_at=WHEN))
    [of_staff] = pages(RESERVED_CARDS.pdf(reserved_data(await block_at_desk(block.id, staff)), made_at=WHEN))

    for page in (of_bearer, of_staff):
        assert [f"Tarjeta {number} de 5" in page for number in range(1, 6)] == [True, False, False, True, True]
        assert "Rosa Amalia C. X." in page
        assert "Coc" not in page
    assert ["Cruz C. X." in page for page in (of_bearer, of_staff)] == [False, True]


@pytest.mark.parametrize("community", ['Qꞌanil #panic() \\ "x" *y* <b>', "x" * 120])
async def test_reserved_for_an_odd_community_then_printed_all_the_same(sqlite_db: Settings, community: str) -> None:
    training = await make.make_training()
    await make_block(training, 1, community=community)

    [page] = pages(await sheet_of(training))

    shown = community.replace("'", "’")
    assert "".join(shown.split()) in "".join(page.replace("\u200b", "").split())


async def test_reserved_with_the_longest_words_then_nothing_runs_into_the_code(sqlite_db: Settings) -> None:
    training = await make.make_training(title="Lenguaje sin estereotipos " * 6)
    await make_block(training, 8, community="Caserío Nuevo Amanecer Q’anjob’al del Norte " * 2)

    file = await sheet_of(training)

    assert len(pages(file)) == 1
    assert len(codes_on(file)) == 8


# -- spare cards


async def test_spare_then_four_to_a_page_each_code_on_card_and_slip_and_read(sqlite_db: Settings) -> None:
    training = await make.make_training()

    file = await spare_sheet(training, 9)

    read, found, made = pages(file), codes_on(file), await Card.filter(block_id=None)
    assert {one.text for one in found} == {card.qr_token for card in made}
    assert min(side_in_mm(one) for one in found) >= 30
    assert [page.count("Talón: se queda en la ventanilla") for page in read] == [4, 4, 1]
    for card in made:
        assert sum(page.count(show_short_code(card.short_code)) for page in read) == 2
    for words in (
        "Nombres",
        "Apellidos",
        "Municipio",
        "De parte de quién viene",
        "Sexo:",
        "35–59",
        "Firma o huella",
        "Sí, pueden",
    ):
        assert read[0].count(words) == 4, words


# -- the file


@pytest.mark.parametrize("kind", ["reserved", "spare"])
def test_sample_of_each_design_then_tagged_readable_and_the_same_each_time(kind: str) -> None:
    data = json.loads((DESIGNS / "cards" / f"sample-{kind}.json").read_text(encoding="utf-8"))
    design = {"reserved": RESERVED_CARDS, "spare": SPARE_CARDS}[kind]

    file, again = design.pdf(data, made_at=WHEN), design.pdf(data, made_at=WHEN)

    root: Any = pypdf.PdfReader(BytesIO(file)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "es-GT"
    assert file == again


async def test_block_without_open_cards_then_no_sheet_is_asked_for(sqlite_db: Settings) -> None:
    training = await make.make_training()
    block = await make_block(training, 2)
    await cards.release(block.id, actor=PROGRAM)

    [released] = await blocks_of(training.id)

    assert isinstance(released, Block)
    assert (released.n_open, released.n_named, released.n_given_up) == (0, 0, 2)
    assert reserved_data(released)["cards"] == []
