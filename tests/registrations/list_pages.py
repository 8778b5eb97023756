"""The pages of an imported list as a browser without script uses them."""

from __future__ import annotations

from collections.abc import Mapping

from httpx2 import AsyncClient, Response

from tests.registrations.lists import HEADER
from tests.schedule.panel import post
from tests.tables import text
from tests.web.pages import Page
from trainings.schedule.models import Training


def path(training: Training) -> str:
    return f"/panel/capacitaciones/{training.id}/importar"


async def send(client: AsyncClient, training: Training, content: bytes, name: str = "lista.csv") -> Response:
    return await client.post(path(training), files={"file": (name, content, "application/octet-stream")})


async def uploaded(client: AsyncClient, training: Training, *rows: str, header: str = HEADER) -> str:
    """The address of a list whose columns are still to be confirmed."""
    answer = await send(client, training, text(header, *rows))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removesuffix("/columnas")


def selected(page: Page) -> dict[str, str]:
    """The field chosen for each column."""
    found, name = {}, ""
    for tag, attrs in page.elements:
        if tag == "select":
            name = str(attrs["name"])
        elif tag == "option" and "selected" in attrs:
            found[name] = str(attrs["value"])
    return found


async def assign(client: AsyncClient, address: str, form: Mapping[str, str]) -> Response:
    """The columns as a page that was opened just now sends them."""
    return await post(client, f"{address}/columnas", {**await version(client, f"{address}/columnas"), **form})


async def confirm(client: AsyncClient, address: str, form: Mapping[str, str]) -> Response:
    """The same of the preview."""
    return await post(client, f"{address}/confirmar", {**await version(client, address), **form})


async def version(client: AsyncClient, address: str) -> dict[str, str]:
    """What the page carries of the columns that it shows; nothing where it shows no form."""
    carried = Page((await client.get(address)).text).all("input", name="version")
    return {"version": str(carried[0]["value"])} if carried else {}


async def previewed(client: AsyncClient, training: Training, *rows: str, header: str = HEADER) -> str:
    """The address of a list that waits to be confirmed."""
    address = await uploaded(client, training, *rows, header=header)
    form = selected(Page((await client.get(f"{address}/columnas")).text))
    answer = await assign(client, address, form)
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    return address
