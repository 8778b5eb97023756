"""Spanish (es-GT) is the source text, other languages are catalogues in `locale/`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

SOURCE_LANGUAGE = "es-GT"
LOCALE_DIR = Path(__file__).parent.parent / "locale"

_language: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


@lru_cache
def catalogue(language: str) -> NullTranslations:
    path = LOCALE_DIR / language / "LC_MESSAGES" / "messages.po"
    if language == SOURCE_LANGUAGE or not path.exists():
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - megabytes, for those only that translate
    from babel.messages.pofile import read_po  # noqa: PLC0415

    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    return GNUTranslations(compiled)


def language() -> str:
    return _language.get()


def set_language(code: str) -> None:
    _language.set(code)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


def gettext(message: str) -> str:
    return catalogue(language()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    return catalogue(language()).ngettext(singular, plural, n)


def pgettext(context: str, message: str) -> str:
    return catalogue(language()).pgettext(context, message)


def npgettext(context: str, singular: str, plural: str, n: int) -> str:
    return catalogue(language()).npgettext(context, singular, plural, n)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    return message


_ = gettext


def choose_language(asked: str | None, kept: str | None, accepted: str, offered: tuple[str, ...]) -> str:
    """`?idioma=`, then the cookie, then Accept-Language, then Spanish."""
    for wish in (asked, kept, *_preferences(accepted)):
        if wish:
            for code in offered:
                if code.lower() == wish.lower() or code.lower().split("-")[0] == wish.lower().split("-")[0]:
                    return code
    return offered[0] if offered else SOURCE_LANGUAGE


def _preferences(header: str) -> list[str]:
    wishes: list[tuple[float, str]] = []
    for part in header[:200].split(","):
        tag, _sep, quality = part.strip().partition(";q=")
        try:
            wishes.append((float(quality or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for quality, tag in sorted(wishes, key=lambda wish: -wish[0]) if quality > 0]
