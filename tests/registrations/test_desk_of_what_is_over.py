"""What staff read at the desk once a training is over: what they can still do, and where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.card_world import card_of, make_block
from tests.web.pages import Page
from trainings.registrations.models import CardState
from trainings.schedule.models import TrainingSession

pytestmark = pytest.mark.pages


async def test_training_over_then_its_nameless_cards_lead_to_its_attendance(
    new_client: Callable[[], AsyncClient], db: object, freeze: Callable[[datetime], None]
) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub)
    block = await make_block(training, 2)
    card, session = await card_of(block), await TrainingSession.get(training_id=training.id)
    of_training, attendance = f"/panel/capacitaciones/{training.id}", f"/panel/sesiones/{session.id}/asistencia"
    freeze(session.ends_at + timedelta(hours=1))
    await make.sign_in(client, cast.assistant)

    of_block, of_card, *others = [
        Page((await client.get(path)).text)
        for path in (
            f"/panel/tarjetas/bloques/{block.id}",
            f"/panel/tarjetas/{card.id}/usar",
            f"{of_training}/inscribir",
            f"{of_training}/importar",
            f"{of_training}/espera",
        )
    ]
    [link] = [str(one["href"]) for one in of_card.all("a") if "/asistencia" in str(one["href"])]
    form = Page((await client.get(link)).text)

    for page in (of_block, of_card, *others):
        assert "Esta capacitación ya terminó." in page.text
        assert "con «Sin boleto»" in page.text
        assert "la página de su municipio" not in page.text
    assert of_block.all("a", href=attendance), "who comes with a card that has a name is found there"
    assert form.one("input", name="card")["value"] == str(card.id)
    assert (await card_of(block)).state is CardState.OPEN
