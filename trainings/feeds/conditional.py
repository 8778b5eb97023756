"""Conditional requests (RFC 9110 §13) and the choice of encoding, for bytes that are ready."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers


def accepts_gzip(headers: Headers) -> bool:
    """Whether gzip is acceptable: named (or `*`) with a weight above zero; `gzip;q=0` is a no."""
    weights: dict[str, float] = {}
    for part in headers.get("accept-encoding", "")[:500].split(","):
        name, _sep, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        try:
            weights[name.strip().lower()] = float(weight) if rest else 1.0
        except ValueError:
            weights[name.strip().lower()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def is_unchanged(headers: Headers, etag: str, last_modified: datetime) -> bool:
    """Whether the client has these bytes: If-None-Match decides alone where it is sent, compared weakly."""
    known = headers.get("if-none-match")
    if known is not None:
        tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
        return "*" in tags or etag in tags
    since = headers.get("if-modified-since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return last_modified <= moment


def http_date(moment: datetime) -> str:
    """An HTTP date, always GMT."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
