"""Signs JSON-LD documents with Ed25519: Data Integrity, cryptosuite `eddsa-rdfc-2022` (W3C). Pure, no network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trainings.certificates.trust.expansion import expanded

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ED25519_PUBLIC = b"\xed\x01"
"""Begins a Multikey of this kind (multicodec)."""


def sign(document: dict[str, Any], seed: bytes, *, verification_method: str, created: datetime) -> dict[str, Any]:
    """The document with its proof. Equal document, seed and moment give equal bytes.

    `seed`: the 32 private bytes. `verification_method`: the public key's address. A millisecond or two of a core.
    Raises UnknownContext, and ValueError for a word that no context knows, which the signature would not cover.
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
    """SHA-256 over the document's canonical statements."""
    from pyld import jsonld  # noqa: PLC0415 - as in `expansion`

    options = {"algorithm": "URDNA2015", "format": "application/n-quads"}
    canonical: str = jsonld.normalize(expanded(document), options)
    return hashlib.sha256(canonical.encode()).digest()
