"""The scan app's program as one file: its modules, each behind those that it needs.

On a slow phone without signal fifty small files take half a second to come out of the store, one takes a moment
(`docs/decisions/0014-the-scan-app-s-program-is-one-file.md`). Nothing is built: the server puts it together once, when
it is first asked for, out of the very modules that tests import one by one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from trainings.web.static import STATIC_DIR

ENTRY = "js/marcar/main.js"
_IMPORT = re.compile(r"^import \{([^}]*)\} from \"(\.[^\"]+)\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|class) (\w+)|const (\w+) =)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/)\n", re.MULTILINE)


class UnknownForm(ValueError):
    """A module is written in a way that cannot be put together with others."""


@lru_cache(maxsize=1)
def modules() -> tuple[str, ...]:
    """The entry, last, and every module that it needs, by their paths below the static folder."""
    found: dict[str, None] = {}
    _add(ENTRY, found, ())
    return tuple(found)


def _add(path: str, found: dict[str, None], importers: tuple[str, ...]) -> None:
    if path in importers:
        raise UnknownForm(f"{path} needs itself: {' needs '.join((*importers, path))}")
    if path in found:
        return
    for _names, other in _IMPORT.findall(_text(path)):
        _add(_joined(path, other), found, (*importers, path))
    found[path] = None


def _text(path: str) -> str:
    return (STATIC_DIR / path).read_text(encoding="utf-8")


def _joined(path: str, other: str) -> str:
    """Where a relative import leads."""
    parts: list[str] = list(PurePosixPath(path).parent.parts)
    for part in PurePosixPath(other).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


@lru_cache(maxsize=1)
def program() -> bytes:
    """All of it as one module. Raises UnknownForm where a module imports or exports in a way that is not known here."""
    *others, entry = modules()
    return "".join([*map(_wrapped, others), _inlined(entry)]).encode()


def _wrapped(path: str) -> str:
    """A module with names of its own, as a constant that holds what it exports."""
    exported = ", ".join(_exported(path))
    return f"const {_constant(path)} = (() => {{\n{_inlined(path)}return {{ {exported} }};\n}})();\n"


def _inlined(path: str) -> str:
    """A module's text, its imports taken from constants. Whole lines of comment stay behind."""

    def taken(found: re.Match[str]) -> str:
        names, other = found[1], _joined(path, found[2])
        for name in re.findall(r"(\w+)(?: as \w+)?", names):
            if name not in _exported(other):
                raise UnknownForm(f"{path}: {other} exports no {name}")
        return f"const {{{names.replace(' as ', ': ')}}} = {_constant(other)};\n"

    text = _EXPORT.sub("", _IMPORT.sub(taken, _COMMENT.sub("", _text(path))))
    if unknown := _OTHER.search(text):
        raise UnknownForm(f"{path}: {unknown[0]}")
    return text


def _exported(path: str) -> list[str]:
    return [found[1] or found[2] for found in _EXPORT.finditer(_text(path))]


def _constant(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removeprefix("js/").removesuffix(".js"))
