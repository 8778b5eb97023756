"""Texts that a phone sealed: opened with our keys for the purpose they were sealed for, and not otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.attendance.phone_side import decode, encode, seal
from trainings.lib.crypt import Keyring
from trainings.lib.sealing import SealBroken, SealedBox

OLD, NEW = "o" * 40, "n" * 40
SLIP = '{"given_names":"Q’eqchi’"}'.encode()
VECTOR = Path(__file__).parents[1] / "attendance" / "sealed_vector.json"


@pytest.fixture(scope="module")
def box() -> SealedBox:
    return SealedBox(Keyring([NEW, OLD]))


@pytest.mark.parametrize("which", [0, 1], ids=["current key", "older key"])
def test_text_sealed_to_a_key_of_the_ring_opens(box: SealedBox, which: int) -> None:
    assert box.open(seal(SLIP, "slip|1", *box.public()[which]), "slip|1") == SLIP


def test_phones_are_told_the_current_key_first_and_the_same_after_a_restart(box: SealedBox) -> None:
    alone, again = SealedBox(Keyring([NEW])).public(), SealedBox(Keyring([NEW, OLD])).public()

    assert box.public() == again
    assert box.public()[0] == alone[0]
    assert len({raw for _key_id, raw in box.public()}) == 2
    assert all(len(decode(raw)) == 65 for _key_id, raw in box.public())


def test_sealing_twice_looks_different(box: SealedBox) -> None:
    [key, _old] = box.public()

    assert seal(SLIP, "slip|1", *key) != seal(SLIP, "slip|1", *key)


def test_what_is_not_as_it_was_sealed_for_us_does_not_open(box: SealedBox) -> None:
    key_id, raw = box.public()[0]
    sealed = seal(SLIP, "slip|1", key_id, raw)
    octets = decode(sealed)
    stranger = SealedBox(Keyring(["s" * 40]))
    point = encode(octets[:9] + b"\x04" + bytes(64) + octets[74:])

    broken = {
        "another purpose": (box, sealed, "slip|2"),
        "a key that is not ours": (stranger, sealed, "slip|1"),
        "another key under our id": (box, seal(SLIP, "slip|1", key_id, stranger.public()[0][1]), "slip|1"),
        "cut": (box, sealed[:-4], "slip|1"),
        "only its head": (box, encode(octets[:74]), "slip|1"),
        "nothing": (box, "", "slip|1"),
        "one octet changed": (box, encode(octets[:-20] + bytes([octets[-20] ^ 1]) + octets[-19:]), "slip|1"),
        "another version": (box, encode(b"\x02" + octets[1:]), "slip|1"),
        "no point of the curve": (box, point, "slip|1"),
        "no base64": (box, "señal!", "slip|1"),
    }
    opened = []
    for what, (with_box, text, purpose) in broken.items():
        try:
            with_box.open(text, purpose)
        except SealBroken:
            continue
        opened.append(what)
    assert opened == []


def test_vector_for_other_languages_opens_and_is_what_its_keys_make() -> None:
    """`sealed_vector.json` is what the phone's script is checked against."""
    vector = json.loads(VECTOR.read_text())
    box = SealedBox(Keyring([vector["secret_key"]]))
    mine = ec.derive_private_key(int.from_bytes(decode(vector["sender"]["d"]), "big"), ec.SECP256R1())

    assert box.public() == [(vector["key"]["id"], vector["key"]["raw"])]
    assert box.open(vector["sealed"], vector["purpose"]).decode() == vector["text"]
    again = seal(vector["text"].encode(), vector["purpose"], *box.public()[0], with_key=mine)
    assert again == vector["sealed"]
