"""Opens a PKCS#12 file in a separate process, which is killed where it demands hours of key derivation.

Reads {"content": base64, "password": text}, writes {"key": PEM, "chain": [PEM, …]} or {"wrong": what}.
"""

from __future__ import annotations

import base64
import json
import resource
import sys

from asn1crypto.pkcs12 import Pfx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

MEMORY, SECONDS = 1 << 29, 10


def read(content: bytes, password: bytes) -> dict[str, object]:
    try:
        Pfx.load(content, strict=True).native  # noqa: B018  # read to the end: what is no such file fails here
    except (ValueError, TypeError, KeyError):
        return {"wrong": "unreadable"}
    try:
        found = load_pkcs12(content, password)
    except UnsupportedAlgorithm:
        return {"wrong": "unreadable"}
    except ValueError:
        return {"wrong": "password"}
    key, own = found.key, found.cert
    if key is None or own is None:
        return {"wrong": "no_key"}
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        return {"wrong": "kind"}
    if own.certificate.public_key() != key.public_key():
        return {"wrong": "no_key"}
    chain = [own.certificate, *(one.certificate for one in found.additional_certs)]
    return {
        "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "chain": [one.public_bytes(Encoding.PEM).decode() for one in chain],
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.load(sys.stdin)
    json.dump(read(base64.b64decode(asked["content"]), asked["password"].encode()), sys.stdout)
