"""What posters say, as a reader and a camera find it, and the words for a social page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO

import pypdf
import pytest
import zxingcpp
from httpx2 import AsyncClient
from PIL import Image

from tests import make
from tests.cast import make_cast
from tests.certificates.sheets import said
from tests.outreach.make_activity import make_activity
from trainings import clock
from trainings.feeds import posters
from trainings.feeds.posters import MONTH, TRAINING, NothingToPost
from trainings.outreach.actions import TimeAndPlace
from trainings.places.models import Hub
from trainings.schedule.models import TrainingState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
TODAY = datetime(2027, 2, 15, 16, tzinfo=clock.GUATEMALA)
SATURDAY = datetime(2027, 3, 6, 8, 30, tzinfo=clock.GUATEMALA)
FOUR_HOURS = timedelta(hours=4)
WHEN = datetime(2027, 2, 15, 22, tzinfo=clock.GUATEMALA)


def words_of(file: bytes) -> str:
    return " ".join(said(file))


def address_in(picture: bytes) -> str:
    [found] = zxingcpp.read_barcodes(Image.open(BytesIO(picture)).convert("L"))
    return str(found.text)


def in_the_park(hub: Hub, starts_at: datetime) -> TimeAndPlace:
    return TimeAndPlace(starts_at, starts_at + FOUR_HOURS, hub.seat_id, None, "Parque central")


@pytest.fixture
async def hub(db: Settings, freeze: Freeze) -> Hub:
    freeze(TODAY)
    made = await make.make_hub()
    return await Hub.get(id=made.id).prefetch_related("seat", "operator")


async def test_text_for_a_social_page_keeps_a_letter_that_paper_cannot_have(hub: Hub) -> None:
    title = "Feria del maíz 🌽"
    await make.make_training(hub=hub, title=title, sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)])
    await make_activity(hub, title=title, when=in_the_park(hub, SATURDAY))

    data = await posters.month_data(hub, date(2027, 3, 1))

    assert posters.text_of_month(data).count(title) == 2
    words = words_of(posters.poster(MONTH, data, "pdf", made_at=WHEN))
    assert words.count("Feria del maíz") == 2
    assert "?" not in words


async def test_poster_of_a_training_says_when_where_and_how_to_sign_up(hub: Hub) -> None:
    training = await make.make_training(hub=hub, sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)], offers=("snack",))

    data = await posters.training_data(training)
    words = words_of(posters.poster(TRAINING, data, "pdf", made_at=WHEN))

    assert "6 Sábado de marzo de 2027 de 8:30 a. m. a 12:30 p. m." in words
    assert "Dónde Salón municipal, Barrio El Centro, La Libertad, Petén." in words
    assert "Se ofrece Refacción." in words
    assert "Inscríbase Apunte aquí la cámara del teléfono. También puede llamar al 7900 1234" in words
    picture = posters.poster(TRAINING, data, "png", made_at=WHEN)
    assert address_in(picture).endswith(f"/c/{training.short_code}")


async def test_poster_of_several_sessions_names_the_next_and_all(hub: Hub, freeze: Freeze) -> None:
    days = [SATURDAY + timedelta(days=7 * number) for number in range(3)]
    training = await make.make_training(hub=hub, sessions=[(day, day + FOUR_HOURS) for day in days])

    before = words_of(posters.poster(TRAINING, await posters.training_data(training), "pdf", made_at=WHEN))
    freeze(days[1] - timedelta(days=1))
    after = words_of(posters.poster(TRAINING, await posters.training_data(training), "pdf", made_at=WHEN))

    assert "6 Empieza el sábado" in before
    assert "13 Sigue el sábado" in after
    assert "Sábado, 20 de marzo de 2027" in after


async def test_what_is_not_public_called_off_or_over_has_no_poster(hub: Hub, freeze: Freeze) -> None:
    states = (TrainingState.DRAFT, TrainingState.UNLISTED, TrainingState.CANCELLED)
    trainings = [await make.make_training(hub=hub, state=state) for state in states]
    trainings.append(await make.make_training(hub=hub, sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)]))
    freeze(SATURDAY + timedelta(days=1))

    for training in trainings:
        with pytest.raises(NothingToPost):
            await posters.training_data(training)


async def test_month_holds_its_days_in_guatemala_and_no_others(hub: Hub) -> None:
    last = datetime(2027, 3, 31, 18, 30, tzinfo=clock.GUATEMALA)
    for title, start in {"Primera": SATURDAY, "Última": last, "Abril": last + timedelta(days=1)}.items():
        await make.make_training(hub=hub, title=title, sessions=[(start, start + FOUR_HOURS)])
    await make.make_training(
        hub=hub, title="Borrador", sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)], state=TrainingState.DRAFT
    )
    await make_activity(hub, title="Feria en el parque", when=in_the_park(hub, SATURDAY + timedelta(days=1)))

    data = await posters.month_data(hub, date(2027, 3, 1))
    words = words_of(posters.poster(MONTH, data, "pdf", made_at=WHEN))

    assert data["lit"] == [6, 7, 31]
    assert "Marzo 2027 Capacitaciones sobre migración en La Libertad, Petén" in words
    assert "6 sábado, 8:30 a. m. Primera Salón municipal, La Libertad" in words
    assert "31 miércoles, 6:30 p. m. Última" in words
    assert "Feria en el parque" in words
    assert "Sin inscripción." in words
    assert not any(title in words for title in ("Abril", "Borrador"))
    assert address_in(posters.poster(MONTH, data, "png", made_at=WHEN)).endswith("/municipios/la-libertad-peten")


async def test_full_month_takes_several_sheets_and_an_empty_one_says_so(hub: Hub) -> None:
    for number in range(12):
        start = SATURDAY + timedelta(days=number)
        await make.make_training(
            hub=hub, title=f"Taller {number} " + "largo " * 20, sessions=[(start, start + FOUR_HOURS)]
        )

    full = posters.poster(MONTH, await posters.month_data(hub, date(2027, 3, 1)), "pdf", made_at=WHEN)
    empty = posters.poster(MONTH, await posters.month_data(hub, date(2027, 5, 1)), "pdf", made_at=WHEN)

    assert len(pypdf.PdfReader(BytesIO(full)).pages) == 2
    assert "Este mes no hay fechas." in words_of(empty)


async def test_texts_ask_people_not_to_write_their_data_there(hub: Hub) -> None:
    training = await make.make_training(hub=hub, sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)])

    text = posters.text_of_training(await posters.training_data(training))
    month = posters.text_of_month(await posters.month_data(hub, date(2027, 3, 1)))

    for told in (text, month):
        assert "no escriba aquí su nombre, su teléfono" in told
    assert f"/c/{training.short_code}" in text
    assert "· sábado 6, 8:30\N{NO-BREAK SPACE}a.\N{NO-BREAK SPACE}m.: " in month


@pytest.mark.parametrize(
    ("closes_at", "call", "until_when"),
    [
        (SATURDAY - timedelta(days=2), "Inscríbase: ", "La inscripción se cierra el jueves 4 de marzo"),
        (TODAY - timedelta(days=1), "Más información: ", "la inscripción se cerró el domingo 14 de"),
    ],
)
async def test_poster_and_text_say_until_when_and_call_nobody_to_sign_up_once_it_is_closed(
    hub: Hub, closes_at: datetime, call: str, until_when: str
) -> None:
    training = await make.make_training(hub=hub, sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)], closes_at=closes_at)

    data = await posters.training_data(training)
    words = words_of(posters.poster(TRAINING, data, "pdf", made_at=WHEN))
    text = posters.text_of_training(data)

    assert f"{call}http" in text
    assert until_when in text
    assert call.removesuffix(": ") in words
    assert until_when in words


async def test_hostile_title_comes_out_as_words(hub: Hub) -> None:
    title = '#let x = "1"; $x^2$ <b>\\ *hola* 😀 Q’eqchiʼ ẍ Ñ 中'
    training = await make.make_training(hub=hub, title=title, sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)])

    words = words_of(posters.poster(TRAINING, await posters.training_data(training), "pdf", made_at=WHEN))

    assert '#let x = "1"; $x^2$ <b>\\ *hola* Q’eqchiʼ ẍ Ñ ?' in words


async def test_share_pages_show_poster_and_words_to_the_desk_of_the_hub(client: AsyncClient) -> None:
    cast = await make_cast()
    await make.sign_in(client, cast.assistant)
    training = await make.make_training(hub=cast.hub)

    page = await client.get(f"/panel/capacitaciones/{training.id}/difundir")
    files = [await client.get(f"/panel/capacitaciones/{training.id}/cartel.{form}") for form in ("pdf", "png")]
    month = await client.get("/panel/difundir")
    months = [await client.get(f"/panel/difundir/cartel.{form}?mes=2027-03") for form in ("pdf", "png")]

    assert page.status_code == month.status_code == 200
    assert "no escriba aquí su nombre" in page.text
    assert [one.headers["content-type"] for one in (*files, *months)] == ["application/pdf", "image/png"] * 2
    assert all(one.headers["cache-control"] == "private, no-store" for one in (*files, *months))


UNKNOWN: list[str] = ["mes=2027-13", "mes=ayer", "mes=1999-01", "ventanilla=otra"]


async def test_unknown_month_or_hub_is_not_found_in_words(client: AsyncClient) -> None:
    cast = await make_cast()
    await make.sign_in(client, cast.assistant)

    for asked in UNKNOWN:
        answer = await client.get(f"/panel/difundir?{asked}")

        assert answer.status_code == 404, asked
        assert "No encontramos" in answer.text, asked
