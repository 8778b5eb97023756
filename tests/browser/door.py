"""A stand-in for the attendance routes: the real templates, scripts and headers over a list in memory.

It keeps to the contract of the real handlers, so the tests of the page can also run against the application.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from trainings import clock
from trainings.attendance.queries import BesideList
from trainings.lib import dates, tokens
from trainings.web.forms import Typed
from trainings.web.render import environment, scan_page_headers
from trainings.web.static import STATIC_DIR, VersionedStatic

SESSION = "0193d3c0-0000-7000-8000-00000000a001"
BASE = f"/panel/sesiones/{SESSION}/asistencia"
HOW = {"camera": "Cámara", "typed": "Código", "list": "Lista"}
STARTS_AT = datetime(2027, 3, 6, 14, 30, tzinfo=UTC)


@dataclass
class Person:
    """One line of the list; `note` is set where the person is not expected."""

    name: str
    community: str = ""
    note: str = ""
    registration_id: str = field(default_factory=lambda: str(tokens.uuid7()))
    token: str = field(default_factory=tokens.qr_token)
    short_code: str = field(default_factory=tokens.short_code)


class Door:
    """People, the events that arrived, and who is present by them."""

    def __init__(self, people: list[Person]) -> None:
        self.people = people
        self.events: dict[str, dict[str, Any]] = {}
        self.n_requests = 0
        self.closed = False
        self.cards: dict[str, str] = {}
        """Codes of nameless cards, and where each gets a name."""

    def person(self, event: dict[str, Any]) -> Person | None:
        """Whose arrival it is: by the row, the token or the short code."""
        code = event.get("code")
        for person in self.people:
            if event.get("registration") == person.registration_id or (
                code and code in {person.token, person.short_code}
            ):
                return person
        return None

    def counting(self, person: Person) -> dict[str, Any] | None:
        """The first check-in of a person that nobody took back."""
        undone = {event["target"] for event in self.events.values() if event["kind"] == "undo"}
        arrivals = [e for e in self.events.values() if e["kind"] == "in" and e["id"] not in undone]
        return next((event for event in arrivals if self.person(event) is person), None)

    @property
    def n_present(self) -> int:
        return sum(self.counting(person) is not None for person in self.people)

    @property
    def n_expected(self) -> int:
        return sum(not person.note for person in self.people)

    def store(self, event: dict[str, Any]) -> dict[str, Any]:
        """Insert or ignore, and the answer: the same whenever the same event comes again."""
        repeated = event["id"] in self.events
        person = self.person(event)
        counting = self.counting(person) if person else None
        self.events.setdefault(event["id"], event)
        answer = {
            "id": event["id"],
            "state": "already" if repeated else "stored",
            "name": "",
            "arrived": "",
            "text": "",
            "registration": None,
            "event": None,
        }
        if event["kind"] != "in":
            return answer | {"outcome": {"undo": "undone", "out": "left"}[event["kind"]]}
        if person is None:
            link = self.cards.get(event.get("code") or "")
            return answer | {"outcome": "card" if link else "unknown_code", "link": link}
        first = counting or event
        arrived = arrival_time(first)
        answer |= {
            "name": person.name,
            "arrived": arrived,
            "registration": person.registration_id,
            "event": first["id"],
        }
        if person.note:
            return answer | {"outcome": "review", "text": f"{person.note}. Deje pasar a la persona."}
        if counting and not repeated:
            return answer | {"outcome": "already", "text": f"Cuenta una sola vez: llegó a las {arrived}"}
        return answer | {"outcome": "present"}


def arrival_time(event: dict[str, Any]) -> str:
    return dates.time_of_day(datetime.fromtimestamp(event["at"] / 1000, UTC), "es")


def roster(door: Door, view: str, q: str) -> list[dict[str, Any]]:
    rows = []
    for number, person in enumerate(door.people, 1):
        event = door.counting(person)
        state = "missing" if event is None else "review" if person.note else "present"
        fits = q.lower() in person.name.lower() and {
            "faltan": event is None and not person.note,
            "presentes": event,
        }.get(view, True)
        rows.append(
            {
                "number": number,
                "registration_id": person.registration_id,
                "name": person.name,
                "community": person.community,
                "short_code": tokens.show_short_code(person.short_code),
                "state": state,
                "expected": not person.note,
                "shown": bool(fits),
                "arrived_at": arrival_time(event) if event else "",
                "left_at": "",
                "how": HOW[event["how"]] if event else "",
                "event_id": event["id"] if event else "",
                "path": f"/panel/inscripciones/{person.registration_id}",
                "note": person.note,
            }
        )
    return rows


def session() -> SimpleNamespace:
    return SimpleNamespace(
        id=SESSION,
        title="Riesgos de la migración irregular: mitos y realidades",
        starts_at=STARTS_AT,
        ends_at=STARTS_AT + timedelta(hours=4),
        place="Salón municipal, La Libertad, Petén",
        hub="Ventanilla de La Libertad",
        facilitators=["Marta Julia Choc"],
    )


def show(request: Request, template: str, context: dict[str, Any], status: int = 200) -> Response:
    actor = SimpleNamespace(id="1", name="Marta Julia Choc", role="facilitator", place="", has_any=lambda _roles: False)
    shared = {"request": request, "path": request.url.path, "actor": actor, "flashes": [], "session": session()}
    body = environment().get_template(f"panel/attendance/{template}.html").render(shared | context)
    return HTMLResponse(body, status, {**scan_page_headers(), "cache-control": "no-store"})


class Handlers:
    """One method for each address, as the application has one handler."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.last: dict[str, Any] | None = None

    def page(self, request: Request, status: int = 200, **more: Any) -> Response:
        view, q = request.query_params.get("filtro", "todas"), request.query_params.get("q", "")
        context = {
            "roster": roster(self.door, view, q),
            "filter": view,
            "q": q,
            "n_present": self.door.n_present,
            "n_expected": self.door.n_expected,
            "beside": BesideList(n_unnamed=0, n_companions=0),
            "companions": [],
            "to_review": [],
            "closed": self.door.closed,
            "can_close": True,
            "is_off": False,
            "last": self.last,
            "new_id": tokens.uuid7,
        }
        self.last = None
        return show(request, "show", context | more, status)

    async def index(self, request: Request) -> Response:
        return self.page(request)

    async def marks(self, request: Request) -> Response:
        self.door.n_requests += 1
        if request.headers["content-type"] == "application/json":
            batch = await request.json()
            results = [self.door.store(event) for event in batch["events"]]
            totals = {"n_present": self.door.n_present, "n_expected": self.door.n_expected}
            return JSONResponse({"results": results} | totals)
        form = {name: str(value) for name, value in (await request.form()).items()}
        code = tokens.read_short_code(form.get("code", "")) or tokens.read_qr(form.get("code", ""))
        if "code" in form and code is None:
            typed = {"code_typed": form["code"], "code_error": "Revise el código: tiene 9 letras y números."}
            refused = {"outcome": 4, "name": "", "time": "", "text": "", "event_id": ""}
            return self.page(request, 422, last=refused, **typed)
        blank = {"kind": "in", "target": None, "registration": None, "at": int(clock.now().timestamp() * 1000)}
        result = self.door.store(blank | form | {"code": code})
        self.last = {
            "outcome": {"present": 1, "already": 2, "review": 3, "unknown_code": 3}[result["outcome"]],
            "name": result["name"],
            "time": result["arrived"],
            "text": result["text"],
            "event_id": result["event"],
        }
        return RedirectResponse(f"{BASE}#resultado", 303)

    async def undo(self, request: Request) -> Response:
        target = str((await request.form())["event"])
        self.door.store(
            {"id": str(tokens.uuid7()), "kind": "undo", "target": target, "registration": None, "how": "list"}
        )
        self.last = {"outcome": "undone", "name": "", "time": "", "text": "", "event_id": ""}
        return RedirectResponse(f"{BASE}#resultado", 303)

    async def close(self, request: Request) -> Response:
        if request.method == "POST":
            self.door.closed = True
            return RedirectResponse(BASE, 303)
        n_present, n_expected = self.door.n_present, self.door.n_expected
        counts = {
            "n_present": n_present,
            "n_expected": n_expected,
            "n_missing": n_expected - n_present,
            "n_review": 1,
            "n_undecided": 1,
        }
        beside = {"beside": BesideList(n_unnamed=0, n_companions=0), "companions": [], "phones": []}
        return show(request, "close", counts | beside | {"asks_end": False, "form": Typed()})

    async def reopen(self, _request: Request) -> Response:
        self.door.closed = False
        return RedirectResponse(BASE, 303)

    async def walk_in(self, request: Request) -> Response:
        context = {
            "departments": [("Petén", [("1705", "La Libertad, Petén"), ("1711", "Melchor de Mencos, Petén")])],
            "municipality": "1705",
            "actor_types": [("cocode", "COCODE"), ("docente", "Docente"), ("otro", "Otro")],
            "age_groups": [("18-24", "18 a 24"), ("25-34", "25 a 34"), ("nd", "Prefiero no decir")],
            "form": None,
            "id": tokens.uuid7(),
        }
        return show(request, "walk_in", context)


def make_app(door: Door) -> Starlette:
    handlers = Handlers(door)
    return Starlette(
        routes=[
            Route(BASE, handlers.index),
            Route(f"{BASE}/marcas", handlers.marks, methods=["POST"]),
            Route(f"{BASE}/deshacer", handlers.undo, methods=["POST"]),
            Route(f"{BASE}/cerrar", handlers.close, methods=["GET", "POST"]),
            Route(f"{BASE}/reabrir", handlers.reopen, methods=["POST"]),
            Route(f"{BASE}/sin-boleto", handlers.walk_in),
            Mount("/static", VersionedStatic(directory=STATIC_DIR)),
        ]
    )


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The application on a free port of loopback; yields its origin."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://localhost:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
