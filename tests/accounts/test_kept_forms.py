"""What was typed into an ended session is not lost, and nobody else sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.accounts.people import NOON, PASSWORD, Freeze, make_user
from trainings.accounts.models import KeptForm, Role, RoleGrant
from trainings.settings import Settings

EMAIL, COLLEAGUE = "ana@muni.example", "luis@muni.example"
TARGET = "/panel/cuenta/contrasena?desde=aquí"
TYPED = [
    ("current_password", "corto"),
    ("password", "María ʼix & <b>Tzib</b>"),
    ("password", ""),
    ("nota", "uno\r\ndos \"tres\" 'cuatro'"),
]
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def people(db: Settings) -> None:
    hub = await make.make_hub()
    for email in (EMAIL, COLLEAGUE):
        await RoleGrant.create(user=await make_user(email), role=Role.HUB_COORDINATOR, hub=hub)


async def enter(client: AsyncClient, email: str = EMAIL) -> str:
    answer = await client.post("/entrar", data={"email": email, "password": PASSWORD})
    location: str = answer.headers["location"]
    return location


async def post_late(client: AsyncClient, freeze: Freeze) -> None:
    """Sign in, let the session end, and send a form."""
    freeze(NOON)
    await enter(client)
    freeze(NOON + timedelta(hours=3))
    answer = await client.post(TARGET, content=_encoded(TYPED), headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/entrar")


def _encoded(pairs: list[tuple[str, str]]) -> bytes:
    return urlencode(pairs).encode()


def hidden_fields(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return [(unescape(name), unescape(value)) for name, value in found]


async def test_form_is_shown_after_signing_in_and_sent_on_with_one_button(
    people: None, client: AsyncClient, freeze: Freeze
) -> None:
    await post_late(client, freeze)
    stored = await KeptForm.get()

    asked = await client.get("/entrar")
    target = await enter(client)
    page = await client.get(target)
    sent = await client.post(target, content=_encoded(hidden_fields(page.text)), headers=FORM)

    assert stored.body_sealed.startswith("v1.")
    assert "Tzib" not in stored.body_sealed
    assert "Lo que escribió está guardado: entre y podrá enviarlo." in asked.text
    assert target == "/panel/guardado"
    assert "Enviarlo ahora" in page.text
    assert [(n, v.replace("\r\n", "\n")) for n, v in hidden_fields(page.text)] == [
        (n, v.replace("\r\n", "\n")) for n, v in TYPED
    ]
    assert (sent.status_code, sent.headers["location"]) == (307, "/panel/cuenta/contrasena?desde=aqu%C3%AD")
    assert "guardado" not in client.cookies
    assert await KeptForm.all().count() == 0
    arrived = await client.post(sent.headers["location"], content=_encoded(TYPED), headers=FORM)
    assert arrived.status_code == 422


async def test_colleague_at_the_same_computer_does_not_see_it(
    people: None, client: AsyncClient, freeze: Freeze
) -> None:
    await post_late(client, freeze)

    target = await enter(client, COLLEAGUE)
    page = await client.get("/panel/guardado")

    assert target == "/panel"
    assert (page.status_code, page.headers["location"]) == (303, "/panel")


async def test_form_is_kept_one_hour(people: None, client: AsyncClient, freeze: Freeze) -> None:
    await post_late(client, freeze)
    freeze(NOON + timedelta(hours=4))

    assert await enter(client) == "/panel"
    assert await KeptForm.all().count() == 0


@pytest.mark.parametrize(("path", "leads_to"), [("/panel/guardado/descartar", "/panel"), ("/salir", "/entrar")])
async def test_form_can_be_dropped_and_goes_with_signing_out(
    people: None, client: AsyncClient, freeze: Freeze, path: str, leads_to: str
) -> None:
    await post_late(client, freeze)
    await enter(client)

    answer = await client.post(path)

    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)
    assert await KeptForm.all().count() == 0
    assert "guardado" not in client.cookies


async def test_form_of_a_browser_that_was_never_signed_in_is_not_kept(people: None, client: AsyncClient) -> None:
    client.cookies.set("staff", "forged")

    answer = await client.post(TARGET, content=_encoded(TYPED), headers=FORM)

    assert (answer.status_code, answer.headers["location"]) == (303, "/entrar")
    assert await KeptForm.all().count() == 0


NO_FORMS: list[tuple[str, bytes]] = [
    ("application/json", b'{"a": 1}'),
    ("multipart/form-data; boundary=x", b"--x--"),
    ("application/x-www-form-urlencoded", b"a=%ff"),
    ("application/x-www-form-urlencoded", b"\xff\xfe"),
    ("application/x-www-form-urlencoded", b"a=1&" * 500),
    ("application/x-www-form-urlencoded", b""),
]


async def test_what_is_no_form_is_not_kept(people: None, client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOON)
    await enter(client)
    freeze(NOON + timedelta(hours=3))

    for kind, body in NO_FORMS:
        answer = await client.post(TARGET, content=body, headers={"content-type": kind, "accept": "text/html"})

        assert answer.status_code == 303, kind
        assert await KeptForm.all().count() == 0, kind


async def test_twenty_forms_an_hour_are_kept_and_no_more(
    people: None, new_client: Callable[[], AsyncClient], freeze: Freeze
) -> None:
    client = new_client()
    freeze(NOON)
    await enter(client)
    freeze(NOON + timedelta(hours=3))

    for _ in range(22):
        await client.post(TARGET, content=b"a=1", headers=FORM)

    assert await KeptForm.all().count() == 20
