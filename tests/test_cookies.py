"""Cookies: what each says of itself, over plain http and over https."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from tests import asgi, make
from tests.accounts.people import PASSWORD, make_user
from trainings.app import create_app
from trainings.attendance.phones.devices import Load, invite
from trainings.settings import Settings, get_settings

FORM = {"content-type": "application/x-www-form-urlencoded"}
ANA = {"given_names": "Ana", "surnames": "Coc", "municipality": "0000", "actor_type": "cocode", "consent_data": "yes"}
HTTPS, HTTP = "https://capacitaciones.example", "http://localhost:8000"
ALL = {"staff", "guardado", "aparato", "flash", "idioma"}
OF_PEOPLE = {"staff", "guardado", "aparato"}
"""Those that open something: bound to this very host where the browser lets us."""


@asynccontextmanager
async def browser(settings: Settings, origin: str) -> AsyncIterator[AsyncClient]:
    served = type(settings).model_validate(settings.model_dump() | {"base_url": origin})
    async with (
        asgi.running(create_app(served, with_worker=False)) as app,
        AsyncClient(transport=ASGITransport(app), base_url=origin) as client,
    ):
        yield client


async def post(client: AsyncClient, path: str, fields: dict[str, str]) -> Response:
    return await client.post(path, content=urlencode(fields), headers=FORM)


async def journey(client: AsyncClient) -> dict[str, str]:
    """Do all that sets a cookie; the last `Set-Cookie` of each, as it was sent."""
    training = await make.make_training()
    await make_user()
    answers = [
        await client.get("/?idioma=en"),
        await post(client, f"/capacitaciones/{training.slug}/inscripcion", ANA),
        await post(client, "/entrar", {"email": "ana@muni.example", "password": PASSWORD}),
        await post(client, "/panel/cuenta/sesiones/terminar", {}),
    ]
    await client.get("/privacidad")
    staff = next(value for name, value in client.cookies.items() if name.endswith("staff"))
    answers.append(await post(client, "/salir", {}))
    client.cookies.clear()
    client.headers["cookie"] = f"staff={staff}; __Host-staff={staff}"
    answers.append(await post(client, "/panel/cuenta/contrasena", {"password": "x"}))
    sent = [
        header for answer in answers for header in answer.headers.get_list("set-cookie") if "Max-Age=0" not in header
    ]
    return {next(iter(SimpleCookie(header))): header.lower() for header in sent}


async def test_cookies_over_https_are_secure_and_those_of_people_bound_to_the_host(
    db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "base_url", HTTPS)
    async with browser(db, HTTPS) as client:
        sent = await journey(client)

    assert set(sent) == {f"__Host-{name}" for name in OF_PEOPLE} | (ALL - OF_PEOPLE)
    assert {name for name, header in sent.items() if "; secure" not in header} == set()
    assert_well_made(sent)


async def test_cookies_over_http_are_ones_that_a_browser_keeps(db: Settings) -> None:
    async with browser(db, HTTP) as client:
        sent = await journey(client)

    assert set(sent) == ALL
    assert {name for name, header in sent.items() if "; secure" in header} == set()
    assert_well_made(sent)


@pytest.mark.parametrize(("origin", "is_secure"), [(HTTPS, True), (HTTP, False)])
async def test_cookie_of_a_phone_goes_to_what_marks_and_to_no_other_page(
    db: Settings, origin: str, is_secure: bool
) -> None:
    training, user = await make.make_training(), await make.make_user(hub=await make.make_hub())
    load = Load(training.hub_id, [one.id for one in training.sessions])
    _device, code = await invite(load, name="Luis", actor=await make.actor_of(user))
    async with browser(db, origin) as client:
        answer = await client.post("/marcar/api/alta", json={"code": code}, headers={"x-marcar": "1"})

    sent = [header.lower() for header in answer.headers.get_list("set-cookie")]
    assert {header.partition("path=")[2].partition(";")[0] for header in sent} == {"/marcar", "/panel/telefonos/este"}
    assert all("; httponly" in header and "; samesite=strict" in header for header in sent)
    assert [("; secure" in header, "domain=" in header) for header in sent] == [(is_secure, False)] * 2


def assert_well_made(sent: dict[str, str]) -> None:
    """Out of reach for scripts and other sites, for the whole site, and for no neighbour under the same domain."""
    for said in ("; httponly", "; samesite=lax", "; path=/"):
        assert {name for name, header in sent.items() if said not in header} == set(), said
    assert {name for name, header in sent.items() if "domain=" in header} == set()
