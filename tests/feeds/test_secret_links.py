"""The secret address of one's own calendar: how it is answered, who makes it, and what everybody else is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.counting import statements
from tests.feeds.asking import body_of, poll
from tests.feeds.secret import a_facilitator, acting, entries, path_for
from trainings.accounts.models import RoleGrant, User
from trainings.audit.models import AuditLine
from trainings.feeds.facilitator import make_secret_link, revoke_secret_link, secret_path
from trainings.feeds.models import CalendarLink
from trainings.lib import tokens

NOON = datetime.fromisoformat("2027-03-01T18:00:00+00:00")
PAGE = "/panel/cuenta/calendario"
Freeze = Callable[[datetime], None]


# -- how it is sent


async def test_it_is_private_and_known_bytes_are_answered_304(client: AsyncClient) -> None:
    ana = await a_facilitator()
    await make.make_training(facilitators=[ana])
    path = await path_for(ana)

    for encoding in ("identity", "gzip"):
        whole = await poll(client, path, accept_encoding=encoding)
        known = await poll(client, path, accept_encoding=encoding, if_none_match=whole.headers["etag"])
        head = await client.head(path, headers={"accept-encoding": encoding})
        assert (whole.status_code, known.status_code, head.status_code) == (200, 304, 200)
        assert head.headers == whole.headers
        for answer in (whole, known):
            assert answer.headers["cache-control"] == "private, max-age=900"
            assert answer.headers["x-robots-tag"] == "noindex"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers["etag"] == whole.headers["etag"]
            assert "set-cookie" not in answer.headers
        assert whole.headers["content-type"] == "text/calendar; charset=utf-8"
        assert whole.headers["content-disposition"] == 'inline; filename="mis-sesiones.ics"'
        assert whole.headers.get("content-encoding", "identity") == encoding


async def test_other_methods_are_refused(client: AsyncClient) -> None:
    path = await path_for(await a_facilitator())

    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await client.request(method, path)).status_code == 405


async def test_token_is_read_however_it_was_typed(client: AsyncClient) -> None:
    ana = await a_facilitator()
    token = (await path_for(ana)).split("/")[-1].removesuffix(".ics")

    for typed in (token.lower(), token.replace("0", "o").replace("1", "l"), "-".join((token[:16], token[16:]))):
        assert (await poll(client, secret_path(typed))).status_code == 200


# -- who does not get it


async def revoked(user: User) -> str:
    path = await path_for(user)
    await revoke_secret_link(actor=acting(user))
    return path


async def rotated(user: User) -> str:
    path = await path_for(user)
    await path_for(user)
    return path


async def of_a_closed_account(user: User) -> str:
    path = await path_for(user)
    await User.filter(id=user.id).update(is_active=False)
    return path


async def without_a_role(user: User) -> str:
    path = await path_for(user)
    await RoleGrant.filter(user_id=user.id).delete()
    return path


async def unknown(_user: User) -> str:
    return secret_path(tokens.feed_token())


async def too_short(_user: User) -> str:
    return secret_path("K7Q2")


async def hostile(_user: User) -> str:
    return secret_path("%00%F0%9F%99%82' OR 1=1")


async def another_kind(_user: User) -> str:
    return secret_path(tokens.own_link())


def told(answer: Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer but what differs from request to request anyway."""
    headers = [(name, value) for name, value in answer.headers.items() if name not in ("date", "x-request-id")]
    return answer.status_code, answer.content, headers


@pytest.mark.both_engines
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_revoked_rotated_and_dead_links_equal_an_unknown_one(client: AsyncClient, accept: str) -> None:
    path = await unknown(await a_facilitator())
    with statements() as sent:
        expected, work = told(await poll(client, path, accept=accept)), len(sent)

    for gone in (revoked, rotated, of_a_closed_account, without_a_role, too_short, hostile, another_kind):
        path = await gone(await a_facilitator())
        with statements() as sent:
            answer = await poll(client, path, accept=accept)
        assert told(answer) == expected, gone.__name__
        # The same time, too: the same one statement is all that is asked.
        assert len(sent) == work == 1, gone.__name__

    status, _body, headers = expected
    assert status == 404
    assert ("cache-control", "no-store") in headers
    assert ("x-robots-tag", "noindex") in headers


async def test_only_the_digest_is_kept_and_the_acts_are_on_record(client: AsyncClient) -> None:
    ana = await a_facilitator()
    token = await make_secret_link(actor=acting(ana))
    await revoke_secret_link(actor=acting(ana))
    await revoke_secret_link(actor=acting(ana))

    [link] = await CalendarLink.all()
    assert link.token_hash == tokens.digest(token, "feed")
    assert len(token) == 32
    lines = await AuditLine.filter(act__startswith="feeds.").order_by("id")
    assert [line.act for line in lines] == ["feeds.make_secret_link", "feeds.revoke_secret_link"]
    assert not any(token in str(line.detail) for line in lines)


async def test_two_that_make_one_at_once_leave_one_that_opens(client: AsyncClient) -> None:
    ana = await a_facilitator()

    paths = await asyncio.gather(*(path_for(ana) for _ in range(5)))

    statuses = [(await poll(client, path)).status_code for path in paths]
    assert sorted(statuses) == [200, 404, 404, 404, 404]


async def test_number_of_statements_does_not_grow_with_the_sessions(client: AsyncClient) -> None:
    ana = await a_facilitator()
    path = await path_for(ana)
    await make.make_training(facilitators=[ana])
    with statements() as for_one:
        await body_of(client, path)
    for _ in range(3):
        await make.make_training(facilitators=[ana])

    with statements() as for_four:
        body = await body_of(client, path)

    assert len(entries(body)) == 4
    assert len(for_four) == len(for_one) == 4


# -- the page where it is made


async def test_page_makes_it_shows_it_once_and_takes_it_back(client: AsyncClient) -> None:
    ana = await a_facilitator()
    await make.make_training(facilitators=[ana])
    await make.sign_in(client, ana)

    account = await client.get("/panel/cuenta")
    empty = await client.get(PAGE)
    made = await client.post(PAGE)
    later = await client.get(PAGE)

    assert f'href="{PAGE}"' in account.text
    assert "Crear mi dirección secreta" in empty.text
    assert made.status_code == 200
    [address] = set(re.findall(r"http://localhost:8000(/cal/facilitador/[0-9A-Z]{32}\.ics)", made.text))
    assert f'data-copy="http://localhost:8000{address}"' in made.text
    assert f'href="webcal://localhost:8000{address}"' in made.text
    assert '<svg class="qr"' in made.text
    assert made.headers["cache-control"] == "no-store"
    assert made.headers["x-robots-tag"] == "noindex"
    assert address not in later.text
    assert "No se puede volver a mostrar" in later.text
    assert (await poll(client, address)).status_code == 200

    again = await client.post(f"{PAGE}/anular")

    assert (again.status_code, again.headers["location"]) == (303, PAGE)
    assert (await poll(client, address)).status_code == 404
    assert "Crear mi dirección secreta" in (await client.get(PAGE)).text


async def test_nobody_makes_or_takes_back_anothers(client: AsyncClient) -> None:
    ana, luis = await a_facilitator(), await a_facilitator("Luis Ba")
    path = await path_for(ana)
    await make.sign_in(client, luis)

    await client.post(PAGE)
    await client.post(f"{PAGE}/anular")

    assert (await poll(client, path)).status_code == 200
