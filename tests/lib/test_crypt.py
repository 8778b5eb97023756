import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainings.lib.crypt import BadSignature, Keyring, SealBroken, new_key

OLD, NEW = "o" * 40, "n" * 40
NOON = datetime(2027, 3, 4, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def unsign(ring: Keyring, signed: str, salt: str, now: datetime = NOON) -> str | None:
    try:
        return ring.unsign(signed, salt, max_age=60, now=now)
    except BadSignature:
        return None


@pytest.fixture(scope="module")
def ring() -> Keyring:
    return Keyring([NEW, OLD])


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens(text: str) -> None:
    ring = Keyring([NEW])

    assert ring.open(ring.seal(text, "person:phone:1"), "person:phone:1") == text


def test_sealing_twice_looks_different(ring: Keyring) -> None:
    assert ring.seal("5555 1234", "a") != ring.seal("5555 1234", "a")


def test_a_sealed_value_names_version_and_key_and_nothing_readable(ring: Keyring) -> None:
    sealed = ring.seal("Q’eqchi’", "a")

    version, key_id, body = sealed.split(".")
    assert version == "v1"
    assert key_id == hashlib.sha256(NEW.encode()).hexdigest()[:8]
    assert key_id == ring.seal("other", "b").split(".")[1]
    assert set(body) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_value_moved_to_another_row_does_not_open(ring: Keyring) -> None:
    with pytest.raises(SealBroken):
        ring.open(ring.seal("secret", "person:phone:1"), "person:phone:2")


def test_every_changed_character_breaks_the_seal(ring: Keyring) -> None:
    sealed = ring.seal("x", "a")

    # The last character may carry unused bits; all others are whole.
    for place in range(len(sealed) - 1):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            ring.open(changed, "a")


@pytest.mark.parametrize(
    "rubbish", ["", ".", "v1", "v1.", "v1..", "v2.0000.AAAA", "v1.{id}.", "v1.{id}.A", "v1.{id}.ñ", "v1.{id}.AAAA"]
)
def test_rubbish_breaks_the_seal(ring: Keyring, rubbish: str) -> None:
    key_id = ring.seal("", "a").split(".")[1]

    with pytest.raises(SealBroken):
        ring.open(rubbish.replace("{id}", key_id), "a")


def test_after_a_change_of_keys_old_values_open_and_new_ones_use_the_new_key() -> None:
    before, after = Keyring([OLD]), Keyring([NEW, OLD])
    sealed = before.seal("5555 1234", "a")

    assert after.open(sealed, "a") == "5555 1234"
    assert Keyring([NEW]).open(after.seal("5555 1234", "a"), "a") == "5555 1234"
    with pytest.raises(SealBroken):
        before.open(after.seal("5555 1234", "a"), "a")


def test_blind_index_is_stable_and_differs_by_purpose_and_key(ring: Keyring) -> None:
    index = ring.blind_index("ana@correo.example", "email")

    assert index == Keyring([NEW]).blind_index("ana@correo.example", "email")
    assert len({index, ring.blind_index("ana@correo.example", "phone"), ring.blind_index("b", "email")}) == 3
    assert ring.blind_indexes("ana@correo.example", "email") == [
        index,
        Keyring([OLD]).blind_index("ana@correo.example", "email"),
    ]


def test_a_signed_value_is_read_until_it_is_too_old(ring: Keyring) -> None:
    signed = ring.sign("aviso: María", "flash", now=NOON)

    assert unsign(ring, signed, "flash", NOON + MINUTE) == "aviso: María"
    assert unsign(ring, signed, "flash", NOON + MINUTE + timedelta(seconds=1)) is None


def test_a_signature_holds_only_for_its_salt_text_and_keyring(ring: Keyring) -> None:
    signed = ring.sign("12", "flash", now=NOON)

    assert unsign(ring, signed, "language") is None
    assert unsign(ring, signed.replace("12", "13", 1), "flash") is None
    assert unsign(Keyring([OLD]), signed, "flash") is None
    for rubbish in ("", ".", "..", "12", "ñ.ñ.ñ"):
        assert unsign(ring, rubbish, "flash") is None


def test_signatures_of_an_older_key_stay_good_while_it_is_kept() -> None:
    signed = Keyring([OLD]).sign("12", "flash", now=NOON)

    assert unsign(Keyring([NEW, OLD]), signed, "flash") == "12"
    assert unsign(Keyring([NEW]), signed, "flash") is None
    assert unsign(Keyring([NEW]), Keyring([NEW, OLD]).sign("1", "s", now=NOON), "s") == "1"


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, NEW], [NEW, "short"]])
def test_a_weak_or_doubled_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        Keyring(keys)


def test_new_keys_are_accepted_and_differ() -> None:
    keys = [new_key(), new_key()]

    Keyring(keys)
    assert all(len(key) == 43 for key in keys)


def test_a_keyring_does_not_print_its_keys() -> None:
    assert NEW not in repr(Keyring([NEW]))
