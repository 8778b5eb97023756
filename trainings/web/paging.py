from __future__ import annotations

from collections.abc import Mapping

LAST_PAGE = 10_000


def asked_page(query: Mapping[str, str]) -> int:
    """`pagina`, else 1."""
    typed = query.get("pagina", "")
    return min(max(int(typed), 1), LAST_PAGE) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
