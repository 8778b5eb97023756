"""What every answer says to the browser: what may run, who may frame it, what may be kept and told to others."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from hashlib import sha256

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from tortoise.connection import get_connection

from tests import asgi, make, moment
from tests.access_table import HERE, PANEL, THERE
from tests.addresses import Address, Objects
from tests.certificates.held import AFTER
from tests.database import Database
from tests.two_hubs import outcome, routes, two_hubs
from tests.web.pages import Page
from tests.web.test_catalogue import Words
from trainings.app import create_app
from trainings.settings import Settings
from trainings.web.guide import ADDRESS as GUIDE

ORIGIN = "https://capacitaciones.example"
LETTER, MAIL_AS_IT_ARRIVES = "/panel/mensajes/{id:uuid}", "/panel/mensajes/{id:uuid}/html"
SHEETS = "/panel/sesiones/{id:uuid}/hojas/{code}"
IN_SPANISH = {
    *("/cal/facilitador/{token}.ics", "/incrustar/guatemala/fragmento", "/incrustar/{kind}/{slug}/fragmento"),
    *("/panel/capacitaciones/{id:uuid}/ceremonia", f"{SHEETS}/imprimir", f"{SHEETS}/nombres/imprimir"),
    *("/marcar/", "/marcar/alta"),
}
"""What calendars and other sites read, what is printed, and an app that has its English at another address."""
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


TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
NOTED = {"audit_line", "rate_window", "certificate_file", "printout", "month_poster"}
"""Who opened and printed what, wrong codes, and the file of a certificate, set when somebody first asks for it."""
FEW = 8
"""One in so many addresses is opened today for what others answer by the same lines: what is drawn, or without body."""
DRAWN = re.compile(r"\.(png|pdf)$")
TODAY = moment.turn()


@pytest.fixture
async def client(db: Settings) -> AsyncIterator[AsyncClient]:
    """A browser that comes by https and asks for English; what breaks is shown to it as a server would."""
    served = type(db).model_validate(db.model_dump() | {"base_url": ORIGIN})
    async with (
        asgi.running(create_app(served, with_worker=False)) as app,
        AsyncClient(
            transport=ASGITransport(app, raise_app_exceptions=False),
            base_url=ORIGIN,
            headers={"accept-language": "en", "accept-encoding": "identity"},
        ) as client,
    ):
        yield client


def policy(answer: Response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _blank, value in parts}


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    """The world of two hubs is kept in SQLite, whose rows are compared."""
    return sqlite_db


@pytest.mark.parametrize("few", [FEW, pytest.param(1, marks=pytest.mark.proof)])
async def test_every_answer_changes_nothing_says_what_may_run_who_may_keep_it_and_holds_nothing_else(
    db: Settings, database: Database, client: AsyncClient, freeze: Callable[[datetime], None], few: int
) -> None:
    """What a visitor opens outside, and a coordinator in the panel, in English. Link previews, mail scanners and
    crawlers open whatever they find.
    """
    freeze(AFTER)
    world = await two_hubs(database, db)
    await make.sign_in(client, world.cast.coordinator)
    signed_in, before = client.cookies["staff"], await rows()
    client.cookies.clear()

    outside = {name: one for name, one in routes(db.data_dir).items() if name.startswith("GET") and name not in PANEL}
    pages = await open_each(client, world.at[HERE], outside.values(), few)
    client.cookies.set("__Host-staff", signed_in)
    seen = {name: rule for name, rule in PANEL.items() if name.startswith("GET")}
    panel = await open_each(client, world.at[HERE], [world.panel[name] for name in seen], few)
    pages |= panel

    assert len(before) > 20
    assert await rows() == before
    expected = {world.panel[name].path: rule.verdict("coordinator", HERE) for name, rule in seen.items()}
    assert {path: outcome(page) for path, page in panel.items()} == {path: expected[path] for path in panel}
    assert {path for path, page in pages.items() if any(one in page.text for one in world.at[THERE].secrets)} == set()
    check_what_may_run_and_that_nobody_may_frame_it(pages)
    check_that_what_is_behind_a_token_is_kept_by_nobody(pages)
    check_that_nothing_in_a_page_runs_or_paints_or_is_in_spanish(pages)


async def rows() -> dict[str, str]:
    """A digest of all that each table holds."""
    connection = get_connection("default")
    names = [row["name"] for row in await connection.execute_query_dict(TABLES)]
    held = {name: await connection.execute_query_dict(f'SELECT * FROM "{name}"') for name in set(names) - NOTED}
    return {name: sha256(repr(sorted(map(repr, found))).encode()).hexdigest() for name, found in held.items()}


async def open_each(browser: AsyncClient, objects: Objects, addresses: Iterable[Address], few: int) -> Answers:
    """The answer at each address, a few of the drawn ones among them; a few are opened without their body too."""
    pages, wrong = {}, {}
    for place, one in enumerate(addresses, start=TODAY):
        path = objects.path(one)
        if place % few and DRAWN.search(path):
            continue
        pages[one.path] = got = await browser.get(path)
        assert got.status_code < 500, path
        if place % few == 0:
            head = await browser.head(path)
            if (head.status_code, head.content) != (got.status_code, b""):
                wrong[one.path] = (got.status_code, head.status_code, len(head.content))
    assert wrong == {}
    return pages


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
    assert len(secret) > 20
    assert {path for path, page in secret.items() if page.headers.get("cache-control") != "no-store"} == set()
    assert {path for path, page in secret.items() if page.headers.get("x-robots-tag") != "noindex"} == set()
    html = {path: page.text for path, page in secret.items() if "html" in page.headers.get("content-type", "")}
    assert {path for path, text in html.items() if "og:url" in text or "data-share" in text} == set()
    kept = {path for path, page in pages.items() if path.startswith("/panel") and "no-store" not in kept_by(page)}
    # The design, and the guide's pictures of the demo world: with nobody's name.
    assert kept <= {"/panel/capacitaciones/{id:uuid}/diploma-muestra.png", "/panel/guia/fotos/{picture}.png"}


def kept_by(page: Response) -> str:
    """Redirects hold nothing worth keeping."""
    return page.headers.get("cache-control", "no-store" if page.status_code == 303 else "")


def check_that_nothing_in_a_page_runs_or_paints_or_is_in_spanish(pages: Answers) -> None:
    wrong, in_spanish = {}, set()
    for path, page in pages.items():
        if "html" in page.headers.get("content-type", "") and path != MAIL_AS_IT_ARRIVES:
            words = Words(page.text)
            wrong[path] = inline(words)
            if not words.all("html", lang="en"):
                in_spanish.add(path)
            elif not path.startswith((GUIDE, LETTER)):
                wrong[path] += words.left_in_spanish()
    assert len(wrong) > 100
    assert {path: found for path, found in wrong.items() if found} == {}
    assert in_spanish == IN_SPANISH


def is_run(script: dict[str, str | None]) -> bool:
    """Written in the page, and not only data that no browser runs."""
    return not script.get("src") and script.get("type") != "application/ld+json"


def inline(page: Page) -> list[str]:
    """What our own policy would stop, and what would be fetched from elsewhere."""
    found = [tag for tag, attrs in page.elements if tag == "style" or (tag == "script" and is_run(attrs))]
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
