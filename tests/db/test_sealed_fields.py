from __future__ import annotations

import pytest

from trainings.db import reveal, sql, transaction
from trainings.db.keyring import set_keyring
from trainings.lib.crypt import Keyring, SealBroken
from trainings.people.models import ActorType, Participant
from trainings.settings import Settings


async def make_participant(phone: str | None = "+50255551234") -> Participant:
    return await Participant.create(
        given_names="Ixchel",
        surnames="Caal",
        name_key="ixchel caal",
        search_text=" ixchel caal",
        actor_type=ActorType.COCODE,
        phone=phone,
    )


async def stored_phone(participant: Participant) -> str:
    (row,) = await sql.rows("SELECT phone FROM participant WHERE id = ?", participant.id)
    return str(row["phone"])


async def test_sealed_field_reads_as_plain_text_and_is_stored_sealed(db: Settings) -> None:
    made = await make_participant("+50255551234")

    loaded = await Participant.get(id=made.id)

    assert loaded.phone == "+50255551234"
    assert loaded.email is None
    assert "5555" not in await stored_phone(made)
