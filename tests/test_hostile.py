"""Anything sent to any address is answered, quickly and by no failure: paths, queries, forms and bodies.

Every address and every field gets some of it, in turn; the long proof sends everything everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from itertools import count, cycle, islice
from time import process_time
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response

from tests import make, moment
from tests.access_table import HERE
from tests.addresses import Address, Objects, addresses
from tests.cast import Cast
from tests.certificates.held import AFTER
from tests.database import Database
from tests.two_hubs import two_hubs
from trainings.app import create_app
from trainings.schedule.catalogue.course_forms import contents_of
from trainings.settings import Settings, get_settings

Fields = dict[str, list[str]]

FORM = "application/x-www-form-urlencoded"
NO_TEXT = "a\x00b"
"""What PostgreSQL does not even compare with."""
LONG_NUMBER = "9" * 4500
"""Python refuses to read it."""
IN_PATHS = ("%00", "%ff", "..%2f..%2fetc%2fpasswd", "a" * 3000, "%E2%80%99", "%0d%0aX-Y:%201", "%C2%B2")
VALUES = (
    NO_TEXT,
    LONG_NUMBER,
    "²",
    "٣",
    "1e309",
    "-1",
    "99999999999999999999",
    "{01a2130d-ce7e-7034-98f3-9d0f7267c9e5}",
    "0001-01-01",
    "08:30+14:00",
    "https://[",
    "%(x)s {0} {{7*7}}",
    "<script>alert(1)</script>",
    "a | ²",
)
TEXTS = (NO_TEXT, "\udcff")
KEYS = ("{01a2130d-ce7e-7034-98f3-9d0f7267c9e5}", "²")
DAYS = ("0001-01-01", "9999-12-31", "9999-12", "²")
IN_QUERIES = (
    (TEXTS, ("estado", "ventanilla", "filtro", "ver", "lado", "next", "idioma", "codigo", "municipio", "tema")),
    (TEXTS, ("idioma_cap", "acceso", "para", "tipo", "departamento", "target")),
    (KEYS, ("lote", "marca", "facilita", "lugar", "hub")),
    (DAYS, ("desde", "antes", "cuando", "mes", "dia", "trimestre", "month")),
    (("²", LONG_NUMBER), ("pagina",)),
    ((LONG_NUMBER, *TEXTS), ("q", "parte")),
)
"""What pages ask for, each with what it is not read from."""
NOT_SHOWN = ("remove", "revision", "registration", "next", "add", "sessions-0-id", "kind", "idempotency_key")
"""Fields that pages hold behind buttons and rows. A page reads one or two of them, so all go at once."""
BODIES = (
    (b"a=%ff", FORM),
    (b"\xff=1", FORM),
    (b"a=&" * 500, FORM),
    (b"a=" + b"x" * 70_000, FORM),
    (b"x", "multipart/form-data; boundary=x"),
    (b'{"events":[{}],"client_now":1e400}', "application/json"),
    (b"[", "application/json"),
    (b"<x/>", ";"),
)
FILE = re.compile(r"\.\w+$")
WORD = re.compile(r"\{(\w+)\}")
"""What an address holds that may be any word."""
TODAY = moment.turn()
"""What is asked in turn begins elsewhere each day."""
SECONDS = 5.0
"""Of computing for one answer; most take a few milliseconds."""
N_PARTS = 3
"""So many parts the addresses are asked in, for workers to share."""
FEW = 4
"""One in so many files is asked for: what draws them reads the same queries."""
CHOOSES_HUB_FIRST = "/nueva"
"""How pages end that show no form before they know the hub."""
NO_PAGE_HAS: dict[str, Fields] = {"/entrar": {"email": ["ana@muni.example"], "password": ["x"]}}
"""Who is signed in does not see the form for signing in."""
ENDS_SESSIONS = ("/salir", "/panel/cuenta/sesiones")


@dataclass
class Attack:
    """One browser that keeps account of what went wrong."""

    browser: AsyncClient
    wrong: list[str] = field(default_factory=list)
    n_sent: int = 0

    async def send(self, method: str, path: str, body: bytes = b"", kind: str = FORM) -> Response | None:
        """Send it; an exception that escapes the application is noted like a failure."""
        self.n_sent += 1
        began, what = process_time(), f"{method} {path[:120]} {body[:120]!r}"
        headers = {"content-type": kind} if method == "POST" else None
        try:
            answer = await self.browser.request(method, path, content=body, headers=headers)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it must not happen
            self.wrong.append(f"{what}: {exc!r}"[:400])
            return None
        if answer.status_code >= 500 or process_time() - began > SECONDS:
            self.wrong.append(f"{what}: {answer.status_code}")
        return answer


@pytest.fixture
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "rate_limits", False)


@pytest.fixture
async def world(
    db: Settings, database: Database, freeze: Callable[[datetime], None], no_limits: None
) -> tuple[Cast, Objects]:
    freeze(AFTER)
    world = await two_hubs(database, db)
    return world.cast, world.at[HERE]


@pytest.fixture
def cast(world: tuple[Cast, Objects]) -> Cast:
    return world[0]


@pytest.fixture
def objects(world: tuple[Cast, Objects]) -> Objects:
    return world[1]


@pytest.fixture(params=range(N_PARTS))
def part(request: pytest.FixtureRequest, db: Settings) -> list[Address]:
    """Some of the addresses; the parts together are all of them."""
    return all_addresses(db)[request.param :: N_PARTS]


@pytest.fixture
async def attack(cast: Cast, client: AsyncClient) -> Attack:
    """A coordinator's browser: more pages open to it than to anybody else."""
    await make.sign_in(client, cast.coordinator)
    return Attack(client)


