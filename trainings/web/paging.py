"""Which page of a list an address asks for."""

from __future__ import annotations

from collections.abc import Mapping

LAST_PAGE = 10_000


def asked_page(query: Mapping[str, str]) -> int:
    """The number in `pagina`; the first page where it says nothing sensible."""
    typed = query.get("pagina", "")
    return min(max(int(typed), 1), LAST_PAGE) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
