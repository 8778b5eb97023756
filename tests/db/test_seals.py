"""A wrong secret key does not look healthy: rows are opened, one of each sealed column."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from httpx2 import AsyncClient

from tests import make
from trainings.checks import findings
from trainings.db.keyring import keyring, set_keyring
from trainings.db.seals import broken_seals
from trainings.lib.crypt import Keyring
from trainings.settings import Settings

OTHER = "another-secret-key-of-at-least-32-characters"


@pytest.fixture
def _keys_stay() -> Iterator[None]:
    ring = keyring()
    yield
    set_keyring(ring)


async def test_keys_that_sealed_the_rows_open_them(db: Settings) -> None:
    await make.make_registration(await make.make_training(), email="ana@x.example", phone="+50255551234")

    assert await broken_seals() == []


@pytest.mark.usefixtures("_keys_stay")
async def test_other_keys_open_nothing_and_each_column_is_named(db: Settings) -> None:
    await make.make_registration(await make.make_training(), email="ana@x.example", phone="+50255551234")

    set_keyring(Keyring([OTHER]))

    assert {"participant.email", "participant.phone", "own_link.token"} <= set(await broken_seals())
    assert "guardian.phone" not in await broken_seals()


@pytest.mark.usefixtures("_keys_stay")
async def test_check_and_health_say_that_the_keys_are_wrong(client: AsyncClient, db: Settings) -> None:
    await make.make_registration(await make.make_training(), email="ana@x.example")
    set_keyring(Keyring([OTHER]))

    ready = await client.get("/salud/listo")
    wrong = [one for one in await findings(db.model_copy(update={"secret_keys": OTHER})) if one.is_fatal]

    assert (ready.status_code, ready.json()) == (503, {"estado": "las llaves no abren los datos"})
    assert any(one.sentence.startswith("TRAININGS_SECRET_KEYS do not open what is sealed in ") for one in wrong)