def all_addresses(db: Settings) -> list[Address]:
    found = addresses(create_app(db, with_worker=False).routes)
    return [one for one in found if not one.path.startswith(ENDS_SESSIONS)]


READS_NOTHING = {"/panel/menor-solo", "/panel/cuenta/calendario"}
"""Pages that only an answer shows, so that they stand in nobody's history: what is sent to them is not looked at."""
NOT_KEPT = '"state":"malformed"'
"""A batch of marks is answered mark by mark, also where its clock is beyond all time."""


def odd_queries() -> Iterator[dict[str, str]]:
    """Something odd of its own kind for each that is asked for, round and round."""
    for turn in count(TODAY):
        yield {
            name: values[(turn + place) % len(values)]
            for values, names in IN_QUERIES
            for place, name in enumerate(names)
        }


def every_odd_query() -> list[dict[str, str]]:
    names = [name for _values, some in IN_QUERIES for name in some]
    # An address holds a long number twice, not everywhere.
    return [
        *(dict.fromkeys(names, value) for value in (*TEXTS, *KEYS, *DAYS)),
        dict.fromkeys(("q", "pagina"), LONG_NUMBER),
    ]


class Turns:
    """Puts the next few of some values under names, round and round; each of several names gets another."""

    def __init__(self, values: Sequence[str], n: int) -> None:
        self._values, self._n, self._next = values, n, count(TODAY)

    def under(self, *names: str) -> Iterator[dict[str, str]]:
        for turn in islice(self._next, min(self._n, len(self._values))):
            yield {name: self._values[(turn + place) % len(self._values)] for place, name in enumerate(names)}


async def send_everywhere(part: list[Address], attack: Attack, objects: Objects) -> None:
    """Into each path one of the values, into each query one for each that is asked for, and into each form one for
    each field at once, then into one of them. A page gives its forms however oddly it was asked for.
    """
    in_paths, values, queries = Turns(IN_PATHS, 1), Turns(VALUES, 1), odd_queries()
    found = {one.path: NO_PAGE_HAS[one.path] for one in part if one.path in NO_PAGE_HAS}
    for place, address in enumerate(part, start=TODAY):
        await send_into_path(address, attack, objects, in_paths)
        if address.method == "GET" and (place % FEW == 0 or not FILE.search(address.path)):
            page = await send_into_query(address, attack, objects, next(queries))
            if page is None or page.status_code != 200 or address.path.endswith(CHOOSES_HUB_FIRST):
                page = await attack.send("GET", objects.path(address))
            found |= forms_of(page, objects.path(address))
    for turn, (path, fields) in enumerate(found.items(), start=TODAY):
        names = list(fields)
        one_of_them = names[turn % len(names) :][:1] if len(names) > 1 else []
        await send_into_form(path, fields, filter(None, (names, one_of_them, NOT_SHOWN)), attack, values)


async def send_everything_everywhere(part: list[Address], attack: Attack, objects: Objects) -> None:
    """Each of the values into each path and each query, and into each field of each form alone."""
    in_paths, values = Turns(IN_PATHS, len(IN_PATHS)), Turns(VALUES, len(VALUES))
    found = {one.path: NO_PAGE_HAS[one.path] for one in part if one.path in NO_PAGE_HAS}
    for address in part:
        await send_into_path(address, attack, objects, in_paths)
        if address.method == "GET":
            for asked in every_odd_query():
                await send_into_query(address, attack, objects, asked)
            found |= forms_of(await attack.send("GET", objects.path(address)), objects.path(address))
    for path, fields in found.items():
        await send_into_form(path, fields, [*([name] for name in fields), NOT_SHOWN], attack, values)


async def send_into_path(address: Address, attack: Attack, objects: Objects, in_paths: Turns) -> None:
    """What is to be a number or a key and is none is the address of nothing: the router says so of all alike."""
    if words := WORD.findall(address.path):
        for given in in_paths.under("path"):
            await attack.send(address.method, objects.path(address, **dict.fromkeys(words, given["path"])))


