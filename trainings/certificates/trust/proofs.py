"""Signs JSON-LD documents with Ed25519: Data Integrity, cryptosuite `eddsa-rdfc-2022` (W3C). No network.

pyld's expansion is learnt once for all documents of one shape: contexts take nine tenths of its time. A text or
absolute address expands to itself, by the word before it (JSON-LD 1.1 Processing Algorithms, 5.1.2 and 5.3), so a
document is expanded with placeholders, which later values replace.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CONTEXTS = Path(__file__).parent / "contexts"
CREDENTIALS = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
KNOWN = {CREDENTIALS: "credentials-v2.json", OPEN_BADGES: "open-badges-3.0.3.json"}

TEXTS = frozenset({
    "awardedDate",
    "created",
    "description",
    "encodedList",
    "identityHash",
    "licenseNumber",
    "name",
    "narrative",
    "salt",
    "statusListIndex",
    "validFrom",
})  # fmt: skip
"""Words whose values are texts in all our contexts. Other values belong to the shape."""
ADDRESSES = frozenset({"id", "statusListCredential", "verificationMethod"})
ABSOLUTE = re.compile(r"(?:https?://|urn:uuid:)\S+")
SHAPES = 64


class UnknownContext(ValueError):
    """A context that is not kept here: never fetched."""


def expanded(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The caller may change it. Raises UnknownContext, and ValueError for a word that no context knows."""
    values: dict[str, str] = {}
    shape = json.dumps(_with_places(document, values), ensure_ascii=False)
    found: list[dict[str, Any]] = _filled(_learnt(shape), values)
    return found


def _with_places(part: Any, values: dict[str, str], word: str = "") -> Any:
    if isinstance(part, Mapping):
        return {name: _with_places(value, values, name) for name, value in part.items()}
    if isinstance(part, list):
        return [_with_places(value, values, word) for value in part]
    if not isinstance(part, str):
        return part
    if word in TEXTS:
        place = f"text {len(values)}"
    elif word in ADDRESSES and ABSOLUTE.fullmatch(part):
        place = f"https://place.invalid/{len(values)}"
    else:
        return part
    values[place] = part
    return place


@lru_cache(SHAPES)
def _learnt(shape: str) -> list[dict[str, Any]]:
    from pyld import jsonld  # noqa: PLC0415 - with what it asks the web by, megabytes, for those only that sign

    found: list[dict[str, Any]] = jsonld.expand(
        json.loads(shape), {"documentLoader": _load}, on_property_dropped=_refuse
    )
    return found


def _filled(part: Any, values: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {name: _filled(value, values) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    return values.get(part, part) if isinstance(part, str) else part


def _refuse(word: str) -> None:
    raise ValueError(f"no context knows the word {word!r}: it would not be signed")


def _load(address: str, _options: object) -> dict[str, Any]:
    if address not in KNOWN:
        raise UnknownContext(f"not kept here: {address}")
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": address, "document": kept(address)}


@cache
def kept(address: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CONTEXTS / KNOWN[address]).read_text(encoding="utf-8"))
    return document


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ED25519_PUBLIC = b"\xed\x01"
"""Begins a Multikey of this kind (multicodec)."""


def sign(document: dict[str, Any], seed: bytes, *, verification_method: str, created: datetime) -> dict[str, Any]:
    """Equal document, seed and moment give equal bytes.

    `seed`: the 32 private bytes. `verification_method`: the public key's address. Raises UnknownContext, and ValueError
    for a word that no context knows, which the signature would not cover.
    """
    proof: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": moment_text(created),
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    signed = _digest({"@context": document["@context"], **proof}) + _digest(document)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(signed)
    return {**document, "proof": {**proof, "proofValue": multibase(signature)}}


def public_key_of(seed: bytes) -> str:
    """As a Multikey: `z6Mk…`."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return multibase(ED25519_PUBLIC + public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def moment_text(moment: datetime) -> str:
    """In whole seconds: `2027-03-05T15:00:00Z`."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def multibase(raw: bytes) -> str:
    """Base58, after the letter that says so."""
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        digits = BASE58[rest] + digits
    return "z" + BASE58[0] * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def _digest(document: Mapping[str, Any]) -> bytes:
    from pyld import jsonld  # noqa: PLC0415 - as in `_learnt`

    options = {"algorithm": "URDNA2015", "format": "application/n-quads"}
    canonical: str = jsonld.normalize(expanded(document), options)
    return hashlib.sha256(canonical.encode()).digest()
