"""The sign-in pages as a browser meets them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient, Response

from tests import asgi, make
from tests.accounts.people import ANOTHER, PASSWORD, make_user, sign_in
from tests.cast import make_cast
from trainings.accounts import actions
from trainings.accounts.models import Role, RoleGrant, StaffSession, User
from trainings.app import create_app
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.settings import Settings

EMAIL = "ana@muni.example"


async def post_sign_in(client: AsyncClient, email: str = EMAIL, password: str = PASSWORD, **more: str) -> Response:
    return await client.post("/entrar", data={"email": email, "password": password, **more})


async def make_coordinator() -> User:
    user = await make_user(EMAIL)
    await RoleGrant.create(user=user, role=Role.HUB_COORDINATOR, hub=await make.make_hub())
    return user


# -- signing in


async def test_sign_in_leads_to_the_panel_with_a_cookie_no_script_can_read(db: Settings, client: AsyncClient) -> None:
    await make_coordinator()

    page = await client.get("/entrar")
    answer = await post_sign_in(client)

    assert (page.status_code, answer.status_code, answer.headers["location"]) == (200, 303, "/panel")
    (cookie,) = answer.headers.get_list("set-cookie")
    name, flags = cookie.split("=", 1)[0], {part.strip().split("=")[0].lower() for part in cookie.split(";")[1:]}
    assert name == "staff"
    assert flags == {"httponly", "max-age", "path", "samesite"}
    assert "samesite=lax" in cookie.lower()
    assert "path=/" in cookie.lower()


async def test_cookie_is_bound_to_the_host_where_people_come_by_https(db: Settings) -> None:
    await make_coordinator()
    https = db.model_copy(update={"base_url": "https://localhost"})

    async with asgi.running(create_app(https)) as app, asgi.browser(app) as client:
        client.base_url = "https://localhost"
        answer = await post_sign_in(client)
        account = await client.get("/panel/cuenta")
        out = await client.post("/salir")

    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-staff=")
    assert "; Secure" in cookie
    assert "domain" not in cookie.lower()
    assert account.status_code == 200
    expired = [line for line in out.headers.get_list("set-cookie") if line.startswith("__Host-staff=")]
    assert len(expired) == 1
    assert "Max-Age=0" in expired[0]
    assert "; Secure" in expired[0]


async def test_wrong_and_unknown_are_answered_with_the_same_page(db: Settings, client: AsyncClient) -> None:
    await make_coordinator()

    wrong = await post_sign_in(client, EMAIL, ANOTHER)
    unknown = await post_sign_in(client, "eva@muni.example", ANOTHER)

    assert (wrong.status_code, unknown.status_code) == (409, 409)
    assert wrong.text.replace(EMAIL, "eva@muni.example") == unknown.text
    assert "El correo o la contraseña no coinciden." in wrong.text
    assert f'value="{EMAIL}"' in wrong.text
    assert ANOTHER not in wrong.text
    assert wrong.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "fields", [{}, {"email": EMAIL}, {"password": PASSWORD}, {"email": "x" * 255, "password": "x"}]
)
async def test_incomplete_sign_in_is_shown_again(db: Settings, client: AsyncClient, fields: dict[str, str]) -> None:
    answer = await client.post("/entrar", data=fields)

    assert answer.status_code == 422
    assert "No pudo entrar" in answer.text


async def test_password_is_taken_with_its_blanks(db: Settings, client: AsyncClient) -> None:
    blanks = "  dos blancos al inicio "
    await actions.create_user(EMAIL, name="Ana", actor=PROGRAM, password=blanks)

    assert (await post_sign_in(client, EMAIL, blanks.strip())).status_code == 409
    assert (await post_sign_in(client, EMAIL, blanks)).status_code == 303


async def test_too_many_tries_are_429_with_the_time_to_wait(db: Settings, client: AsyncClient) -> None:
    for _ in range(10):
        await post_sign_in(client, EMAIL, ANOTHER)

    answer = await post_sign_in(client, EMAIL, ANOTHER)

    assert answer.status_code == 429
    assert 290 < int(answer.headers["retry-after"]) <= 300
    assert "Hubo demasiados intentos. Pruebe otra vez en 5 min." in answer.text


async def test_session_is_new_at_every_sign_in(db: Settings, client: AsyncClient) -> None:
    await make_coordinator()
    client.cookies.set("staff", "chosen-by-somebody-else", domain="localhost.local")

    await post_sign_in(client)
    first = client.cookies["staff"]
    await post_sign_in(client)

    assert first not in ("chosen-by-somebody-else", client.cookies["staff"])
    assert await StaffSession.filter(ended_at=None).count() == 1


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/panel/capacitaciones?pagina=2", "/panel/capacitaciones?pagina=2"),
        ("https://evil.example/", "/panel"),
        ("//evil.example/", "/panel"),
        ("/\\evil.example/", "/panel"),
        ("/\t/evil.example/", "/panel"),
        ("\\\\evil.example", "/panel"),
        ("javascript:alert(1)", "/panel"),
        ("panel", "/panel"),
        ("", "/panel"),
        ("/panel\r\nset-cookie: a=b", "/panel"),
        ("/salir", "/panel"),
        ("/entrar?next=/entrar", "/panel"),
        ("/" + "a" * 400, "/panel"),
    ],
)
async def test_only_own_paths_are_gone_to_after_signing_in(
    db: Settings, new_client: Callable[[], AsyncClient], target: str, expected: str
) -> None:
    await make_coordinator()
    client = new_client()

    posted = await post_sign_in(client, next=target)
    already_in = await client.get("/entrar", params={"next": target})

    assert (posted.headers["location"], already_in.headers["location"]) == (expected, expected)


async def test_where_one_wanted_to_go_is_kept_through_a_wrong_password(db: Settings, client: AsyncClient) -> None:
    page = await client.get("/entrar?next=/panel/diplomas")
    answer = await post_sign_in(client, EMAIL, ANOTHER, next="/panel/diplomas")

    for shown in (page, answer):
        assert '<input type="hidden" name="next" value="/panel/diplomas">' in shown.text


# -- signing out, other sites


async def test_sign_out_kills_the_session_and_keeps_what_the_phone_has_stored(
    db: Settings, client: AsyncClient
) -> None:
    await make_coordinator()
    await post_sign_in(client)
    token = client.cookies["staff"]

    answer = await client.post("/salir")

    assert (answer.status_code, answer.headers["location"]) == (303, "/entrar")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert "staff" not in client.cookies
    client.cookies.set("staff", token)
    assert (await client.get("/panel/cuenta")).status_code == 303
    assert await AuditLine.filter(act="accounts.sign_out").count() == 1


async def test_sign_out_without_a_session_is_no_error(db: Settings, client: AsyncClient) -> None:
    assert (await client.post("/salir")).status_code == 303
    assert (await client.get("/salir")).status_code == 405


OF_ANOTHER_SITE: list[tuple[dict[str, str], int]] = [
    ({}, 303),
    ({"sec-fetch-site": "same-origin", "origin": "http://localhost:8000"}, 303),
    ({"sec-fetch-site": "same-site", "origin": "http://other.localhost:8000"}, 403),
    ({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, 403),
    ({"origin": "https://evil.example"}, 403),
    ({"origin": "null"}, 403),
]


async def test_form_of_another_site_is_refused(db: Settings, new_client: Callable[[], AsyncClient]) -> None:
    await make_coordinator()
    client = new_client()

    for headers, status in OF_ANOTHER_SITE:
        entered = await client.post("/entrar", data={"email": EMAIL, "password": PASSWORD}, headers=headers)
        await client.post("/entrar", data={"email": EMAIL, "password": PASSWORD})
        left = await client.post("/salir", headers=headers)

        assert (entered.status_code, left.status_code) == (status, status), headers


# -- who is let in where


async def test_page_behind_a_role_leads_to_sign_in_and_back(db: Settings, client: AsyncClient) -> None:
    answer = await client.get("/panel/cuenta?x=1&y=ñ")

    assert answer.status_code == 303
    location = urlsplit(answer.headers["location"])
    assert location.path == "/entrar"
    assert parse_qs(location.query) == {"next": ["/panel/cuenta?x=1&y=%C3%B1"]}


async def test_program_without_a_session_gets_401_and_a_code(db: Settings, client: AsyncClient) -> None:
    answer = await client.post("/panel/cuenta/sesiones/terminar", headers={"accept": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")


async def test_signed_in_without_any_role_is_forbidden(db: Settings, client: AsyncClient) -> None:
    await make_user(EMAIL)
    await post_sign_in(client)

    assert (await client.get("/panel/cuenta")).status_code == 403


@pytest.mark.parametrize("cookie", ["", "x", "x" * 5000, "ñ%00", "a=b; c"])
async def test_strange_cookie_is_a_visitor(db: Settings, client: AsyncClient, cookie: str) -> None:
    answer = await client.get("/entrar", headers={b"cookie": f"staff={cookie}".encode()})

    assert answer.status_code == 200


# -- one-time links


async def test_link_shows_a_form_and_acts_only_when_posted(db: Settings, client: AsyncClient) -> None:
    user = await make_coordinator()
    link = f"/entrar/enlace/{await actions.make_sign_in_link(user, actor=PROGRAM)}"

    for _ in range(3):
        page = await client.get(link)
        assert page.status_code == 200
    weak = await client.post(link, data={"password": "corta"})
    answer = await client.post(link, data={"password": ANOTHER})

    assert EMAIL in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["x-robots-tag"] == "noindex"
    assert (weak.status_code, "Escriba 12 letras o más." in weak.text) == (422, True)
    assert (answer.status_code, answer.headers["location"]) == (303, "/panel")
    assert (await client.get("/panel/cuenta")).status_code == 200


async def test_used_unknown_and_malformed_links_are_the_same_404(db: Settings, client: AsyncClient) -> None:
    user = await make_coordinator()
    token = await actions.make_sign_in_link(user, actor=PROGRAM)
    await actions.use_sign_in_link(token, ANOTHER)

    pages = [await client.get(f"/entrar/enlace/{typed}") for typed in (token, "0" * 32, "%00", "x")]
    posts = [await client.post(f"/entrar/enlace/{typed}", data={"password": PASSWORD}) for typed in (token, "x")]

    assert {page.status_code for page in (*pages, *posts)} == {404}
    assert len({page.text for page in pages}) == 1


# -- one's own account


async def test_account_page_lists_own_sessions_and_ends_them(db: Settings, client: AsyncClient) -> None:
    await make_coordinator()
    await make_user("luis@muni.example")
    await post_sign_in(client)
    await sign_in(EMAIL)
    await sign_in(EMAIL)
    await sign_in("luis@muni.example")
    others = await StaffSession.filter(user__email="luis@muni.example")

    page = await client.get("/panel/cuenta")
    other = await StaffSession.filter(user__email=EMAIL).order_by("-created_at").first()
    assert other is not None
    ended = await client.post(f"/panel/cuenta/sesiones/{other.id}/terminar")
    not_own = await client.post(f"/panel/cuenta/sesiones/{others[0].id}/terminar")
    after_one = await client.get("/panel/cuenta")
    rest = await client.post("/panel/cuenta/sesiones/terminar")
    after_all = await client.get("/panel/cuenta")

    assert (ended.status_code, not_own.status_code, rest.status_code) == (303, 404, 303)
    rows = [shown.text.count('<th scope="row">') for shown in (page, after_one, after_all)]
    assert rows == [3, 2, 1]
    assert await StaffSession.filter(user__email="luis@muni.example", ended_at=None).count() == 1
    assert "Coordinación: " in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_password_is_changed_on_the_account_page(db: Settings, client: AsyncClient) -> None:
    await make_coordinator()
    await post_sign_in(client)
    path = "/panel/cuenta/contrasena"

    wrong = await client.post(path, data={"current_password": ANOTHER, "password": ANOTHER})
    weak = await client.post(path, data={"current_password": PASSWORD, "password": "Guatemala2026"})
    empty = await client.post(path, data={})
    done = await client.post(path, data={"current_password": PASSWORD, "password": ANOTHER})

    assert [answer.status_code for answer in (wrong, weak, empty, done)] == [409, 422, 422, 303]
    assert "Esa no es su contraseña actual." in wrong.text
    assert (await client.get("/panel/cuenta")).status_code == 200


async def test_every_role_has_an_account_page(db: Settings, new_client: Callable[[], AsyncClient]) -> None:
    cast = await make_cast()

    for user in (cast.facilitator, cast.assistant, cast.coordinator, cast.admin, cast.monitor, cast.platform):
        client = new_client()
        await make.sign_in(client, user)
        assert (await client.get("/panel/cuenta")).status_code == 200, user.email
