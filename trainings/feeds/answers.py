from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from starlette.responses import Response

from trainings.web.conditional import ACCEPT_ENCODING, accepts_gzip, http_date, is_unchanged
from trainings.web.i18n import SOURCE_LANGUAGE

CACHING = "public, max-age=900, stale-while-revalidate=86400, stale-if-error=604800"
PRIVATE = {"cache-control": "private, max-age=900", "x-robots-tag": "noindex", "referrer-policy": "no-referrer"}
"""Only the client keeps it, no search engine lists it, no other site learns it."""


class Ready(Response):
    def __init__(self, status: int, fields: Mapping[str, str], body: bytes = b"") -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(name.encode(), value.encode()) for name, value in fields.items()]


class Answers:
    """A feed in both encodings, each with a strong ETag and its 304.

    `dated`: Last-Modified, never later than rendering. `last_modified`: for comparisons; ahead of the clock when a feed
    changes twice in a second.
    """

    def __init__(
        self, plain: bytes, *, filename: str, last_modified: datetime, dated: datetime, is_private: bool = False
    ) -> None:
        digest = sha256(plain).hexdigest()[:32]
        self.last_modified = last_modified
        self.etags = {False: f'"{digest}"', True: f'"{digest}-gz"'}
        self._fields = {
            "content-type": "text/calendar; charset=utf-8",
            "content-disposition": f'inline; filename="{filename}"',
            "content-language": SOURCE_LANGUAGE,
        }
        caching = PRIVATE if is_private else {"cache-control": CACHING}
        self._validators = {"last-modified": http_date(dated), **caching, "vary": "Accept-Encoding"}
        self._unchanged = {
            is_gzip: Ready(304, {"etag": etag, **self._validators}) for is_gzip, etag in self.etags.items()
        }
        self._whole = {False: self._answer(plain, is_gzip=False)}

    @property
    def plain(self) -> bytes:
        return bytes(self._whole[False].body)

    @property
    def n_bytes(self) -> int:
        """Gzipped bytes are a fifth of the plain bytes."""
        return len(self._whole[False].body) * 6 // 5

    def to(self, asked: Mapping[bytes, str]) -> Response | None:
        """None: the request wants gzipped bytes not made yet. Ignores Accept."""
        is_gzip = accepts_gzip(asked.get(ACCEPT_ENCODING, ""))
        if is_unchanged(asked, self.etags[is_gzip], self.last_modified):
            return self._unchanged[is_gzip]
        return self._whole.get(is_gzip)

    async def give(self, asked: Mapping[bytes, str]) -> Response:
        """Compresses in a thread."""
        if self.to(asked) is None:
            await asyncio.to_thread(self.compress)
        response = self.to(asked)
        assert response is not None
        return response

    def compress(self) -> None:
        if True not in self._whole:
            self._whole[True] = self._answer(gzip.compress(self.plain, 6, mtime=0), is_gzip=True)

    def _answer(self, body: bytes, *, is_gzip: bool) -> Ready:
        encoding = {"content-encoding": "gzip"} if is_gzip else {}
        fields = {**self._fields, **encoding, "content-length": str(len(body))}
        return Ready(200, {"etag": self.etags[is_gzip], **self._validators, **fields}, body)
