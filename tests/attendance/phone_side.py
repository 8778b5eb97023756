"""What a prepared phone does with cards and keys, written a second time: the far end of the wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NO_NONCE = bytes(12)


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def code_hash(token: str) -> str:
    """What a scanned card is looked up by."""
    return hashlib.sha256(f"qr:{token}".encode()).hexdigest()[:24]


def short_key(code: str, training_id: object) -> str:
    """What a typed short code (normalised) is looked up by."""
    return hashlib.sha256(f"short:{code}:{training_id}".encode()).hexdigest()[:16]


def with_names(roster: dict[str, Any]) -> dict[str, Any]:
    """A list as it came, each sealed name in the line that it belongs to."""
    names = roster["names"].split(".") if roster["people"] else []
    people = [[h, sealed, *rest] for (h, _, *rest), sealed in zip(roster["people"], names, strict=True)]
    return roster | {"people": people}


def name_of(roster: dict[str, Any], token: str) -> str:
    """The name that a card in the hand opens. Raises InvalidTag or StopIteration where it opens none."""
    mine = code_hash(token)
    sealed = next(person[1] for person in roster["people"] if person[0] == mine)
    key = HKDF(SHA256(), 16, b"tm-roster-v1", f"name|{roster['version']}".encode()).derive(token.encode())
    return AESGCM(key).decrypt(NO_NONCE, decode(sealed), f"{mine}|{roster['session']}".encode()).decode().rstrip()


def seal(
    text: bytes, purpose: str, key_id: str, raw: str, *, with_key: ec.EllipticCurvePrivateKey | None = None
) -> str:
    """Seal to the server's public point, with a key pair of this one text unless one is given."""
    mine = with_key or ec.generate_private_key(ec.SECP256R1())
    point = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(raw))
    key = _hkdf(mine.exchange(ec.ECDH(), theirs), point, b"trainings-seal-v1")
    box = AESGCM(key).encrypt(NO_NONCE, text, purpose.encode())
    return encode(b"\x01" + key_id.encode() + point + box)


def _hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869 for one block of 32 octets."""
    extracted = hmac.digest(salt, secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")
