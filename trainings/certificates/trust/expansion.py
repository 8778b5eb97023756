"""pyld's expansion of a JSON-LD document, learnt once for all documents of one shape. Pure, no network.

Contexts, equal for every badge, take nine tenths of pyld's time. A text or absolute address expands to itself, by the
word before it, which belongs to the shape (JSON-LD 1.1 Processing Algorithms, 5.1.2 and 5.3). So a document is expanded
once with placeholders for such values, and later values replace these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

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
    """A context that is not kept here. It is never fetched."""


def expanded(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The caller may change it. Raises UnknownContext, and ValueError for a word that no context knows."""
    values: dict[str, str] = {}
    shape = json.dumps(_with_places(document, values), ensure_ascii=False)
    found: list[dict[str, Any]] = _filled(_learnt(shape), values)
    return found


def _with_places(part: Any, values: dict[str, str], word: str = "") -> Any:
    """The part with a placeholder for each value outside the shape; fills `values` by placeholder."""
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
