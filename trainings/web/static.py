"""Static files: addressed by content (`?v=`), kept a year by browsers, compressed once and from memory."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_DIR = Path(__file__).parent.parent.parent / "static"
PREFIX = "/static"
COMPRESSIBLE = {".css", ".js", ".mjs", ".svg", ".json", ".wasm", ".webmanifest"}
FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=300"


@lru_cache
def static(path: str) -> str:
    """The address of a static file, with the version of its content. Raises FileNotFoundError for an unknown one."""
    digest = hashlib.sha256((STATIC_DIR / path).read_bytes()).hexdigest()[:10]
    return f"{PREFIX}/{path}?v={digest}"


@lru_cache(maxsize=128)
def _gzipped(path: Path, _etag: str) -> bytes:
    """The file compressed: as it lies ready beside it, else by ourselves, once per content."""
    ready = path.with_name(path.name + ".gz")
    return ready.read_bytes() if ready.exists() else gzip.compress(path.read_bytes(), 9, mtime=0)


class VersionedStatic(StaticFiles):
    """StaticFiles that compresses text once and lets browsers keep what has a version."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if Path(path).suffix in {".gz", ".br"}:
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        caching = FOREVER if b"v=" in scope.get("query_string", b"") else BRIEFLY
        response.headers["cache-control"] = caching
        if isinstance(response, FileResponse) and self._may_gzip(response, scope):
            body = _gzipped(Path(response.path), response.headers["etag"])
            headers = {"content-encoding": "gzip", "vary": "accept-encoding", "cache-control": caching}
            return Response(body, media_type=response.media_type, headers=headers)
        return response

    @staticmethod
    def _may_gzip(response: FileResponse, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        accepts = "gzip" in headers.get("accept-encoding", "") and "range" not in headers
        return accepts and scope["method"] == "GET" and Path(response.path).suffix in COMPRESSIBLE
