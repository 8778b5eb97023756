"""The journeys of a coordinator, a participant and a facilitator, by the addresses alone and on both databases."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import icalendar
import pypdf
import pytest
import zxingcpp
from httpx2 import AsyncClient, Response
from PIL import Image

from tests import make
from tests.registrations.forms import of_page
from tests.web.pages import Page
from trainings import clock
from trainings.accounts import actions as accounts
from trainings.accounts.models import Role, User
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.schedule.models import Training

PASSWORD = "cuatro tamales verdes"
ANSWERS = {
    "given_names": "Rosaura Isabel",
    "surnames": "Tz’unun Muñoz",
    "municipality": make.LA_LIBERTAD,
    "actor_type": "familia",
    "phone": "4123 4567",
    "consent_data": "yes",
}
NewClient = Callable[[], AsyncClient]


@dataclass(frozen=True)
class Running:
    """A training that began an hour ago, in its municipality."""

    training: Training

    @property
    def page(self) -> str:
        return f"/capacitaciones/{self.training.slug}"

    @property
    def attendance(self) -> str:
        return f"/panel/sesiones/{self.training.sessions[0].id}/asistencia"

    @property
    def diplomas(self) -> str:
        return f"/panel/capacitaciones/{self.training.id}/diplomas"


@pytest.fixture
async def running(client: AsyncClient) -> Running:
    await make.make_municipalities()
    hub = await make.make_hub()
    facilitator = await make_account("facilita", Role.FACILITATOR)
    await make_account("coordina", Role.HUB_COORDINATOR)
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    sessions = [(start, start + timedelta(hours=4))]
    return Running(await make.make_training(hub=hub, sessions=sessions, facilitators=[facilitator]))


async def make_account(name: str, role: Role) -> User:
    """Somebody of the hub who signs in with a password."""
    hub = await make.make_hub()
    user = await accounts.create_user(f"{name}@muni.example", name=name, actor=PROGRAM, password=PASSWORD)
    await accounts.grant_role(user, role, actor=PROGRAM, hub_id=hub.id)
    return user


async def sign_in(client: AsyncClient, name: str) -> None:
    answer = await client.post("/entrar", data={"email": f"{name}@muni.example", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/panel")


async def read(client: AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return Page(answer.text)


async def post(client: AsyncClient, path: str, **fields: str) -> str:
    """Send a form; gives the address it leads to."""
    return led_to(await client.post(path, data=fields))


def led_to(answer: Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def hrefs(page: Page) -> set[str]:
    return {str(link["href"]) for link in page.all("a")}


async def sign_up(client: AsyncClient, running: Running, **answers: str) -> str:
    """From the training to the own link."""
    await read(client, f"{running.page}/inscripcion")
    own = await post(client, f"{running.page}/inscripcion", **(ANSWERS | of_page() | answers))
    assert re.fullmatch(r"/i/[0-9A-Z]{32}", own)
    return own


async def scanned(client: AsyncClient, own: str) -> str:
    """What a reader of QR codes makes of the picture of the ticket."""
    picture = await client.get(f"{own}/boleto.png")
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))
    return code.text


async def mark(client: AsyncClient, running: Running, code: str) -> dict[str, str]:
    """One scan, as the scanner sends it."""
    now = int(clock.now().timestamp() * 1000)
    session_id = str(running.training.sessions[0].id)
    event = {"id": str(tokens.uuid7()), "session": session_id, "kind": "in", "how": "camera", "at": now, "code": code}
    answer = await client.post(f"{running.attendance}/marcas", json={"events": [event], "client_now": now})
    [result] = answer.json()["results"]
    return dict(result)


def pdf_text(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages]


async def test_journey_from_the_map_to_the_diploma(
    running: Running, new_client: NewClient, freeze: Callable[[datetime], None]
) -> None:
    participant, facilitator, coordinator, stranger = (new_client() for _ in range(4))

    assert "/municipios/la-libertad-peten" in hrefs(await read(participant, "/"))
    assert running.page in hrefs(await read(participant, "/municipios/la-libertad-peten"))
    assert f"{running.page}/inscripcion" in hrefs(await read(participant, running.page))
    own = await sign_up(participant, running)

    await sign_in(facilitator, "facilita")
    assert running.attendance in hrefs(await read(facilitator, "/panel"))
    result = await mark(facilitator, running, await scanned(participant, own))
    assert (result["outcome"], result["name"]) == ("present", "Rosaura Isabel T. M.")
    freeze(running.training.sessions[0].ends_at)
    assert await post(facilitator, f"{running.attendance}/cerrar") == running.attendance

    await sign_in(coordinator, "coordina")
    assert running.diplomas in hrefs(await read(coordinator, "/panel/diplomas"))
    assert (await post(coordinator, running.diplomas)).startswith(f"{running.diplomas}/trabajo/")

    [file] = [href for href in hrefs(await read(participant, own)) if href.endswith(".pdf")]
    front, back = pdf_text((await participant.get(file)).content)
    assert "Rosaura Isabel Tz’unun Muñoz" in front
    code = re.search(r"\b(?:\w{4}-){3}\w{2}\b", back)
    assert code

    check = await read(stranger, led_to(await stranger.get("/verificar", params={"codigo": code[0]})))
    assert "Válido" in check.text
    assert "R. I. T. M." in check.text
    assert "Rosaura" not in check.source


async def test_calendar_of_the_municipality_shows_the_training_and_nobody(
    running: Running, client: AsyncClient
) -> None:
    await sign_up(client, running)
    page = await read(client, "/municipios/la-libertad-peten")
    [offered] = [str(field["value"]) for field in page.all("input") if str(field.get("value")).endswith(".ics")]

    feed = await client.get(urlsplit(offered).path)

    calendar = icalendar.Calendar.from_ical(feed.content)
    [event] = calendar.events
    session = running.training.sessions[0]
    assert (str(event["SUMMARY"]), event.start, event.end) == (
        running.training.title,
        session.starts_at,
        session.ends_at,
    )
    assert "Rosaura" not in feed.text


async def test_place_given_back_goes_to_who_waits(running: Running, new_client: NewClient) -> None:
    first, second = new_client(), new_client()
    await type(running.training).filter(id=running.training.id).update(capacity=1)
    own = await sign_up(first, running)
    waiting = await sign_up(second, running, given_names="Byron", surnames="Caal Xol", phone="5123 4567")
    assert "Está en la lista de espera" in (await read(second, waiting)).text

    assert await post(first, f"{own}/cancelar") == own

    assert "Esta inscripción está cancelada" in (await read(first, own)).text
    assert "Listo, ya tiene su lugar" in (await read(second, waiting)).text
    assert (await first.get(f"{own}/boleto.png")).status_code == 404


async def test_public_pages_count_the_places_that_are_left(running: Running, client: AsyncClient) -> None:
    pages = ("/", "/capacitaciones", "/municipios/la-libertad-peten", running.page)

    async def pages_that_count(n: int) -> tuple[str, ...]:
        texts = {path: " ".join((await read(client, path)).text.split()) for path in pages}
        return tuple(path for path in pages if f"Quedan {n} de 20 lugares" in texts[path])

    assert await pages_that_count(20) == pages
    own = await sign_up(client, running)
    assert await pages_that_count(19) == pages
    await post(client, f"{own}/cancelar")
    assert await pages_that_count(20) == pages


async def test_typed_code_counts_without_script(running: Running, new_client: NewClient) -> None:
    participant, facilitator = new_client(), new_client()
    own = await sign_up(participant, running)
    shown = re.search(r"\b\w{4}-\w{4}-\w\b", (await read(participant, own)).text)
    assert shown
    await sign_in(facilitator, "facilita")
    form = await read(facilitator, running.attendance)
    event = next(str(field["value"]) for field in form.all("input", name="id"))

    done = await post(
        facilitator, f"{running.attendance}/marcas", id=event, code=shown[0].lower().replace("-", " "), how="typed"
    )

    page = await read(facilitator, done.partition("#")[0])
    assert "Rosaura Isabel T. M." in page.text
    assert "1 de 1 presentes" in " ".join(page.text.split())
    assert "Rosaura" not in done


async def test_staff_of_elsewhere_find_nothing_of_it(running: Running, new_client: NewClient) -> None:
    elsewhere = new_client()
    hub = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await make.sign_in(elsewhere, await make.make_user(Role.HUB_COORDINATOR, hub))

    answers = {path: (await elsewhere.get(path)).status_code for path in (running.attendance, running.diplomas)}

    assert answers == {running.attendance: 404, running.diplomas: 404}
