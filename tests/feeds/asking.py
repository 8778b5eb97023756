"""Asking for feeds as calendar programs do, and taking their bodies apart."""

from __future__ import annotations

import re
from uuid import UUID

from httpx2 import AsyncClient, Response

FEED = "/cal/municipio/la-libertad-peten.ics"


async def poll(client: AsyncClient, path: str = FEED, **fields: str) -> Response:
    """The answer to a program that takes no compression, unless `fields` say so (`if_none_match="…"`)."""
    named = {"accept-encoding": "identity", **{name.replace("_", "-"): value for name, value in fields.items()}}
    return await client.get(path, headers=named)


async def body_of(client: AsyncClient, path: str = FEED) -> str:
    response = await poll(client, path)
    assert response.status_code == 200, response.text
    return response.text


def events_in(body: str) -> dict[UUID, str]:
    """The VEVENTs by session, in their order, as they are written but unfolded."""
    found = re.findall(r"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body.replace("\r\n ", ""), re.DOTALL)
    return {UUID(re.findall(r"UID:sesion-([0-9a-f-]+)@", event)[0]): event for event in found}


def line_of(event: str, name: str) -> str:
    """The one line of this property, without its name; empty where there is none."""
    found = [line for line in event.split("\r\n") if re.split("[;:]", line, maxsplit=1)[0] == name]
    assert len(found) <= 1
    return found[0].partition(":")[2] if found else ""
