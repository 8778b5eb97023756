"""Protects backups, stolen disks and dumps, not a program that was taken over."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadSignature, TimestampSigner

from trainings.lib import tokens

__all__ = ["BadSignature", "Keyring", "SealBroken", "new_key"]

_VERSION = "v1"
_NONCE_BYTES = 12
_SHORTEST_KEY = 32
_BOX_BYTES = 48
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class SealBroken(Exception):
    """The sealed value was changed, belongs elsewhere, or its key is not in the keyring."""


class _SubKeys:
    def __init__(self, key: str) -> None:
        self.id = hashlib.sha256(key.encode()).hexdigest()[:8]
        self.mark = f"{_VERSION}.{self.id}."
        self.aead = AESGCM(_derive(key, "seal"))
        self.index = _derive(key, "index")
        self.sign = _derive(key, "sign")
        self.box = _derive(key, "box", length=_BOX_BYTES)


class _SignerAt(TimestampSigner):
    def __init__(self, keys: list[bytes], salt: str, now: datetime) -> None:
        super().__init__(keys, salt=salt, digest_method=hashlib.sha256, key_derivation="hmac")
        self._now = int(now.timestamp())

    def get_timestamp(self) -> int:
        return self._now


class Keyring:
    """The first key seals and signs; all other keys only open."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or len(set(keys)) != len(keys):
            raise ValueError("a keyring needs at least one key, and no key twice")
        if any(len(key) < _SHORTEST_KEY for key in keys):
            raise ValueError(f"a secret key needs at least {_SHORTEST_KEY} random characters")
        self._keys = [_SubKeys(key) for key in keys]
        self._by_id = {key.id: key for key in self._keys}

    def seal(self, text: str, aad: str) -> str:
        """AES-256-GCM. `aad` names the place (`table:column:row`): a value moved elsewhere will not open."""
        key = self._keys[0]
        nonce = tokens.nonce(_NONCE_BYTES)
        return key.mark + url_safe(nonce + key.aead.encrypt(nonce, text.encode(), aad.encode()))

    def open(self, sealed: str, aad: str) -> str:
        version, _, rest = sealed.partition(".")
        key_id, _, body = rest.partition(".")
        key = self._by_id.get(key_id)
        if version != _VERSION or key is None:
            raise SealBroken("unknown version or key")
        try:
            box = from_url_safe(body)
            return key.aead.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], aad.encode()).decode()
        except (InvalidTag, ValueError) as broken:
            raise SealBroken("changed, or sealed for another place") from broken

    def blind_index(self, text: str, purpose: str) -> str:
        """HMAC-SHA256 in hex: finds an equal value without storing it. The caller normalises the text first."""
        return _blind(self._keys[0], text, purpose)

    def blind_indexes(self, text: str, purpose: str) -> list[str]:
        """Under every key, current first: to look up while keys are changed."""
        return [_blind(key, text, purpose) for key in self._keys]

    def box_seeds(self) -> list[tuple[str, bytes]]:
        """(id, seed of the key pair of `lib/sealing.py`), current first."""
        return [(key.id, key.box) for key in self._keys]

    def sign(self, text: str, salt: str, *, now: datetime) -> str:
        """With time and signature, for a cookie; readable by its holder."""
        return self._signer(salt, now).sign(text).decode()

    def unsign(self, signed: str, salt: str, *, max_age: int, now: datetime) -> str:
        """Raises BadSignature where it is forged, of another salt, or older than `max_age` seconds."""
        return self._signer(salt, now).unsign(signed, max_age=max_age).decode()

    def _signer(self, salt: str, now: datetime) -> _SignerAt:
        # itsdangerous signs with the last key of its list.
        return _SignerAt([key.sign for key in reversed(self._keys)], salt, now)


def new_key() -> str:
    return tokens.new_key()


def _derive(key: str, use: str, *, length: int = 32) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=b"trainings", info=use.encode()).derive(key.encode())


def _blind(key: _SubKeys, text: str, purpose: str) -> str:
    return hmac.digest(key.index, f"{purpose}\0{text}".encode(), "sha256").hex()


def url_safe(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def from_url_safe(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as broken:
        raise SealBroken("not base64") from broken