async def send_into_query(address: Address, attack: Attack, objects: Objects, asked: dict[str, str]) -> Response | None:
    query = urlencode(asked, errors="surrogateescape")
    return await attack.send("GET", f"{objects.path(address)}?{query}&%ff=%ff&q=&&=")


async def send_into_form(
    path: str, fields: Fields, together: Iterable[Sequence[str]], attack: Attack, values: Turns
) -> None:
    """The form as it was filled, with something odd in all of these fields, then in all of the next ones."""
    for names in together:
        for typed in values.under(*names):
            await attack.send("POST", path, urlencode(fields | typed, doseq=True).encode())


async def taken_of(db: Settings, attack: Attack, objects: Objects, n: int) -> set[str]:
    """Each address gets the next few of the bodies; gives the paths that answered to one as if nothing were wrong."""
    taken, turns = set(), islice(cycle(BODIES), TODAY % len(BODIES), None)
    for address in all_addresses(db):
        if address.method == "POST":
            for body, kind in islice(turns, n):
                answer = await attack.send("POST", objects.path(address), body, kind)
                if answer is not None and answer.status_code == 200 and NOT_KEPT not in answer.text:
                    taken.add(address.path)
    return taken


async def test_whatever_stands_in_a_path_query_or_field_is_answered(
    part: list[Address], attack: Attack, objects: Objects
) -> None:
    await send_everywhere(part, attack, objects)

    assert attack.wrong == []
    assert attack.n_sent > 150


@pytest.mark.proof
async def test_everything_in_every_path_query_and_field_is_answered(
    db: Settings, part: list[Address], attack: Attack, objects: Objects
) -> None:
    await send_everything_everywhere(part, attack, objects)
    await taken_of(db, attack, objects, len(BODIES))

    assert attack.wrong == []
    print(f"\n{attack.n_sent:,} hostile requests were answered")


async def test_whatever_a_body_is_it_is_refused(db: Settings, attack: Attack, objects: Objects) -> None:
    taken = await taken_of(db, attack, objects, 1)

    assert attack.wrong == []
    assert taken <= READS_NOTHING


async def test_row_to_take_out_that_is_no_number_is_answered(db: Settings, attack: Attack, objects: Objects) -> None:
    for value in (LONG_NUMBER, "²", "-1", "a"):
        fields = {"hub": objects.hub.id, "remove": value, "sessions-0-day": "2027-05-01"}

        answer = await attack.send("POST", "/panel/capacitaciones/nueva", urlencode(fields).encode())

        assert answer is not None
        assert answer.status_code == 200
        assert 'value="2027-05-01"' in answer.text


@pytest.mark.parametrize("minutes", ["²", LONG_NUMBER, "-5", "1e3"])
def test_minutes_of_a_part_that_are_no_number_are_none(minutes: str) -> None:
    assert contents_of(f"Mitos y realidades | {minutes}") == (("Mitos y realidades", 0),)


# -- the forms of all pages


def forms_of(page: Response | None, path: str) -> dict[str, Fields]:
    """By address, what a browser would send from each form of this page, filled where the page leaves it empty."""
    if page is None or "html" not in page.headers.get("content-type", ""):
        return {}
    return {
        action or path: {name: values or FILLED.get(name, []) for name, values in fields.items()}
        for action, fields in Forms(page.text).posted
        if not (action or path).startswith(ENDS_SESSIONS)
    }


FILLED = {
    "given_names": ["Ana"],
    "surnames": ["Coc"],
    "municipality": ["0000"],
    "actor_type": ["cocode"],
    "consent_data": ["yes"],
    "email": ["ana@muni.example"],
    "reason": ["Llueve"],
    "title": ["Otra"],
    "first_day": ["2027-06-01"],
    "hours": ["4"],
    "name": ["Ana Coc"],
    "office": ["Alcaldesa"],
    "code": ["K7Q29XMDC"],
}


class Forms(HTMLParser):
    """The POST forms of a page: where each goes, and its fields with what is filled in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.posted: list[tuple[str, Fields]] = []
        self._fields: Fields | None = None
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = {}
            if told.get("method") == "post":
                self.posted.append((told.get("action", ""), self._fields))
        name = told.get("name", "")
        if self._fields is None or not (name or tag == "option"):
            return
        if tag == "option" and self._open and "selected" in told:
            self._fields[self._open].append(told.get("value", ""))
        elif tag in ("select", "textarea", "input", "button"):
            self._open = name if tag in ("select", "textarea") else ""
            self._fields.setdefault(name, []).extend(self._value_of(tag, told))

    @staticmethod
    def _value_of(tag: str, told: dict[str, str]) -> Iterator[str]:
        is_chosen = told.get("type") not in ("checkbox", "radio") or "checked" in told
        if tag == "input" and is_chosen and told.get("value"):
            yield told["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        if tag in ("select", "textarea"):
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._fields is not None and self._open and re.search(r"\S", data) and self.lasttag == "textarea":
            self._fields[self._open].append(data.strip())
