from __future__ import annotations

from collections.abc import Iterator

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.database import KEY
from trainings.checks import findings
from trainings.db import reveal, sql
from trainings.db.fields import keyring, set_keyring
from trainings.db.models import broken_seals
from trainings.lib.crypt import Keyring, SealBroken
from trainings.people.models import ActorType, Participant
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

NEWER_KEY = "another-key-for-tests-" * 2


@pytest.fixture
def rotated() -> Iterator[None]:
    """A newer key before the one that sealed what stands in the database."""
    set_keyring(Keyring([NEWER_KEY, KEY]))
    yield
    set_keyring(Keyring([KEY]))


def new_participant(phone: str | None) -> Participant:
    return Participant(
        given_names="Ixchel",
        surnames="Caal",
        name_key="ixchel caal",
        search_text=" ixchel caal",
        actor_type=ActorType.COCODE,
        phone=phone,
    )


async def make_participant(phone: str | None = "+50255551234") -> Participant:
    participant = new_participant(phone)
    await participant.save(force_create=True)
    return participant


async def stored_phone(participant: Participant) -> str:
    (row,) = await sql.rows("SELECT phone FROM participant WHERE id = ?", participant.id)
    return str(row["phone"])


async def test_sealed_text_reads_plain_and_is_stored_sealed(db: Settings) -> None:
    made = await make_participant("+50255551234")

    loaded = await Participant.get(id=made.id)

    assert made.phone == "+50255551234"
    assert loaded.phone == "+50255551234"
    assert loaded.email is None
    assert "5555" not in await stored_phone(made)
    assert (await stored_phone(made)).startswith("v1.")


async def test_sealed_text_in_many_rows_at_once_opens_in_each(db: Settings) -> None:
    await Participant.bulk_create([new_participant(f"+5025555000{n}") for n in range(3)])

    loaded = await Participant.all().order_by("id")

    assert [participant.phone for participant in loaded] == ["+50255550000", "+50255550001", "+50255550002"]


async def test_changed_text_is_sealed_anew_and_only_where_named(db: Settings) -> None:
    made = await make_participant("+50255551234")
    made.phone, made.email = "+50255559999", "no@guardado.example"

    await made.save(update_fields=["phone"])

    loaded = await Participant.get(id=made.id)
    assert (loaded.phone, loaded.email) == ("+50255559999", None)


async def test_refreshed_row_shows_the_plain_text(db: Settings) -> None:
    made = await make_participant("+50255551234")
    other = await Participant.get(id=made.id)
    other.phone = "+50255559999"
    await other.save(update_fields=["phone"])

    await made.refresh_from_db()
    assert made.phone == "+50255559999"

    await made.refresh_from_db(fields=["phone", "id"])
    assert made.phone == "+50255559999"


async def test_partial_row_opens_when_its_id_is_selected(db: Settings) -> None:
    made = await make_participant("+50255551234")

    loaded = await Participant.filter(id=made.id).only("id", "phone").first()

    assert loaded is not None
    assert loaded.phone == "+50255551234"


async def test_reveal_opens_a_row_of_values(db: Settings) -> None:
    made = await make_participant("+50255551234")

    (row,) = await Participant.all().values("id", "phone", "email")

    assert row["phone"] != "+50255551234"
    assert reveal(Participant, "phone", row["id"], row["phone"]) == "+50255551234"
    assert reveal(Participant, "email", made.id, row["email"]) is None


async def test_ciphertexts_of_two_rows_exchanged_do_not_open(db: Settings) -> None:
    one, two = await make_participant("+50255550001"), await make_participant("+50255550002")
    first, second = await stored_phone(one), await stored_phone(two)

    await sql.execute("UPDATE participant SET phone = ? WHERE id = ?", second, one.id)
    await sql.execute("UPDATE participant SET phone = ? WHERE id = ?", first, two.id)

    for participant in (one, two):
        with pytest.raises(SealBroken):
            await Participant.get(id=participant.id)


async def test_ciphertext_moved_to_another_column_does_not_open(db: Settings) -> None:
    made = await make_participant("+50255550001")

    await sql.execute("UPDATE participant SET email = phone WHERE id = ?", made.id)

    with pytest.raises(SealBroken):
        await Participant.get(id=made.id)


async def test_sealed_text_cannot_be_searched_nor_set_in_bulk(db: Settings) -> None:
    await make_participant("+50255550001")

    with pytest.raises(TypeError, match="phone is sealed"):
        await Participant.filter(phone="+50255550001")
    with pytest.raises(TypeError, match="phone is sealed"):
        await Participant.all().update(phone="+50255550001")


async def test_sealed_text_can_be_emptied_in_bulk(db: Settings) -> None:
    made = await make_participant("+50255550001")

    await Participant.filter(id=made.id).update(phone=None)

    assert (await Participant.get(id=made.id)).phone is None


async def test_after_a_key_change_the_old_rows_open_and_new_ones_use_the_new_key(
    db: Settings, request: pytest.FixtureRequest
) -> None:
    old = await make_participant("+50255550001")
    request.getfixturevalue("rotated")

    loaded = await Participant.get(id=old.id)
    new = await make_participant("+50255550002")

    keys = [(await stored_phone(one)).split(".")[1] for one in (old, new)]
    assert loaded.phone == "+50255550001"
    assert keys[0] != keys[1]

    await loaded.save(update_fields=["phone"])

    assert (await stored_phone(old)).split(".")[1] == keys[1]


async def test_with_a_key_lost_the_row_does_not_open(db: Settings, rotated: None) -> None:
    made = await make_participant("+50255550001")
    set_keyring(Keyring([KEY]))

    with pytest.raises(SealBroken):
        await Participant.get(id=made.id)


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
