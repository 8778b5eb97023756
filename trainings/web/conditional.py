"""RFC 9110 §13, and the choice of encoding, for bytes that are ready."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

from starlette.types import Scope

ACCEPT_ENCODING, IF_NONE_MATCH, IF_MODIFIED_SINCE = b"accept-encoding", b"if-none-match", b"if-modified-since"
ASKED = frozenset({ACCEPT_ENCODING, IF_NONE_MATCH, IF_MODIFIED_SINCE})
GZIP_NAMES = ("gzip", "x-gzip", "*")


def asked_in(scope: Scope) -> dict[bytes, str]:
    """Header fields an answer depends on; several lines of one name are one list."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in ASKED:
            text = value.decode("latin-1")
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found


@lru_cache(maxsize=256)
def accepts_gzip(accepted: str) -> bool:
    """Weight above zero and not below that of `identity`."""
    weights: dict[str, float] = {}
    for part in accepted[:500].split(","):
        name, _sep, weight = part.replace(" ", "").lower().partition(";q=")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            weights[name] = 0.0
    wish = next((weights[name] for name in GZIP_NAMES if name in weights), 0.0)
    return wish > 0 and wish >= weights.get("identity", 0.0)


def is_unchanged(asked: Mapping[bytes, str], etag: str, last_modified: datetime) -> bool:
    """The client has these bytes: If-None-Match decides alone where it is sent, compared weakly."""
    known = asked.get(IF_NONE_MATCH)
    if known is not None:
        return known.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]
    since = _moment(asked[IF_MODIFIED_SINCE]) if IF_MODIFIED_SINCE in asked else None
    return since is not None and last_modified <= since


def _moment(text: str) -> datetime | None:
    if text.count(",") > 1:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
