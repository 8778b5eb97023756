"""A script and its modules as one file (`docs/decisions/0014-a-script-is-one-file.md`), put together when first asked
for, from the modules that tests import.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePosixPath

_IMPORT = re.compile(r"^import \{([^}]*)\} from \"(\.[^\"]+)\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|class) (\w+)|const (\w+) =)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/)\n", re.MULTILINE)


class UnknownForm(ValueError):
    """A module is written in a way that cannot be joined."""


@lru_cache(maxsize=64)
def modules(folder: Path, entry: str) -> tuple[str, ...]:
    """Paths below the folder, the entry last."""
    found: dict[str, None] = {}
    _add(folder, entry, found, ())
    return tuple(found)


def _add(folder: Path, path: str, found: dict[str, None], importers: tuple[str, ...]) -> None:
    if path in importers:
        raise UnknownForm(f"{path} needs itself: {' needs '.join((*importers, path))}")
    if path in found:
        return
    for _names, other in _IMPORT.findall(_text(folder, path)):
        _add(folder, _joined(path, other), found, (*importers, path))
    found[path] = None


def _text(folder: Path, path: str) -> str:
    return (folder / path).read_text(encoding="utf-8")


def _joined(path: str, other: str) -> str:
    parts: list[str] = list(PurePosixPath(path).parent.parts)
    for part in PurePosixPath(other).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


@lru_cache(maxsize=64)
def program(folder: Path, entry: str) -> bytes:
    """Raises UnknownForm."""
    *others, last = modules(folder, entry)
    return "".join([*(_wrapped(folder, path) for path in others), _inlined(folder, last)]).encode()


def _wrapped(folder: Path, path: str) -> str:
    exported = ", ".join(_exported(folder, path))
    return f"const {_constant(path)} = (() => {{\n{_inlined(folder, path)}return {{ {exported} }};\n}})();\n"


def _inlined(folder: Path, path: str) -> str:
    """Imports become constants; whole lines of comment go."""

    def taken(found: re.Match[str]) -> str:
        names, other = found[1], _joined(path, found[2])
        for name in re.findall(r"(\w+)(?: as \w+)?", names):
            if name not in _exported(folder, other):
                raise UnknownForm(f"{path}: {other} exports no {name}")
        return f"const {{{names.replace(' as ', ': ')}}} = {_constant(other)};\n"

    text = _EXPORT.sub("", _IMPORT.sub(taken, _COMMENT.sub("", _text(folder, path))))
    if unknown := _OTHER.search(text):
        raise UnknownForm(f"{path}: {unknown[0]}")
    return text


def _exported(folder: Path, path: str) -> list[str]:
    return [found[1] or found[2] for found in _EXPORT.finditer(_text(folder, path))]


def _constant(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removeprefix("js/").removesuffix(".js"))
