"""Static files: compressed once, kept by version, asked again without one."""

from __future__ import annotations

import gzip

import brotli  # type: ignore[import-untyped]
import pytest
from httpx2 import AsyncClient

from trainings.web.static import STATIC_DIR, static

CSS = "css/site.css"


async def test_static_when_addressed_by_version_then_it_is_kept_a_year_and_gzipped(client: AsyncClient) -> None:
    async with client.stream("GET", static(CSS), headers={"accept-encoding": "gzip"}) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])

    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "accept-encoding"
    assert gzip.decompress(raw) == (STATIC_DIR / CSS).read_bytes()


async def test_static_when_the_browser_takes_brotli_then_it_gets_that(client: AsyncClient) -> None:
    async with client.stream("GET", static(CSS), headers={"accept-encoding": "gzip, br"}) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])

    assert response.headers["content-encoding"] == "br"
    assert brotli.decompress(raw) == (STATIC_DIR / CSS).read_bytes()


async def test_static_when_without_version_then_it_is_asked_again_and_answered_304(client: AsyncClient) -> None:
    first = await client.get(f"/static/{CSS}")
    again = await client.get(f"/static/{CSS}", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


async def test_static_when_encodings_differ_then_their_etags_differ(client: AsyncClient) -> None:
    etags = set()
    for encoding in ("identity", "gzip", "br, gzip"):
        response = await client.get(
            "/static/vendor/zxing-wasm-3.1.4/zxing_reader.wasm", headers={"accept-encoding": encoding}
        )
        etags.add(response.headers["etag"])

    assert len(etags) == 3


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "css/site.css.gz", "vendor/zxing-wasm-3.1.4/zxing_reader.wasm.br"]
)
async def test_static_when_the_path_is_not_for_browsers_then_404(client: AsyncClient, path: str) -> None:
    response = await client.get(f"/static/{path}")

    assert response.status_code == 404
