"""The addresses of the feeds, as programs see them: headers, conditions, encodings, refusals."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from httpx2 import AsyncClient

from tests import make
from tests.database import forget
from tests.feeds.asking import FEED, poll
from tests.feeds.hostile import check_form
from trainings.web.conditional import http_date

ADDRESSES = {
    FEED: "la-libertad-peten.ics",
    "/cal/ventanilla/la-libertad-peten.ics": "la-libertad-peten.ics",
    "/cal/tema/riesgos.ics": "riesgos.ics",
    "/cal/guatemala.ics": "guatemala.ics",
}
CHANGE = datetime(2027, 3, 5, 20, 15, 42, 600_000, tzinfo=UTC)
PUBLIC = "public, max-age=900, stale-while-revalidate=86400, stale-if-error=604800"


async def test_feed_is_sent_with_all_its_headers(client: AsyncClient) -> None:
    await make.make_training()

    for path, filename in ADDRESSES.items():
        answer = await poll(client, path)

        assert answer.status_code == 200
        told = dict(answer.headers)
        assert re.fullmatch('"[0-9a-f]{32}"', told.pop("etag"))
        assert told.pop("last-modified").endswith(" GMT")
        assert told.pop("content-security-policy").startswith("default-src 'none'; ")
        assert told.pop("content-length") == str(len(answer.content))
        assert told == {
            "content-type": "text/calendar; charset=utf-8",
            "content-disposition": f'inline; filename="{filename}"',
            "content-language": "es-GT",
            "cache-control": PUBLIC,
            "vary": "Accept-Encoding",
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=()",
        }
        check_form(answer.text)
        assert f"\r\nSOURCE;VALUE=URI:http://localhost:8000{path}\r\n" in answer.text.replace("\r\n ", "")


async def test_head_is_get_without_a_body(client: AsyncClient) -> None:
    await make.make_training()

    for fields in ({"accept-encoding": "identity"}, {"accept-encoding": "gzip"}):
        forget()
        cold_head = await client.head(FEED, headers=fields)
        got = await client.get(FEED, headers=fields)
        warm_head = await client.head(FEED, headers=fields)

        assert cold_head.status_code == warm_head.status_code == 200
        assert cold_head.headers == warm_head.headers == got.headers


async def test_each_encoding_has_an_etag_of_its_own(client: AsyncClient) -> None:
    await make.make_training()
    plain = await poll(client)

    async with client.stream("GET", FEED, headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join([part async for part in packed.aiter_raw()])

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(raw))
    assert gzip.decompress(raw) == plain.content
    assert packed.headers["etag"] == f'{plain.headers["etag"][:-1]}-gz"'
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


async def test_known_bytes_are_answered_304_that_repeats_their_validators(client: AsyncClient) -> None:
    await make.make_training()
    for encoding in ("identity", "gzip"):
        whole = await poll(client, accept_encoding=encoding)
        etag = whole.headers["etag"]
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = await poll(client, accept_encoding=encoding, if_none_match=known)
            assert (answer.status_code, answer.content) == (304, b"")
            for name in ("etag", "cache-control", "vary", "last-modified"):
                assert answer.headers[name] == whole.headers[name]
            for name in ("content-type", "content-length", "content-encoding"):
                assert name not in answer.headers


async def test_etag_of_the_other_encoding_is_not_these_bytes(client: AsyncClient) -> None:
    await make.make_training()
    packed = await poll(client, accept_encoding="gzip")

    assert (await poll(client, if_none_match=packed.headers["etag"])).status_code == 200


async def test_date_alone_decides_in_whole_seconds(client: AsyncClient, freeze: Callable[[datetime], None]) -> None:
    freeze(CHANGE)
    await make.make_training()
    freeze(CHANGE + timedelta(minutes=5))
    last_modified = (await poll(client)).headers["last-modified"]
    moment = parsedate_to_datetime(last_modified)
    second_before, second_after = http_date(moment - timedelta(seconds=1)), http_date(moment + timedelta(seconds=1))

    assert (await poll(client, if_modified_since=last_modified)).status_code == 304
    assert (await poll(client, if_modified_since=second_after)).status_code == 304
    assert (await poll(client, if_modified_since=second_before)).status_code == 200
    assert (await poll(client, if_modified_since="ayer")).status_code == 200


async def test_last_modified_is_the_last_change_or_todays_midnight(
    client: AsyncClient, freeze: Callable[[datetime], None]
) -> None:
    freeze(CHANGE)
    await make.make_training()
    freeze(CHANGE + timedelta(minutes=5))

    same_day = await poll(client)
    freeze(datetime(2027, 3, 7, 3, 0, tzinfo=UTC))
    next_day = await poll(client)

    assert same_day.headers["last-modified"].startswith("Fri, 05 Mar 2027 20:15:")
    assert next_day.headers["last-modified"] == "Sat, 06 Mar 2027 06:00:00 GMT"
    assert same_day.headers["etag"] == next_day.headers["etag"]


async def test_accept_and_user_agent_do_not_matter(client: AsyncClient) -> None:
    await make.make_training()
    plain = await poll(client)

    for accept in ("text/html", "application/json", "image/png;q=0.1", "text/calendar;q=0", ""):
        for agent in ("Google-Calendar-Importer", "", "Mozilla/5.0"):
            answer = await poll(client, accept=accept, user_agent=agent)
            assert (answer.status_code, answer.content) == (200, plain.content)


async def test_cookies_query_and_language_change_nothing_and_none_is_set(client: AsyncClient) -> None:
    training = await make.make_training()
    user = await make.make_user(hub=await training.hub)
    first = await poll(client, f"{FEED}?idioma=en", accept_language="en")
    assert ("set-cookie" in first.headers, first.headers["content-language"]) == (False, "es-GT")
    plain = await poll(client)
    await make.sign_in(client, user)
    client.cookies.set("idioma", "en")

    for path in (FEED, f"{FEED}?idioma=en", f"{FEED}?cachebuster=1"):
        answer = await poll(client, path, accept_language="en")
        assert (answer.headers, answer.content) == (plain.headers, plain.content)
        assert "set-cookie" not in answer.headers
        assert "cookie" not in answer.headers["vary"].lower()


OTHER_METHODS: list[str] = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]


async def test_other_methods_are_refused_and_told_which_are_allowed(client: AsyncClient) -> None:
    await make.make_training()

    for method in OTHER_METHODS:
        for _ in range(2):
            answer = await client.request(method, FEED)
            assert answer.status_code == 405, method
            assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}, method
            await poll(client)


UNKNOWN: list[str] = [
    "/cal/municipio/atlantida.ics",
    "/cal/ventanilla/atlantida.ics",
    "/cal/tema/atlantida.ics",
    "/cal/municipio/La-Libertad-Peten.ics",
    "/cal/municipio/%00.ics",
    "/cal/municipio/la%20libertad.ics",
    "/cal/municipio/%F0%9F%99%82.ics",
    "/cal/municipio/..%2F..%2Fetc.ics",
    "/cal/municipio/" + "a" * 4000 + ".ics",
    "/cal/municipio/.ics",
    "/cal/municipio/la-libertad-peten",
    "/cal/guatemala",
    "/cal/",
    "/cal",
]


async def test_unknown_address_is_the_same_404_page_as_everywhere(client: AsyncClient) -> None:
    await make.make_training()
    elsewhere = await client.get("/municipios/atlantida", headers={"accept": "text/html"})

    for path in UNKNOWN:
        answer = await client.get(path, headers={"accept": "text/html"})

        assert answer.status_code == elsewhere.status_code == 404, path
        assert re.search("<h1.*?</h1>", answer.text, re.DOTALL) is not None, path
        assert re.findall("<h1.*?</h1>", answer.text, re.DOTALL) == re.findall(
            "<h1.*?</h1>", elsewhere.text, re.DOTALL
        ), path
        assert answer.headers["x-content-type-options"] == "nosniff", path


async def test_robots_may_read_feeds(client: AsyncClient) -> None:
    rules = (await client.get("/robots.txt")).text.splitlines()

    assert "Allow: /cal/" in rules
    assert not any(rule.startswith("Disallow: /cal") or rule == "Disallow: /" for rule in rules)


async def test_host_that_is_not_ours_gets_no_feed_even_from_memory(client: AsyncClient) -> None:
    await make.make_training()
    await poll(client)

    answer = await poll(client, host="evil.example")

    assert answer.status_code == 421
    assert b"BEGIN:VCALENDAR" not in answer.content
