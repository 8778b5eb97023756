"""Static files, addressed by content (`?v=`), compressed once. A versioned script is one file with its modules."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath

import brotli  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

STATIC_DIR = Path(__file__).parent.parent.parent / "static"
PREFIX = "/static"
COMPRESSIBLE = {".css", ".js", ".mjs", ".svg", ".json", ".wasm", ".webmanifest"}
READY = {"br": ".br", "gzip": ".gz"}
"""Encodings that large files have ready beside them; brotli first."""
FOREVER = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"


@lru_cache
def static(path: str) -> str:
    """The versioned address. Raises FileNotFoundError."""
    return f"{PREFIX}/{path}?v={hashlib.sha256(content_of(path)).hexdigest()[:10]}"


def content_of(path: str) -> bytes:
    return program(STATIC_DIR, path) if _is_script(path) else (STATIC_DIR / path).read_bytes()


def _is_script(path: str) -> bool:
    return path.startswith("js/")


@lru_cache(maxsize=256)
def _compressed(path: Path, encoding: str, _etag: str) -> bytes:
    ready = path.with_name(path.name + READY[encoding])
    if ready.exists():
        return ready.read_bytes()
    return _packed(path.read_bytes(), encoding)


@lru_cache(maxsize=256)
def _packed_script(path: str, encoding: str) -> bytes:
    return _packed(content_of(path), encoding)


def _packed(content: bytes, encoding: str) -> bytes:
    return packed(content, encoding, brotli_quality=11, gzip_level=9)


def packed(content: bytes, encoding: str, *, brotli_quality: int = 4, gzip_level: int = 4) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(content, quality=brotli_quality))
    return gzip.compress(content, gzip_level, mtime=0)


def encoding_for(asked: Headers) -> str:
    """The first of READY that the browser takes, else empty."""
    offered = asked.get("accept-encoding", "").replace(" ", "").split(",")
    taken = {one.partition(";")[0] for one in offered if not one.endswith(";q=0")}
    return next((one for one in READY if one in taken), "")


class VersionedStatic(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        if Path(path).suffix in READY.values():
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        has_version = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = FOREVER if has_version else ASKED_AGAIN
        if has_version and _is_script(path):
            return await _whole_script(path, Headers(scope=scope))
        if isinstance(response, FileResponse) and Path(response.path).suffix in COMPRESSIBLE:
            return self._encoded(response, scope)
        return response

    @staticmethod
    def _encoded(response: FileResponse, scope: Scope) -> Response:
        asked = Headers(scope=scope)
        response.headers["vary"] = "accept-encoding"
        if "range" in asked:
            return response
        encoding = encoding_for(asked)
        if not encoding:
            return response
        content = _compressed(Path(response.path), encoding, response.headers["etag"])
        return _answer(response, encoding, content, asked)


def _answer(response: FileResponse, encoding: str, content: bytes, asked: Headers) -> Response:
    headers = {
        "etag": response.headers["etag"].rstrip('"') + f'-{encoding}"',
        "cache-control": response.headers["cache-control"],
        "vary": "accept-encoding",
    }
    known = [tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")]
    if headers["etag"] in known:
        return NotModifiedResponse(Headers(headers))
    return Response(content, media_type=response.media_type, headers=headers | {"content-encoding": encoding})


async def _whole_script(path: str, asked: Headers) -> Response:
    headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
    encoding = encoding_for(asked)
    if not encoding:
        return Response(content_of(path), media_type="text/javascript", headers=headers)
    # A large one takes a while, once.
    content = await asyncio.to_thread(_packed_script, path, encoding)
    return Response(content, media_type="text/javascript", headers=headers | {"content-encoding": encoding})


# -- a script and its modules as one file (`docs/decisions/0014-a-script-is-one-file.md`), from what tests import

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
