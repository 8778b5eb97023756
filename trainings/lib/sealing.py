"""What a phone seals to us without a key of its own: only the keys of the keyring open it.

ECDH on P-256 with a key pair made for this one text, HKDF-SHA256, AES-256-GCM: what browsers have built in. On the
wire, in base64url: version 1 (1 octet), the key's id (8), the sender's public point (65), the sealed text and its tag.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trainings.lib.crypt import Keyring, SealBroken, from_url_safe, url_safe

__all__ = ["SealBroken", "SealedBox"]

VERSION = b"\x01"
ID_BYTES = 8
POINT_BYTES = 65
TAG_BYTES = 16
HEAD_BYTES = len(VERSION) + ID_BYTES + POINT_BYTES
INFO = b"trainings-seal-v1"
ONE_USE = bytes(12)
"""The nonce: a key that is used once needs no other."""

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SealedBox:
    """One key pair for each secret key. Phones get the first; all open."""

    def __init__(self, ring: Keyring) -> None:
        self._keys = {key_id: _private_key(seed) for key_id, seed in ring.box_seeds()}

    def public(self) -> list[tuple[str, str]]:
        """(id, uncompressed point in base64url), current first."""
        return [(key_id, url_safe(_point(key))) for key_id, key in self._keys.items()]

    def open(self, text: str, purpose: str) -> bytes:
        """`purpose`: `slip|<event id>`, `backup|<device id>`. Raises SealBroken where it was changed or cut, sealed for
        something else, or to a key that is not in the ring.
        """
        box = from_url_safe(text)
        if len(box) < HEAD_BYTES + TAG_BYTES or not box.startswith(VERSION):
            raise SealBroken("too short, or of another version")
        key = self._keys.get(box[1 : 1 + ID_BYTES].decode("ascii", "replace"))
        if key is None:
            raise SealBroken("unknown key")
        point = box[1 + ID_BYTES : HEAD_BYTES]
        try:
            sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            secret = shared_key(key.exchange(ec.ECDH(), sender), point)
            return AESGCM(secret).decrypt(ONE_USE, box[HEAD_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as broken:
            raise SealBroken("changed, or sealed for something else") from broken


def shared_key(agreed: bytes, point: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=point, info=INFO).derive(agreed)


def _private_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
