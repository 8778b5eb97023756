"""What is refused before any page reads it: by a page that a person can read, in their language, or as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient, Response
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message

from tests.asgi import browser, running
from trainings.app import create_app
from trainings.settings import Settings
from trainings.web.files import read_upload
from trainings.web.forms import read_form
from trainings.web.guards import BODY_LIMIT

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def in_pieces(n_octets: int) -> AsyncIterator[bytes]:
    for _number in range(n_octets // 1024):
        yield b"x" * 1024


def is_readable(answer: Response, heading: str) -> bool:
    return answer.headers["content-type"] == "text/html; charset=utf-8" and f"<h1>{heading}</h1>" in answer.text


@pytest.mark.parametrize("path", ["/entrar", "/capacitaciones/ninguna/inscripcion", "/nada"])
async def test_oversized_body_gets_a_readable_page(sqlite_db: Settings, client: AsyncClient, path: str) -> None:
    declared = await client.post(path, content=b"x" * (BODY_LIMIT + 1), headers=FORM)
    english = await client.post(f"{path}?idioma=en", content=b"x" * (BODY_LIMIT + 1), headers=FORM)

    assert (declared.status_code, english.status_code) == (413, 413)
    assert is_readable(declared, "Lo que envió es demasiado grande")
    assert is_readable(english, "What you sent is too large")


async def test_oversized_body_of_unknown_length_gets_it_too(sqlite_db: Settings, client: AsyncClient) -> None:
    answer = await client.post("/entrar", content=in_pieces(BODY_LIMIT + 2048), headers=FORM)

    assert answer.status_code == 413
    assert is_readable(answer, "Lo que envió es demasiado grande")


async def test_largest_body_is_still_read(sqlite_db: Settings, client: AsyncClient) -> None:
    answer = await client.post("/entrar", content=b"a=" + b"x" * (BODY_LIMIT - 2), headers=FORM)

    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/entrar", "/verificar/archivo"])
async def test_body_that_breaks_off_is_no_error_of_ours(
    sqlite_db: Settings, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The line from a village breaks often; nobody is left to read an answer."""
    kind = b"multipart/form-data; boundary=x" if path.endswith("archivo") else FORM["content-type"].encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost:8000"), (b"content-type", kind)],
        "client": ("127.0.0.1", 5000),
        "server": ("localhost", 8000),
        "scheme": "http",
    }
    said: list[Message] = []
    pieces: list[Message] = [{"type": "http.request", "body": b"--x\r\n", "more_body": True}]

    async def receive() -> Message:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message)

    async with running(create_app(sqlite_db, with_worker=False)) as app:
        await app(scope, receive, send)

    assert said[0]["status"] == 400
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_form_of_another_site_gets_a_readable_page(sqlite_db: Settings, client: AsyncClient) -> None:
    page = await client.post("/entrar", headers={**FORM, "origin": "https://otra.example"})
    program = await client.post("/entrar", json={}, headers={"origin": "null"})

    assert (page.status_code, program.status_code) == (403, 403)
    assert "El envío no salió de una página nuestra." in page.text
    assert program.json()["code"] == "cross_origin"


async def test_nul_comes_neither_through_an_address_nor_through_a_form(sqlite_db: Settings) -> None:
    async def say(request: Request) -> JSONResponse:
        return JSONResponse(
            [request.path_params["word"], *request.query_params.values(), (await read_form(request)).fields]
        )

    async def say_upload(request: Request) -> JSONResponse:
        typed, content = await read_upload(request, "file")
        return JSONResponse([typed.fields, content.decode()])

    app = create_app(sqlite_db, with_worker=False)
    app.router.routes[:0] = [Route("/subir", say_upload, methods=["POST"]), Route("/{word}", say, methods=["POST"])]
    async with running(app):
        answer = await browser(app).post("/a%00b?q=c%00d", content="e=f%00g%0D%0Ah", headers=FORM)
        with_file = await browser(app).post("/subir", data={"e": "f\0g\r\nh"}, files={"file": b"i\0j\r\n"})

    assert answer.json() == ["a\N{REPLACEMENT CHARACTER}b", "c\N{REPLACEMENT CHARACTER}d", {"e": ["fg\nh"]}]
    assert with_file.json() == [{"e": ["fg\nh"]}, "i\0j\r\n"]
