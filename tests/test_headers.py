"""What every answer says to the browser: what may run, who may frame it, what may be kept and told to others."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from tests import asgi, make
from tests.addresses import hub_with_everything
from tests.certificates.held import AFTER
from tests.database import Database
from tests.test_reading import open_every_page
from tests.web.pages import Page
from trainings import clock
from trainings.app import create_app
from trainings.settings import Settings

ORIGIN = "https://capacitaciones.example"
MAIL_AS_IT_ARRIVES = "/panel/mensajes/{id:uuid}/html"
SCAN_PAGES = {"/panel/sesiones/{id:uuid}/asistencia", "/marcar/", "/marcar/en/", "/marcar/alta"}
SCAN_WORKER = "/marcar/sw.js"
BEHIND_TOKENS = ("/i/", "/tarjetas/", "/entrar/enlace/", "/verificar/{code}")
COMMON = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}
EVENT = re.compile(r"on[a-z]+")

Answers = dict[str, Response]


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    return sqlite_db


@pytest.fixture
async def client(db: Settings) -> AsyncIterator[AsyncClient]:
    """A browser that comes by https; what breaks is shown to it as a server would."""
    served = type(db).model_validate(db.model_dump() | {"base_url": ORIGIN})
    async with (
        asgi.running(create_app(served, with_worker=False)) as app,
        AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url=ORIGIN) as client,
    ):
        yield client


def policy(answer: Response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _blank, value in parts}


async def test_every_answer_changes_nothing_says_what_may_run_who_may_keep_it_and_holds_nothing_else(
    db: Settings, database: Database, client: AsyncClient, freeze: Callable[[datetime], None]
) -> None:
    turn = clock.today().toordinal()
    freeze(AFTER)
    cast, objects = await database.world("hub", hub_with_everything)
    await make.sign_in(client, cast.coordinator)
    client.cookies.set("__Host-staff", client.cookies["staff"])

    pages = await open_every_page(client, objects, db, heads=4, turn=turn)

    check_what_may_run_and_that_nobody_may_frame_it(pages)
    check_that_what_is_behind_a_token_is_kept_by_nobody(pages)
    check_that_nothing_in_a_page_runs_or_paints(pages)


def check_what_may_run_and_that_nobody_may_frame_it(pages: Answers) -> None:
    assert {path: missing for path, page in pages.items() if (missing := lacking(page))} == {}
    policies = {path: policy(page) for path, page in pages.items()}
    framed = {path for path, said in policies.items() if said.get("frame-ancestors") != "'none'"}
    assert {path for path in framed if not path.startswith("/incrustar/")} == set()
    assert len(framed) == 4
    assert {path for path, said in policies.items() if said["default-src"] != "'none'"} == set()
    compiling = {path for path, said in policies.items() if "'wasm-unsafe-eval'" in said.get("script-src", "")}
    assert compiling == {*SCAN_PAGES, SCAN_WORKER}
    assert {path for path, said in policies.items() if "unsafe-inline" in str(said) or "data:" in str(said)} == set()
    assert {path for path, said in policies.items() if "unsafe-" in said.get("style-src", "")} == {MAIL_AS_IT_ARRIVES}
    filming = {path for path, page in pages.items() if "camera=(self)" in page.headers["permissions-policy"]}
    assert filming == SCAN_PAGES


def lacking(answer: Response) -> set[str]:
    return {name for name, value in COMMON.items() if answer.headers.get(name) != value}


def check_that_what_is_behind_a_token_is_kept_by_nobody(pages: Answers) -> None:
    """Nor indexed, and nothing shares its address."""
    secret = {path: page for path, page in pages.items() if path.startswith(BEHIND_TOKENS)}
    assert len(secret) == 30
    assert {path for path, page in secret.items() if page.headers.get("cache-control") != "no-store"} == set()
    assert {path for path, page in secret.items() if page.headers.get("x-robots-tag") != "noindex"} == set()
    html = {path: page.text for path, page in secret.items() if "html" in page.headers.get("content-type", "")}
    assert {path for path, text in html.items() if "og:url" in text or "data-share" in text} == set()
    kept = {path for path, page in pages.items() if path.startswith("/panel") and "no-store" not in kept_by(page)}
    # The design, and the guide's pictures of the demo world: with nobody's name.
    assert kept == {"/panel/capacitaciones/{id:uuid}/diploma-muestra.png", "/panel/guia/fotos/{picture}.png"}


def kept_by(page: Response) -> str:
    """Redirects hold nothing worth keeping."""
    return page.headers.get("cache-control", "no-store" if page.status_code == 303 else "")


def check_that_nothing_in_a_page_runs_or_paints(pages: Answers) -> None:
    wrong = {}
    for path, page in pages.items():
        if "html" in page.headers.get("content-type", "") and path != MAIL_AS_IT_ARRIVES:
            wrong[path] = [*inline(Page(page.text))]
    assert len(wrong) > 40
    assert {path: found for path, found in wrong.items() if found} == {}


def inline(page: Page) -> list[str]:
    """What our own policy would stop, and what would be fetched from elsewhere."""
    found = [tag for tag, attrs in page.elements if tag == "style" or (tag == "script" and not attrs.get("src"))]
    for tag, attrs in page.elements:
        found += [f"{tag} {name}" for name in attrs if name == "style" or EVENT.fullmatch(name)]
        fetched = attrs.get("src") or (attrs.get("href") if tag == "link" else None) or ""
        found += [f"{tag} {fetched}"] if fetched and not fetched.startswith("/") else []
    return found


async def test_refusals_and_failures_say_the_same(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("trainings.web.routes.get_settings", broken)
    answers = {
        303: await client.get("/panel"),
        403: await client.post("/entrar", headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"}),
        404: await client.get("/no-existe"),
        405: await client.post("/privacidad"),
        413: await client.post("/entrar", content=b"x" * 70_000),
        415: await client.post("/entrar", content=b"x", headers={"content-type": "text/plain"}),
        421: await client.get("/", headers={"host": "evil.example"}),
        500: await client.get("/.well-known/security.txt"),
    }

    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    assert {status: missing for status, answer in answers.items() if (missing := lacking(answer))} == {}
    assert {policy(answer)["frame-ancestors"] for answer in answers.values()} == {"'none'"}
    assert "broken on purpose" not in answers[500].text
